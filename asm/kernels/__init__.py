"""The assembly of the kernels: one file for each of quantize/kernels/, registered here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from asm.kernels.activation import RectifierRoutine
from asm.kernels.attention import ExactAttentionRoutine
from asm.kernels.context import KnownContextRoutine
from asm.kernels.digit_rows import DigitRowsRoutine
from asm.kernels.embedding import EmbeddingRoutine
from asm.kernels.fused import (
    AddedRowsRoutine,
    ColumnMlpRoutine,
    FrontTableRoutine,
    RecalledRowsRoutine,
    RowMlpRoutine,
)
from asm.kernels.gate import GateRoutine
from asm.kernels.lookup import LookedUpRowsRoutine
from asm.kernels.mac_attention import MacAttentionRoutine
from asm.kernels.norm import ExactNormRoutine
from asm.kernels.ppu_attention import PpuAttentionRoutine
from asm.kernels.recall import RecalledLogitsRoutine
from asm.kernels.residual import CutSumRoutine, SumRoutine
from asm.kernels.rotary import TurnedAttentionRoutine
from asm.kernels.routine import Routine, Site
from asm.kernels.schoolbook import SchoolbookRowsRoutine
from asm.kernels.table_norm import TableNormRoutine
from quantize.kernel import Kernel
from quantize.kernels.activation import Rectifier
from quantize.kernels.attention import ExactAttention
from quantize.kernels.context import KnownContext
from quantize.kernels.digit_rows import DigitRows
from quantize.kernels.embedding import Embedding
from quantize.kernels.fused import AddedRows, ColumnMlp, FrontTable, RecalledRows, RowMlp
from quantize.kernels.gate import SiluGate
from quantize.kernels.lookup import LookedUpRows
from quantize.kernels.mac_attention import MacAttention
from quantize.kernels.norm import ExactNorm
from quantize.kernels.ppu_attention import PpuAttention
from quantize.kernels.recall import RecalledLogits
from quantize.kernels.residual import CutSum, Sum
from quantize.kernels.rotary import TurnedAttention
from quantize.kernels.schoolbook import SchoolbookRows
from quantize.kernels.table_norm import TableNorm
from trainer.errors import InputError

ROUTINES: Mapping[type[Kernel], type[Routine[Any]]] = {
    KnownContext: KnownContextRoutine,
    Embedding: EmbeddingRoutine,
    ExactNorm: ExactNormRoutine,
    TableNorm: TableNormRoutine,
    SchoolbookRows: SchoolbookRowsRoutine,
    DigitRows: DigitRowsRoutine,
    ExactAttention: ExactAttentionRoutine,
    PpuAttention: PpuAttentionRoutine,
    MacAttention: MacAttentionRoutine,
    TurnedAttention: TurnedAttentionRoutine,
    Rectifier: RectifierRoutine,
    SiluGate: GateRoutine,
    Sum: SumRoutine,
    CutSum: CutSumRoutine,
    FrontTable: FrontTableRoutine,
    AddedRows: AddedRowsRoutine,
    RecalledRows: RecalledRowsRoutine,
    ColumnMlp: ColumnMlpRoutine,
    RowMlp: RowMlpRoutine,
    LookedUpRows: LookedUpRowsRoutine,
    RecalledLogits: RecalledLogitsRoutine,
}


def routines(site: Site) -> list[Routine[Any]]:
    """A routine for every kernel of the program. Raises InputError for a kernel that has none of its own."""
    found = []
    for kernel in site.model.program:
        if type(kernel) not in ROUTINES:
            raise InputError(f"{kernel.name}: {type(kernel).__name__} has code only as a part of another kernel")
        found.append(ROUTINES[type(kernel)](kernel, site))
    return found
