"""RMSNorm with squares from a table, for rows of digits: its result is kept as bias ± y."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from quantize.fixed import ONE, Ints, round_shift
from quantize.images import ball
from quantize.kernel import SLOTS, WORDS, Form, Leaf, Step, Trace, TraceEntry, number
from quantize.schedule import Norm
from tables.rsqrt import rsqrt_table
from trainer.config import ModelConfig

if TYPE_CHECKING:
    from quantize.model import IntegerModel
    from quantize.ranges import Ranges

SQUARES = 4096
NORM_SLACK = 1 / 64
"""A sum of table squares may fall short of the exact one by this share."""

MIN_BITS, MAX_BITS = 11, 15
"""The table spans ±2^bits, in steps of one from 11."""


@cache
def square_table(bits: int) -> Ints:
    """x² of every x in [−2^bits, 2^bits), 4,096 steps, at the steps' midpoints, in 16 bits.

    Returns (4096,): x² / 2^(2·bits − 16), x in Q8.8 units, saturated.
    """
    step = 2.0 ** (bits - 11)
    middle = (np.arange(SQUARES) + 0.5) * step - 2.0**bits
    return np.asarray(np.minimum(np.floor(middle**2 / 2.0 ** (2 * bits - 16) + 0.5), 65535), np.int64)


@cache
def table_epsilon(d: int, bits: int) -> int:
    """The sum of d table squares starts from this, so that Σ x² ≤ (1 + NORM_SLACK) · the sum, whatever x is."""
    step, unit = 2.0 ** (bits - 11), 2.0 ** (2 * bits - 16)
    low = np.arange(SQUARES) * step - 2.0**bits
    largest = np.maximum(low**2, (low + step - 1) ** 2)
    missing = (largest / unit - (1 + NORM_SLACK) * square_table(bits)).max()
    return max(1, int(np.ceil(d * missing / (1 + NORM_SLACK))))


def square_sum(x: Ints, bits: int) -> Ints:
    """ε + Σ x² by the table. x (..., d) Q8.8 within ±2^bits; returns (..., 1)."""
    squares = square_table(bits)[(x + (1 << bits)) >> (bits - 11)].sum(-1, keepdims=True)
    total: Ints = table_epsilon(x.shape[-1], bits) + squares
    return total


def rmsnorm_table(x: Ints, bits: int, doublings: int = 0) -> Ints:
    """x / sqrt(mean(x²) + ε), squares from a table, the reciprocal root in seven bits.    asm: table_norm

    x (..., d) Q8.8 within ±2^bits; returns (..., d) Q8.8, ‖y‖ ≤ 1.02 · sqrt(d). x is doubled `doublings` times
    before its product loses eight bits: a small x would lose too many.
    """
    table = rsqrt_table(x.shape[-1])
    total = square_sum(x, bits)
    pairs = (31 - np.floor(np.log2(total)).astype(np.int64)) >> 1
    scale = (table.entries.astype(np.int64) >> 1)[(total << (2 * pairs)) >> 24]
    return round_shift(((x << doublings) * scale) >> 8, table.shift + bits - 8 - pairs - 9 + doublings)


@dataclass(frozen=True)
class TableNorm(Leaf):
    """rmsnorm_table of the residual stream."""

    block: Norm
    bits: int = number(MIN_BITS, MAX_BITS)
    doublings: int = number(0, MAX_BITS - MIN_BITS, 0)
    norm_slack: ClassVar[float] = NORM_SLACK

    @property
    def into_stream(self) -> bool:
        """Whether it replaces its source, as the norm of the embedding does: then words are wanted."""
        return self.block.out == self.block.source

    @property
    def reads(self) -> Mapping[str, Form]:
        return {self.block.source: WORDS}

    @property
    def writes(self) -> Mapping[str, Form]:
        return {self.block.out: WORDS if self.into_stream else SLOTS}

    def traced(self, config: ModelConfig) -> tuple[TraceEntry, ...]:
        return (TraceEntry(self.block.name, (config.n_embd,)),)

    def bind(self, model: IntegerModel) -> Step:
        block = self.block
        return lambda state: state.keep(
            block.name, block.out, rmsnorm_table(state.buffers[block.source], self.bits, self.doublings)
        )

    def activity(self, trace: Trace, vectors: Mapping[str, Ints]) -> Mapping[str, Ints]:
        """The sum of squares."""
        return {f"{self.name}.squares": square_sum(vectors[self.block.source], self.bits)[..., 0]}

    def bounds(self, ranges: Ranges) -> None:
        largest = float(ranges.elements(self.block.source).max())
        ranges.note(self.block.name, "source", largest / ONE, (2**self.bits - 1) / ONE)
        ranges.norm_sources[self.block.name] = largest
        ranges.set(self.block.name, self.block.out, ball(ranges.radius), ranges.config.n_embd)
