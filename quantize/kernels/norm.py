"""RMSNorm with exact squares: the schoolbook's, and that of what the front table is computed from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from quantize.fixed import ONE, Ints, round_shift
from quantize.images import ball
from quantize.kernel import WORDS, Form, Leaf, Step, TraceEntry
from quantize.schedule import Norm
from tables.rsqrt import rsqrt_table
from trainer.config import ModelConfig

if TYPE_CHECKING:
    from quantize.model import IntegerModel
    from quantize.ranges import Ranges

MEAN_SQUARE_EPS = 1e-5


def norm_epsilon(d: int) -> int:
    """1e-5 on the mean square, as the value the sum of squares starts from: Q16.16, at least 1."""
    return max(1, round(MEAN_SQUARE_EPS * d * ONE * ONE))


def rmsnorm(x: Ints) -> Ints:
    """x / sqrt(mean(x²) + 1e-5).    asm: rmsnorm

    x (..., d) Q8.8 with Σ x² < 2^32; returns (..., d) Q8.8, ‖y‖ ≤ 1.01 · sqrt(d).
    """
    d = x.shape[-1]
    table = rsqrt_table(d)
    total = (x * x).sum(-1, keepdims=True) + norm_epsilon(d)
    pairs = (31 - np.floor(np.log2(total)).astype(np.int64)) >> 1
    scale = table.entries.astype(np.int64)[(total << (2 * pairs)) >> 24]
    return round_shift(x * scale, table.shift - pairs)


@dataclass(frozen=True)
class ExactNorm(Leaf):
    """rmsnorm of a vector of words."""

    block: Norm

    @property
    def reads(self) -> Mapping[str, Form]:
        return {self.block.source: WORDS}

    @property
    def writes(self) -> Mapping[str, Form]:
        return {self.block.out: WORDS}

    def traced(self, config: ModelConfig) -> tuple[TraceEntry, ...]:
        return (TraceEntry(self.block.name, (config.n_embd,)),)

    def bind(self, model: IntegerModel) -> Step:
        block = self.block
        return lambda state: state.keep(block.name, block.out, rmsnorm(state.buffers[block.source]))

    def bounds(self, ranges: Ranges) -> None:
        elements = ranges.elements(self.block.source)
        squares = (elements**2).sum() + norm_epsilon(ranges.config.n_embd)
        ranges.note(self.block.name, "sum of squares", squares / ONE**2, (2**32 - 1) / ONE**2)
        ranges.norm_sources[self.block.name] = float(elements.max())
        ranges.set(self.block.name, self.block.out, ball(ranges.radius), ranges.config.n_embd)
