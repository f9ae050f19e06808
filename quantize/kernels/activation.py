"""ReLU, and its square."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from quantize.fixed import FRACTION_BITS, WORD_MAX, Ints, round_shift
from quantize.images import gated
from quantize.kernel import WORDS, Form, Leaf, Step, Trace, TraceEntry
from quantize.schedule import Activation
from trainer.config import ModelConfig

if TYPE_CHECKING:
    from quantize.model import IntegerModel
    from quantize.ranges import Ranges


def relu(x: Ints) -> Ints:
    """max(x, 0).    asm: relu"""
    return np.maximum(x, 0)


def relu2(x: Ints) -> Ints:
    """max(x, 0)², saturated at 127.996.    asm: relu2"""
    return np.minimum(round_shift(np.maximum(x, 0) ** 2, FRACTION_BITS), WORD_MAX)


ACTIVATIONS = {"relu": relu, "relu2": relu2}


@dataclass(frozen=True)
class Rectifier(Leaf):
    """relu or relu2, in place."""

    block: Activation

    @property
    def squared(self) -> bool:
        """Whether it is relu2."""
        return self.block.kind == "relu2"

    @property
    def reads(self) -> Mapping[str, Form]:
        return {self.block.out: WORDS}

    @property
    def writes(self) -> Mapping[str, Form]:
        return {self.block.out: WORDS}

    def traced(self, config: ModelConfig) -> tuple[TraceEntry, ...]:
        return (TraceEntry(self.block.name, (config.n_hidden,)),)

    def bind(self, model: IntegerModel) -> Step:
        block, rectify = self.block, ACTIVATIONS[self.block.kind]
        return lambda state: state.keep(block.name, block.out, rectify(state.buffers[block.out]))

    def activity(self, trace: Trace, vectors: Mapping[str, Ints]) -> Mapping[str, Ints]:
        """The units above zero."""
        return {self.name: (trace[self.name] > 0).astype(np.int64)}

    def bounds(self, ranges: Ranges) -> None:
        matrix = ranges.matrices[self.block.out]
        limit = WORD_MAX if self.squared else None
        image = gated(matrix, ranges.radius, self.squared)
        ranges.set(self.block.name, self.block.out, image, len(matrix), limit)
