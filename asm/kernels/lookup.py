"""Rows whose results are looked up: the table's entry is the hidden unit's slot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from asm.cost.instructions import Instruction, immediate, implied, memory
from asm.cost.long_run import LongRun
from asm.kernels.digit_rows import (
    DigitRowsRoutine,
    Epilogue,
    chain_clocks,
    comment_of,
    cut_within,
    rows,
    shared_calls,
    shared_clocks,
    shared_items,
    shared_pages,
)
from asm.kernels.hidden_units import PART_BYTES, PROBE, HiddenPart, hidden_part
from asm.kernels.routine import Call, Item, Placed, Routine, Table, symbol
from asm.kernels.straight_code import Chain
from asm.kernels.table_norm import table_offset
from quantize.kernels.lookup import LookedUpRows, Lookup, slots_table

NEGATIVE = 0x8000
TABLE_READ = (4, 6)
"""Bytes, and cycles, of a read from a table in ROM by index."""


@dataclass(frozen=True)
class HiddenSlots:
    """A part of the hidden units: the table that their slots come from, and the slots' bias."""

    lookup: Lookup
    bias: int
    cuts: bool

    @property
    def table(self) -> Table:
        """Words to be kept as they are."""
        own = self.lookup
        kind, numbers = own.block.kind, (own.bits, own.limit, own.shift)
        label = "_".join(map(str, (kind, *numbers, self.bias)))
        return Table(label, slots_table(kind, *numbers) + self.bias)

    @property
    def epilogue(self) -> Epilogue:
        """bias ± what a row's result is looked up as. Beyond the table it is cut, where it can be."""
        bits, label = self.lookup.bits, self.table.label
        top, lookup = 1 << bits, [implied(line) if "#" not in line else AND for line in table_offset(bits)]
        cut = cut_within(2 * top, NEGATIVE + top) if self.cuts else []

        def code(row: int) -> list[Instruction]:
            return [
                *cut,
                *lookup,
                implied("tax"),
                Instruction(f"lda f:{label}, x", *TABLE_READ),
                memory("sta", f"hidden_slots + {2 * row}", direct=False),
                immediate("eor", 0xFFFF),
                implied("sec"),
                immediate("adc", 2 * self.bias),
                memory("sta", f"hidden_slots + MINUS_PART + {2 * row}", direct=False),
            ]

        return Epilogue(top, code)


AND = immediate("and", 0xFFFE)


class LookedUpRowsRoutine(Routine[LookedUpRows]):
    """A part of the first MLP matrix, whose results go into the slots of the hidden units."""

    @cached_property
    def _rows(self) -> DigitRowsRoutine:
        return DigitRowsRoutine(self.kernel.rows, self.site)

    @cached_property
    def part(self) -> HiddenPart:
        """Its hidden units."""
        return hidden_part(self.site, self.kernel.lookup)

    @cached_property
    def hidden(self) -> HiddenSlots:
        """Where its results go."""
        lookup = self.kernel.lookup
        cuts = self.site.proved.ranges.gates[lookup.name] > (1 << lookup.bits) - 1
        return HiddenSlots(lookup, self.part.bias, cuts)

    @property
    def slots(self) -> str:
        """The page that its rows read."""
        return self._rows.slots.label

    @cached_property
    def chain(self) -> Chain:
        """Its rows."""
        units = rows(self.site, self.kernel.rows, self._rows.slots, self.hidden.epilogue)
        return Chain(symbol(self.kernel.name) + "_rows", comment_of(self.site, self.kernel.rows), tuple(units))

    @property
    def calls(self) -> tuple[Call, ...]:
        name, kind = self.kernel.lookup.name, self.kernel.lookup.block.kind
        comment = f"{name}: {kind} of fc1, {self.part.words}"
        own = self.call("looked_up", comment, entry=self.chain.label, of=name)
        return (*shared_calls(self, self.kernel.rows), own)

    @property
    def items(self) -> tuple[Item, ...]:
        return (*shared_items(self.site, self.kernel.rows), self.hidden.table, self.chain)

    @property
    def vectors(self) -> Mapping[str, int]:
        row_sum = {"row_sum": 1} if self.kernel.rows.sections > 1 else {}
        return {"hidden": self.config.n_hidden} | row_sum

    @property
    def pages(self) -> Mapping[str, int]:
        return {**shared_pages(self.site, self.kernel.rows), "hidden_slots": PART_BYTES}

    def clocks(self, run: LongRun, placed: Placed) -> Mapping[str, float]:
        own = self.page_call + chain_clocks(self.site, self.chain, placed) + PROBE
        return {**shared_clocks(self.site, self.kernel.rows), symbol(self.kernel.name): own}
