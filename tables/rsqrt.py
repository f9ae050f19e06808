"""1/√m over two octaves as 256 entries of eight bits, scaled so that a norm is one multiply and one shift."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import cache

import numpy as np
from numpy.typing import NDArray

RSQRT_ENTRIES = 256
RSQRT_FIRST = 64
"""A sum shifted left by pairs of bits until it fills 32 has a top byte of 64 … 255: the used entries."""


@dataclass(frozen=True)
class RsqrtTable:
    """table[i] = 2^shift · √d / (16 · √(i + ½)), the midpoint of the sums with top byte i.

    entries (256,) of 8 bits, 90 … 255 where used; the 64 unreachable ones hold 255.
    With n pairs of bits shifted, x / rms(x) = x · table[top byte] · 2^(n − shift).
    """

    entries: NDArray[np.uint8]
    shift: int


@cache
def rsqrt_table(d: int) -> RsqrtTable:
    """The table for vectors of d elements; shift is the largest that keeps every entry in a byte."""
    with localcontext() as context:
        context.prec = 30
        exact = [Decimal(d).sqrt() / (16 * (Decimal(i) + Decimal("0.5")).sqrt()) for i in range(RSQRT_ENTRIES)]
        shift = 0
        while exact[RSQRT_FIRST] * 2 ** (shift + 1) < Decimal("255.5"):
            shift += 1
        scaled = [int((value * 2**shift).to_integral_value(ROUND_HALF_UP)) for value in exact]
    return RsqrtTable(np.minimum(np.array(scaled), 255).astype(np.uint8), shift)


def rsqrt_worst_error(d: int) -> float:
    """max relative error of table[top byte of m] against 1/√m over all 16-bit-headed m of two octaves."""
    table = rsqrt_table(d)
    head = np.arange(RSQRT_FIRST << 8, RSQRT_ENTRIES << 8)
    exact = 2.0**table.shift * np.sqrt(d) / (16 * np.sqrt(head / 256))
    return float(np.abs(table.entries[head >> 8] / exact - 1).max())
