"""A matrix by matvec: rows of words, product by product."""

from __future__ import annotations

from collections.abc import Mapping

from asm.kernels.routine import Call, Routine, Site, symbol
from quantize.fixed import Ints
from quantize.kernels.schoolbook import SchoolbookRows
from trainer.errors import InputError


class SchoolbookRowsRoutine(Routine[SchoolbookRows]):
    """matvec of vector.asm, once for each bank that has rows of the matrix."""

    def __init__(self, kernel: SchoolbookRows, site: Site) -> None:
        super().__init__(kernel, site)
        if self.model.exponent(kernel.block.weight):
            raise InputError(f"{kernel.block.weight} has an exponent, and matvec has none: quantize again")

    @property
    def modules(self) -> tuple[str, ...]:
        return ("vector", "rounding")

    @property
    def calls(self) -> tuple[Call, ...]:
        block = self.kernel.block
        comment = f"{block.name}: {block.weight} {self.outputs}×{self.inputs} · {block.source}, schoolbook"
        return (self.call("linear_schoolbook", comment),)

    @property
    def inputs(self) -> int:
        """The length of a row."""
        return len(self.kernel.tensor(self.model).T)

    @property
    def outputs(self) -> int:
        """How many rows."""
        return len(self.kernel.tensor(self.model))

    @property
    def out(self) -> str:
        """The vector or the cache that it leaves."""
        return symbol(self.kernel.block.out)

    @property
    def data(self) -> Mapping[str, Ints]:
        return {self.kernel.block.weight: self.model.tensors[self.kernel.block.weight]}
