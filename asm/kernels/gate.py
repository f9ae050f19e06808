"""The middle of a gated MLP: straight-line code for every hidden unit, on the machine's multiplier."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import ClassVar

from asm.cost.long_run import LongRun
from asm.kernels.digit_rows import PART_BYTES, hidden_bias
from asm.kernels.routine import Call, Item, Placed, Routine, Table, Template, symbol
from asm.kernels.table_norm import table_offset
from quantize.kernels.gate import SiluGate
from quantize.schedule import parts
from tables.silu import silu_table

COPY_BYTES = 17
"""Code bytes to copy a part of the hidden units for a trace or the x-ray screen."""

PROBE = 60
"""Clocks to find that nobody looks at a layer."""


@dataclass(frozen=True)
class HiddenPart:
    """Hidden units that share a page of slots: the page, their offset in the vector, the last one's in the part."""

    slots: str
    offset: int
    last: int


@dataclass(frozen=True)
class HiddenUnit:
    """A hidden unit: its number, and where its slot is."""

    number: int
    slot: int


@dataclass(frozen=True)
class GatePiece:
    """The units whose code is together in a segment."""

    later: bool
    segment: str
    units: tuple[HiddenUnit, ...]


@dataclass(frozen=True)
class GateCode(Template):
    """A layer's gates. cuts: whether a gate can be beyond the table."""

    template: ClassVar[str] = "gate"
    table: str
    bits: int
    cuts: bool
    limit: int
    shift: int
    bias: int
    units: tuple[HiddenUnit, ...]

    def split(self) -> GateCode | None:
        return replace(self, pieces=self.pieces + 1) if self.pieces < len(self.units) else None

    @property
    def unit_pieces(self) -> tuple[GatePiece, ...]:
        """Of about as many units."""
        ends = [len(self.units) * number // self.pieces for number in range(self.pieces + 1)]
        units = [self.units[first:end] for first, end in pairwise(ends)]
        return tuple(GatePiece(n > 0, own, units[n]) for n, own in enumerate(self.segments))

    @property
    def to_offset(self) -> tuple[str, ...]:
        """From a gate, 2^bits on top, to the table's offset."""
        return table_offset(self.bits)

    @property
    def to_slot(self) -> int:
        """From a halved unit, the halved limit on top, to its slot."""
        return (self.bias - (self.limit >> self.shift)) & 0xFFFF


class GateRoutine(Routine[SiluGate]):
    """Slots of hidden units in parts, a direct page each."""

    @cached_property
    def code(self) -> GateCode:
        """Its template's record."""
        kernel, places = self.kernel, enumerate(parts(self.config.n_hidden))
        units = [(n, PART_BYTES * p + 2 * (n - first)) for p, (first, end) in places for n in range(first, end)]
        return GateCode(
            entry=symbol(kernel.name),
            comment=f"{kernel.name}: silu(fc1) · fc3",
            table=f"silu_{kernel.bits}",
            bits=kernel.bits,
            cuts=self.site.proved.ranges.gates[kernel.name] > (1 << kernel.bits) - 1,
            limit=kernel.limit,
            shift=kernel.shift,
            bias=hidden_bias(self.site, kernel),
            units=tuple(HiddenUnit(*unit) for unit in units),
        )

    @property
    def hidden_parts(self) -> tuple[HiddenPart, ...]:
        """The slots that a trace and the x-ray screen read."""
        return tuple(
            HiddenPart(f"hidden_slots + {PART_BYTES * number}", 2 * first, 2 * (end - first - 1))
            for number, (first, end) in enumerate(parts(self.config.n_hidden))
        )

    @property
    def copies_are_long(self) -> bool:
        """Whether no branch reaches past their copy."""
        return COPY_BYTES * len(self.hidden_parts) > 127

    @property
    def calls(self) -> tuple[Call, ...]:
        return (self.call("gated", self.code.comment, entry=self.code.entry),)

    @property
    def items(self) -> tuple[Item, ...]:
        code = self.code
        return (Table(code.table, silu_table(code.bits)), code)

    @property
    def vectors(self) -> Mapping[str, int]:
        hidden = self.config.n_hidden
        return {"hidden": hidden, "gate": hidden, "up": hidden, "product_low": 1}

    @property
    def pages(self) -> Mapping[str, int]:
        return {"hidden_slots": PART_BYTES * len(parts(self.config.n_hidden))}

    def clocks(self, run: LongRun, placed: Placed) -> Mapping[str, float]:
        """But for the copy that a trace or the x-ray screen reads. A product is hardly ever far, or cut."""
        (own,) = placed.clocks(self.code.entry, taken=((1, 0.5) if self.code.cuts else ()) + (0, 1, 0.5))
        return {symbol(self.kernel.name): own + PROBE}
