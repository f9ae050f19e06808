"""silu(x) = x / (1 + exp(−x)) as 4,096 entries of Q8.8."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import cache

import numpy as np
from numpy.typing import NDArray

SILU_ENTRIES = 4096


@cache
def silu_table(bits: int) -> NDArray[np.int64]:
    """table[i] = silu of the midpoint of step i of [−2^bits, 2^bits), in Q8.8 units; a step is 2^(bits − 11).

    Returns (4096,) Q8.8. Decimal arithmetic: the same entries on every machine.
    """
    with localcontext() as context:
        context.prec = 30
        step = Decimal(2) ** (bits - 11)
        middles = [(Decimal(i) + Decimal("0.5")) * step - 2**bits for i in range(SILU_ENTRIES)]
        exact = [x / (1 + (-x / 256).exp()) for x in middles]
        rounded = [int(value.to_integral_value(ROUND_HALF_UP)) for value in exact]
    return np.array(rounded, np.int64)


def silu_worst_error(bits: int) -> float:
    """max |table − silu(x)| over every Q8.8 argument x in [−2^bits, 2^bits)."""
    x = np.arange(-(1 << bits), 1 << bits)
    exact = x / 256 / (1 + np.exp(-x / 256))
    return float(np.abs(silu_table(bits)[(x + (1 << bits)) >> (bits - 11)] / 256 - exact).max())
