"""Sums with the residual stream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from asm.cost.long_run import LongRun
from asm.kernels.routine import Call, Item, Placed, Routine, Template, symbol
from quantize.fixed import WORD_MAX
from quantize.kernels.residual import CutSum, Sum


class SumRoutine(Routine[Sum]):
    """add_vector of vector.asm, the schoolbook's."""

    @property
    def modules(self) -> tuple[str, ...]:
        return ("vector",)

    @property
    def calls(self) -> tuple[Call, ...]:
        block = self.kernel.block
        return (self.call("add", f"{block.name}: {block.out} += {block.source}"),)


@dataclass(frozen=True)
class CutSumCode(Template):
    """One way to add to the residual stream, the same for every layer.

    far: how far beyond its range a sum may be that no word holds; 0: none is.
    """

    template: ClassVar[str] = "cut_sum"
    bits: int
    doublings: int
    far: int

    @property
    def limit(self) -> int:
        """The largest element."""
        return (1 << self.bits) - 1


class CutSumRoutine(Routine[CutSum]):
    """Unrolled over the model's width."""

    @cached_property
    def code(self) -> CutSumCode:
        """Its template's record."""
        bits, doublings = self.kernel.bits, self.kernel.doublings
        beyond = self.site.proved.ranges.cut_sums[self.kernel.name] + (1 << bits) > WORD_MAX
        far = 1 << (14 - doublings) if beyond else 0
        entry = f"add_cut_{bits}_{doublings}" + ("_far" if far else "")
        return CutSumCode(entry, "", bits, doublings, far)

    @property
    def calls(self) -> tuple[Call, ...]:
        block = self.kernel.block
        comment = f"{block.name}: {block.out} += {block.source}, cut"
        return (self.call("sum", comment, entry=self.code.entry),)

    @property
    def items(self) -> tuple[Item, ...]:
        return (self.code,)

    @property
    def vectors(self) -> Mapping[str, int]:
        return {"branch": self.config.n_embd}

    def clocks(self, run: LongRun, placed: Placed) -> Mapping[str, float]:
        """A sum is hardly ever far, or cut."""
        (own,) = placed.clocks(self.code.entry, taken=(0, 1, 0.5) if self.code.far else (1, 0.5))
        return {symbol(self.kernel.name): own}
