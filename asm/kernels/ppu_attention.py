"""Attention on the PPU: straight-line code over dimensions, a loop over positions.

Keys and values are bytes, a row of all dimensions a position, read one after the other through the WRAM port: it
reaches both banks and counts by itself (asm/kernels/stretches.py). Arrays indexed by position hold words, 128 of
them to an 8-bit index: a longer context takes its loops twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np

from asm.cost.long_run import LongRun
from asm.kernels.byte_attention import HALF_WORD, max_sum, softmax_tables
from asm.kernels.routine import Call, Item, Placed, Routine, Template, symbol
from asm.kernels.stretches import (
    HALF_POSITIONS,
    Reach,
    Stretch,
    reaches,
    skip_clocks,
    stretch_lengths,
    stretches,
)
from asm.memory.work_ram import Area
from quantize.fixed import FRACTION_BITS, Ints
from quantize.kernels.byte_attention import RECIPROCALS, VALUE_BITS
from quantize.kernels.ppu_attention import PpuAttention
from tables.exp import EXP_STEP_BITS
from trainer.config import ModelConfig


@dataclass(frozen=True)
class Half:
    """Up to 128 positions, counted down from their last index."""

    number: int
    last: str
    later: bool


@dataclass(frozen=True)
class AttentionCode(Template):
    """A layer's attention.

    by_position: its weights are computed position by position, all heads together; else head by head. is_split: its
    three stages, and their stretches if by_position, are in segments of their own, joined by jumps.
    """

    template: ClassVar[str] = "attention_ppu"
    keys: str
    values: str
    stretches: tuple[Stretch, ...]
    reaches: tuple[Reach, ...]
    halves: tuple[Half, ...]
    by_position: bool
    long: bool
    long_sums: bool
    max_sums: bool
    query_shift: int
    score_drop: int
    bias: int
    mean_start: int
    mean_shift: int
    mean_to_slot: int
    trace_query: int
    trace_packed: int
    trace_scores: int
    trace_weights: int
    is_split: bool = False

    @property
    def segments(self) -> tuple[str, ...]:
        if not self.is_split:
            return (self.entry,)
        numbers = range(len(self.stretches) if self.is_apart else 0)
        scores, weights, values = (
            tuple(f"{self.entry}_{part}_{number}" for number in numbers) for part in ("score", "weight", "value")
        )
        return (self.entry, *scores, self.weigh_segment, *weights, self.mean_segment, *values)

    @property
    def weigh_segment(self) -> str:
        """The segment of its second stage, where the stages are apart."""
        return f"{self.entry}_weigh"

    @property
    def mean_segment(self) -> str:
        """The segment of its third stage."""
        return f"{self.entry}_mean"

    @property
    def by_head(self) -> bool:
        """The other way."""
        return not self.by_position

    @property
    def is_apart(self) -> bool:
        """Whether its stretches are in segments of their own."""
        return self.is_split and self.by_position

    def split(self) -> AttentionCode | None:
        return None if self.is_split else replace(self, is_split=True)

    @property
    def half_step(self) -> int:
        """Half a step of the table of exp, in units of the scores: added for rounding."""
        return (1 << self.score_drop) >> 1 if self.score_drop > 0 else 0

    @property
    def score_doublings(self) -> int:
        """How often a score below the best is doubled, where it is coarser than the table of exp."""
        return max(0, -self.score_drop)


class PpuAttentionRoutine(Routine[PpuAttention]):
    """Scores, weights and means of a layer."""

    @cached_property
    def code(self) -> AttentionCode:
        """Its template's record."""
        kernel, block, config, trace = self.kernel, self.kernel.block, self.config, self.site.trace
        keys, values = symbol(block.keys), symbol(block.values)
        shift = VALUE_BITS - kernel.value_shift
        bias = self.site.slots_for(*self.site.readers(kernel)).bias
        windows = config.seen(block.layer)
        parts = halves(config)
        return AttentionCode(
            entry=symbol(block.name),
            comment=f"{block.name}: {config.n_head} heads of {config.head_dim} over the positions so far",
            keys=keys,
            values=values,
            stretches=stretches(config, windows, keys, values),
            reaches=reaches(config, windows),
            halves=parts,
            by_position=bool(config.windows),
            long=len(parts) > 1,
            long_sums=max_sum(config) >= RECIPROCALS,
            max_sums=max_sum(config) >= 8 * RECIPROCALS,
            query_shift=kernel.query_shift,
            score_drop=EXP_STEP_BITS + kernel.score_bits - FRACTION_BITS,
            bias=bias,
            mean_start=HALF_WORD + ((1 << shift) >> 1),
            mean_shift=shift,
            mean_to_slot=(bias - (HALF_WORD >> shift)) & 0xFFFF,
            trace_query=trace(f"{block.name}.query"),
            trace_packed=trace(f"{block.name}.packed"),
            trace_scores=trace(f"{block.name}.scores"),
            trace_weights=trace(f"{block.name}.weights"),
        )

    @property
    def calls(self) -> tuple[Call, ...]:
        code = self.code
        return (self.call("attention_ppu", code.comment, entry=code.entry),)

    @property
    def items(self) -> tuple[Item, ...]:
        return (*softmax_tables(), self.code)

    @property
    def vectors(self) -> Mapping[str, int]:
        config = self.config
        words = {"query": config.n_embd, "packed": config.kv_dim, "attended": config.n_embd}
        if config.windows:
            words["window_begin"] = config.n_head
        return words | {"best": config.n_head, "weights": config.n_head * config.block_size}

    @property
    def caches(self) -> tuple[Area, ...]:
        size = self.config.block_size * self.config.kv_dim
        return tuple(Area(symbol(name), size) for name in (self.kernel.block.keys, self.kernel.block.values))

    def clocks(self, run: LongRun, placed: Placed) -> Mapping[str, float]:
        clocks = self._by_position if self.code.by_position else self._by_head
        return {self.code.entry: clocks(run, placed.ram.address("weights"))}

    def _by_head(self, run: LongRun, weights: int) -> float:
        """By head, by head and position, and by weight above zero: see attention_ppu.asm."""
        config, code, name = self.config, self.code, self.kernel.name
        heads, width, d = config.n_head, config.head_dim, config.n_embd
        seen, near, lit = run.positions, run.mean(run[f"{name}.near"]), run.mean(run[f"{name}.lit"])
        once = 730 + 260 * code.long + d * (88 + 34 + 180 + 12 * code.mean_shift)
        each_head = 470 + 60 * code.long + 60 * code.long_sums
        product = self.site.target.product
        each_pair = 110 + (160 + product) * width + 344 + 162 + product
        dark = 82 + skip_clocks(config)
        each_lit = 130 + (140 + product) * width
        pairs = heads * seen
        crossed = 3 * 6 * run.mean(_crossings(config, weights)[run["position"]])
        turns = (heads // config.kv_heads - 1) * seen * 2 * (skip_clocks(config) if heads > config.kv_heads else 0)
        by_pair = turns + crossed + pairs * each_pair + near * 60 + (pairs - lit) * dark + lit * each_lit
        return float(once + heads * each_head + 160 * seen + by_pair)

    def _by_position(self, run: LongRun, weights: int) -> float:
        """By head, by stretch, by position in each, by head there, and by weight above zero: see the same."""
        config, code, width = self.config, self.code, self.config.head_dim
        windows = config.seen(self.kernel.block.layer)
        lengths = stretch_lengths(config.block_size, windows)[run["position"]]
        positions, entered = run.mean(lengths), run.mean(np.sign(lengths))
        pairs = float(positions @ [len(stretch.heads) for stretch in code.stretches])
        near = float(run.mean(run[f"{self.kernel.name}.near"]))
        once = 730 + config.kv_dim * 88 + config.n_embd * (34 + 180 + 12 * code.mean_shift)
        each_head = 294 + 60 * code.long_sums
        product = self.site.target.product
        each_pair = 110 + (160 + product) * width + 186 + 12 * code.score_drop + 42 * code.score_doublings + 74
        each_near = 92 + 218 + product + (140 + product) * width
        crossed = 2 * 6 * run.mean(_crossings(config, weights, windows)[run["position"]])
        streams = sum(
            150
            + begun * stretch.begin_clocks
            + n * (252 + stretch.clocks + (1 - near / pairs) * stretch.past_clocks)
            for stretch, n, begun in zip(code.stretches, positions, entered, strict=True)
        )
        by_head = config.n_head * each_head + 116 * len(code.reaches)
        return once + by_head + float(streams + crossed) + pairs * each_pair + near * each_near


def _crossings(config: ModelConfig, weights: int, windows: Sequence[int] = ()) -> Ints:
    """How many of the weights that are read cross a page, by position (T,): a cycle each time they are.

    Rows of weights begin at the address `weights`, and 8-bit indices count each half's words. windows (n_head,).
    """
    rows = weights + 2 * config.block_size * np.arange(config.n_head)
    index = 2 * (np.arange(config.block_size) % HALF_POSITIONS)
    crosses = ((rows[:, None] & 0xFF) + index > 0xFF).cumsum(1)
    for head, window in enumerate(windows):
        crosses[head, window:] -= crosses[head, :-window].copy()
    found: Ints = crosses.sum(0)
    return found


def halves(config: ModelConfig) -> tuple[Half, ...]:
    """One, or two beyond 128 positions."""
    if config.block_size <= HALF_POSITIONS:
        return (Half(0, "position_words", later=False),)
    return (Half(0, "half_last", later=False), Half(1, "position_words", later=True))
