"""The ways to compute y = W x in integers, W in units of 2^-(8 + exponent).

A kernel is a meaning, here, and a template of the same name in asm/: adding one is adding that pair and a line
in KERNELS.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from quantize.digits import Plane, planes
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
    """round(Σ w·x / 2^(8 + exponent)): exact products and sum, one rounding.    asm: matvec, for exponent 0"""

    def __init__(self, weights: Ints, exponent: int = 0) -> None:
        self._columns = columns(weights)
        self._bits = FRACTION_BITS + exponent

    def __call__(self, x: Ints) -> Ints:
        return round_shift(product(x, self._columns), self._bits)


class Digits:
    """Horner over the planes in which a row has digits, least significant first.    asm: linear_digits

    acc = round(acc / 2^gap) + T_k x from one such plane to the next; at last round(acc / 2^k) down to plane 0.
    Halves round up, which leaves half a unit on top of a row, on average. unbiased: a row's last halving, if it is
    by one bit, takes the half off instead.
    """

    def __init__(self, weights: Ints, exponent: int = 0, *, unbiased: bool = False) -> None:
        self._outputs = len(weights)
        layers = planes(weights, exponent)
        self._planes = [(p.shift, p.digits.any(1), columns(p.digits)) for p in layers]
        self._floored = np.zeros((len(layers) + 1, len(weights)), np.int64)
        if unbiased:
            for row in range(len(weights)):
                if (plane := floored_plane(layers, row)) is not None:
                    self._floored[plane, row] = 1

    def __call__(self, x: Ints) -> Ints:
        acc = np.zeros((*x.shape[:-1], self._outputs), np.int64)
        shift = np.zeros(self._outputs, np.int64)
        for (plane_shift, rows, digits), floored in zip(self._planes, self._floored[:-1], strict=True):
            gap = np.where(rows, np.maximum(shift - plane_shift, 0), 0)
            acc = round_shift(acc - floored, gap) + product(x, digits)
            shift = np.where(rows, plane_shift, shift)
        return round_shift(acc - self._floored[-1], shift)


def floored_plane(layers: Sequence[Plane], row: int) -> int | None:
    """The plane before which an unbiased row is halved last, if by one bit: its number, or how many there are.

    (n − 1 + 1) >> 1 is n >> 1: what is taken off is the rounding.
    """
    present = [(number, plane.shift) for number, plane in enumerate(layers) if plane.digits[row].any()]
    if not present:
        return None
    if last := present[-1][1]:
        return len(layers) if last == 1 else None
    if len(present) > 1 and present[-2][1] == 1:
        return present[-1][0]
    return None


class DigitColumns:
    """round(Σ ± round(x / 2^k) / 2^exponent) over inputs and digits 2^-(k + exponent): a zero input costs nothing.

    Sums are kept 2^exponent times too large, so that what small digits add is not rounded away.    asm: mlp_digits
    """

    def __init__(self, weights: Ints, exponent: int = 0) -> None:
        self._outputs, self._exponent = len(weights), exponent
        self._planes = [(plane.shift, columns(plane.digits)) for plane in planes(weights)]

    def __call__(self, x: Ints) -> Ints:
        y = np.zeros((*x.shape[:-1], self._outputs), np.int64)
        for shift, digits in self._planes:
            y = y + product(round_shift(x, shift), digits)
        return round_shift(y, self._exponent)


KERNELS: dict[str, Callable[[Ints, int], LinearKernel]] = {
    "schoolbook": Schoolbook,
    "digits": Digits,
    "digit_columns": DigitColumns,
}
