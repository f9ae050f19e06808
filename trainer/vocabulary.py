"""The token texts of a model, checked: such as a file may hold and the cartridge can show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trainer.alphabet import FONT, NEWLINE
from trainer.config import ModelConfig
from trainer.errors import InputError
from trainer.tokenizer import LONGEST_TOKEN

Merges = Sequence[tuple[str, str]]


def check_vocabulary(config: ModelConfig, symbols: object, merges: Merges) -> None:
    """Raises InputError unless a model's token texts are different, can be shown, and are what merges make."""
    known = (
        isinstance(symbols, Sequence)
        and len(symbols) == config.bos
        and all(isinstance(symbol, str) and symbol for symbol in symbols)
        and len(set(symbols)) == len(symbols)
    )
    if not known:
        raise InputError(
            f"the alphabet is {symbols!r}: a vocabulary of {config.vocab_size} has "
            f"{config.bos} different symbols, plus BOS"
        )
    assert isinstance(symbols, Sequence)
    texts = set(symbols)
    if strange := sorted(set().union(*texts) - FONT - {NEWLINE}):
        raise InputError(
            f"the alphabet has {strange[0]!r}: the cartridge's font is printable ASCII and the letters of Latin-1"
        )
    if long := [text for text in symbols if len(text) > LONGEST_TOKEN]:
        raise InputError(f"the symbol {long[0]!r} is longer than {LONGEST_TOKEN} characters")
    for left, right in merges:
        if not {left, right, left + right} <= texts:
            raise InputError(f"{left!r} and {right!r} are merged, but the alphabet lacks one of them or their sum")


def vocabulary_from(header: Mapping[str, Any]) -> tuple[Sequence[str], Merges]:
    """Symbols and merges of a file's header. Raises TypeError or KeyError for a damaged one."""
    merges = tuple((str(left), str(right)) for left, right in header.get("merges", []))
    return header["symbols"], merges
