"""The tables that turn typed text into tokens of a SentencePiece vocabulary, and its keys."""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from asm.memory.rom_data import DataTable
from trainer.errors import InputError
from trainer.text.sentencepiece import BYTES, MIN_SCORE, SPACE, Pieces

MAX_TYPED = 60
"""Characters."""

KEYS = string.ascii_letters + string.digits + ".,!" + "".join(sorted({*string.punctuation} - {*".,!"})) + " "
"""The characters a person may type, in the order of the screen: thirteen in a row."""

FIRST, CODES = 0x20, 0x60
"""Character codes that have a token: printable ASCII."""

NO_TOKEN = 0xFFFF

SEGMENT = "MERGE_TABLES"

Join = tuple[int, int, int]
"""Two tokens side by side, left and right, and the one they become."""


@dataclass(frozen=True)
class PieceTables:
    """The longest text that can be typed, the token of a space, the number of keys; and the tables, in one bank."""

    typed: int
    space: int
    keys: int
    tables: tuple[DataTable, ...]


def character_tokens(pieces: Pieces) -> dict[str, int]:
    """The token that each key begins as: a piece of its own, or its byte's; keys that have neither are left out."""
    numbers = {text: token for token, (text, _) in enumerate(pieces)}
    names = {chr(byte): name for name, byte in BYTES.items()}
    found = {key: numbers.get(key.encode(), numbers.get(names[key])) for key in KEYS}
    return {key: token for key, token in found.items() if token is not None}


def joins(pieces: Pieces) -> list[Join]:
    """Every pair of tokens that may be joined, by left token: wherever a piece can be cut in two."""
    numbers = {text: token for token, (text, _) in enumerate(pieces)}
    found = [
        (numbers[text[:cut]], numbers[text[cut:]], whole)
        for whole, (text, score) in enumerate(pieces)
        if score > MIN_SCORE
        for cut in range(1, len(text))
        if text[:cut] in numbers and text[cut:] in numbers
    ]
    return sorted(found)


def ranks(pieces: Pieces) -> list[int]:
    """The rank of every token: how many better scores there are."""
    order: Mapping[float, int] = {
        score: rank for rank, score in enumerate(sorted({score for _, score in pieces}, reverse=True))
    }
    return [order[score] for _, score in pieces]


def merge_tables(pieces: Pieces, context: int, bank_bytes: int) -> PieceTables:
    """The tables of a vocabulary.

    Raises InputError where its pieces can be joined in more ways than a bank holds.
    """
    known, found = character_tokens(pieces), joins(pieces)
    keys = [key for key in KEYS if key in known]
    counts = [0] * (len(pieces) + 1)
    for left, _, _ in found:
        counts[left + 1] += 2
    starts = [sum(counts[: n + 1]) for n in range(len(counts))]
    tokens = [known.get(chr(code), NO_TOKEN) for code in range(FIRST, FIRST + CODES)]
    tables = (
        _table("story_keys", "the keys that can be typed", map(ord, keys), 1),
        _table("character_tokens", "the token that each character begins as", tokens),
        _table("join_lists", "where each token's list of joins begins", starts),
        _table("join_rights", "the right token of each join", (right for _, right, _ in found)),
        _table("join_wholes", "the token that each join makes", (whole for _, _, whole in found)),
        _table("join_ranks", "each token's rank: 0 is the best score; equal scores have one rank", ranks(pieces)),
    )
    size = sum(table.size for table in tables)
    if size > bank_bytes:
        raise InputError(
            f"the vocabulary's pieces can be joined in {len(found):,} ways, whose table takes {size:,} bytes: "
            f"{bank_bytes:,} are the most"
        )
    return PieceTables(
        typed=max(min(MAX_TYPED, context - 2), 0),
        space=[text for text, _ in pieces].index(SPACE),
        keys=len(keys),
        tables=tables,
    )


def _table(label: str, comment: str, values: Iterable[int], width: int = 2) -> DataTable:
    return DataTable(label, comment, tuple(values), width, SEGMENT)
