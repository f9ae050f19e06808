"""Q8.8 and its one rounding rule.

A Q8.8 number is a 16-bit integer v that represents v / 256. Wherever bits are dropped, halves round up:
round(v) = floor(v + ½). The 65816 gets that for nothing, because `lsr` leaves the dropped half in the carry.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
"""Integers held wide, so that only the rules below decide where a number is cut."""

FRACTION_BITS = 8
ONE = 1 << FRACTION_BITS
WORD_MIN, WORD_MAX = -(1 << 15), (1 << 15) - 1

HALVES_LIMIT = WORD_MAX - ONE // 2
"""A word up to this is 256 times a signed byte plus a signed byte: the PPU multiplies by one after the other."""


def to_q88(values: NDArray[Any]) -> Ints:
    """round(256 · v), not range-checked below 2^62. values float; returns Q8.8."""
    exact = np.clip(np.asarray(values, np.float64) * ONE, -(2.0**62), 2.0**62)
    return np.floor(exact + 0.5).astype(np.int64)


def from_q88(values: Ints) -> NDArray[np.float64]:
    """v / 256. values Q8.8; returns float."""
    return values / ONE


def round_shift(values: Ints, bits: int | Ints) -> Ints:
    """round(v / 2^bits), halves up; a negative `bits` shifts left.    asm: round_shift

    values any integers; bits one count or one per value.
    """
    if isinstance(bits, int):
        return values << -bits if bits < 0 else (values + (1 << bits >> 1)) >> bits
    right: Ints = np.maximum(bits, 0)
    half = (np.int64(1) << right) >> 1
    shifted: Ints = (values + half) >> right
    return shifted << np.maximum(-bits, 0) if np.min(bits, initial=0) < 0 else shifted


def round_divide(numerator: Ints, denominator: Ints) -> Ints:
    """round(n / d), halves up. denominator > 0.    asm: divide"""
    return (numerator + (denominator >> 1)) // denominator


def saturate(values: Ints) -> Ints:
    """The nearest 16-bit word."""
    return np.clip(values, WORD_MIN, WORD_MAX)


def fits_word(values: Ints) -> bool:
    """True when every value is a 16-bit word."""
    return bool(values.size == 0 or (values.min() >= WORD_MIN and values.max() <= WORD_MAX))


def narrow_limit(shift: int) -> float:
    """The largest value that can be cut to a byte of 2^shift units: 128 of them and a half are added first."""
    return (WORD_MAX - (128 << shift) - (1 << shift >> 1)) / ONE
