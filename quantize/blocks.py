"""What each block other than Linear computes, in integers: the twins of the routines in asm/templates."""

from __future__ import annotations

from functools import cache

import numpy as np

from quantize.fixed import FRACTION_BITS, ONE, WORD_MAX, Ints, round_divide, round_shift
from tables.exp import EXP_ENTRIES, EXP_STEP_BITS, exp_table
from tables.rotary import rotary_table
from tables.rsqrt import rsqrt_table
from tables.silu import silu_table

EXP = np.append(exp_table().astype(np.int64), 0)
"""exp(−i/32) Q0.16, and 0 for everything beyond the table."""

MEAN_SQUARE_EPS = 1e-5

SQUARES = 4096
NORM_SLACK = 1 / 64

EXP7 = (EXP * 127 + 32768) >> 16
"""127 · exp(−i/32), rounded: seven bits, so that the PPU's signed factor takes it."""

RECIPROCALS = 2048

VALUE_BITS = 5
"""A sum of Q0.13 weights times values of 8 − shift fractional bits, over 256, has 13 − shift of them."""


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
    """What a sum of d table squares starts from, so that Σ x² ≤ (1 + NORM_SLACK) · the sum, whatever x is."""
    step, unit = 2.0 ** (bits - 11), 2.0 ** (2 * bits - 16)
    low = np.arange(SQUARES) * step - 2.0**bits
    largest = np.maximum(low**2, (low + step - 1) ** 2)
    missing = (largest / unit - (1 + NORM_SLACK) * square_table(bits)).max()
    return max(1, int(np.ceil(d * missing / (1 + NORM_SLACK))))


def rmsnorm_table(x: Ints, bits: int, doublings: int = 0) -> Ints:
    """x / sqrt(mean(x²) + ε), squares from a table, the reciprocal root in seven bits.    asm: norm_table

    x (..., d) Q8.8 within ±2^bits; returns (..., d) Q8.8, ‖y‖ ≤ 1.02 · sqrt(d). x is doubled so often before its
    product loses eight bits: a small x would lose too many.
    """
    d = x.shape[-1]
    table = rsqrt_table(d)
    total = table_epsilon(d, bits) + square_table(bits)[(x + (1 << bits)) >> (bits - 11)].sum(-1, keepdims=True)
    pairs = (31 - np.floor(np.log2(total)).astype(np.int64)) >> 1
    scale = (table.entries.astype(np.int64) >> 1)[(total << (2 * pairs)) >> 24]
    return round_shift(((x << doublings) * scale) >> 8, table.shift + bits - 8 - pairs - 9 + doublings)


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


def narrow(x: Ints, shift: int) -> Ints:
    """round(x / 2^shift) in 8 bits, saturated: the fast attention's keys and values.    asm: attention_ppu"""
    return np.clip(round_shift(x, shift), -128, 127)


def attention_scores_ppu(query: Ints, keys: Ints, query_shift: int) -> Ints:
    """Σ floor(q · 2^query_shift · k / 256), k in 8 bits.    asm: attention_ppu

    query (B, heads, head_dim) Q8.8; keys (B, T, heads, head_dim), narrow; returns (B, heads, T): Q8.8 where keys
    were narrowed by query_shift bits.
    """
    products = ((query << query_shift)[:, None] * keys) >> 8
    return np.asarray(products.sum(-1).transpose(0, 2, 1), np.int64)


def reciprocal(total: Ints) -> Ints:
    """2^21 / S for S ≥ 127, from 2,048 entries; above them from S / 8, or S / 64.    asm: attention_ppu"""
    drop = np.where(total < RECIPROCALS, 0, np.where(total < 8 * RECIPROCALS, 3, 6))
    entry = total >> drop
    scaled: Ints = (((1 << 21) + (entry >> 1)) // np.maximum(entry, 1)) >> drop
    return scaled


def softmax_weights_ppu(scores: Ints, position: Ints, score_bits: int = FRACTION_BITS) -> Ints:
    """exp(s − max s) / Σ, each weight rounded to seven bits before and floored after.    asm: attention_ppu

    scores (B, heads, T) with score_bits fractional bits; position (B,): later positions get 0; returns
    (B, heads, T) Q0.13.
    """
    seen = np.arange(scores.shape[-1]) <= position[:, None, None]
    below = np.where(seen, scores, -(1 << 20)).max(-1, keepdims=True) - scores
    drop = EXP_STEP_BITS + score_bits - FRACTION_BITS
    index = np.minimum(round_shift(np.maximum(below, 0), drop), EXP_ENTRIES)
    weights = np.where(seen, EXP7[index], 0)
    return (weights * reciprocal(weights.sum(-1, keepdims=True))) >> 8


def attend_ppu(weights: Ints, values: Ints, value_shift: int) -> Ints:
    """Σ floor(p·v / 256), rounded to Q8.8 once.    asm: attention_ppu

    weights (B, heads, T) Q0.13; values (B, T, heads, head_dim), narrow; returns (B, heads, head_dim) Q8.8.
    """
    products = (weights.transpose(0, 2, 1)[..., None] * values) >> 8
    return round_shift(products.sum(1), VALUE_BITS - value_shift)


def rotate(x: Ints, position: Ints, base: float, positions: int) -> Ints:
    """Every pair of a head's dimensions turned by its angle: (x₀ cos − x₁ sin, x₀ sin + x₁ cos).    asm: rotary

    Each of the four products is floored to Q8.8. x (B, heads, head_dim) Q8.8; position (B,), below `positions`;
    returns x's shape.
    """
    turn = rotary_table(x.shape[-1], positions, base)[position][:, None]
    cos, sin = turn[..., 0], turn[..., 1]
    first, second = x[..., 0::2], x[..., 1::2]
    turned = np.empty_like(x)
    turned[..., 0::2] = ((first * cos) >> 8) - ((second * sin) >> 8)
    turned[..., 1::2] = ((first * sin) >> 8) + ((second * cos) >> 8)
    return turned


FAR_PRODUCT = 64 * ONE
"""A product of high bytes beyond this is cut whatever the low bytes add: limits and gates leave that room."""


def gated(gate: Ints, up: Ints, bits: int, limit: int, shift: int) -> Ints:
    """silu(gate) · up, floored, cut to ±limit and halved `shift` times, silu from a table.    asm: gated

    gate (…,) Q8.8 within ±2^bits; up (…,) Q8.8; returns (…,) with 8 − shift fractional bits.
    """
    silu = silu_table(bits)[(gate + (1 << bits)) >> (bits - 11)]
    return round_shift(np.clip((silu * up) >> FRACTION_BITS, -limit, limit), shift)


def add_cut(x: Ints, y: Ints, doublings: int, bits: int) -> Ints:
    """x + y · 2^doublings, cut to what lies between ±2^bits.    asm: gated

    x (…,) Q8.8 within that range; y (…,) any words; returns (…,) Q8.8.
    """
    limit = (1 << bits) - 1
    return np.clip(x + (y << doublings), -limit, limit)


def relu(x: Ints) -> Ints:
    """max(x, 0).    asm: relu"""
    return np.maximum(x, 0)


def relu2(x: Ints) -> Ints:
    """max(x, 0)², saturated at 127.996.    asm: relu2"""
    return np.minimum(round_shift(np.maximum(x, 0) ** 2, FRACTION_BITS), WORD_MAX)


ACTIVATIONS = {"relu": relu, "relu2": relu2}
