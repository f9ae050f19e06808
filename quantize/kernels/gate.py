"""The middle of a gated MLP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from quantize.fixed import FRACTION_BITS, HALVES_LIMIT, ONE, Ints, round_shift
from quantize.kernels.hidden_units import CutUnits
from quantize.schedule import Gate
from tables.silu import silu_table

if TYPE_CHECKING:
    from quantize.ranges import Ranges

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
class SiluGate(CutUnits):
    """gated."""

    block: Gate

    @property
    def sources(self) -> tuple[str, ...]:
        return (self.block.gate, self.block.up)

    def units(self, *sources: Ints) -> Ints:
        gate, up = sources
        return gated(gate, up, self.bits, self.limit, self.shift)

    def note(self, ranges: Ranges) -> None:
        block = self.block
        ranges.gates[block.name] = float(ranges.elements(block.gate).max())
        ranges.note(block.name, "up", ranges.elements(block.up).max() / ONE, HALVES_LIMIT / ONE)
        reach = self.limit + (1 << self.bits >> 1)
        ranges.note(block.name, "product of high bytes", reach / ONE, FAR_PRODUCT / ONE)
