"""An instruction: one line of assembly with its bytes and its bus cycles, for 16-bit registers.

How long a cycle takes is the target's to say. Source: the W65C816S data sheet's cycle tables.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Instruction:
    """A line of assembly.

    size: bytes of ROM; cycles: bytes fetched and internal cycles, on average; accesses: bytes of RAM that it reads
    and writes; vectors: of these, bytes of vectors that are in no page.
    """

    text: str
    size: int
    cycles: float
    accesses: int = 0
    vectors: int = 0


SLOT_PAGES = ("pair_slots", "hidden_slots", "column_page", "slots")
"""The digit kernels' pages: the RAM that a target has its direct page in."""

CALLED_PRODUCT = Instruction("jsl multiply_factor", 4, 98, 34)
"""A product on the CPU's multiplier, from its call to its return: see multiply.asm."""

FAR_CALL = (Instruction("jsl", 4, 5, 3), Instruction("rtl", 1, 3, 3))


def implied(mnemonic: str) -> Instruction:
    """A two-cycle instruction without operand: clc, sec, lsr a, tax …"""
    return Instruction(mnemonic, 1, 2)


def immediate(mnemonic: str, value: int | str) -> Instruction:
    """Lda, adc, sbc, eor, cmp with a 16-bit constant."""
    text = f"{mnemonic} #${value & 0xFFFF:04X}" if isinstance(value, int) else f"{mnemonic} #{value}"
    return Instruction(text, 3, 3)


def memory(mnemonic: str, operand: str, *, direct: bool) -> Instruction:
    """Read or write a word of RAM, through the direct page or by absolute address."""
    if direct:
        return Instruction(f"{mnemonic} {operand}", 2, 2, 2)
    return Instruction(f"{mnemonic} a:{operand}", 3, 3, 2, 0 if operand.partition(" ")[0] in SLOT_PAGES else 2)


def long(mnemonic: str, operand: str) -> Instruction:
    """Read or write a word of a vector by its address in all banks."""
    return Instruction(f"{mnemonic} f:{operand}", 4, 4, 2, 2)


def indexed(mnemonic: str, offset: int) -> Instruction:
    """Read a word of ROM, X bytes behind an offset in the data bank."""
    return Instruction(f"{mnemonic} a:{offset}, x", 3, 6)


def branch(mnemonic: str, target: str, taken: float) -> Instruction:
    """A short branch, taken with this probability."""
    return Instruction(f"{mnemonic} {target}", 2, 2 + taken)


def skipped(instruction: Instruction) -> Instruction:
    """One that a branch before it almost always skips: it has its bytes, and no cycles."""
    return replace(instruction, cycles=0)


def jump(target: str) -> Instruction:
    """A jump into any bank."""
    return Instruction(f"jml {target}", 4, 4)


def swap_bytes() -> Instruction:
    """The halves of A change places."""
    return Instruction("xba", 1, 3)


def direct_page(label: str) -> list[Instruction]:
    """Instructions that move the direct page to `label`."""
    return [Instruction(f"pea {label}", 3, 3, 2), Instruction("pld", 1, 3, 2)]
