"""Products of words, added up exactly: the baseline. A stock console takes four 8 × 8 products for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from quantize.fixed import FRACTION_BITS, Ints, round_shift
from quantize.images import Image, moved
from quantize.kernels.matrix import MatrixKernel, Product, columns, product

if TYPE_CHECKING:
    from quantize.model import IntegerModel
    from quantize.ranges import Ranges


class Schoolbook:
    """round(Σ w·x / 2^(8 + exponent)): exact products and sum, one rounding.

    asm: matvec, on the SA-1 rows_mac, for exponent 0
    """

    def __init__(self, weights: Ints, exponent: int = 0) -> None:
        self._columns = columns(weights)
        self._bits = FRACTION_BITS + exponent

    def __call__(self, x: Ints) -> Ints:
        return round_shift(product(x, self._columns), self._bits)


@dataclass(frozen=True)
class SchoolbookRows(MatrixKernel):
    """A matrix by Schoolbook."""

    def product(self, model: IntegerModel) -> Product:
        return Schoolbook(self.tensor(model), model.exponent(self.block.weight))

    def rounded(self, exact: Image, ranges: Ranges) -> Image:
        return moved(exact, 0.5)
