"""Looking a token up, its context where that has a vector, and its position where positions are learned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from quantize.contexts import contexts_of
from quantize.fixed import Ints
from quantize.images import looked_up
from quantize.kernel import WORDS, Form, Leaf, State, Step, TraceEntry
from quantize.kernels.context import CONTEXT
from quantize.schedule import Embed
from trainer.config import ModelConfig
from trainer.memory import vector_table

if TYPE_CHECKING:
    from quantize.model import IntegerModel
    from quantize.ranges import Ranges


@dataclass(frozen=True)
class Embedding(Leaf):
    """wte[token], the vectors of its contexts, and wpe[position] if positions are learned.    asm: add_rows"""

    block: Embed

    @property
    def writes(self) -> Mapping[str, Form]:
        return {self.block.out: WORDS}

    def traced(self, config: ModelConfig) -> tuple[TraceEntry, ...]:
        return (TraceEntry(self.block.name, (config.n_embd,)),)

    def rows(self, model: IntegerModel) -> Ints:
        """What is looked up by the token and its contexts: (contexts, n_embd)."""
        contexts = contexts_of(model.config, self.block.tokens)
        tables = {length: model.tensors[vector_table(length)] for length in range(2, self.block.tokens + 1)}
        return contexts.table(model.tensors["wte"], tables)

    def bind(self, model: IntegerModel) -> Step:
        block, table = self.block, self.rows(model)
        if memory := model.config.memory:
            table = table[contexts_of(model.config, memory.longest).shorter(block.tokens)]

        def run(state: State) -> None:
            rows = table[state.buffers[CONTEXT] if memory else state.last[:, -1]]
            if block.positions:
                rows = rows + model.tensors["wpe"][state.position]
            state.keep(block.name, block.out, rows)

        return run

    def bounds(self, ranges: Ranges) -> None:
        positions = [ranges.model.tensors["wpe"]] if self.block.positions else []
        tables = (table.astype(np.float64) for table in (self.rows(ranges.model), *positions))
        ranges.set(self.block.name, self.block.out, looked_up(*tables), ranges.config.n_embd)
