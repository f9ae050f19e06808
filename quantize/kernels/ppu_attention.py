"""Attention on the PPU's multiplier: 16 × 8 signed bits, every product rounded down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from quantize.fixed import Ints, round_shift
from quantize.kernel import STOCK
from quantize.kernels.byte_attention import VALUE_BITS, ByteAttention


def attention_scores_ppu(query: Ints, keys: Ints, query_shift: int) -> Ints:
    """Σ floor(q · 2^query_shift · k / 256), k in 8 bits.    asm: attention_ppu

    query (B, heads, head_dim) Q8.8, a word when shifted; keys (B, T, kv_heads, head_dim), narrow; returns
    (B, heads, T): Q8.8 where keys were narrowed by query_shift bits. Fastest where T is innermost in memory.
    """
    batch, seen, kv_heads, width = keys.shape
    words = (query << query_shift).reshape(batch, kv_heads, -1, width, 1).astype(np.int32)
    products = words * keys.transpose(0, 2, 3, 1)[:, :, None].astype(np.int32, copy=False)
    products >>= 8
    scores: Ints = np.einsum("bkgwt->bkgt", products).astype(np.int64).reshape(batch, -1, seen)
    return scores


def attend_ppu(weights: Ints, values: Ints, value_shift: int) -> Ints:
    """Σ floor(p·v / 256), rounded to Q8.8 once.    asm: attention_ppu

    weights (B, heads, T) Q0.13; values (B, T, kv_heads, head_dim), narrow; returns (B, heads, head_dim) Q8.8.
    """
    batch, seen, kv_heads, width = values.shape
    shares = weights.reshape(batch, kv_heads, -1, 1, seen).astype(np.int32)
    products = shares * values.transpose(0, 2, 3, 1)[:, :, None].astype(np.int32, copy=False)
    products >>= 8
    sums = np.einsum("bkgwt->bkgw", products).astype(np.int64)
    return round_shift(sums.reshape(batch, -1, width), VALUE_BITS - value_shift)


@dataclass(frozen=True)
class PpuAttention(ByteAttention):
    """attend_ppu(softmax_weights_in_bytes(attention_scores_ppu))."""

    @property
    def targets(self) -> Sequence[str]:
        return (STOCK,)

    def scores(self, query: Ints, keys: Ints) -> Ints:
        return attention_scores_ppu(query, keys, self.query_shift)

    def mean(self, weights: Ints, values: Ints) -> Ints:
        return attend_ppu(weights, values, self.value_shift)

    def floors(self, products: int) -> int:
        return products
