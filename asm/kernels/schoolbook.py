"""A matrix by matvec: rows of words, product by product."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from asm.kernels.routine import Call, Routine, Site, symbol
from asm.memory.rom_data import Part
from quantize.fixed import Ints
from quantize.kernels.schoolbook import SchoolbookRows
from trainer.errors import InputError


@dataclass(frozen=True)
class MatvecCall(Call):
    """A matrix whose rows are in one bank or more."""

    template: ClassVar[str] = "blocks/linear_schoolbook.asm"
    weight: str
    source: str
    out: str
    inputs: int
    outputs: int
    cached: bool
    trace: int
    parts: tuple[Part, ...] = ()
    bank: str = ""

    def placed(self, parts: Mapping[str, tuple[Part, ...]], banks: Mapping[str, str]) -> MatvecCall:
        return replace(self, parts=parts[self.weight], bank=banks.get(self.out, ""))


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
