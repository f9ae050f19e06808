"""A matrix by its words: on a stock console product by product, on an SA-1 by its arithmetic unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from asm.kernels.routine import Call, Item, Routine, Site, Template, symbol
from asm.targets.target import Target
from quantize.fixed import Ints
from quantize.kernels.schoolbook import SchoolbookRows
from trainer.errors import InputError

CACHED_FROM = "branch"
"""Where a row of a cache comes to be, where the code that makes it does not see caches."""


def product_modules(target: Target) -> tuple[str, ...]:
    """The modules that the schoolbook's products are in; on an SA-1 they are where they are wanted."""
    return () if target.apart else ("vector", "rounding")


@dataclass(frozen=True)
class RowsCode(Template):
    """A matrix of this many inputs times a vector, on the SA-1."""

    template: ClassVar[str] = "rows_mac"
    source: str
    inputs: int


class SchoolbookRowsRoutine(Routine[SchoolbookRows]):
    """matvec of vector.asm, or rows_mac.asm, once for each bank that has rows of the matrix."""

    def __init__(self, kernel: SchoolbookRows, site: Site) -> None:
        super().__init__(kernel, site)
        if self.model.exponent(kernel.block.weight):
            raise InputError(f"{kernel.block.weight} has an exponent, and the schoolbook has none: quantize again")

    @property
    def modules(self) -> tuple[str, ...]:
        return product_modules(self.site.target)

    @property
    def code(self) -> RowsCode:
        """The SA-1's, for all matrices that multiply this vector."""
        source = symbol(self.kernel.block.source)
        return RowsCode(f"rows_of_{source}", f"Rows of {self.inputs} words times {source}.", source, self.inputs)

    @property
    def calls(self) -> tuple[Call, ...]:
        block = self.kernel.block
        comment = f"{block.name}: {block.weight} {self.outputs}×{self.inputs} · {block.source}, schoolbook"
        return (self.call("linear_schoolbook", comment, entry=self.code.entry),)

    @property
    def items(self) -> tuple[Item, ...]:
        return (self.code,) if self.site.target.apart else ()

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
    def makes(self) -> str:
        """The vector in bank 0 that its results are first in."""
        return CACHED_FROM if self.kernel.block.cached else self.out

    @property
    def data(self) -> Mapping[str, Ints]:
        return {self.kernel.block.weight: self.model.tensors[self.kernel.block.weight]}
