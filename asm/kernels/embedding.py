"""Looking a token up."""

from __future__ import annotations

from collections.abc import Mapping

from asm.cost.long_run import LongRun
from asm.kernels.routine import Call, Placed, Routine, symbol
from quantize.fixed import Ints
from quantize.kernels.embedding import Embedding


def row_word(kernel: Embedding) -> str:
    """The word that says which row is looked up: the token, or its context."""
    return "context_row" if kernel.block.tokens > 1 else "token"


class EmbeddingRoutine(Routine[Embedding]):
    """Looked up in tables of rows."""

    @property
    def _positions(self) -> bool:
        return self.kernel.block.positions

    @property
    def row(self) -> str:
        """The word that says which row of wte."""
        return row_word(self.kernel)

    @property
    def modules(self) -> tuple[str, ...]:
        return ("embedding",) if self._positions else ()

    @property
    def calls(self) -> tuple[Call, ...]:
        name = self.kernel.name
        if self._positions:
            return (self.call("embed", f"{name}: wte[token] + wpe[position]"),)
        return (self.call("embed_token", f"{name}: wte[token]"),)

    @property
    def data(self) -> Mapping[str, Ints]:
        rows = {"wte": self.kernel.rows(self.model)}
        return rows | ({"wpe": self.model.tensors["wpe"]} if self._positions else {})

    @property
    def vectors(self) -> Mapping[str, int]:
        return {self.kernel.block.out: self.config.n_embd}

    def clocks(self, run: LongRun, placed: Placed) -> Mapping[str, float]:
        d = self.config.n_embd
        return {symbol(self.kernel.name): 740 + 228 * d if self._positions else 330 + self.site.target.copied(d)}
