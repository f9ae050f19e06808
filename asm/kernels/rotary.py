"""Rotary positions on the machine's multiplier, then attention."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from asm.cost.long_run import LongRun
from asm.kernels.mac_attention import MacAttentionRoutine
from asm.kernels.ppu_attention import PpuAttentionRoutine
from asm.kernels.routine import Call, Item, Placed, Routine, Site, Table, Template, piece_name
from asm.kernels.stretches import times
from asm.memory.work_ram import Area
from quantize.fixed import Ints
from quantize.kernels.byte_attention import ByteAttention
from quantize.kernels.mac_attention import MacAttention
from quantize.kernels.ppu_attention import PpuAttention
from quantize.kernels.rotary import TurnedAttention
from tables.rotary import rotary_table
from trainer.config import ModelConfig


@dataclass(frozen=True)
class Pair:
    """Two dimensions that are turned together: their number, their angle's; the amount added to each of a key."""

    number: int
    angle: int
    first: int = 0
    second: int = 0


@dataclass(frozen=True)
class Angles:
    """A table of angles: its label, the word of turn_by that a row begins at, the row's words."""

    label: str
    first: int
    words: int


@dataclass(frozen=True)
class TurnCode(Template):
    """A layer's turns."""

    template: ClassVar[str] = "rotary"
    angles: tuple[Angles, ...]
    times_row: tuple[str, ...]
    query_pairs: tuple[Pair, ...]
    key_pairs: tuple[Pair, ...]
    query_shift: int
    key_shift: int
    value_shift: int

    @property
    def value_start(self) -> int:
        """The amount added to a value before it is narrowed."""
        return narrow_start(self.value_shift)


def narrow_start(shift: int) -> int:
    """Half of what is cut off, and 128 of the bytes that are left."""
    return ((1 << shift) >> 1) + (128 << shift)


def pairs(config: ModelConfig, elements: int) -> tuple[Pair, ...]:
    """The pairs of that many elements."""
    return tuple(Pair(n, n % (config.head_dim // 2)) for n in range(elements // 2))


def key_pairs(config: ModelConfig, centre: Ints, shift: int) -> tuple[Pair, ...]:
    """Those of the keys. centre (kv_dim,) Q8.8."""
    starts = [(narrow_start(shift) - int(middle)) & 0xFFFF for middle in centre]
    return tuple(
        Pair(pair.number, pair.angle, starts[2 * pair.number], starts[2 * pair.number + 1])
        for pair in pairs(config, config.kv_dim)
    )


def angle_tables(config: ModelConfig, bank_bytes: int) -> tuple[Table, ...]:
    """Cosine and sine of every pair of a head at every position: as many tables as it takes banks, of one width."""
    table = rotary_table(config.head_dim, config.block_size, config.rope_base)
    tables = -(-2 * table.size // bank_bytes)
    filled = np.pad(table, ((0, 0), (0, -table.shape[1] % tables), (0, 0))).reshape(len(table), -1)
    parts = np.split(filled, tables, axis=1)
    return tuple(Table(piece_name("rotary_table", number), own) for number, own in enumerate(parts))


ATTENTION: Mapping[type[ByteAttention], type[Routine[Any]]] = {
    PpuAttention: PpuAttentionRoutine,
    MacAttention: MacAttentionRoutine,
}
"""What reads the turned queries and keys."""


class TurnedAttentionRoutine(Routine[TurnedAttention]):
    """Queries and keys turned, keys and values made bytes; then the attention that reads them."""

    def __init__(self, kernel: TurnedAttention, site: Site) -> None:
        super().__init__(kernel, site)
        self.attention = ATTENTION[type(kernel.attention)](kernel.attention, site)

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        """Of angles, the same for all layers."""
        return angle_tables(self.config, self.site.target.bank_bytes)

    @cached_property
    def code(self) -> TurnCode:
        """The turns' record."""
        block, shifts, config = self.kernel.turn.block, self.kernel.attention, self.config
        layer = f"layer{block.layer}"
        width = self.tables[0].values.shape[1]
        return TurnCode(
            entry=f"{layer}_rotary",
            comment=f"{layer}: queries and keys turned by their position",
            angles=tuple(
                Angles(table.label, number * width, min(width, config.head_dim - number * width))
                for number, table in enumerate(self.tables)
            ),
            times_row=tuple(times(2 * width)),
            query_pairs=pairs(config, config.n_embd),
            key_pairs=key_pairs(config, self.model.tensors[block.centre][0], shifts.key_shift),
            query_shift=shifts.query_shift,
            key_shift=shifts.key_shift,
            value_shift=shifts.value_shift,
        )

    @property
    def calls(self) -> tuple[Call, ...]:
        code = self.code
        turn = self.call("call", code.comment, entry=code.entry, stage=code.entry)
        return (turn, *self.attention.calls)

    @property
    def items(self) -> tuple[Item, ...]:
        return (*self.tables, self.code, *self.attention.items)

    @property
    def vectors(self) -> Mapping[str, int]:
        own = {"key": self.config.kv_dim, "value": self.config.kv_dim, "turn_by": self.config.head_dim}
        return {
            **self.attention.vectors,
            **own,
            **dict.fromkeys(("product_low", "turned_first", "turned_second"), 1),
        }

    @property
    def caches(self) -> tuple[Area, ...]:
        return self.attention.caches

    @property
    def pages(self) -> Mapping[str, int]:
        return self.attention.pages

    def clocks(self, run: LongRun, placed: Placed) -> Mapping[str, float]:
        """A key or a value is hardly ever cut."""
        (own,) = placed.clocks(self.code.entry, taken=(1, 0.5))
        return {self.code.entry: own, **self.attention.clocks(run, placed)}
