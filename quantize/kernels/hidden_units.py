"""Hidden units that a table makes, and that no proof bounds: what gates and GELU have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from quantize.fixed import FRACTION_BITS, WORD_MAX, Ints
from quantize.images import boxed
from quantize.kernel import SLOTS, WORDS, Form, Leaf, State, Step, TraceEntry, number
from quantize.schedule import Activation, Gate, Part
from trainer.config import ModelConfig
from trainer.errors import InputError

if TYPE_CHECKING:
    from quantize.model import IntegerModel
    from quantize.ranges import Ranges

MIN_BITS, MAX_BITS = 11, 14
"""A table spans ±2^bits; what is beyond is cut to it."""

MAX_SHIFT = FRACTION_BITS - 1


@dataclass(frozen=True)
class CutUnits(Leaf):
    """A part of the units, cut to ±limit and kept with 8 − shift fractional bits, in slots."""

    block: Gate | Activation
    bits: int = number(MIN_BITS, MAX_BITS)
    limit: int = number(1, WORD_MAX)
    shift: int = number(1, MAX_SHIFT)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.limit % (1 << self.shift):
            raise InputError(f"{self.block.name}: limit {self.limit} is not a multiple of 2^{self.shift}")

    @property
    @abstractmethod
    def sources(self) -> tuple[str, ...]:
        """The vectors whose elements a unit is made of."""

    @abstractmethod
    def units(self, *sources: Ints) -> Ints:
        """Its meaning. sources: (…,) Q8.8 each."""

    @abstractmethod
    def note(self, ranges: Ranges) -> None:
        """What else its code needs to be bounded."""

    @property
    def reads(self) -> Mapping[str, Form]:
        return dict.fromkeys(self.sources, WORDS)

    @property
    def writes(self) -> Mapping[str, Form]:
        return {self.block.out: SLOTS}

    @property
    def slot_limit(self) -> int:
        return self.limit >> self.shift

    def part(self, config: ModelConfig) -> Part:
        """First and end of its hidden units."""
        return self.block.part or (0, config.n_hidden)

    def traced(self, config: ModelConfig) -> tuple[TraceEntry, ...]:
        first, end = self.part(config)
        return (TraceEntry(self.block.name, (end - first,)),)

    def bind(self, model: IntegerModel) -> Step:
        block, (first, end) = self.block, self.part(model.config)

        def run(state: State) -> None:
            found = self.units(*(state.buffers[source][:, first:end] for source in self.sources))
            state.keep(block.name, block.out, found, first)

        return run

    def bounds(self, ranges: Ranges) -> None:
        self.note(ranges)
        hidden = ranges.config.n_hidden
        ranges.set(self.block.name, self.block.out, boxed(np.full(hidden, float(self.slot_limit))), hidden)
