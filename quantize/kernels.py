"""The ways to compute y = W x in integers. A kernel is this meaning and the template of the same name in asm/."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from quantize.fixed import FRACTION_BITS, Ints, round_shift


class LinearKernel(Protocol):
    """y = W x for one fixed W: x (..., inputs) Q8.8; returns (..., outputs) Q8.8."""

    def __call__(self, x: Ints) -> Ints: ...


class Schoolbook:
    """round(Σ w·x / 256): exact products and sum, one rounding.    asm: matvec

    weights (outputs, inputs) Q8.8. float64 holds every partial sum exactly (below 2^53) and BLAS is fast.
    """

    def __init__(self, weights: Ints) -> None:
        self._transposed = np.ascontiguousarray(weights.T, np.float64)

    def __call__(self, x: Ints) -> Ints:
        return round_shift((x.astype(np.float64) @ self._transposed).astype(np.int64), FRACTION_BITS)


KERNELS: dict[str, Callable[[Ints], LinearKernel]] = {"schoolbook": Schoolbook}
"""Kernel name → meaning. Adding a kernel is one line here and its template."""
