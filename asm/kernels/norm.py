"""RMSNorm, the schoolbook's."""

from __future__ import annotations

from asm.kernels.routine import Call, Routine
from asm.kernels.schoolbook import product_modules
from quantize.kernels.norm import ExactNorm


class ExactNormRoutine(Routine[ExactNorm]):
    """rmsnorm of vector.asm."""

    @property
    def modules(self) -> tuple[str, ...]:
        return ("vector", *product_modules(self.site.target))

    @property
    def calls(self) -> tuple[Call, ...]:
        block = self.kernel.block
        return (self.call("norm", f"{block.name}: {block.out} = rmsnorm({block.source})"),)
