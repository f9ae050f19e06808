"""The ways to compute y = W x in integers.

A kernel is a meaning, here, and a template of the same name in asm/: adding one is adding that pair and a line
in KERNELS.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from quantize.digits import planes
from quantize.fixed import FRACTION_BITS, Ints, round_shift

Floats = NDArray[np.float64]


class LinearKernel(Protocol):
    """y = W x for one fixed W: x (..., inputs) Q8.8; returns (..., outputs) Q8.8."""

    def __call__(self, x: Ints) -> Ints: ...


def columns(matrix: Ints) -> Floats:
    """A matrix as `product` wants it."""
    return np.ascontiguousarray(matrix.T, np.float64)


def product(x: Ints, transposed: Floats) -> Ints:
    """x · transposed, exact: float64 holds every partial sum (below 2^53) and BLAS is fast."""
    return np.asarray(x.astype(np.float64) @ transposed, np.int64)


class Schoolbook:
    """round(Σ w·x / 256): exact products and sum, one rounding.    asm: matvec"""

    def __init__(self, weights: Ints) -> None:
        self._columns = columns(weights)

    def __call__(self, x: Ints) -> Ints:
        return round_shift(product(x, self._columns), FRACTION_BITS)


class Digits:
    """Horner over the planes in which a row has digits, least significant first.    asm: linear_digits

    acc = round(acc / 2^gap) + T_k x from one such plane to the next; at last round(acc / 2^k) down to plane 0.
    """

    def __init__(self, weights: Ints) -> None:
        self._outputs = len(weights)
        self._planes = [(p.shift, p.digits.any(1), columns(p.digits)) for p in planes(weights)]

    def __call__(self, x: Ints) -> Ints:
        acc = np.zeros((*x.shape[:-1], self._outputs), np.int64)
        shift = np.zeros(self._outputs, np.int64)
        for plane_shift, rows, digits in self._planes:
            gap = np.where(rows, np.maximum(shift - plane_shift, 0), 0)
            acc = round_shift(acc, gap) + product(x, digits)
            shift = np.where(rows, plane_shift, shift)
        return round_shift(acc, shift)


class DigitColumns:
    """Σ over inputs and digits of ± round(x / 2^k): zero inputs cost nothing.    asm: mlp_digits"""

    def __init__(self, weights: Ints) -> None:
        self._outputs = len(weights)
        self._planes = [(plane.shift, columns(plane.digits)) for plane in planes(weights)]

    def __call__(self, x: Ints) -> Ints:
        y = np.zeros((*x.shape[:-1], self._outputs), np.int64)
        for shift, digits in self._planes:
            y = y + product(round_shift(x, shift), digits)
        return y


KERNELS: dict[str, Callable[[Ints], LinearKernel]] = {
    "schoolbook": Schoolbook,
    "digits": Digits,
    "digit_columns": DigitColumns,
}
