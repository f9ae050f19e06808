"""Attention on the SA-1's arithmetic unit, which adds up products: sums are exact, and rounded down once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from quantize.fixed import Ints, round_shift
from quantize.kernel import SA1, Trace
from quantize.kernels.byte_attention import VALUE_BITS, ByteAttention


def attention_scores_mac(query: Ints, keys: Ints, query_shift: int) -> Ints:
    """floor(Σ q · 2^query_shift · k / 256), k in 8 bits.    asm: attention_mac

    query (B, heads, head_dim) Q8.8, a word when shifted; keys (B, T, kv_heads, head_dim), narrow; returns
    (B, heads, T): Q8.8 where keys were narrowed by query_shift bits. Fastest where T is innermost in memory.
    """
    batch, seen, kv_heads, width = keys.shape
    words = (query << query_shift).reshape(batch, kv_heads, -1, width).astype(np.int32)
    cached = keys.transpose(0, 2, 3, 1).astype(np.int32, copy=False)
    sums = np.einsum("bkgw,bkwt->bkgt", words, cached)
    scores: Ints = (sums >> 8).astype(np.int64).reshape(batch, -1, seen)
    return scores


def attend_mac(weights: Ints, values: Ints, value_shift: int) -> Ints:
    """floor(Σ p·v / 256), rounded to Q8.8.    asm: attention_mac

    weights (B, heads, T) Q0.13; values (B, T, kv_heads, head_dim), narrow; returns (B, heads, head_dim) Q8.8.
    """
    batch, seen, kv_heads, width = values.shape
    shares = weights.reshape(batch, kv_heads, -1, seen).astype(np.int32)
    cached = values.transpose(0, 2, 3, 1).astype(np.int32, copy=False)
    sums = np.einsum("bkgt,bkwt->bkgw", shares, cached).astype(np.int64)
    return round_shift((sums >> 8).reshape(batch, -1, width), VALUE_BITS - value_shift)


PAIR = 2
"""So many positions' values are added up together, or passed by."""


@dataclass(frozen=True)
class MacAttention(ByteAttention):
    """attend_mac(softmax_weights_in_bytes(attention_scores_mac))."""

    @property
    def targets(self) -> Sequence[str]:
        return (SA1,)

    def scores(self, query: Ints, keys: Ints) -> Ints:
        return attention_scores_mac(query, keys, self.query_shift)

    def mean(self, weights: Ints, values: Ints) -> Ints:
        return attend_mac(weights, values, self.value_shift)

    def floors(self, products: int) -> int:
        return 1

    def activity(self, trace: Trace, vectors: Mapping[str, Ints]) -> Mapping[str, Ints]:
        """And the pairs of positions of which one at least is near."""
        near = self.near(trace)
        pairs = np.pad(near, ((0, 0), (0, 0), (0, near.shape[-1] % PAIR))).reshape(*near.shape[:2], -1, PAIR)
        return {**super().activity(trace, vectors), f"{self.name}.pairs": pairs.any(-1).sum((1, 2))}
