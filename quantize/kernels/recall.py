"""What a memory says to the last tokens, added to the model's logits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from quantize.contexts import contexts_of
from quantize.fixed import Ints
from quantize.images import added, looked_up
from quantize.kernel import WORDS, Form, Leaf, State, Step, TraceEntry, number
from quantize.kernels.context import CONTEXT
from quantize.schedule import Recall
from trainer.config import ModelConfig
from trainer.memory import logit_table

if TYPE_CHECKING:
    from quantize.model import IntegerModel
    from quantize.ranges import Ranges


@dataclass(frozen=True)
class RecalledLogits(Leaf):
    """logits += a row of words.    asm: add_recalled

    halvings: how often the logits were halved besides lm_head's weights.
    """

    block: Recall
    halvings: int = number(0, 3, 0)

    @property
    def reads(self) -> Mapping[str, Form]:
        return {self.block.out: WORDS}

    @property
    def writes(self) -> Mapping[str, Form]:
        return {self.block.out: WORDS}

    def traced(self, config: ModelConfig) -> tuple[TraceEntry, ...]:
        return (TraceEntry(self.block.name, (config.vocab_size,)),)

    def rows(self, model: IntegerModel) -> Ints:
        """What the tables say to every context: (contexts, vocab) in units of the logits.

        The middle of each row's range is taken off, which no softmax sees.
        """
        contexts, vocab = contexts_of(model.config, self.block.tokens), model.config.vocab_size
        tables = {length: model.tensors[logit_table(length)] for length in range(2, self.block.tokens + 1)}
        exact = contexts.table(np.zeros((vocab, vocab), np.int64), tables)
        middle = (exact.min(1, keepdims=True) + exact.max(1, keepdims=True)) >> 1
        found: Ints = (exact - middle + (1 << self.halvings >> 1)) >> self.halvings
        return found

    def bind(self, model: IntegerModel) -> Step:
        block, longest = self.block, model.config.memory.longest if model.config.memory else 1
        numbers = contexts_of(model.config, longest).shorter(block.tokens)
        rows = self.rows(model)[numbers]

        def run(state: State) -> None:
            state.keep(block.name, block.out, state.buffers[block.out] + rows[state.buffers[CONTEXT]])

        return run

    def bounds(self, ranges: Ranges) -> None:
        rows = self.rows(ranges.model)
        image = added(ranges.images[self.block.out], looked_up(rows.astype(np.float64)))
        ranges.set(self.block.name, self.block.out, image, rows.shape[1])
