"""What surrounds rows of digits in every cartridge that has them: sums, the clamp, attention's tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from asm.kernels.fused import add_sums_entry, column_page, page_bytes
from asm.kernels.routine import Site, Table, Template
from asm.memory.work_ram import Area, digit_pages
from quantize.kernels.attention import EXP
from quantize.kernels.digit_columns import ActiveColumns
from quantize.kernels.digit_rows import DigitRows
from quantize.kernels.ppu_attention import EXP7, RECIPROCALS, reciprocal
from quantize.program import leaves
from quantize.schedule import LOGITS

EXP7_BYTES = 256


@dataclass(frozen=True)
class ScaledSums:
    """The routine that adds a column's sums to the residual stream, where they are 2^exponent times too large."""

    exponent: int

    @property
    def entry(self) -> str:
        """Its label."""
        return add_sums_entry(self.exponent)


@dataclass(frozen=True)
class DigitsCode(Template):
    """Routines unrolled over the model's width."""

    template: ClassVar[str] = "digits"
    scaled_sums: tuple[ScaledSums, ...]


@dataclass(frozen=True)
class DigitNumbers:
    """The numbers of the digit kernels' memory and tables."""

    page: str
    sums: int
    shifted: int
    pages_start: int
    pages: tuple[Area, ...]
    norm_bias: int
    head_clamp: int
    head_shift: int
    exp7_entries: int


def on_digits(site: Site) -> bool:
    """Whether any matrix is in rows of digits."""
    return any(isinstance(kernel, DigitRows) for kernel in leaves(site.model.program))


def common_items(site: Site) -> tuple[Template | Table, ...]:
    """What such a cartridge has in ROM before anything of its routines."""
    columns = [kernel for kernel in leaves(site.model.program) if isinstance(kernel, ActiveColumns)]
    exponents = sorted({site.model.exponent(kernel.block.weight) for kernel in columns} - {0})
    sums = np.arange(RECIPROCALS)
    return (
        DigitsCode("vectors", "", tuple(map(ScaledSums, exponents))),
        Table("exp7_table", exp7_table(), 1),
        Table("reciprocal_table", np.where(sums < 127, 0, reciprocal(sums))),
    )


def exp7_table() -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """(256,) EXP7, and its last entry, zero, to the end."""
    table: np.ndarray[tuple[int], np.dtype[np.int64]] = EXP7[np.minimum(np.arange(EXP7_BYTES), len(EXP) - 1)]
    return table


def numbers(site: Site, pages: Mapping[str, int]) -> DigitNumbers:
    """pages: as the routines want them, bytes by name."""
    columns, head = column_page(site.config.n_embd), site.model.kernel(LOGITS)
    assert isinstance(head, DigitRows)
    placed = digit_pages(site.target, {**page_bytes(site.config.n_embd), **pages})
    return DigitNumbers(
        page=columns.label,
        sums=columns.sums,
        shifted=columns.shifted,
        pages_start=placed.start,
        pages=placed.pages,
        norm_bias=site.norm_slots.bias,
        head_clamp=head.clamp,
        head_shift=head.clamp_shift,
        exp7_entries=int(np.flatnonzero(exp7_table() == 0)[0]),
    )
