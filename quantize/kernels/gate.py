"""The middle of a gated MLP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from quantize.fixed import FRACTION_BITS, HALVES_LIMIT, ONE, WORD_MAX, Ints, round_shift
from quantize.images import boxed
from quantize.kernel import SLOTS, WORDS, Form, Leaf, State, Step, TraceEntry, number
from quantize.schedule import Gate
from tables.silu import silu_table
from trainer.config import ModelConfig
from trainer.errors import InputError

if TYPE_CHECKING:
    from quantize.model import IntegerModel
    from quantize.ranges import Ranges

MIN_BITS, MAX_BITS = 11, 14
"""The table of silu spans ±2^bits; gates beyond are cut to it."""

MAX_SHIFT = FRACTION_BITS - 1

FAR_PRODUCT = 64 * ONE
"""A product of high bytes beyond this is cut whatever the low bytes add: limits and gates leave that room."""


def gated(gate: Ints, up: Ints, bits: int, limit: int, shift: int) -> Ints:
    """silu(gate) · up, floored, cut to ±limit and halved `shift` times, silu from a table.    asm: gate

    gate (…,) Q8.8, cut to ±2^bits; up (…,) Q8.8; returns (…,) with 8 − shift fractional bits.
    """
    top = 1 << bits
    silu = silu_table(bits)[(np.clip(gate, -top, top - 1) + top) >> (bits - 11)]
    return round_shift(np.clip((silu * up) >> FRACTION_BITS, -limit, limit), shift)


@dataclass(frozen=True)
class SiluGate(Leaf):
    """gated."""

    block: Gate
    bits: int = number(MIN_BITS, MAX_BITS)
    limit: int = number(1, WORD_MAX)
    shift: int = number(1, MAX_SHIFT)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.limit % (1 << self.shift):
            raise InputError(f"{self.block.name}: limit {self.limit} is not a multiple of 2^{self.shift}")

    @property
    def reads(self) -> Mapping[str, Form]:
        return dict.fromkeys((self.block.gate, self.block.up), WORDS)

    @property
    def writes(self) -> Mapping[str, Form]:
        return {self.block.out: SLOTS}

    @property
    def slot_limit(self) -> int:
        return self.limit >> self.shift

    def traced(self, config: ModelConfig) -> tuple[TraceEntry, ...]:
        return (TraceEntry(self.block.name, (config.n_hidden,)),)

    def bind(self, model: IntegerModel) -> Step:
        block = self.block

        def run(state: State) -> None:
            gate, up = state.buffers[block.gate], state.buffers[block.up]
            state.keep(block.name, block.out, gated(gate, up, self.bits, self.limit, self.shift))

        return run

    def bounds(self, ranges: Ranges) -> None:
        block, hidden = self.block, ranges.config.n_hidden
        ranges.gates[block.name] = float(ranges.elements(block.gate).max())
        ranges.note(block.name, "up", ranges.elements(block.up).max() / ONE, HALVES_LIMIT / ONE)
        reach = self.limit + (1 << self.bits >> 1)
        ranges.note(block.name, "product of high bytes", reach / ONE, FAR_PRODUCT / ONE)
        ranges.set(block.name, block.out, boxed(np.full(hidden, float(self.slot_limit))), hidden)
