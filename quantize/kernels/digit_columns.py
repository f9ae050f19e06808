"""A matrix as columns of adds: a column runs only for an input above zero."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from quantize.digits import Plane, planes
from quantize.fixed import ONE, WORD_MAX, Ints, round_shift
from quantize.images import Image, moved
from quantize.kernel import TraceEntry
from quantize.kernels.matrix import MatrixKernel, Product, columns, product
from trainer.config import ModelConfig

if TYPE_CHECKING:
    from quantize.model import IntegerModel
    from quantize.ranges import Ranges

PARTIAL_SUMS = "partial sums"
"""The bound on the sums of a column on the way."""


class DigitColumns:
    """round(Σ ± round(x / 2^k) / 2^exponent) over inputs and digits 2^-(k + exponent): a zero input costs nothing.

    Sums are kept 2^exponent times too large, so that what small digits add is not rounded away.
    """

    def __init__(self, weights: Ints, exponent: int = 0) -> None:
        self._outputs, self._exponent = len(weights), exponent
        self._planes = [(plane.shift, columns(plane.digits)) for plane in planes(weights)]

    def __call__(self, x: Ints) -> Ints:
        y = np.zeros((*x.shape[:-1], self._outputs), np.int64)
        for shift, digits in self._planes:
            y = y + product(round_shift(x, shift), digits)
        return round_shift(y, self._exponent)


@dataclass(frozen=True)
class ActiveColumns(MatrixKernel):
    """A matrix by DigitColumns."""

    def observed(self, config: ModelConfig) -> tuple[TraceEntry, ...]:
        """Nothing: its sums are added to the residual stream at once."""
        return ()

    @property
    def digit_weight(self) -> str:
        return self.block.weight

    def planes(self, model: IntegerModel) -> list[Plane]:
        """The digits of w · 2^exponent."""
        return planes(self.tensor(model))

    def product(self, model: IntegerModel) -> Product:
        return DigitColumns(self.tensor(model), model.exponent(self.block.weight))

    def rounded(self, exact: Image, ranges: Ranges) -> Image:
        """A column adds a weight's positive digits before it takes off the negative: a detour of the smaller.

        Roundings move an output by half a unit a digit, and the last one's half.
        """
        model, block = ranges.model, self.block
        layers, scale = self.planes(model), 2 ** model.exponent(block.weight)
        up = sum(np.maximum(plane.digits, 0) / 2.0**plane.shift for plane in layers)
        down = sum(np.maximum(-plane.digits, 0) / 2.0**plane.shift for plane in layers)
        detour = float((np.minimum(up, down) * ranges.elements(block.source)).max(initial=0))
        digits = float(sum(np.abs(plane.digits).sum(1) for plane in layers).max(initial=0)) if layers else 0.0
        largest = float(exact(np.eye(len(self.tensor(model)))).max()) * scale + detour + digits
        ranges.note(block.name, PARTIAL_SUMS, largest / ONE, WORD_MAX / ONE)
        return moved(exact, float(digits / 2 / scale + (scale > 1) / 2))
