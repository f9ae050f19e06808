"""A matrix by matvec: rows of words, product by product."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from asm.kernels.routine import Call, Routine, symbol
from quantize.fixed import Ints
from quantize.kernels.schoolbook import SchoolbookRows


@dataclass(frozen=True)
class MatvecCall(Call):
    """A matrix whose rows are in one bank or more: the layout knows where."""

    template: ClassVar[str] = "blocks/linear_schoolbook.asm"
    weight: str
    source: str
    out: str
    inputs: int
    outputs: int
    cached: bool
    trace: int


class SchoolbookRowsRoutine(Routine[SchoolbookRows]):
    """matvec of vector.asm, once for each bank that has rows of the matrix."""

    @property
    def modules(self) -> tuple[str, ...]:
        return ("vector", "rounding")

    @property
    def calls(self) -> tuple[Call, ...]:
        block = self.kernel.block
        outputs, inputs = self.kernel.tensor(self.model).shape
        return (
            MatvecCall(
                f"{block.name}: {block.weight} {outputs}×{inputs} · {block.source}, schoolbook",
                symbol(block.name),
                block.weight,
                block.source,
                symbol(block.out),
                inputs,
                outputs,
                block.cached,
                self.site.trace(block.name),
            ),
        )

    @property
    def data(self) -> Mapping[str, Ints]:
        return {self.kernel.block.weight: self.model.tensors[self.kernel.block.weight]}
