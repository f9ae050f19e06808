"""Looking a token up, and its position where positions are learned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from quantize.images import looked_up
from quantize.kernel import WORDS, Form, Leaf, State, Step, TraceEntry
from quantize.schedule import Embed
from trainer.config import ModelConfig

if TYPE_CHECKING:
    from quantize.model import IntegerModel
    from quantize.ranges import Ranges


@dataclass(frozen=True)
class Embedding(Leaf):
    """wte[token], plus wpe[position] if positions are learned.    asm: add_rows"""

    block: Embed

    @property
    def writes(self) -> Mapping[str, Form]:
        return {self.block.out: WORDS}

    def traced(self, config: ModelConfig) -> tuple[TraceEntry, ...]:
        return (TraceEntry(self.block.name, (config.n_embd,)),)

    def bind(self, model: IntegerModel) -> Step:
        block = self.block

        def run(state: State) -> None:
            rows = model.tensors["wte"][state.tokens]
            if block.positions:
                rows = rows + model.tensors["wpe"][state.position]
            state.keep(block.name, block.out, rows)

        return run

    def bounds(self, ranges: Ranges) -> None:
        names = ("wte", "wpe") if self.block.positions else ("wte",)
        tables = [ranges.model.tensors[name].astype(np.float64) for name in names]
        ranges.set(self.block.name, self.block.out, looked_up(*tables), ranges.config.n_embd)
