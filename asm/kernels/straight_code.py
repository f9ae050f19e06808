"""Straight-line code: units that stay whole, chained over as many banks as they take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from asm.cost.instructions import Instruction, jump
from asm.memory.banks import Packer, code_segment
from asm.targets.target import Target


@dataclass(frozen=True)
class Unit:
    """Code that must stay in one bank: a row or a column. label: a place behind it."""

    comment: str
    code: tuple[Instruction, ...]
    label: str = ""

    @cached_property
    def size(self) -> int:
        """Bytes of ROM."""
        return sum(instruction.size for instruction in self.code)

    def clocks(self, target: Target) -> float:
        """Master clocks before refresh."""
        return sum(map(target.clocks, self.code))


@dataclass(frozen=True)
class CodePart:
    """Units that are together in one bank; all but the last part of a chain end with a jump to the next.

    called: where a far routine begins; all other parts are jumped to from within it.
    """

    label: str
    bank: int
    comment: str
    units: tuple[Unit, ...]
    end: str
    called: bool = False

    @property
    def segment(self) -> str:
        """The linker segment."""
        return code_segment(self.bank)

    @property
    def size(self) -> int:
        """Bytes of ROM."""
        return sum(unit.size for unit in self.units) + (1 if self.end == "rtl" else jump("").size)


@dataclass(frozen=True)
class Chain:
    """A far subroutine of units in order. end: what its last instruction is, if not a return."""

    label: str
    comment: str
    units: tuple[Unit, ...]
    end: str = "rtl"

    def clocks(self, target: Target, parts: int = 1) -> float:
        """Master clocks before refresh, of a chain in this many parts."""
        return sum(unit.clocks(target) for unit in self.units) + (parts - 1) * target.clocks(jump(""))

    def place(self, packer: Packer) -> list[CodePart]:
        """Over as many banks as it takes."""
        reserve = jump("").size
        parts: list[tuple[int, list[Unit]]] = []
        for unit in self.units:
            before = packer.bank
            bank = packer.place(unit.size + (0 if parts and packer.free >= unit.size + reserve else reserve))
            if not parts or bank != before or parts[-1][0] != bank:
                parts.append((bank, []))
            parts[-1][1].append(unit)
        names = [self.label + (f"_part{number}" if number else "") for number in range(len(parts))]
        ends = [f"jml {name}" for name in names[1:]] + [self.end]
        return [
            CodePart(name, bank, self.comment, tuple(own), end, called=name == self.label and self.end == "rtl")
            for name, (bank, own), end in zip(names, parts, ends, strict=True)
        ]


MODULE_BYTES = 1 << 16
"""Bytes of code in one source file: the assembler's time grows with the square of a file."""


def modules(code: Sequence[CodePart]) -> dict[str, tuple[CodePart, ...]]:
    """The code as source files: kernels, and where that would be long kernels_2, kernels_3 …"""
    files: list[list[CodePart]] = [[]]
    size = 0
    for part in code:
        if size + part.size > MODULE_BYTES and files[-1]:
            files.append([])
            size = 0
        files[-1].append(part)
        size += part.size
    return {f"kernels_{n}" if n > 1 else "kernels": tuple(parts) for n, parts in enumerate(files, 1)}
