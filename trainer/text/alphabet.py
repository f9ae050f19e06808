"""The characters there are: those that the cartridge's font can show."""

from __future__ import annotations

import re
import unicodedata

NEWLINE = "\n"
FONT = frozenset(map(chr, (*range(32, 127), *b"\xa1\xab\xb0\xb7\xbb\xbf", *range(0xC0, 0x100))))
"""Printable ASCII, the letters of Latin-1, and ¡ « ° · » ¿. Code = tile number."""

STRANGE = re.compile(f"[^{re.escape(''.join(sorted(FONT)))}\n]")
PLAIN = {"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "\t": " ", "\xa0": " ", "œ": "oe"}


def replacement(character: str) -> str:
    """Advice about a character the font lacks: to write its plain form, or to remove or replace it."""
    plain = PLAIN.get(character) or unicodedata.normalize("NFKD", character)[0]
    return f"write {plain!r} for it" if set(plain) <= FONT else "remove or replace it"
