"""gelu(x) = x · Φ(x), and its tanh form, as 4,096 entries of Q8.8. Hendrycks & Gimpel 2016, arXiv:1606.08415."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import cache

import numpy as np
from numpy.typing import NDArray

GELU_ENTRIES = 4096
DIGITS = 30
PI = Decimal("3.14159265358979323846264338327950")
FAR = 8
"""Beyond this Φ is 0 or 1 to far more digits than an entry has."""


@cache
def gelu_table(kind: str, bits: int) -> NDArray[np.int64]:
    """table[i] = gelu of the midpoint of step i of [−2^bits, 2^bits), in Q8.8 units; a step is 2^(bits − 11).

    kind: `gelu`, by the normal distribution, or `gelu_tanh`. Returns (4096,) Q8.8. Decimal arithmetic: the same
    entries on every machine.
    """
    share = {"gelu": _normal, "gelu_tanh": _tanh}[kind]
    with localcontext() as context:
        context.prec = DIGITS
        step = Decimal(2) ** (bits - 11)
        middles = [((Decimal(i) + Decimal("0.5")) * step - 2**bits) / 256 for i in range(GELU_ENTRIES)]
        exact = [256 * x * (share(x) if abs(x) < FAR else Decimal(int(x > 0))) for x in middles]
        rounded = [int(value.to_integral_value(ROUND_HALF_UP)) for value in exact]
    return np.array(rounded, np.int64)


def _tanh(x: Decimal) -> Decimal:
    """(1 + tanh y) / 2 is 1 / (1 + exp(−2y))."""
    y = (2 / PI).sqrt() * (x + Decimal("0.044715") * x * x * x)
    return 1 / (1 + (-2 * y).exp())


def _normal(x: Decimal) -> Decimal:
    """Φ(x) = 1/2 + φ(x) · Σ x^(2n + 1) / (1 · 3 · … · (2n + 1)), all terms of one sign (Marsaglia 2004, JSS 11)."""
    total, term, n = x, x, 1
    while abs(term) > Decimal(10) ** (5 - DIGITS):
        n += 2
        term *= x * x / n
        total += term
    return Decimal("0.5") + total * (-x * x / 2).exp() / (2 * PI).sqrt()
