"""Weights as signed powers of two: w = Σ d · 2^-k, d = ±1, in the fewest digits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quantize.fixed import FRACTION_BITS, Ints

TOP_BITS = 8
"""Digits up to 2^7: what a 16-bit weight can hold."""

MAX_EXPONENT = 4
"""A matrix of small weights may be kept in units of 2^-(8 + exponent): its digits then go down to 2^-12."""


HALF_ROW_SUM = 31_000
"""Half of what a row's sum may reach: the other half is the bias that keeps it above zero; a margin taken off."""


@dataclass(frozen=True)
class Plane:
    """The digits of weight 2^-shift of a matrix: (outputs, inputs) of −1, 0, 1, or more where shift is 0."""

    shift: int
    digits: Ints


def canonical(weights: Ints) -> NDArray[np.int8]:
    """Non-adjacent form: no number has fewer non-zero signed digits (Reitwiesner, 1960).

    weights (…,) Q8.8; returns (bits, …) of −1, 0, 1, bit b weighing 2^(b − 8).
    """
    rest = weights.astype(np.int64)
    digits = np.zeros((FRACTION_BITS + TOP_BITS + 1, *weights.shape), np.int8)
    for bit in range(len(digits)):
        odd = rest & 1
        digit = odd * (2 - (rest & 3))
        digits[bit] = digit
        rest = (rest - digit) >> 1
    return digits


def planes(weights: Ints, exponent: int = 0) -> list[Plane]:
    """The non-empty planes, least significant first. Digits above 2^0 are repeated units of plane 0.

    weights (outputs, inputs) in units of 2^-(8 + exponent).
    """
    digits, finest = canonical(weights).astype(np.int64), FRACTION_BITS + exponent
    found = [Plane(finest - bit, digits[bit]) for bit in range(finest)]
    units = sum((digits[bit] << (bit - finest) for bit in range(finest, len(digits))), start=0 * weights)
    found.append(Plane(0, units))
    return [plane for plane in found if plane.digits.any()]


def count(weights: Ints, exponent: int = 0) -> int:
    """Adds that a product with the matrix takes: digits, those of plane 0 counted with their size."""
    return int(sum(np.abs(plane.digits).sum() for plane in planes(weights, exponent)))


def partials(layers: Sequence[Plane]) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """The matrix that rows have summed up so far, halved down to each plane and then with its digits."""
    shift, after = 0, np.zeros(())
    for plane in layers:
        before = after / 2.0 ** max(shift - plane.shift, 0)
        shift, after = plane.shift, before + plane.digits
        yield before, after


def max_partial(layers: Sequence[Plane]) -> float:
    """How much larger than a row's inputs its sum may become on its way down the planes: of all rows the most."""
    return max((float(np.abs(after).sum(1).max()) for _, after in partials(layers)), default=0.0)
