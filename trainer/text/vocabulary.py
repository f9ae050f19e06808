"""The token texts of a model, checked: such as a file may hold and the cartridge can show."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, Struct

from trainer.config import ModelConfig
from trainer.documents import SHORT
from trainer.errors import InputError
from trainer.text.alphabet import FONT, NEWLINE
from trainer.text.sentencepiece import SPACE, Pieces, PieceTokenizer
from trainer.text.tokenizer import MAX_TOKEN, Tokenizer

Merges = Sequence[tuple[str, str]]
BYTE_TEXT = "latin-1"
"""How JSON holds a piece's bytes: a character each."""


MAX_PIECE = 4 * MAX_TOKEN
"""Bytes of a piece at most."""

Piece = Annotated[str, Meta(pattern=r"\A[\x00-\xff]*\Z", description="a character of Latin-1 for every byte")]


class Texts(Struct, frozen=True, kw_only=True):
    """A vocabulary as a file has it: symbols as one text, if they are single characters, or as a list of texts."""

    symbols: str | list[str]
    merges: list[tuple[str, str]] = []
    pieces: list[tuple[Piece, float]] = []

    @property
    def bytes_of_pieces(self) -> Pieces:
        """Text and score of every piece."""
        return tuple((text.encode(BYTE_TEXT), score) for text, score in self.pieces)


def check_vocabulary(config: ModelConfig, symbols: object, merges: Merges, pieces: Pieces = ()) -> None:
    """Raises InputError unless a model's token texts can be shown and are what merges or pieces make.

    Those of pieces may repeat or be empty; all others are different.
    """
    known = (
        isinstance(symbols, Sequence)
        and len(symbols) == config.bos
        and all(isinstance(symbol, str) and (symbol or pieces) for symbol in symbols)
        and (pieces or len(set(symbols)) == len(symbols))
    )
    if not known:
        raise InputError(
            f"the alphabet is {SHORT.repr(symbols)}: a vocabulary of {config.vocab_size} has "
            f"{config.bos} {'' if pieces else 'different '}symbols, plus BOS"
        )
    assert isinstance(symbols, Sequence)
    texts = set(symbols)
    if strange := sorted(set().union(*texts) - FONT - {NEWLINE}):
        raise InputError(
            f"the alphabet has {strange[0]!r}: the cartridge's font is printable ASCII and the letters of Latin-1"
        )
    if long := [text for text in symbols if len(text) > MAX_TOKEN]:
        raise InputError(f"the symbol {SHORT.repr(long[0])} is longer than {MAX_TOKEN} characters")
    for left, right in merges:
        if not {left, right, left + right} <= texts:
            both = f"{SHORT.repr(left)} and {SHORT.repr(right)}"
            raise InputError(f"{both} are merged, but the alphabet lacks one of them or their sum")
    if pieces:
        _check_pieces(config, pieces)
        if merges:
            raise InputError("the vocabulary has merges and pieces: it must have one or the other")


def _check_pieces(config: ModelConfig, pieces: Pieces) -> None:
    """Raises InputError unless there is a piece a symbol, all differ, and one is the space that begins a text."""
    if len(pieces) != config.bos:
        raise InputError(f"there are {len(pieces)} pieces: a vocabulary of {config.vocab_size} has {config.bos}")
    seen: dict[bytes, int] = {}
    for number, (text, score) in enumerate(pieces):
        if not isinstance(text, bytes) or not 1 <= len(text) <= MAX_PIECE or b"\0" in text:
            wrong = f"piece {number} is {SHORT.repr(text)}"
            raise InputError(f"{wrong}: it must be 1 to {MAX_PIECE} bytes, none of them 0")
        if not isinstance(score, float) or not math.isfinite(score):
            raise InputError(f"the score of piece {number} is {score!r}: it must be a finite number")
        if (first := seen.setdefault(text, number)) != number:
            raise InputError(f"pieces {first} and {number} are both {text!r}")
    if SPACE not in seen:
        raise InputError(f"no piece is {SPACE.decode()!r}: every text begins with it")


def plain_pieces(pieces: Pieces) -> list[list[str | float]]:
    """Pieces as a file's header has them: every byte a character of Latin-1."""
    return [[text.decode(BYTE_TEXT), score] for text, score in pieces]


def tokenizer_of(symbols: Sequence[str], merges: Merges, pieces: Pieces, running: bool) -> Tokenizer:
    """The one that a model's vocabulary needs."""
    return PieceTokenizer(symbols, merges, running, pieces) if pieces else Tokenizer(symbols, merges, running)
