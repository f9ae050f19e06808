"""Attention with keys and values in bytes, weights scaled once a head: what is common to its kernels."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from quantize.fixed import FRACTION_BITS, ONE, WORD_MAX, Ints, narrow_limit, round_shift
from quantize.images import averaged, boxed, moved
from quantize.kernel import SLOTS, Form, Kind, State, Step, Trace, TraceEntry, number
from quantize.kernels.attention import EXP, AttentionKernel
from tables.exp import EXP_ENTRIES, EXP_STEP_BITS
from trainer.config import ModelConfig
from trainer.errors import InputError

if TYPE_CHECKING:
    from quantize.model import IntegerModel
    from quantize.ranges import Ranges

EXP7 = (EXP * 127 + 32768) >> 16
"""127 · exp(−i/32), rounded: seven bits, so that a signed byte takes it."""

EXP7_ENTRIES = int((EXP7 > 0).sum())
RECIPROCALS = 2048

VALUE_BITS = 5
"""A sum of Q0.13 weights times values of 8 − shift fractional bits, over 256, has 13 − shift of them."""

MAX_KEY_SHIFT, MIN_SCORE_BITS = 12, 3

SCORE_OFFSET = 1 << 15
"""Scores are kept with 2^15 added, for unsigned comparison; a trace reads them as signed words.

