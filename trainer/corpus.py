"""One document a line: reading text, naming its characters as tokens, and holding some of it out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from trainer.errors import InputError

NAMES = Path(__file__).with_name("data") / "names.txt"  # the default text
FONT = frozenset(chr(code) for code in range(32, 127))
SPLIT_KEY = b"snes-gpt held-out 1"


@dataclass(frozen=True)
class Tokenizer:
    """Characters as tokens: token t is symbols[t], and BOS, the last token, begins and ends a document."""

    symbols: str

    @property
    def bos(self) -> int:
        """The token after the last character's."""
        return len(self.symbols)

    def encode(self, document: str) -> list[int]:
        """BOS c1 … cn BOS. Raises InputError for a character the alphabet lacks."""
        token = {symbol: index for index, symbol in enumerate(self.symbols)}
        try:
            return [self.bos, *(token[character] for character in document), self.bos]
        except KeyError as error:
            raise InputError(
                f"the model has no symbol for {error.args[0]!r} (in {document[:40]!r}): "
                f"its alphabet is {self.symbols!r}"
            ) from error

    def decode(self, tokens: Iterable[int]) -> str:
        """The text of a token sequence; BOS is silent."""
        return "".join(self.symbols[token] for token in tokens if token != self.bos)


@dataclass(frozen=True)
class Corpus:
    """A text file as distinct documents in order of first appearance.

    symbols: every character in it once, in code order. n_lines counts its non-empty lines, repeated ones too.
    """

    documents: tuple[str, ...]
    symbols: str
    n_lines: int

    @property
    def tokenizer(self) -> Tokenizer:
        """Its symbols as tokens."""
        return Tokenizer(self.symbols)

    def n_cut(self, block_size: int) -> int:
        """How many documents, closing BOS included, need more than `block_size` predictions and are cut."""
        return sum(len(document) + 1 > block_size for document in self.documents)


def read_corpus(path: Path) -> Corpus:
    """One document per line: line ends stripped, empty lines and repeated documents dropped.

    Raises InputError, naming the line, when the file is missing, empty, a directory, not UTF-8, holds a
    character the cartridge's font lacks, or is one repeated character.
    """
    documents: dict[str, None] = {}
    n_lines = 0
    for number, line in _lines(path):
        for character in line:
            if character not in FONT:
                raise InputError(
                    f"{path}, line {number}: the cartridge's font has no {character!r} "
                    f"(U+{ord(character):04X}): remove or replace it (printable ASCII is there)"
                )
        if line:
            documents[line] = None
            n_lines += 1
    if not documents:
        raise InputError(f"{path} has no text in it: one document per line is needed")
    symbols = "".join(sorted(set().union(*documents)))
    if len(symbols) == 1:
        raise InputError(f"{path} repeats the one character {symbols!r}: there is nothing to learn")
    return Corpus(tuple(documents), symbols, n_lines)


def split(documents: Sequence[str], held_out: float = 0.1) -> tuple[list[str], list[str]]:
    """(training, held-out): a seeded shuffle of the distinct documents, and its first `held_out` share.

    The shuffle sorts by a keyed hash of each document, so the same documents are held out whatever the order
    or repetition of lines, the training seed or the version of any library. At least one is held out.
    Raises InputError when fewer than two documents are distinct.
    """
    shuffled = sorted(set(documents), key=lambda text: blake2b(text.encode(), key=SPLIT_KEY).digest())
    if len(shuffled) < 2:
        raise InputError("the text has one distinct line: one more is needed to measure the held-out loss")
    n_held_out = max(1, round(held_out * len(shuffled)))
    return shuffled[n_held_out:], shuffled[:n_held_out]


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """(number from 1, text without its line end) of every line, read as a stream."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    text = line.decode("utf-8-sig" if number == 1 else "utf-8")
                except UnicodeDecodeError as error:
                    raise InputError(
                        f"{path}, line {number}: not UTF-8 text: save the file as UTF-8, one document per line"
                    ) from error
                yield number, text.rstrip("\r\n")
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist: give a text file, one document per line") from error
    except IsADirectoryError as error:
        raise InputError(f"{path} is a directory: give a text file, one document per line") from error
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
