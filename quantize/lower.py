"""From a schedule to a program: which kernel computes each block, with numbers that the range proof allows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from inspect import isabstract
from typing import Any, get_type_hints

import numpy as np

from quantize.contexts import contexts_of
from quantize.digits import HALF_ROW_SUM, max_partial, planes
from quantize.fixed import ONE, WORD_MAX
from quantize.kernel import SA1, STOCK, Fused, Kernel, Leaf
from quantize.kernels import table_norm
from quantize.kernels.activation import Rectifier
from quantize.kernels.attention import ExactAttention
from quantize.kernels.byte_attention import VALUE_BITS, ByteAttention
from quantize.kernels.context import KnownContext
from quantize.kernels.digit_columns import ActiveColumns
from quantize.kernels.digit_rows import DigitRows
from quantize.kernels.embedding import Embedding
from quantize.kernels.fused import AddedRows, ColumnMlp, FrontTable, RecalledRows, RowMlp
from quantize.kernels.lookup import LookedUpRows
from quantize.kernels.mac_attention import MacAttention
from quantize.kernels.norm import ExactNorm
from quantize.kernels.ppu_attention import PpuAttention
from quantize.kernels.recall import RecalledLogits
from quantize.kernels.residual import Sum
from quantize.kernels.rotary import TurnedAttention
from quantize.kernels.schoolbook import SchoolbookRows
from quantize.kernels.table_norm import TableNorm
from quantize.model import IntegerModel
from quantize.program import Program, leaves
from quantize.ranges import Ranges
from quantize.schedule import (
    LOGITS,
    Activation,
    Add,
    Attention,
    Block,
    Context,
    Embed,
    Linear,
    Norm,
    Recall,
    Rotary,
    schedule,
)
from trainer.config import ModelConfig
from trainer.errors import InputError

EXACT: Mapping[type, type[Leaf]] = {
    Context: KnownContext,
    Embed: Embedding,
    Norm: ExactNorm,
    Linear: SchoolbookRows,
    Attention: ExactAttention,
    Activation: Rectifier,
    Add: Sum,
    Recall: RecalledLogits,
}
"""The schoolbook's kernel of every block that has one."""

BYTE_ATTENTION: Mapping[str, type[ByteAttention]] = {STOCK: PpuAttention, SA1: MacAttention}
"""What computes attention on digits, by target: each multiplies as its machine does."""

FUSIONS: Sequence[type[Fused]] = (ColumnMlp, RowMlp, AddedRows, RecalledRows, TurnedAttention, LookedUpRows)
"""Kernels of neighbouring blocks that become one, first match first: the fields of each say which."""

HEAD_CLAMP = 8 * ONE
"""lm_head sees the residual stream cut to this: ±8.0 costs 0.0001 nats and keeps its sums short."""

MAX_HEAD_SHIFT = 3
"""Halved this often, HEAD_CLAMP is still a multiple of 2^8: a row's bias halves exactly down from any plane."""

COLUMNS_PAY = 0.3
"""A digit costs three memory accesses in a column, one in a row: below this share of active units columns pay."""

FRONT_BYTES = 2 << 20
MAX_FRONT_ROWS = 0x8000 // 3
"""The front table may take half a cartridge; the addresses of its rows must fit one bank."""

LEAST_NORM_BITS = 12
"""Of a table norm, unless it replaces its source: an embedding is small, and a coarse table costs loss."""

NORM_MARGIN, NORM_ROOM = 1.1, 16
"""A table norm's source may be this much larger than the exact norms' proof says, and this many units."""


def schoolbook(config: ModelConfig) -> Program:
    """A kernel for each block, all of them exact. Raises InputError for a block that has none."""
    return tuple(_exact(block) for block in schedule(config))


def _exact(block: Block) -> Leaf:
    if type(block) not in EXACT or (isinstance(block, Add) and block.weight):
        raise InputError(f"{block.name} runs on digits alone: there is no schoolbook of it")
    return EXACT[type(block)](block)


def fused(program: Sequence[Kernel]) -> Program:
    """The same program with neighbours fused wherever FUSIONS has them."""
    return tuple(_fused(list(program)))


def _fused(left: list[Kernel]) -> Iterator[Kernel]:
    while left:
        for kind in FUSIONS:
            pattern = list(get_type_hints(kind).values())[-len(kind.__dataclass_fields__) :]
            if len(left) >= len(pattern) and all(map(_is, left, pattern)):
                yield kind(*left[: len(pattern)])
                del left[: len(pattern)]
                break
        else:
            yield left.pop(0)


def _is(kernel: Kernel, wanted: type[Kernel]) -> bool:
    """Whether it is of this very kind, or one of a kind that has no kernels of its own."""
    return isinstance(kernel, wanted) if isabstract(wanted) else type(kernel) is wanted


def front_table_pays(config: ModelConfig) -> bool:
    """True when a row of residual stream, query, keys and values for every context and position is small enough."""
    rows = front_rows(config)
    return rows <= MAX_FRONT_ROWS and 6 * config.n_embd * rows <= FRONT_BYTES


