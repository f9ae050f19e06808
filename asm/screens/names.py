"""The list of names made: how long an entry is, and how it is shown."""

from __future__ import annotations

from dataclasses import dataclass

from quantize.model import IntegerModel

MIN_ENTRY, MAX_ENTRY = 4, 7
"""Characters of a name in the lists of those made and kept, as powers of two."""

TWO_COLUMNS = 16
"""Names of letters up to this context are shown in two columns, a line each; all others on several lines."""

LIST_LINES = 10
"""Lines for the completions of a prompt."""

LETTERS_A_LINE = 20
"""Letters that a line has at least, out of 29: where words stay whole, it may end up to nine letters early."""


@dataclass(frozen=True)
class NameList:
    """Characters of an entry as a power of two; columns of names; lines of a name."""

    entry_shift: int
    columns: int
    lines: int

    @property
    def completions(self) -> int:
        """Completions of a prompt on its screen: where they are long, one of them is shown in full below."""
        return LIST_LINES if self.lines == 1 else LIST_LINES - 1 - self.lines

    @property
    def entry_bytes(self) -> int:
        """Characters of an entry."""
        return 1 << self.entry_shift


def name_list(model: IntegerModel) -> NameList:
    """As the model's tokens and context ask for it."""
    context, letters = model.config.block_size, not model.pieces and all(len(text) == 1 for text in model.symbols)
    if letters and context <= TWO_COLUMNS and not model.reading.running:
        return NameList(MIN_ENTRY, 2, 1)
    shift = min((context - 1).bit_length(), MAX_ENTRY) if letters else MAX_ENTRY
    shift = max(shift, MIN_ENTRY + 1)
    return NameList(shift, 1, -(-(1 << shift) // LETTERS_A_LINE))
