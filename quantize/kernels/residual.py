"""Sums with the residual stream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from quantize.digits import HALF_ROW_SUM
from quantize.fixed import ONE, Ints
from quantize.images import added, boxed
from quantize.kernel import WORDS, Form, Leaf, State, Step, TraceEntry, number
from quantize.schedule import Add
from trainer.config import ModelConfig

if TYPE_CHECKING:
    from quantize.model import IntegerModel
    from quantize.ranges import Ranges

MAX_CUT_BITS = 13
MAX_CUT = (1 << MAX_CUT_BITS) - 1
"""A residual stream that is cut stays within this, so that a sum far beyond it can be told from its sign."""

OUT_SUMS = "sums for the residual stream"
"""In the name of the bound on a row's result that is then cut together with the residual stream."""


def add_cut(x: Ints, y: Ints, doublings: int, bits: int) -> Ints:
    """x + y · 2^doublings, cut to what is between ±2^bits.    asm: cut_sum

    x (…,) Q8.8 within that range; y (…,) any words; returns (…,) Q8.8.
    """
    limit = (1 << bits) - 1
    return np.clip(x + (y << doublings), -limit, limit)


@dataclass(frozen=True)
class Sum(Leaf):
    """x + y, which the proof bounds."""

    block: Add

    @property
    def reads(self) -> Mapping[str, Form]:
        return {self.block.out: WORDS, self.block.source: WORDS}

    @property
    def writes(self) -> Mapping[str, Form]:
        return {self.block.out: WORDS}

    def traced(self, config: ModelConfig) -> tuple[TraceEntry, ...]:
        return (TraceEntry(self.block.name, (config.n_embd,)),)

    def sum(self, x: Ints, y: Ints) -> Ints:
        """Its meaning."""
        return x + y

    def bind(self, model: IntegerModel) -> Step:
        block = self.block

        def run(state: State) -> None:
            state.keep(block.name, block.out, self.sum(state.buffers[block.out], state.buffers[block.source]))

        return run

    def bounds(self, ranges: Ranges) -> None:
        block = self.block
        image = added(ranges.images[block.out], ranges.images[block.source])
        ranges.set(block.name, block.out, image, ranges.config.n_embd)


@dataclass(frozen=True)
class CutSum(Sum):
    """add_cut: where no proof bounds the residual stream."""

    bits: int = number(1, MAX_CUT_BITS)
    doublings: int = number(0, 3, 0)

    def sum(self, x: Ints, y: Ints) -> Ints:
        return add_cut(x, y, self.doublings, self.bits)

    def bounds(self, ranges: Ranges) -> None:
        """A sum fits a word as it is halved; where doubling it back would not, the sum is cut anyway."""
        block = self.block
        largest, before = ranges.elements(block.source).max(), ranges.elements(block.out).max()
        ranges.note(block.weight, OUT_SUMS, largest / ONE, HALF_ROW_SUM / ONE)
        ranges.note(block.name, "before", before / ONE, MAX_CUT / ONE)
        ranges.cut_sums[block.name] = float(largest * 2**self.doublings + before)
        d = ranges.config.n_embd
        ranges.set(block.name, block.out, boxed(np.full(d, float((1 << self.bits) - 1))), d)
