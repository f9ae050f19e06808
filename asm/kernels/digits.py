"""The numbers of the digit kernels' memory and tables, for the includes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from asm.kernels.byte_attention import exp7_table
from asm.kernels.digit_columns import column_page, page_bytes
from asm.kernels.routine import SLOT_PAGE, Site
from asm.memory.work_ram import Area, digit_pages
from quantize.kernels.digit_columns import ActiveColumns
from quantize.kernels.digit_rows import DigitRows
from quantize.program import leaves


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

    @property
    def pages_end(self) -> int:
        """The address behind them."""
        return self.pages_start + sum(page.size for page in self.pages)


def numbers(site: Site, pages: Mapping[str, int]) -> DigitNumbers:
    """pages: as the routines want them, bytes by name."""
    columns, head = column_page(site.config.n_embd), site.model.head
    assert isinstance(head, DigitRows)
    wanted = {**page_bytes(site.config.n_embd), **pages}
    if site.target.apart and not any(isinstance(kernel, ActiveColumns) for kernel in leaves(site.model.program)):
        wanted |= {"column_page": 0}
    placed = digit_pages(site.target, wanted)
    return DigitNumbers(
        page=columns.label if wanted.get(columns.label) else SLOT_PAGE,
        sums=columns.sums,
        shifted=columns.shifted,
        pages_start=placed.start,
        pages=placed.pages,
        norm_bias=site.norm_slots.bias,
        head_clamp=head.clamp,
        head_shift=head.clamp_shift,
        exp7_entries=int(np.flatnonzero(exp7_table() == 0)[0]),
    )
