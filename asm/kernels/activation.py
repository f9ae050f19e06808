"""relu and relu2, the schoolbook's: in place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from asm.kernels.routine import Call, Routine, symbol
from quantize.kernels.activation import Rectifier
from quantize.schedule import layer_of


@dataclass(frozen=True)
class ActivationCall(Call):
    """A loop over a vector in low RAM."""

    template: ClassVar[str] = "blocks/activation.asm"
    kind: str
    vector: str
    size: int
    layer: int
    trace: int


class RectifierRoutine(Routine[Rectifier]):
    """relu or relu2 of vector.asm."""

    @property
    def modules(self) -> tuple[str, ...]:
        return ("relu2", "square", "rounding") if self.kernel.squared else ("relu",)

    @property
    def calls(self) -> tuple[Call, ...]:
        block = self.kernel.block
        comment = f"{block.name}: {block.out} = {block.kind}({block.out})"
        trace = self.site.trace(block.name)
        return (
            ActivationCall(
                comment, symbol(block.name), block.kind, block.out, self.config.n_hidden, layer_of(block), trace
            ),
        )
