"""A text as distinct documents: read whole or, when it is too large, as a sample; some of it held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from zlib import crc32

from trainer.errors import InputError
from trainer.text.splitting import Reading
from trainer.text.tokenizer import Tokenizer

NAMES = Path(__file__).parents[1] / "data" / "names.txt"  # the default text
SPLIT_KEY = b"snes-gpt held-out 1"
MAX_HELD_OUT = 1 << 19
"""Characters: more would make the loss no surer and its measurement slow."""

LARGEST = 160_000_000
"""Bytes of memory that documents may take before only a sample of them is kept."""

BYTES_A_DOCUMENT, BYTES_A_CHARACTER = 200, 5
"""Bytes of memory for one, from the file to the batch: the text, its hash, its tokens, windows that overlap."""

DIGEST_BYTES = 16

ALL = 1 << 32  # what a CRC stays below
LINES = Reading()


@dataclass(frozen=True)
class Corpus:
    """A text file as distinct documents in order of first appearance.

    symbols: every character in them once, in code order. n_lines counts the documents in the file (lines,
    paragraphs or blocks), repeated ones too. share: how much of a large text was kept, 1.0 if all.
    """

    documents: tuple[str, ...]
    symbols: str
    n_lines: int
    reading: Reading = LINES
    share: float = 1.0

    @property
    def tokenizer(self) -> Tokenizer:
        """Its characters as tokens."""
        return Tokenizer(self.symbols, running=self.reading.running)

    @property
    def digest(self) -> str:
        """The text's fingerprint: that of its distinct documents, in whatever order they come."""
        digest = blake2b(digest_size=DIGEST_BYTES)
        for document in sorted(self.documents):
            digest.update(document.encode() + b"\0")
        return digest.hexdigest()

    def n_cut(self, block_size: int, tokenizer: Tokenizer | None = None) -> int:
        """How many documents, closing BOS included, need more than `block_size` predictions and are cut.

        None of a running text: there is a window for every part of it.
        """
        if self.reading.running:
            return 0
        long = [document for document in self.documents if len(document) + 1 > block_size]
        if tokenizer is None or not tokenizer.merges:
            return len(long)
        return sum(len(tokenizer.encode(document)) - 1 > block_size for document in long)


class Sample:
    """Distinct documents, as many as fit `limit` bytes of memory.

    Which ones is decided by a hash of each: neither order nor repetition matters, and all are as likely.
    """

    def __init__(self, limit: int) -> None:
        self.documents: dict[str, None] = {}
        self.below = ALL  # those whose hash is less are kept
        self._limit, self._size = limit, 0

    def add(self, document: str) -> None:
        """Keep it, or not."""
        if (self.below < ALL and not self._chosen(document)) or document in self.documents:
            return
        self.documents[document] = None
        self._size += _memory(document)
        while self._size > self._limit and len(self.documents) > 2:
            self.below //= 2
            for dropped in [kept for kept in self.documents if not self._chosen(kept)]:
                del self.documents[dropped]
                self._size -= _memory(dropped)

    def _chosen(self, document: str) -> bool:
        return crc32(document.encode()) < self.below


def _memory(document: str) -> int:
    return BYTES_A_DOCUMENT + BYTES_A_CHARACTER * len(document)


def read_corpus(path: Path, reading: Reading = LINES, limit: int = LARGEST) -> Corpus:
    """The distinct documents of a text file, read as a stream, or a sample of them that takes `limit` bytes.

    Raises InputError, naming the place, when the file is missing, empty, a directory, not UTF-8, holds a
    character the cartridge's font lacks, or is one repeated character.
    """
    sample, n_lines = Sample(limit), 0
    for document in reading.read(path):
        n_lines += 1
        sample.add(document)
    if not sample.documents:
        raise InputError(f"{path} has no text in it: two different {reading.unit}s are the least")
    symbols = "".join(sorted(set().union(*sample.documents)))
    if len(symbols) == 1:
        raise InputError(f"{path} repeats the one character {symbols!r}: there is nothing to learn")
    return Corpus(tuple(sample.documents), symbols, n_lines, reading, sample.below / ALL)


def split(documents: Sequence[str], held_out: float = 0.1, reading: Reading = LINES) -> tuple[list[str], list[str]]:
    """(training, held-out): a seeded shuffle of the distinct documents, and its first `held_out` share.

    The shuffle sorts by a keyed hash of each document, so the same documents are held out whatever the order
    or repetition of lines, the training seed or the version of any library. Of a running text the documents
    are its blocks: whole stretches are held out. At least one is and one is not, and of a large text no more
    than MAX_HELD_OUT characters. Raises InputError when fewer than two documents are distinct; `reading` says what
    one is.
    """
    shuffled = sorted(set(documents), key=lambda text: blake2b(text.encode(), key=SPLIT_KEY).digest())
    if len(shuffled) < 2:
        raise InputError(
            f"the text has one distinct {reading.unit}: one more is needed to measure the held-out loss"
            f"{reading.way_out}"
        )
    n_held_out = min(max(1, round(held_out * len(shuffled))), len(shuffled) - 1)
    characters = 0
    for number, document in enumerate(shuffled[:n_held_out]):
        characters += len(document)
        if characters > MAX_HELD_OUT:
            n_held_out = max(number, 1)
            break
    return shuffled[n_held_out:], shuffled[:n_held_out]
