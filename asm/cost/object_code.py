"""The clocks of straight code in a template: from the bytes that the assembler made of it.

The bytes are read as instructions, from the top. Branches and jumps go forward only; a loop is refused.
Source: the W65C816S data sheet's cycle tables.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from asm.cost.instructions import CALLED_PRODUCT, Instruction
from asm.targets.sa1 import WINDOW
from asm.targets.target import Target

Code = tuple[int | None, ...]
"""The bytes of a segment; None for one that only the linker knows."""

ACCUMULATOR, INDEX = 0x20, 0x10
"""Bits of the operand of sep and rep: registers of 8 bits, or of 16."""

SEP, REP, PEA, PLD, RTL, JML, JSL = 0xE2, 0xC2, 0xF4, 0x2B, 0x6B, 0x5C, 0x22
PHB, PLB, PEI, LDA_ROM = 0x8B, 0xAB, 0xD4, 0xBD
REGISTERS = 0x2100
"""The direct page of the PPU's registers: whatever the linker alone knows is taken for it."""
BRANCHES = {0x90, 0xB0, 0xF0, 0xD0, 0x30, 0x10}
FIXED: dict[int, tuple[int, float, int]] = {
    **dict.fromkeys(
        (0x18, 0x38, 0x0A, 0x4A, 0x1A, 0x3A, 0xAA, 0xA8, 0x8A, 0x98, 0xCA, 0x88, 0xE8, 0xC8), (1, 2, 0)
    ),
    **dict.fromkeys(BRANCHES, (2, 2, 0)),
    **{SEP: (2, 3, 0), REP: (2, 3, 0), PEA: (3, 3, 2), PLD: (1, 3, 2), RTL: (1, 3, 3), 0xEB: (1, 3, 0)},
    JML: (4, 4, 0),
    JSL: (CALLED_PRODUCT.size, CALLED_PRODUCT.cycles, CALLED_PRODUCT.accesses),
    **{PHB: (1, 2, 1), PLB: (1, 3, 1), PEI: (2, 2, 4), LDA_ROM: (3, 6, 0)},
}
"""Opcode → its size, its cycles without memory, the bytes of memory that it reads and writes.

A jml leads to the code behind it, in another bank. A jsl calls for a product. A lda with an index of 16 bits reads
a word of ROM.
"""

IMMEDIATE, DIRECT, ABSOLUTE, LONG = 1, 2, 3, 4
"""How an operand is found: the size of the instruction, of an immediate operand of 8 bits too."""

MODES = {
    ACCUMULATOR: {
        IMMEDIATE: {0xA9, 0x69, 0xE9, 0x49, 0x29, 0x09, 0xC9},
        DIRECT: {0xA5, 0x85, 0x65, 0xE5, 0x45, 0x25, 0x05, 0xC5, 0x64},
        ABSOLUTE: {0xAD, 0x8D, 0x6D, 0xED, 0x4D, 0x2D, 0x0D, 0xCD, 0x9C},
        LONG: {0xAF, 0x8F, 0xBF, 0x9F},
    },
    INDEX: {
        IMMEDIATE: {0xA2, 0xA0, 0xE0, 0xC0},
        DIRECT: {0xA6, 0x86, 0xA4, 0x84, 0xE4, 0xC4},
        ABSOLUTE: {0xAE, 0x8E, 0xAC, 0x8C, 0xEC, 0xCC},
    },
}
"""Register → mode → the instructions that read or write it, as wide as the register is."""

WIDTHS = {
    opcode: (mode, register)
    for register, modes in MODES.items()
    for mode, opcodes in modes.items()
    for opcode in opcodes
}

LINE = re.compile(r"[0-9A-F]{6}r? \d  ((?:[0-9A-Fa-z]{2} )*(?:[0-9A-Fa-z]{2})?)\s*(?:\.segment \"(\w+)\")?")


@cache
def segments(listing: bytes) -> Mapping[str, Code]:
    """The bytes of every segment of a listing by ca65."""
    found: dict[str, list[int | None]] = defaultdict(list)
    segment = "CODE"
    for line in listing.decode().splitlines():
        if match := LINE.match(line):
            segment = match[2] or segment
            found[segment] += [None if byte in ("rr", "xx") else int(byte, 16) for byte in match[1].split()]
    return {name: tuple(code) for name, code in found.items()}


@dataclass
class _Widths:
    """The registers that decide how long an instruction is, and how fast its operand."""

    narrow: int = 0
    pushed: int | None = 0
    page: int | None = 0


def routines(code: Code, target: Target, taken: Sequence[float] = ()) -> list[float]:
    """Master clocks of each routine of a segment, before refresh, with its rtl.

    taken: the share of the times that each branch is taken, in order and from the first again.
    """
    reached, found, total, branches = defaultdict(float, {0: 1.0}), list[float](), 0.0, 0
    for place, opcode, instruction in _instructions(code):
        share, end = reached.pop(place), place + instruction.size
        leaves = 0.0
        if opcode in BRANCHES:
            offset, leaves = code[place + 1], taken[branches % len(taken)]
            branches += 1
            assert offset is not None and offset < 0x80, "a loop is not straight code"
            reached[end + offset] += share * leaves
            total += share * leaves * target.fetch
        total += share * target.clocks(instruction)
        reached[end] += share * (1 - leaves)
        if opcode == RTL:
            found, total = [*found, total], 0.0
    return found


def _instructions(code: Code) -> Iterator[tuple[int, int, Instruction]]:
    """Every instruction: its place, its opcode, its cost."""
    place, widths = 0, _Widths()
    while place < len(code):
        opcode = code[place]
        assert opcode is not None
        instruction = _cost(opcode, code[place + 1 : place + 4], widths)
        yield place, opcode, instruction
        _follow(opcode, code[place + 1 : place + 3], widths)
        place += instruction.size


def _cost(opcode: int, operand: Code, widths: _Widths) -> Instruction:
    if opcode in FIXED:
        return Instruction("", *FIXED[opcode])
    mode, register = WIDTHS[opcode]
    width = 1 if widths.narrow & register else 2
    if mode == IMMEDIATE:
        return Instruction("", mode + width, mode + width)
    page = REGISTERS if widths.page is None else widths.page
    high = page >> 8 if mode == DIRECT else (operand[1] or 0) if mode == ABSOLUTE else 0
    near, far = mode == DIRECT and page != REGISTERS, mode == LONG and operand[2] in (0x7E, 0x7F)
    if not (near or far or mode == ABSOLUTE):
        return Instruction("", mode, mode + width)
    window = high >> 5 == WINDOW >> 13
    return Instruction("", mode, mode, width, width if window else 0)


def _follow(opcode: int, operand: Code, widths: _Widths) -> None:
    first = operand[0] if operand else None
    if opcode == SEP and first is not None:
        widths.narrow |= first
    elif opcode == REP and first is not None:
        widths.narrow &= ~first
    elif opcode == PEA:
        widths.pushed = None if None in operand[:2] else operand[0] | operand[1] << 8  # type: ignore[operator]
    elif opcode == PLD:
        widths.page = widths.pushed
