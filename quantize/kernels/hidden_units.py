"""Hidden units that a table makes, and that no proof bounds: what gates and GELU have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from quantize.fixed import FRACTION_BITS, WORD_MAX
from quantize.kernel import SLOTS, Form, Leaf, number
from quantize.schedule import Activation, Gate
from trainer.errors import InputError

MIN_BITS, MAX_BITS = 11, 14
"""A table spans ±2^bits; what is beyond is cut to it."""

MAX_SHIFT = FRACTION_BITS - 1


@dataclass(frozen=True)
class CutUnits(Leaf):
    """Units that are cut to ±limit and kept with 8 − shift fractional bits, in slots."""

    block: Gate | Activation
    bits: int = number(MIN_BITS, MAX_BITS)
    limit: int = number(1, WORD_MAX)
    shift: int = number(1, MAX_SHIFT)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.limit % (1 << self.shift):
            raise InputError(f"{self.block.name}: limit {self.limit} is not a multiple of 2^{self.shift}")

    @property
    def writes(self) -> Mapping[str, Form]:
        return {self.block.out: SLOTS}

    @property
    def slot_limit(self) -> int:
        return self.limit >> self.shift
