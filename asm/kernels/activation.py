"""relu and relu2, the schoolbook's: in place."""

from __future__ import annotations

from asm.kernels.routine import Call, Routine
from quantize.kernels.activation import Rectifier


class RectifierRoutine(Routine[Rectifier]):
    """relu or relu2 of vector.asm."""

    @property
    def modules(self) -> tuple[str, ...]:
        return ("relu2", "square", "rounding") if self.kernel.squared else ("relu",)

    @property
    def calls(self) -> tuple[Call, ...]:
        block = self.kernel.block
        comment = f"{block.name}: {block.out} = {block.kind}({block.out})"
        return (self.call("activation", comment, entry=block.kind),)