Outside a head's window there is 0, which no score comes to.
"""

SCORE_LIMIT = (WORD_MAX - (1 << EXP_STEP_BITS)) / ONE
"""No score is larger: the farthest from the best, and half a step of the table to round it, must fit 16 bits."""

MEAN_SLACK = 1.005
"""Weights scaled by a rounded reciprocal sum to this at most."""


def narrow(x: Ints, shift: int) -> Ints:
    """round(x / 2^shift) in 8 bits, saturated: keys and values.    asm: rotary"""
    return np.clip(round_shift(x, shift), -128, 127)


def reciprocal(total: Ints) -> Ints:
    """2^21 / S for S ≥ 127, from 2,048 entries; above them from S / 8, or S / 64.    asm: blocks/reciprocal"""
    drop = np.where(total < RECIPROCALS, 0, np.where(total < 8 * RECIPROCALS, 3, 6))
    entry = total >> drop
    scaled: Ints = (((1 << 21) + (entry >> 1)) // np.maximum(entry, 1)) >> drop
    return scaled


def seen_by(windows: Sequence[int], position: Ints, positions: int) -> NDArray[np.bool_]:
    """Which of the first `positions` each head sees from its own, position (B,): (B, heads, positions).

    windows (heads,): how many it sees, its own included. One for all, (B, 1, positions), where every head sees all.
    """
    back = position[:, None, None] - np.arange(positions)
    seen: NDArray[np.bool_] = back >= 0
    return seen & (back < np.array(windows)[:, None]) if is_cut(windows, positions) else seen


def is_cut(windows: Sequence[int], positions: int) -> bool:
    """Whether one of the heads does not see all of the first `positions`."""
    return min(windows, default=positions) < positions


def softmax_weights_in_bytes(
    scores: Ints, position: Ints, score_bits: int = FRACTION_BITS, windows: Sequence[int] = ()
) -> Ints:
    """exp(s − max s) / Σ, each weight rounded to seven bits before and floored after.    asm: attention_ppu

    scores (B, heads, T) with score_bits fractional bits; position (B,): later positions get 0, and those outside a
    head's window: windows (heads,), none: all are seen; returns (B, heads, T) Q0.13.
    """
    seen = seen_by(windows, position, scores.shape[-1])
    below = np.where(seen, scores, -(1 << 20)).max(-1, keepdims=True) - scores
    drop = EXP_STEP_BITS + score_bits - FRACTION_BITS
    index = np.minimum(round_shift(np.maximum(below, 0), drop), EXP_ENTRIES)
    weights = np.where(seen, EXP7[index], 0)
    return (weights * reciprocal(weights.sum(-1, keepdims=True))) >> 8


def in_bytes(cache: str) -> str:
    """The name of a cache as `narrow` leaves it: of the words only the newest are read."""
    return f"{cache} in bytes"


@dataclass(frozen=True)
class ByteAttention(AttentionKernel):
    """mean(softmax_weights_in_bytes(scores)), in every head over the positions of its window.

    Keys are over 2^key_shift, values over 2^value_shift, queries times 2^query_shift. cut: the rows that leave keys
    and values cut them to bytes. A kernel says how products become sums.
    """

    key_shift: int = number(0, MAX_KEY_SHIFT)
    value_shift: int = number(0, VALUE_BITS)
    query_shift: int = number(0, MAX_KEY_SHIFT)
    cut: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if not MIN_SCORE_BITS <= self.score_bits <= FRACTION_BITS:
            raise InputError(
                f"{self.block.name} has scores of {self.score_bits} fractional bits: nothing computes that"
            )

    @abstractmethod
    def scores(self, query: Ints, keys: Ints) -> Ints:
        """Σ q · 2^query_shift · k / 256, rounded down, (B, heads, T).

        query (B, heads, head_dim) Q8.8, a word when shifted; keys (B, T, kv_heads, head_dim), narrow.
        """

    @abstractmethod
    def mean(self, weights: Ints, values: Ints) -> Ints:
        """Σ p·v / 256, rounded down and then to Q8.8, (B, heads, head_dim).

        weights (B, heads, T) Q0.13; values (B, T, kv_heads, head_dim), narrow.
        """

    @abstractmethod
    def floors(self, products: int) -> int:
        """How often a sum of this number of products is rounded down: by up to a unit each time."""

    @property
    def score_bits(self) -> int:
        """Fractional bits of the scores."""
        return FRACTION_BITS + self.query_shift - self.key_shift

    @property
    def reads(self) -> Mapping[str, Form]:
        return {
            self.block.query: Form(Kind.SHIFTED, self.query_shift),
            self.block.keys: Form(Kind.CUT_LOW_BYTES if self.cut else Kind.LOW_BYTES, self.key_shift),
            self.block.values: Form(Kind.CUT_HIGH_BYTES if self.cut else Kind.HIGH_BYTES, self.value_shift),
        }

    @property
    def writes(self) -> Mapping[str, Form]:
        return {self.block.out: SLOTS}

    def traced(self, config: ModelConfig) -> tuple[TraceEntry, ...]:
        query = TraceEntry(f"{self.block.name}.query", (config.n_embd,))
        packed = TraceEntry(f"{self.block.name}.packed", (config.kv_dim,))
        return (query, packed, *super().traced(config))

    def caches(self, config: ModelConfig, batch: int) -> dict[str, Ints]:
        words = super().caches(config, batch)
        narrowed: dict[str, Any] = {in_bytes(name): cache.astype(np.int32) for name, cache in words.items()}
        return words | narrowed

    def bind(self, model: IntegerModel) -> Step:
        config, block, name = model.config, self.block, self.block.name
        windows = config.seen(block.layer)
        shifts = ((block.keys, self.key_shift), (block.values, self.value_shift))

        def run(state: State) -> None:
            now = np.arange(len(state.position)), state.position
            key, value = (narrow(state.caches[cache][now], shift) for cache, shift in shifts)
            for (cache, _), newest in zip(shifts, (key, value), strict=True):
                state.caches[in_bytes(cache)][now] = newest
            query, keys, values = self.heads(state, config, in_bytes(block.keys), in_bytes(block.values))
            state.note(f"{name}.query", (query << self.query_shift).reshape(len(query), -1))
            state.note(f"{name}.packed", (value << 8) | (key & 0xFF))
            scores = self.scores(query, keys)
            weights = softmax_weights_in_bytes(scores, state.position, self.score_bits, windows)
            kept = (scores & 0xFFFF) - SCORE_OFFSET
            if is_cut(windows, positions := scores.shape[-1]):
                kept *= seen_by(windows, state.position, positions)
            self.keep(state, kept, weights, self.mean(weights, values))

        return run

    def near(self, trace: Trace) -> NDArray[np.bool_]:
        """Which positions (B, heads, T) get a weight from the table of exp."""
        scores = trace[f"{self.name}.scores"] & 0xFFFF  # kept with 2^15 added, more than 0 within the window
        drop = EXP_STEP_BITS + self.score_bits - FRACTION_BITS
        steps = round_shift(scores.max(-1, keepdims=True) - scores, drop)
        found: NDArray[np.bool_] = (steps < EXP7_ENTRIES) & (scores > 0)
        return found

    def activity(self, trace: Trace, vectors: Mapping[str, Ints]) -> Mapping[str, Ints]:
        """Positions, in all heads together: near ones get a weight from the table, lit ones keep it once scaled."""
        near, lit = self.near(trace), trace[f"{self.name}.weights"] > 0
        return {f"{self.name}.near": near.sum((1, 2)), f"{self.name}.lit": lit.sum((1, 2))}

    def bounds(self, ranges: Ranges) -> None:
        """Where they are not cut, the weights prove how large keys and values are."""
        if self.cut:
            self.bounds_of_cut(ranges)
            return
        block, config = self.block, ranges.config
        coarse = 2.0**self.key_shift
        ranges.note(block.name, "query", ranges.elements(block.query).max() * coarse / ONE, WORD_MAX / ONE)
        score = self.largest_score(ranges, coarse, self.floors(config.head_dim))
        ranges.note(block.name, "scores", score, SCORE_LIMIT)
        mean = averaged(ranges.images[block.values], config.n_head)
        slack = 2.0**self.value_shift / 2 + self._floors(config) + 1
        image = moved(lambda w: MEAN_SLACK * mean(w), slack)
        ranges.set(block.name, block.out, image, config.n_embd)

    def bounds_of_cut(self, ranges: Ranges) -> None:
        """Where keys and values are cut to bytes: |q·k| ≤ ‖q‖ · ‖k‖ of every head."""
        block, config = self.block, ranges.config
        scale = 2.0**self.query_shift
        ranges.note(block.name, "query", ranges.elements(block.query).max() * scale / ONE, WORD_MAX / ONE)
        heads = ranges.matrices[block.query].reshape(config.n_head, config.head_dim, -1)
        longest = np.linalg.norm(heads, 2, axis=(1, 2)).max() * ranges.radius + 3 * np.sqrt(config.head_dim)
        constants = ranges.constants[block.query].reshape(config.n_head, -1)
        longest += np.linalg.norm(constants, axis=1).max()
        score = longest * scale * 128 * np.sqrt(config.head_dim) / ONE + self.floors(config.head_dim)
        ranges.note(block.name, "scores", score / ONE, SCORE_LIMIT)
        value = ranges.elements(block.values).max() / ONE
        ranges.note(block.name, "value", value, narrow_limit(self.value_shift))
        largest = MEAN_SLACK * 128 * 2.0**self.value_shift + self._floors(config) + 1
        ranges.set(block.name, block.out, boxed(np.full(config.n_embd, largest)), config.n_embd)

    def _floors(self, config: ModelConfig) -> float:
        """How much a mean is moved by rounding down."""
        return self.floors(config.block_size) / 2.0 ** (VALUE_BITS - self.value_shift)
