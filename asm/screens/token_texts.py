"""The text that every token prints, as a table in a bank of weights."""

from __future__ import annotations

from collections.abc import Sequence

from asm.memory.rom_data import DataTable

ENCODING = "latin-1"
"""Character code = tile number; a newline is 10."""

SEGMENT = "TOKEN_TEXTS"


def initials(symbols: Sequence[str]) -> DataTable:
    """The character shown for each token where there is room for only one: its first, or the one behind its space.

    BOS, the last, has 0.
    """
    first = (*(ord((symbol.lstrip(" ") or " ")[0]) for symbol in symbols), 0)
    comment = "one byte a token: the first character it prints, its space not counted"
    return DataTable("symbol_characters", comment, first, 1)


def token_texts(symbols: Sequence[str]) -> tuple[DataTable, ...]:
    """The tables of these symbols and of BOS, which prints nothing."""
    texts = [symbol.encode(ENCODING) + b"\0" for symbol in (*symbols, "")]
    starts = tuple(sum(map(len, texts[:number])) for number in range(len(texts)))
    printed, comment = tuple(b"".join(texts)), "what each token prints, in Latin-1 with a zero behind it"
    return (
        DataTable("token_offsets", "where each token's text begins", starts, segment=SEGMENT),
        DataTable("token_texts", comment, printed, 1, SEGMENT),
    )
