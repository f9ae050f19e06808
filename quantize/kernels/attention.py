"""Attention with exact products: the schoolbook's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from quantize.fixed import FRACTION_BITS, ONE, WORD_MAX, Ints, round_divide, round_shift
from quantize.images import averaged
from quantize.kernel import WORDS, Form, Leaf, State, Step, TraceEntry
from quantize.schedule import Attention
from tables.exp import EXP_ENTRIES, EXP_STEP_BITS, exp_table
from trainer.config import ModelConfig

if TYPE_CHECKING:
    from quantize.model import IntegerModel
    from quantize.ranges import Ranges

EXP = np.append(exp_table().astype(np.int64), 0)
"""exp(−i/32) Q0.16, and 0 for everything beyond the table."""


def attention_scores(query: Ints, keys: Ints) -> Ints:
    """q · k of every head and position; the query weights hold 1/sqrt(head_dim).    asm: attention_scores

    query (B, heads, head_dim) Q8.8; keys (B, T, heads, head_dim) Q8.8; returns (B, heads, T) Q8.8.
    """
    products = np.matmul(keys.transpose(0, 2, 1, 3), query[..., None])[..., 0]
    return round_shift(products, FRACTION_BITS)


def softmax_weights(scores: Ints, position: Ints) -> Ints:
    """exp(s − max s), not normalised.    asm: softmax_weights

    scores (B, heads, T) Q8.8; position (B,): later positions get 0; returns (B, heads, T) Q0.8, 0 … 255.
    """
    seen = np.arange(scores.shape[-1]) <= position[:, None, None]
    below = np.where(seen, scores, -(1 << 20)).max(-1, keepdims=True) - scores
    index = np.minimum(round_shift(np.maximum(below, 0), EXP_STEP_BITS), EXP_ENTRIES)
    return np.where(seen, EXP[index] >> 8, 0)


def attend(weights: Ints, values: Ints) -> Ints:
    """Σ w·v / Σ w, rounded once; a lone position passes through unchanged.    asm: weighted_mean

    weights (B, heads, T) Q0.8; values (B, T, heads, head_dim) Q8.8; returns (B, heads, head_dim) Q8.8.
    """
    total = weights.sum(-1)[..., None]
    return round_divide(np.matmul(weights[:, :, None, :], values.transpose(0, 2, 1, 3))[:, :, 0, :], total)


@dataclass(frozen=True)
class AttentionKernel(Leaf):
    """The common part of all ways to compute attention: the heads of their vectors, and the trace of each."""

    block: Attention

    def traced(self, config: ModelConfig) -> tuple[TraceEntry, ...]:
        name, per_head = self.block.name, (config.n_head, config.block_size)
        return (
            TraceEntry(f"{name}.scores", per_head, over_positions=True),
            TraceEntry(f"{name}.weights", per_head, over_positions=True),
            TraceEntry(name, (config.n_embd,)),
        )

    def caches(self, config: ModelConfig, batch: int) -> dict[str, Ints]:
        shape = (batch, config.kv_dim, config.block_size)
        return {name: np.zeros(shape, np.int64).swapaxes(1, 2) for name in (self.block.keys, self.block.values)}

    def heads(self, state: State, config: ModelConfig, keys: str, values: str) -> tuple[Ints, Ints, Ints]:
        """Query (B, n_head, head_dim); two caches' positions so far (B, T, kv_heads, head_dim)."""
        seen = int(state.position.max()) + 1
        query = state.buffers[self.block.query].reshape(-1, config.n_head, config.head_dim)
        key_heads, value_heads = (
            state.caches[name][:, :seen].reshape(-1, seen, config.kv_heads, config.head_dim)
            for name in (keys, values)
        )
        return query, key_heads, value_heads

    def keep(self, state: State, scores: Ints, weights: Ints, attended: Ints) -> None:
        """The trace, and the result of all heads side by side."""
        name = self.block.name
        state.note(f"{name}.scores", scores)
        state.note(f"{name}.weights", weights)
        state.keep(name, self.block.out, attended.reshape(len(attended), -1))

    def largest_score(self, ranges: Ranges, coarse: float, floors: int) -> float:
        """|q·k| ≤ ‖Wqᵀ Wk‖ · radius², head by head, and the roundings of q, of k and of the products.

        coarse: units that keys are rounded to, in units of Q8.8. floors: how often a score is rounded down.
        """
        config, width = ranges.config, ranges.config.head_dim
        matrices = [ranges.matrices[name] for name in (self.block.query, self.block.keys)]
        largest, half = 0.0, np.sqrt(width) / 2
        for head in range(config.n_head):
            q, k = (matrix[head * width : (head + 1) * width] for matrix in matrices)
            off = half * (1 + coarse) * (np.linalg.norm(q, 2) + np.linalg.norm(k, 2)) * ranges.radius
            score = np.linalg.norm(q.T @ k, 2) * ranges.radius**2 + off + half**2 * coarse + floors * ONE
            largest = max(largest, float(score) / ONE**2 + 0.5 / ONE)
        return largest


@dataclass(frozen=True)
class ExactAttention(AttentionKernel):
    """attend(softmax_weights(attention_scores))."""

    @property
    def reads(self) -> Mapping[str, Form]:
        return dict.fromkeys((self.block.query, self.block.keys, self.block.values), WORDS)

    @property
    def writes(self) -> Mapping[str, Form]:
        return {self.block.out: WORDS}

    def bind(self, model: IntegerModel) -> Step:
        def run(state: State) -> None:
            query, keys, values = self.heads(state, model.config, self.block.keys, self.block.values)
            scores = attention_scores(query, keys)
            weights = softmax_weights(scores, state.position)
            self.keep(state, scores, weights, attend(weights, values))

        return run

    def bounds(self, ranges: Ranges) -> None:
        block, config = self.block, ranges.config
        ranges.note(block.name, "scores", self.largest_score(ranges, 1.0, config.head_dim), WORD_MAX / ONE)
        mean = averaged(ranges.images[block.values], config.n_head)
        ranges.set(block.name, block.out, mean, config.n_embd)
