"""The possible values of a vector, as an image: for any matrix W, the largest |W v| row by row.

An RMSNorm's output is inside a ball, so W raises it by a row's own length (Cauchy–Schwarz); a linear map composes;
attention averages; a sum of vectors is a sum of images; every rounding adds its half.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from quantize.fixed import ONE

Floats = NDArray[np.float64]
Image = Callable[[Floats], Floats]
"""W (rows, n) → sup |W v| (rows,) in Q8.8 units, over every v (n,) that can occur."""


def ball(radius: float) -> Image:
    """All vectors up to this length."""
    return lambda w: np.sqrt((w * w).sum(1)) * radius


def scaled(image: Image, shift: int) -> Image:
    """The same vectors over 2^shift, rounded."""
    return image if shift == 0 else moved(lambda w: image(w) / 2**shift, 0.5)


def moved(image: Image, by: float) -> Image:
    """The same vectors, each element moved by at most `by`."""
    return lambda w: image(w) + np.abs(w).sum(1) * by


def shifted(image: Image, by: Floats) -> Image:
    """The same vectors, and one (n,) added to each of them."""
    return lambda w: image(w) + np.abs(w @ by)


def clamped(image: Image, limit: float) -> Image:
    """The same vectors, each element cut to ±limit."""
    return lambda w: np.minimum(image(w), np.abs(w).sum(1) * limit)


def averaged(image: Image, heads: int) -> Image:
    """Each head's columns averaged over positions apart from the others', rounded."""

    def bound(w: Floats) -> Floats:
        width = w.shape[1] // heads
        masks = [np.arange(w.shape[1]) // width == head for head in range(heads)]
        total: Floats = np.sum([image(w * mask) for mask in masks], axis=0)
        return total

    return moved(bound, 0.5)


def part(image: Image, first: int, end: int, size: int) -> Image:
    """Elements first … end − 1 of the same vectors, of `size` elements."""
    return lambda w: image(np.pad(w, ((0, 0), (first, size - end))))


def boxed(limits: Floats) -> Image:
    """All vectors whose elements stay within these limits."""
    return lambda w: np.abs(w) @ limits


def gated(matrix: Floats, radius: float, squared: bool) -> Image:
    """relu(matrix · u) or its square over the ball of u: positive and negative coefficients apart.

    Each side is Σ a·act(w·u) with a ≥ 0. With λ the largest eigenvalue of Σ a w wᵀ, the squares sum to at most
    λ r²; relu is (z + |z|)/2, its first half |Σ a w| r / 2, its second by Cauchy–Schwarz √(Σ|a w| · λ') r / 2.
    """

    def side(a: Floats) -> float:
        if squared:
            return float(max(np.linalg.eigvalsh((matrix.T * a) @ matrix)[-1], 0) * radius**2 / ONE)
        rows = a[:, None] * matrix
        lengths = np.linalg.norm(rows, axis=1)
        rows, lengths = rows[lengths > 0], lengths[lengths > 0]
        if not len(rows):
            return 0.0
        spread = max(np.linalg.eigvalsh((rows.T / lengths) @ rows)[-1], 0)
        return float((np.linalg.norm(rows.sum(0)) + np.sqrt(lengths.sum() * spread)) / 2 * radius)

    def bound(w: Floats) -> Floats:
        sides = [max(side(np.maximum(row, 0)), side(np.maximum(-row, 0))) for row in w]
        return np.array(sides)

    steepest = float(np.linalg.norm(matrix, axis=1).max() * radius / ONE)
    slope = 2 * steepest + 1 if squared else 1.0
    return lambda w: bound(w) + np.abs(w).sum(1) * (slope / 2 + 0.5)


def added(a: Image, b: Image) -> Image:
    """Sums of two vectors."""
    return lambda w: a(w) + b(w)


def looked_up(*tables: Floats) -> Image:
    """A row of the first table (rows, n), plus one of the second if there is one."""

    def bound(w: Floats) -> Floats:
        rows = [w @ table.T for table in tables]
        sums = rows[0] if len(rows) == 1 else (rows[0][:, :, None] + rows[1][:, None, :]).reshape(len(w), -1)
        largest: Floats = np.abs(sums).max(1)
        return largest

    return bound
