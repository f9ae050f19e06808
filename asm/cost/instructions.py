"""What an instruction costs: bytes of ROM and master clocks, in FastROM with 16-bit registers.

A byte fetched or an internal cycle takes 6 clocks, a byte of work RAM 8, a hardware register 6. The memory
refresh stops the CPU for 40 of every 1,364 clocks. Source: the W65C816S data sheet's cycle tables and Nintendo's
memory map; both emulators agree within one frame in a hundred.
"""

from __future__ import annotations

from dataclasses import dataclass

CLOCKS_PER_SECOND = 21_477_272
"""NTSC master clock, 945/44 MHz."""

REFRESH = 1364 / (1364 - 40)
FETCH, RAM = 6, 8


@dataclass(frozen=True)
class Instruction:
    """One line of assembly with its size in bytes and its master clocks before refresh."""

    text: str
    size: int
    clocks: int


def _fixed(text: str, size: int, cycles: int) -> Instruction:
    return Instruction(text, size, cycles * FETCH)


def implied(mnemonic: str) -> Instruction:
    """A two-cycle instruction without operand: clc, sec, lsr a, tax …"""
    return _fixed(mnemonic, 1, 2)


def immediate(mnemonic: str, value: int | str) -> Instruction:
    """Lda, adc, sbc, eor, cmp with a 16-bit constant."""
    text = f"{mnemonic} #${value & 0xFFFF:04X}" if isinstance(value, int) else f"{mnemonic} #{value}"
    return _fixed(text, 3, 3)


def memory(mnemonic: str, operand: str, *, direct: bool) -> Instruction:
    """Read or write a word of work RAM, through the direct page or by absolute address."""
    if direct:
        return Instruction(f"{mnemonic} {operand}", 2, 2 * FETCH + 2 * RAM)
    return Instruction(f"{mnemonic} a:{operand}", 3, 3 * FETCH + 2 * RAM)


def branch(mnemonic: str, target: str, taken: float) -> Instruction:
    """A short branch, taken with this probability."""
    return Instruction(f"{mnemonic} {target}", 2, round((2 + taken) * FETCH))


def jump(target: str) -> Instruction:
    """A jump into any bank."""
    return _fixed(f"jml {target}", 4, 4)
