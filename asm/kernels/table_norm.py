"""RMSNorm with squares from a table: unrolled over the model's width, with code for every shift that can occur."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from asm.cost.long_run import LongRun
from asm.kernels.routine import Call, Item, Placed, Routine, Table, Template, symbol
from quantize.kernels.table_norm import TableNorm, square_table, table_epsilon
from tables.rsqrt import rsqrt_table

MAX_UNROLLED = 3
SUM_BITS = 30
HALF_WORD = 0x8000
"""What is taken off squares for the SA-1, whose factors are signed."""


@dataclass(frozen=True)
class Variant:
    """One way to shift a norm's product: right or left by this many bits."""

    right: int
    left: int

    @property
    def unrolled(self) -> bool:
        """The shifts that a residual stream of usual size asks for: worth their room in ROM."""
        return self.right <= MAX_UNROLLED and self.left < MAX_UNROLLED


@dataclass(frozen=True)
class TableNormCode(Template):
    """A table norm: its squares, and code for every shift that can occur, smallest first."""

    template: ClassVar[str] = "table_norm"
    bits: int
    doublings: int
    epsilon: int
    squares: str
    variants: tuple[Variant, ...]
    variants_below: int

    @property
    def to_offset(self) -> tuple[str, ...]:
        """From x + 2^bits to the offset of its square."""
        return table_offset(self.bits)


def table_offset(bits: int) -> tuple[str, ...]:
    """From x + 2^bits to the offset of its step in a table of 4,096 words."""
    return ("asl a",) * (12 - bits) if bits < 12 else ("lsr a",) * (bits - 12) + ("and #$FFFE",)


class TableNormRoutine(Routine[TableNorm]):
    """One routine for all norms of the same range."""

    @cached_property
    def code(self) -> TableNormCode:
        """Its template's record."""
        d, bits, doublings = self.config.n_embd, self.kernel.bits, self.kernel.doublings
        highest = rsqrt_table(d).shift + bits + doublings - 17
        min_pairs = (31 - (SUM_BITS - 1)) // 2
        shifts = range(highest - 15, highest - min_pairs + 1)
        return TableNormCode(
            entry=f"norm_{bits}",
            comment=f"slots = ± rmsnorm of a residual stream within ±2^{bits}",
            bits=bits,
            doublings=doublings,
            epsilon=table_epsilon(d, bits),
            squares=f"squares_{bits}",
            variants=tuple(Variant(max(shift, 0), max(-shift, 0)) for shift in shifts),
            variants_below=-shifts[0],
        )

    @property
    def modules(self) -> tuple[str, ...]:
        if self.kernel.into_stream:
            return ("rsqrt_far", "residual_of_slots")
        return ("rsqrt_far", "trace_slots") if self.site.record.traced else ("rsqrt_far",)

    @property
    def calls(self) -> tuple[Call, ...]:
        block, into_stream = self.kernel.block, self.kernel.into_stream
        template = "norm_embedding" if into_stream else "norm_table"
        comment = f"{block.name}: {'residual' if into_stream else 'slots = ±'} rmsnorm({block.source})"
        return (self.call(template, comment, entry=self.code.entry),)

    @property
    def items(self) -> tuple[Item, ...]:
        signed = HALF_WORD if self.site.target.apart else 0
        return (Table(self.code.squares, square_table(self.kernel.bits) - signed), self.code)

    @property
    def vectors(self) -> Mapping[str, int]:
        return {"residual": self.config.n_embd, "normed": self.config.n_embd}

    def clocks(self, run: LongRun, placed: Placed) -> Mapping[str, float]:
        """Loops: pairs of bits that the sum of squares is shifted by; shift: of every product."""
        bits, doublings, d = self.kernel.bits, self.kernel.doublings, self.config.n_embd
        squares = run[f"{self.kernel.name}.squares"]
        pairs = (31 - np.floor(np.log2(squares)).astype(int)) // 2
        loops = run.mean(np.where(squares < 1 << 22, pairs - 4, pairs))
        shifts = rsqrt_table(d).shift + bits + doublings - 17 - pairs
        shift = run.mean(np.abs(shifts))
        if self.site.target.apart:
            left = 2 * run.mean(np.where(shifts < 0, 1, 0))
            return {symbol(self.kernel.name): self._by_unit(float(loops), float(4 * shift + left))}
        index = 12 * abs(bits - 12) - (18 if bits < 12 else 0)
        double = 24 + 12 * doublings if doublings else 0
        into_stream = 152 * d if self.kernel.into_stream else 0
        each = 222 + index + double + 258 + 12 * shift + self.site.target.product
        total = 1060 + 222 * loops + d * each
        return {symbol(self.kernel.name): float(total) + into_stream}

    def _by_unit(self, loops: float, shifted: float) -> float:
        """On the SA-1. shifted: the clocks of an element that depend on its shift."""
        index = 4 * abs(self.kernel.bits - 12) + 6 * (self.kernel.bits >= 12)
        into_stream = 52 if self.kernel.into_stream else 0
        return self.page_call + 416 + 66 * loops + self.config.n_embd * (128 + index + shifted + into_stream)
