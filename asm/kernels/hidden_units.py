"""A part of the hidden units in a page of slots, until the next part's are: what gates and GELU have in common."""

from __future__ import annotations

from dataclasses import dataclass

from asm.kernels.digit_rows import hidden_bias
from asm.kernels.routine import Site
from quantize.kernels.hidden_units import CutUnits

PART_BYTES = 256
"""Bytes of the page: plus and minus, a direct page."""

PROBE = 60
"""Clocks to find that nobody looks at a layer."""


@dataclass(frozen=True)
class HiddenPart:
    """The first of the units, how many they are, their slots' bias; of which layer, and whether its last."""

    first: int
    count: int
    bias: int
    layer: int
    ends_layer: bool

    @property
    def words(self) -> str:
        """For a comment."""
        return f"units {self.first} to {self.first + self.count - 1}"


def hidden_part(site: Site, kernel: CutUnits) -> HiddenPart:
    """The part that a kernel leaves."""
    first, end = kernel.part(site.config)
    last = end == site.config.n_hidden
    return HiddenPart(first, end - first, hidden_bias(site, kernel), kernel.block.layer, last)
