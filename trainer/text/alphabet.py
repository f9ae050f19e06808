"""The characters there are: those that the cartridge's font can show."""

from __future__ import annotations

import unicodedata

NEWLINE = "\n"
FONT = frozenset(map(chr, (*range(32, 127), *b"\xa1\xab\xb0\xb7\xbb\xbf", *range(0xC0, 0x100))))
"""Printable ASCII, the letters of Latin-1, and ¡ « ° · » ¿. Code = tile number."""

PLAIN = {"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "\t": " ", "\xa0": " ", "œ": "oe"}

LIKE = {"‐": "-", "‑": "-", "−": "-", "„": '"', "‚": ",", "′": "'", "´": "'", "⁄": "/", "™": "TM"}
"""What else may be written for a character, if whoever wrote it agrees."""


def replacement(character: str) -> str:
    """Advice about a character the font lacks: to write its plain form, or to remove or replace it.

    The plain form has all parts of the character but its accents: ½ is 1/2. None of a number that is raised,
    lowered or in a circle: x² is not x2.
    """
    plain = PLAIN.get(character) or LIKE.get(character)
    if not plain and not unicodedata.decomposition(character).startswith(("<super>", "<sub>", "<circle>")):
        parts = unicodedata.normalize("NFKD", character)
        plain = "".join(LIKE.get(part, part) for part in parts if not unicodedata.combining(part))
    shown = plain and set(plain) <= FONT and (plain.strip() or character.isspace())
    return f"write {plain!r} for it" if shown else "remove or replace it"
