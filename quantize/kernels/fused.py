"""Kernels that are one piece of code: what is between their blocks is never a vector in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from quantize.kernel import WORDS, Form, Fused, Kind, TraceEntry, number
from quantize.kernels.activation import Rectifier
from quantize.kernels.byte_attention import MAX_KEY_SHIFT, VALUE_BITS
from quantize.kernels.digit_columns import ActiveColumns
from quantize.kernels.digit_rows import DigitRows
from quantize.kernels.embedding import Embedding
from quantize.kernels.norm import ExactNorm
from quantize.kernels.recall import RecalledLogits
from quantize.kernels.residual import Sum
from quantize.kernels.schoolbook import SchoolbookRows
from trainer.config import ModelConfig


@dataclass(frozen=True)
class FrontTable(Fused):
    """All that depends on token and position alone, looked up: the residual stream, the first query, key and value.

    The query is kept times 2^key_shift, the key in bytes over 2^key_shift, the value over 2^value_shift.
    """

    embedding: Embedding
    embed_norm: ExactNorm
    attention_norm: ExactNorm
    q: SchoolbookRows
    k: SchoolbookRows
    v: SchoolbookRows
    key_shift: int = number(0, MAX_KEY_SHIFT)
    value_shift: int = number(0, VALUE_BITS)

    @property
    def writes(self) -> Mapping[str, Form]:
        return {
            self.embed_norm.block.out: WORDS,
            self.q.block.out: Form(Kind.SHIFTED, self.key_shift),
            self.k.block.out: Form(Kind.LOW_BYTES, self.key_shift),
            self.v.block.out: Form(Kind.HIGH_BYTES, self.value_shift),
        }

    def observed(self, config: ModelConfig) -> tuple[TraceEntry, ...]:
        """The residual stream; attention shows the rest."""
        return self.embed_norm.traced(config)


@dataclass(frozen=True)
class AddedRows(Fused):
    """A matrix whose results are added to the residual stream row by row."""

    rows: DigitRows
    add: Sum


@dataclass(frozen=True)
class RecalledRows(Fused):
    """lm_head, whose results are added to what the memory says row by row."""

    rows: DigitRows
    recall: RecalledLogits

    def observed(self, config: ModelConfig) -> tuple[TraceEntry, ...]:
        """The sums alone."""
        return self.recall.traced(config)


@dataclass(frozen=True)
class ColumnMlp(Fused):
    """An MLP whose second matrix runs by columns, only for hidden units above zero."""

    fc1: DigitRows
    activation: Rectifier
    fc2: ActiveColumns
    add: Sum


@dataclass(frozen=True)
class RowMlp(Fused):
    """An MLP whose second matrix runs by rows: where most hidden units are above zero."""

    fc1: DigitRows
    activation: Rectifier
    fc2: DigitRows
    add: Sum
