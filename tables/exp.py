"""exp(−a) as 256 entries of Q0.16, for softmax and for sampling."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, localcontext

import numpy as np
from numpy.typing import NDArray

EXP_ENTRIES = 256
EXP_STEP_BITS = 3
"""An entry covers 2³ steps of Q8.8, that is 1/32: the table's domain is a = 0 … 255/32."""


def exp_table() -> NDArray[np.uint16]:
    """table[i] = exp(−i/32), the first entry saturated.

    Returns (256,) Q0.16, 65535 … 23. Decimal arithmetic: the same entries on every machine.
    """
    with localcontext() as context:
        context.prec = 30
        exact = [(-Decimal(i) / 32).exp() * 65536 for i in range(EXP_ENTRIES)]
        rounded = [int(value.to_integral_value(ROUND_HALF_UP)) for value in exact]
    return np.array([min(value, 65535) for value in rounded], np.uint16)


def exp_worst_error() -> float:
    """max |table − exp(−a)| over every Q8.8 argument a ≥ 0, arguments beyond the table read as 0."""
    arguments = np.arange(1 << 15)
    index = (arguments + 4) >> EXP_STEP_BITS
    table = np.append(exp_table(), 0)[np.minimum(index, EXP_ENTRIES)]
    return float(np.abs(table / 65536 - np.exp(-arguments / 256)).max())
