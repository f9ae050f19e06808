"""GELU from a table: every hidden unit is looked up as its row ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from quantize.fixed import ONE, WORD_MAX, Ints, round_shift
from quantize.kernel import Fused, TraceEntry
from quantize.kernels.digit_rows import DigitRows
from quantize.kernels.hidden_units import CutUnits
from quantize.schedule import Activation
from tables.gelu import gelu_table
from trainer.config import ModelConfig

if TYPE_CHECKING:
    from quantize.ranges import Ranges


def looked_up(x: Ints, kind: str, bits: int, limit: int, shift: int) -> Ints:
    """gelu(x) from a table, cut to ±limit and halved `shift` times.    asm: the rows of fc1

    x (…,) Q8.8, cut to ±2^bits; returns (…,) with 8 − shift fractional bits.
    """
    top = 1 << bits
    table = slots_table(kind, bits, limit, shift)
    found: Ints = table[(np.clip(x, -top, top - 1) + top) >> (bits - 11)]
    return found


def slots_table(kind: str, bits: int, limit: int, shift: int) -> Ints:
    """The table of `looked_up`, (4096,)."""
    return round_shift(np.clip(gelu_table(kind, bits), -limit, limit), shift)


@dataclass(frozen=True)
class Lookup(CutUnits):
    """looked_up."""

    block: Activation

    @property
    def sources(self) -> tuple[str, ...]:
        return (self.block.out,)

    def units(self, *sources: Ints) -> Ints:
        (x,) = sources
        return looked_up(x, self.block.kind, self.bits, self.limit, self.shift)

    def note(self, ranges: Ranges) -> None:
        largest = float(ranges.elements(self.block.out).max())
        ranges.gates[self.block.name] = largest
        ranges.note(self.block.name, "before the table", largest / ONE, (WORD_MAX - (1 << self.bits)) / ONE)


@dataclass(frozen=True)
class LookedUpRows(Fused):
    """Rows whose results are looked up one by one."""

    rows: DigitRows
    lookup: Lookup

    def observed(self, config: ModelConfig) -> tuple[TraceEntry, ...]:
        """The units alone: no row's result is kept before."""
        return self.lookup.traced(config)
