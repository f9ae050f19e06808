"""The middle of a gated MLP: straight-line code for a part of the hidden units, on the machine's multiplier."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from asm.cost.long_run import LongRun
from asm.kernels.hidden_units import PART_BYTES, PROBE, HiddenPart, hidden_part
from asm.kernels.routine import Call, Item, Placed, Routine, Table, Template, symbol
from asm.kernels.table_norm import table_offset
from quantize.kernels.gate import SiluGate
from tables.silu import silu_table


@dataclass(frozen=True)
class GateCode(Template):
    """The gates of every part that has these numbers. cuts: whether a gate can be beyond the table."""

    template: ClassVar[str] = "gate"
    table: str
    bits: int
    cuts: bool
    limit: int
    shift: int
    bias: int
    units: int

    @property
    def to_offset(self) -> tuple[str, ...]:
        """From a gate, 2^bits on top, to the table's offset."""
        return table_offset(self.bits)

    @property
    def to_slot(self) -> int:
        """From a halved unit, the halved limit on top, to its slot."""
        return (self.bias - (self.limit >> self.shift)) & 0xFFFF


class GateRoutine(Routine[SiluGate]):
    """Gates and what they multiply are vectors of one part; the units go into its slots."""

    @cached_property
    def part(self) -> HiddenPart:
        """Its hidden units."""
        return hidden_part(self.site, self.kernel)

    @cached_property
    def code(self) -> GateCode:
        """Its template's record."""
        kernel, part = self.kernel, self.part
        cuts = self.site.proved.ranges.gates[kernel.name] > (1 << kernel.bits) - 1
        numbers = (kernel.bits, kernel.limit, kernel.shift, part.bias, part.count)
        return GateCode(
            entry="_".join(map(str, ("gate", *numbers))) + ("_cut" if cuts else ""),
            comment=f"{part.count} units of silu(gate) · up, gates within ±2^{kernel.bits}",
            table=f"silu_{kernel.bits}",
            bits=kernel.bits,
            cuts=cuts,
            limit=kernel.limit,
            shift=kernel.shift,
            bias=part.bias,
            units=part.count,
        )

    @property
    def calls(self) -> tuple[Call, ...]:
        comment = f"{self.kernel.name}: silu(fc1) · fc3, {self.part.words}"
        return (self.call("gated", comment, entry=self.code.entry),)

    @property
    def items(self) -> tuple[Item, ...]:
        code = self.code
        return (Table(code.table, silu_table(code.bits)), code)

    @property
    def vectors(self) -> Mapping[str, int]:
        return {"hidden": self.config.n_hidden, "product_low": 1}

    @property
    def pages(self) -> Mapping[str, int]:
        return {"hidden_slots": PART_BYTES}

    def clocks(self, run: LongRun, placed: Placed) -> Mapping[str, float]:
        """But for the copy that a trace or the x-ray screen reads. A product is hardly ever far, or cut."""
        (own,) = placed.clocks(self.code.entry, taken=((1, 0.5) if self.code.cuts else ()) + (0, 1, 0.5))
        return {symbol(self.kernel.name): own + PROBE}
