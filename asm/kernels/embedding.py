"""Looking a token up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from asm.cost.long_run import LongRun
from asm.kernels.routine import Call, Placed, Routine, symbol
from quantize.fixed import Ints
from quantize.kernels.embedding import Embedding


@dataclass(frozen=True)
class EmbedCall(Call):
    """A row of wte, plus one of wpe."""

    template: ClassVar[str] = "blocks/embed.asm"
    out: str
    trace: int


@dataclass(frozen=True)
class EmbedTokenCall(EmbedCall):
    """A row of wte."""

    template: ClassVar[str] = "blocks/embed_token.asm"


class EmbeddingRoutine(Routine[Embedding]):
    """Looked up in tables of rows."""

    @property
    def _positions(self) -> bool:
        return self.kernel.block.positions

    @property
    def modules(self) -> tuple[str, ...]:
        return ("embedding",) if self._positions else ()

    @property
    def calls(self) -> tuple[Call, ...]:
        block = self.kernel.block
        kind, comment = (
            (EmbedCall, "wte[token] + wpe[position]") if self._positions else (EmbedTokenCall, "wte[token]")
        )
        return (kind(f"{block.name}: {comment}", symbol(block.name), block.out, self.site.trace(block.name)),)

    @property
    def data(self) -> Mapping[str, Ints]:
        return {name: self.model.tensors[name] for name in (("wte", "wpe") if self._positions else ("wte",))}

    @property
    def vectors(self) -> Mapping[str, int]:
        return {self.kernel.block.out: self.config.n_embd}

    def clocks(self, run: LongRun, placed: Placed) -> Mapping[str, float]:
        d = self.config.n_embd
        return {symbol(self.kernel.name): 740 + 228 * d if self._positions else 600 + 16 * d}
