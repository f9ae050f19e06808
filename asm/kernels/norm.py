"""RMSNorm, the schoolbook's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from asm.kernels.routine import Call, Routine, symbol
from quantize.kernels.norm import ExactNorm


@dataclass(frozen=True)
class NormCall(Call):
    """A norm of a vector in low RAM."""

    template: ClassVar[str] = "blocks/norm.asm"
    source: str
    out: str
    trace: int


class ExactNormRoutine(Routine[ExactNorm]):
    """rmsnorm of vector.asm."""

    @property
    def modules(self) -> tuple[str, ...]:
        return ("vector", "rounding")

    @property
    def calls(self) -> tuple[Call, ...]:
        block = self.kernel.block
        comment = f"{block.name}: {block.out} = rmsnorm({block.source})"
        return (NormCall(comment, symbol(block.name), block.source, block.out, self.site.trace(block.name)),)
