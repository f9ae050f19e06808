"""The text that every token prints, as a table in a bank of weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from asm.memory.rom_data import lines

ENCODING = "latin-1"
"""Character code = tile number; a newline is 10."""


@dataclass(frozen=True)
class TokenTexts:
    """Operands of .word and .byte: of every token where its text begins, and the texts with a zero behind each."""

    size: int
    offset_lines: tuple[str, ...]
    text_lines: tuple[str, ...]


def initials(symbols: Sequence[str]) -> list[int]:
    """The character shown for each token where there is room for only one: its first, or the one behind its space.

    BOS, the last, has 0.
    """
    return [*(ord((symbol.lstrip(" ") or " ")[0]) for symbol in symbols), 0]


def token_texts(symbols: Sequence[str]) -> TokenTexts:
    """The table of these symbols and of BOS, which prints nothing."""
    texts = [symbol.encode(ENCODING) + b"\0" for symbol in (*symbols, "")]
    offsets = [0]
    for text in texts:
        offsets.append(offsets[-1] + len(text))
    size = 2 * len(texts) + offsets.pop()
    return TokenTexts(size, lines(offsets), lines(b"".join(texts)))
