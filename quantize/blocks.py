"""What each block other than Linear computes, in integers: the twins of the routines in asm/templates."""

from __future__ import annotations

import numpy as np

from quantize.fixed import FRACTION_BITS, ONE, WORD_MAX, Ints, round_divide, round_shift
from tables.exp import EXP_ENTRIES, EXP_STEP_BITS, exp_table
from tables.rsqrt import rsqrt_table

EXP = np.append(exp_table().astype(np.int64), 0)
"""exp(−i/32) Q0.16, and 0 for everything beyond the table."""

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


def relu(x: Ints) -> Ints:
    """max(x, 0).    asm: relu"""
    return np.maximum(x, 0)


def relu2(x: Ints) -> Ints:
    """max(x, 0)², saturated at 127.996.    asm: relu2"""
    return np.minimum(round_shift(np.maximum(x, 0) ** 2, FRACTION_BITS), WORD_MAX)


ACTIVATIONS = {"relu": relu, "relu2": relu2}
