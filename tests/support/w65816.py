"""The 65816's instructions: how long each is, what it reads or writes, how long it takes at least.

Source: the W65C816S data sheet's opcode matrix. A test compares every entry with the assembler.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto


class Mode(Enum):
    """How an operand is found. IMMEDIATE_A, IMMEDIATE_X: as wide as the register; SIGNATURE: that of brk."""

    IMPLIED = auto()
    ACCUMULATOR = auto()
    SIGNATURE = auto()
    IMMEDIATE = auto()
    IMMEDIATE_A = auto()
    IMMEDIATE_X = auto()
    DIRECT = auto()
    DIRECT_X = auto()
    DIRECT_Y = auto()
    INDIRECT = auto()
    INDIRECT_X = auto()
    INDIRECT_Y = auto()
    FAR_INDIRECT = auto()
    FAR_INDIRECT_Y = auto()
    STACK = auto()
    STACK_Y = auto()
    ABSOLUTE = auto()
    ABSOLUTE_X = auto()
    ABSOLUTE_Y = auto()
    LONG = auto()
    LONG_X = auto()
    RELATIVE = auto()
    FAR_RELATIVE = auto()
    POINTER = auto()
    POINTER_X = auto()
    FAR_POINTER = auto()
    BLOCK = auto()


M = Mode
DIRECT_MODES = {M.DIRECT, M.DIRECT_X, M.DIRECT_Y}
ABSOLUTE_MODES = {M.ABSOLUTE, M.ABSOLUTE_X, M.ABSOLUTE_Y}
LONG_MODES = {M.LONG, M.LONG_X}
POINTERS = {M.INDIRECT: 2, M.INDIRECT_X: 2, M.INDIRECT_Y: 2, M.FAR_INDIRECT: 3, M.FAR_INDIRECT_Y: 3}
"""Modes whose operand is the place of a pointer in the direct page, and its bytes."""

ADDRESSED = {*DIRECT_MODES, *ABSOLUTE_MODES, *LONG_MODES}
"""Modes whose operand is the address itself, but for an index."""

OPERAND_BYTES = dict.fromkeys(Mode, 1) | {
    **dict.fromkeys((M.IMPLIED, M.ACCUMULATOR), 0),
    **dict.fromkeys((*ABSOLUTE_MODES, M.FAR_RELATIVE, M.POINTER, M.POINTER_X, M.FAR_POINTER, M.BLOCK), 2),
    **dict.fromkeys(LONG_MODES, 3),
}

ARITHMETIC = ("ora", "and", "eor", "adc", "sta", "lda", "cmp", "sbc")
"""Every 32 opcodes one of these, in ARITHMETIC_MODES."""

ARITHMETIC_MODES = {
    **{0x01: M.INDIRECT_X, 0x03: M.STACK, 0x05: M.DIRECT, 0x07: M.FAR_INDIRECT, 0x09: M.IMMEDIATE_A},
    **{0x0D: M.ABSOLUTE, 0x0F: M.LONG, 0x11: M.INDIRECT_Y, 0x12: M.INDIRECT, 0x13: M.STACK_Y, 0x15: M.DIRECT_X},
    **{0x17: M.FAR_INDIRECT_Y, 0x19: M.ABSOLUTE_Y, 0x1D: M.ABSOLUTE_X, 0x1F: M.LONG_X},
}
IMPLIED = {
    **{0x08: "php", 0x0B: "phd", 0x18: "clc", 0x1B: "tcs", 0x28: "plp", 0x2B: "pld", 0x38: "sec", 0x3B: "tsc"},
    **{0x40: "rti", 0x48: "pha", 0x4B: "phk", 0x58: "cli", 0x5A: "phy", 0x5B: "tcd", 0x60: "rts", 0x68: "pla"},
    **{0x6B: "rtl", 0x78: "sei", 0x7A: "ply", 0x7B: "tdc", 0x88: "dey", 0x8A: "txa", 0x8B: "phb", 0x98: "tya"},
    **{0x9A: "txs", 0x9B: "txy", 0xA8: "tay", 0xAA: "tax", 0xAB: "plb", 0xB8: "clv", 0xBA: "tsx", 0xBB: "tyx"},
    **{0xC8: "iny", 0xCA: "dex", 0xCB: "wai", 0xD8: "cld", 0xDA: "phx", 0xDB: "stp", 0xE8: "inx", 0xEA: "nop"},
    **{0xEB: "xba", 0xF8: "sed", 0xFA: "plx", 0xFB: "xce"},
}
OTHERS = {
    **{
        name: {M.ACCUMULATOR: at + 4, M.DIRECT: at, M.ABSOLUTE: at + 8, M.DIRECT_X: at + 16, M.ABSOLUTE_X: at + 24}
        for name, at in (("asl", 0x06), ("rol", 0x26), ("lsr", 0x46), ("ror", 0x66))
    },
    **{
        name: {
            M.ACCUMULATOR: at,
            M.DIRECT: high,
            M.ABSOLUTE: high + 8,
            M.DIRECT_X: high + 16,
            M.ABSOLUTE_X: high + 24,
        }
        for name, at, high in (("dec", 0x3A, 0xC6), ("inc", 0x1A, 0xE6))
    },
    "bit": {M.IMMEDIATE_A: 0x89, M.DIRECT: 0x24, M.ABSOLUTE: 0x2C, M.DIRECT_X: 0x34, M.ABSOLUTE_X: 0x3C},
    "ldx": {M.IMMEDIATE_X: 0xA2, M.DIRECT: 0xA6, M.ABSOLUTE: 0xAE, M.DIRECT_Y: 0xB6, M.ABSOLUTE_Y: 0xBE},
    "ldy": {M.IMMEDIATE_X: 0xA0, M.DIRECT: 0xA4, M.ABSOLUTE: 0xAC, M.DIRECT_X: 0xB4, M.ABSOLUTE_X: 0xBC},
    "cpx": {M.IMMEDIATE_X: 0xE0, M.DIRECT: 0xE4, M.ABSOLUTE: 0xEC},
    "cpy": {M.IMMEDIATE_X: 0xC0, M.DIRECT: 0xC4, M.ABSOLUTE: 0xCC},
    "stx": {M.DIRECT: 0x86, M.ABSOLUTE: 0x8E, M.DIRECT_Y: 0x96},
    "sty": {M.DIRECT: 0x84, M.ABSOLUTE: 0x8C, M.DIRECT_X: 0x94},
    "stz": {M.DIRECT: 0x64, M.ABSOLUTE: 0x9C, M.DIRECT_X: 0x74, M.ABSOLUTE_X: 0x9E},
    "tsb": {M.DIRECT: 0x04, M.ABSOLUTE: 0x0C},
    "trb": {M.DIRECT: 0x14, M.ABSOLUTE: 0x1C},
    "jmp": {M.ABSOLUTE: 0x4C, M.POINTER: 0x6C, M.POINTER_X: 0x7C},
    "jml": {M.LONG: 0x5C, M.FAR_POINTER: 0xDC},
    "jsr": {M.ABSOLUTE: 0x20, M.POINTER_X: 0xFC},
    "jsl": {M.LONG: 0x22},
    "pea": {M.ABSOLUTE: 0xF4},
    "pei": {M.INDIRECT: 0xD4},
    "per": {M.FAR_RELATIVE: 0x62},
    "brl": {M.FAR_RELATIVE: 0x82},
    "mvn": {M.BLOCK: 0x54},
    "mvp": {M.BLOCK: 0x44},
    **{name: {M.SIGNATURE: at} for name, at in (("brk", 0x00), ("cop", 0x02), ("wdm", 0x42))},
    **{name: {M.IMMEDIATE: at} for name, at in (("rep", 0xC2), ("sep", 0xE2))},
    **{
        name: {M.RELATIVE: 0x20 * at + 0x10}
        for at, name in enumerate(("bpl", "bmi", "bvc", "bvs", "bcc", "bcs", "bne", "beq"))
    },
    "bra": {M.RELATIVE: 0x80},
}

OPCODES: dict[int, tuple[str, Mode]] = {
    **{0x20 * n + low: (name, mode) for n, name in enumerate(ARITHMETIC) for low, mode in ARITHMETIC_MODES.items()},
    **{opcode: (name, M.IMPLIED) for opcode, name in IMPLIED.items()},
    **{opcode: (name, mode) for name, modes in OTHERS.items() for mode, opcode in modes.items()},
}
"""Opcode → mnemonic and mode, all 256. $89 would be `sta #`, and is `bit #`."""

INDEX_WIDE = {"ldx", "ldy", "cpx", "cpy", "stx", "sty", "phx", "phy", "plx", "ply"}
READS = {*ARITHMETIC, "bit", "ldx", "ldy", "cpx", "cpy"} - {"sta"}
WRITES = {"sta", "stx", "sty", "stz"}
MODIFIES = {"asl", "rol", "lsr", "ror", "dec", "inc", "tsb", "trb"}
PUSHES = {"pha", "phx", "phy"}
BRANCHES = {name for name, modes in OTHERS.items() if M.RELATIVE in modes} - {"bra"}
JUMPS = {"jmp", "jml", "bra", "brl"}
CALLS = {"jsr", "jsl"}
RETURNS = {"rts", "rtl", "rti"}


class UnknownWidth(Exception):
    """An operand's length depends on a register's width, and that is not known here."""


@dataclass(frozen=True)
class Instruction:
    """One instruction. at: 24 bits; operand: as it is in the code; size: bytes of code; width: bytes of data."""

    at: int
    name: str
    mode: Mode
    operand: int
    size: int
    width: int

    @property
    def end(self) -> int:
        """The address behind it."""
        return self.at & 0xFF0000 | (self.at + self.size) & 0xFFFF

    @property
    def target(self) -> int | None:
        """Where a branch, jump or call leads, if the instruction says it."""
        bank = self.at & 0xFF0000
        if self.mode in (M.RELATIVE, M.FAR_RELATIVE):
            half = 0x80 if self.mode is M.RELATIVE else 0x8000
            return bank | (self.end + (self.operand ^ half) - half) & 0xFFFF
        return {M.ABSOLUTE: bank | self.operand, M.LONG: self.operand}.get(self.mode)

    @property
    def cycles(self) -> int:
        """It takes at least as many: its bytes, or two, and those of pointers and data."""
        data = 2 * self.width + 1 if self.name in MODIFIES and self.mode is not M.ACCUMULATOR else self.width
        immediate = self.mode in (M.IMMEDIATE, M.IMMEDIATE_A, M.IMMEDIATE_X, M.ACCUMULATOR)
        return max(2, self.size) + POINTERS.get(self.mode, 0) + (0 if immediate else data)


def decode(code: Callable[[int], int], at: int, narrow_a: bool | None, narrow_x: bool | None) -> Instruction:
    """The instruction at an address. narrow: the register has 8 bits. Raises UnknownWidth."""
    name, mode = OPCODES[code(at)]
    narrow = narrow_x if name in INDEX_WIDE else narrow_a
    moves_data = name in {*READS, *WRITES, *MODIFIES, *PUSHES, "pla", "plx", "ply"}
    if moves_data and mode is not M.ACCUMULATOR and narrow is None:
        raise UnknownWidth
    width = 2 - bool(narrow) if moves_data else 0
    size = 1 + OPERAND_BYTES[mode] + (mode in (M.IMMEDIATE_A, M.IMMEDIATE_X) and width == 2)
    operand = int.from_bytes(bytes(code(at + n) for n in range(1, size)), "little")
    return Instruction(at, name, mode, operand, size, width)
