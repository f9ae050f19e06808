"""GELU from a table: every hidden unit is looked up as its row ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from quantize.fixed import ONE, WORD_MAX, Ints, round_shift
from quantize.images import boxed
from quantize.kernel import WORDS, Form, Fused, State, Step, TraceEntry
from quantize.kernels.digit_rows import DigitRows
from quantize.kernels.hidden_units import CutUnits
from quantize.schedule import Activation
from tables.gelu import gelu_table
from trainer.config import ModelConfig

if TYPE_CHECKING:
    from quantize.model import IntegerModel
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
    def reads(self) -> Mapping[str, Form]:
        return {self.block.out: WORDS}

    @property
    def one_page(self) -> bool:
        return True

    def part(self, config: ModelConfig) -> tuple[int, int]:
        """First and end of its hidden units."""
        return self.block.part or (0, config.n_hidden)

    def traced(self, config: ModelConfig) -> tuple[TraceEntry, ...]:
        first, end = self.part(config)
        return (TraceEntry(self.block.name, (end - first,)),)

    def bind(self, model: IntegerModel) -> Step:
        block, (first, end) = self.block, self.part(model.config)

        def run(state: State) -> None:
            units = state.buffers[block.out][:, first:end]
            found = looked_up(units, block.kind, self.bits, self.limit, self.shift)
            state.keep(block.name, block.out, found, first)

        return run

    def bounds(self, ranges: Ranges) -> None:
        block, hidden = self.block, ranges.config.n_hidden
        largest = float(ranges.elements(block.out).max())
        ranges.gates[block.name] = largest
        ranges.note(block.name, "before the table", largest / ONE, (WORD_MAX - (1 << self.bits)) / ONE)
        ranges.set(block.name, block.out, boxed(np.full(hidden, float(self.slot_limit))), hidden)


@dataclass(frozen=True)
class LookedUpRows(Fused):
    """Rows whose results are looked up one by one."""

    rows: DigitRows
    lookup: Lookup

    def observed(self, config: ModelConfig) -> tuple[TraceEntry, ...]:
        """The units alone: no row's result is kept before."""
        return self.lookup.traced(config)
