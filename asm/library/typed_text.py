"""The tables that turn a text that a game gives into tokens, on the console."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from asm.memory.rom_data import DataTable
from asm.screens.merge_tables import NO_TOKEN, character_tokens, joins, ranks
from asm.screens.token_texts import ENCODING
from quantize.model import IntegerModel
from trainer.errors import InputError
from trainer.text.sentencepiece import SPACE

MOST_JOINED = 64
"""Characters of a text that are joined into tokens: each takes six bytes of RAM."""

CODES = 256
SEGMENT = "MERGE_TABLES"


@dataclass(frozen=True)
class TypedText:
    """How a text becomes tokens. most: its characters; joins: whether they are joined; space: the token that every
    text begins with, −1 if none does; tables: each character's token and the joins, in one bank.
    """

    most: int
    joins: bool
    space: int
    tables: tuple[DataTable, ...]

    @property
    def begins_with_space(self) -> bool:
        """Whether every text does."""
        return self.space >= 0


def typed_text(model: IntegerModel, bank_bytes: int) -> TypedText:
    """The tables of a model's vocabulary. Raises InputError where their joins take more than a bank."""
    tokens = _characters(model)
    tables = [
        _table("character_tokens", "the token of each character", (tokens.get(n, NO_TOKEN) for n in range(CODES)))
    ]
    if model.pieces:
        tables += _join_tables(joins(model.pieces), ranks(model.pieces), len(model.pieces))
    elif model.merges:
        numbers = {text: token for token, text in enumerate(model.symbols)}
        made = [
            (numbers[left], numbers[right], numbers[left + right], rank)
            for rank, (left, right) in enumerate(model.merges)
        ]
        made.sort()
        found = [(left, right, whole) for left, right, whole, _ in made]
        tables += _join_tables(found, [rank for *_, rank in made], len(model.symbols))
    if (size := sum(table.size for table in tables)) > bank_bytes:
        raise InputError(f"the tables that join characters take {size:,} bytes: {bank_bytes:,} are the most")
    joined = len(tables) > 1
    return TypedText(
        most=MOST_JOINED if joined else model.config.block_size,
        joins=joined,
        space=[text for text, _ in model.pieces].index(SPACE) if model.pieces else -1,
        tables=tuple(tables),
    )


def _characters(model: IntegerModel) -> dict[int, int]:
    """Character code → token, of those that have one."""
    if model.pieces:
        return {ord(key): token for key, token in character_tokens(model.pieces).items()}
    return {text.encode(ENCODING)[0]: token for token, text in enumerate(model.symbols) if len(text) == 1}


def _join_tables(found: list[tuple[int, int, int]], ranked: list[int], symbols: int) -> list[DataTable]:
    """found: (left, right, whole), sorted; ranked: by whole, or in the order of `found`."""
    counts = [0] * (symbols + 1)
    for left, _, _ in found:
        counts[left + 1] += 2
    starts = [sum(counts[: n + 1]) for n in range(len(counts))]
    return [
        _table("join_lists", "where each token's list of joins begins", starts),
        _table("join_rights", "the right token of each join", (right for _, right, _ in found)),
        _table("join_wholes", "the token that each join makes", (whole for _, _, whole in found)),
        _table("join_ranks", "its rank: 0 is the best", ranked),
    ]


def _table(label: str, comment: str, values: Iterable[int]) -> DataTable:
    return DataTable(label, comment, tuple(values), segment=SEGMENT)