def front_rows(config: ModelConfig) -> int:
    """A row for every context that has a vector, or every token, at every position."""
    tokens = next(block.tokens for block in schedule(config) if isinstance(block, Embed))
    return len(contexts_of(config, tokens)) * config.block_size


def on_digits(model: IntegerModel, *, front_table: bool | None = None, columns: bool | None = None) -> IntegerModel:
    """A microgpt's weights on signed digits, table norms and its target's multiplier.

    The second MLP matrix runs by columns (None: if they pay) where training left most hidden units at zero: those
    cost nothing. With a front table (None: if it pays) everything before the first attention stays exact: it ends
    up in a table over token and position.
    """
    in_table = front_table_pays(model.config) if front_table is None else front_table
    by_columns = model.info.get("active_hidden", 0.5) < COLUMNS_PAY if columns is None else columns
    draft = replace(model, program=tuple(_draft(model, in_table, by_columns)))
    ranges = Ranges(draft)
    front = (
        next(n for n, kernel in enumerate(draft.program) if isinstance(kernel, ExactAttention)) if in_table else 0
    )
    chosen = _with_numbers(draft.program, ranges, front)
    program = fused(chosen[front:])
    if front:
        attention = chosen[front]
        assert isinstance(attention, ByteAttention)
        begin = next(n for n, kernel in enumerate(chosen) if isinstance(kernel, Embedding))
        parts: dict[str, Any] = dict(zip(FrontTable.__dataclass_fields__, chosen[begin:front], strict=False))
        table = FrontTable(**parts, key_shift=attention.key_shift, value_shift=attention.value_shift)
        program = (*chosen[:begin], table, *program)
    return replace(model, program=program)


def _draft(model: IntegerModel, table: bool, by_columns: bool) -> Iterator[Leaf]:
    """Digits for the matrices; norms and attention still exact, to prove how large their sources can be."""
    rectified, front = set[str](), table
    for block in schedule(model.config):
        front &= not isinstance(block, Attention)
        match block:
            case Linear() if front:
                yield SchoolbookRows(block)
            case Linear() if block.out == LOGITS:
                yield DigitRows(block, clamp=HEAD_CLAMP, clamp_shift=head_shift(model))
            case Recall():
                yield RecalledLogits(block, head_shift(model))
            case Linear() if by_columns and block.source in rectified:
                yield ActiveColumns(block)
            case Linear():
                yield DigitRows(block)
            case _:
                yield _exact(block)
        if isinstance(block, Activation):
            rectified.add(block.out)


def _with_numbers(draft: Program, ranges: Ranges, front: int) -> list[Leaf]:
    """The draft with table norms, attention in bytes, and queries, keys and values as it reads them.

    front: blocks that stay exact.
    """
    chosen: list[Leaf] = []
    written: dict[str, int] = {}
    for place, kernel in enumerate(leaves(draft)):
        match kernel:
            case ExactNorm() if place >= front:
                source = ranges.norm_sources[kernel.name] * NORM_MARGIN + NORM_ROOM
                norm = TableNorm(kernel.block, table_norm.MAX_BITS)
                least = table_norm.MIN_BITS if norm.into_stream else LEAST_NORM_BITS
                chosen.append(replace(norm, bits=min(max(least, int(np.ceil(np.log2(source)))), norm.bits)))
            case ExactAttention():
                names = {vector: chosen[written[vector]].name for vector in kernel.reads}
                reach = {vector: ranges.reach[name] for vector, name in names.items()}
                chosen.append(_in_bytes(BYTE_ATTENTION[ranges.model.target], kernel.block, reach))
                for vector, form in chosen[-1].reads.items():
                    if isinstance(rows := chosen[written[vector]], DigitRows):
                        chosen[written[vector]] = replace(rows, store=form)
            case _:
                chosen.append(kernel)
        if not isinstance(kernel.block, Rotary | Context):
            written[kernel.block.out] = place
    return chosen


def _in_bytes(kind: type[ByteAttention], block: Attention, reach: Mapping[str, float]) -> ByteAttention:
    """reach: the largest magnitude of the vectors that it reads, in Q8.8 units."""
    room = int(np.log2(WORD_MAX / (1.1 * reach[block.query])))
    key, value = (_byte_shift(reach[vector]) for vector in (block.keys, block.values))
    return kind(block, min(key, room), min(value, VALUE_BITS), min(key, room))


def head_shift(model: IntegerModel) -> int:
    """How often lm_head's input is halved so that no partial sum of a row, whatever comes in, is too large."""
    largest = max_partial(planes(model.tensors["lm_head"], model.exponent("lm_head")))
    return min(max(0, int(np.ceil(np.log2(max(largest, 1) * HEAD_CLAMP / HALF_ROW_SUM)))), MAX_HEAD_SHIFT)


def _byte_shift(largest: float) -> int:
    """The smallest shift that brings a magnitude, with a margin for a table norm's slack, into eight bits."""
    return max(0, int(np.ceil(np.log2(1.02 * largest / 127))))
