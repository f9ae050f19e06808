"""How a text file is cut into documents: a line each, a paragraph each, or blocks of one running text.

Files are read in pieces, so that a document is all that must fit in memory.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from trainer.documents import checked
from trainer.errors import InputError
from trainer.notes import Notes
from trainer.paths import check_readable
from trainer.text.alphabet import FONT, NEWLINE, replacement

KINDS = {"lines": "line", "paragraphs": "paragraph", "stream": "block"}
"""The possible values of `documents`, and the name of one document for each."""

BLOCK = 2048
"""Characters of a running text that are trained on, or held out, together."""

PIECE, MAX_LENGTH = 1 << 20, 1 << 20
"""Characters read at once, and the most a line or paragraph may have."""

KNOWN = FONT | {NEWLINE}
NAMED = 12
"""Characters that the font lacks, besides the first, that a message has room for."""

WAYS_OUT = {
    "lines": "",
    "paragraphs": ": put blank lines between paragraphs, or choose lines as documents",
    "stream": f": a block has {BLOCK:,} characters, so for a short text choose lines or paragraphs as documents",
}


@dataclass(frozen=True)
class Reading:
    """The definition of a document (see KINDS), and whether capitals become small letters.

    Raises InputError for a kind that is not known.
    """

    documents: str = "lines"
    fold_case: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.documents, str) or self.documents not in KINDS:
            raise InputError(f"documents are {self.documents!r}: they must be one of {', '.join(KINDS)}")
        if not isinstance(self.fold_case, bool):
            raise InputError(f"fold_case is {self.fold_case!r}: it must be true or false")

    @classmethod
    def of(cls, info: Mapping[str, Any]) -> Reading:
        """As the notes of a model say its text was read. Notes of old models say nothing: lines."""
        return cls(info.get("documents", "lines"), info.get("fold_case", False))

    @property
    def notes(self) -> Notes:
        """For the notes of a model."""
        return checked(asdict(self), Notes)

    @property
    def unit(self) -> str:
        """The name of one document."""
        return KINDS[self.documents]

    @property
    def way_out(self) -> str:
        """How a text that is one document gets more of them: the end of a message."""
        return WAYS_OUT[self.documents]

    @property
    def running(self) -> bool:
        """True for one text without documents."""
        return self.documents == "stream"

    def clean(self, text: str) -> str:
        """Letters with their accents in one character (NFC); small ones only if case is folded."""
        text = text if text.isascii() else unicodedata.normalize("NFC", text)
        return text.lower() if self.fold_case else text

    def read(self, path: Path) -> Iterator[str]:
        """The documents of a file in order, empty ones dropped.

        Raises InputError, naming the place, when the file cannot be read, is not UTF-8, or holds characters
        the font lacks (all of them are named) or a document without end.
        """
        pieces = self._pieces(path)
        if self.running:
            return _blocks(pieces)
        lines = _lines(pieces, path)
        return _paragraphs(lines, path) if self.documents == "paragraphs" else (line for line in lines if line)

    def _pieces(self, path: Path) -> Iterator[str]:
        """The text, clean and checked, ends of lines as newlines; a piece ends a line unless that is endless."""
        line, column = 1, 1
        strange: dict[str, tuple[int, int]] = {}
        check_readable(path)
        try:
            with path.open(encoding="utf-8-sig") as file:
                while piece := file.read(PIECE) + file.readline(MAX_LENGTH):
                    piece = self.clean(piece)
                    for character in set(piece) - KNOWN - strange.keys():
                        strange[character] = _place(piece[: piece.index(character)], line, column)
                    if not strange:
                        yield piece
                    line, column = _place(piece, line, column)
        except FileNotFoundError as error:
            raise InputError(f"{path} does not exist: give a text file, one document per line") from error
        except IsADirectoryError as error:
            raise InputError(f"{path} is a directory: give a text file, one document per line") from error
        except UnicodeDecodeError as error:
            raise InputError(
                f"{path}, line {_undecodable(path)}: not UTF-8 text: save the file as UTF-8"
            ) from error
        except OSError as error:
            raise InputError(f"cannot read {path}: {error.strerror or error}") from error
        if strange:
            _refuse(path, strange)


def _place(before: str, line: int, column: int) -> tuple[int, int]:
    """The line and column that come after `before`, which begins at these."""
    column = len(before) - before.rfind(NEWLINE) if NEWLINE in before else column + len(before)
    return line + before.count(NEWLINE), column


def _refuse(path: Path, strange: Mapping[str, tuple[int, int]]) -> None:
    """Name every character that the font lacks, the first of the text first, with what to do about it."""
    (first, (line, column)), *others = sorted(strange.items(), key=lambda item: item[1])
    also = [
        f"{other!r} (U+{ord(other):04X}, line {line}: {replacement(other)})" for other, (line, _) in others[:NAMED]
    ]
    more = f"; and {len(others) - NAMED:,} more characters" if len(others) > NAMED else ""
    raise InputError(
        f"{path}, line {line}: the cartridge's font has no {first!r} (U+{ord(first):04X}) in column {column}: "
        f"{replacement(first)} (printable ASCII and the letters of Latin-1 are there)"
        f"{'; nor ' if also else ''}{', '.join(also)}{more}"
    )


def _undecodable(path: Path) -> int:
    """The first line that is not UTF-8."""
    number = 0
    with path.open("rb") as file:
        for line in file:
            number += 1
            try:
                line.decode()
            except UnicodeDecodeError:
                break
    return number


def _lines(pieces: Iterator[str], path: Path) -> Iterator[str]:
    number, open_line = 0, False
    for piece in pieces:
        if open_line:
            raise InputError(
                f"{path}, line {number} has more than {MAX_LENGTH:,} characters: "
                "for one running text choose --documents stream"
            )
        lines = piece.split(NEWLINE)
        open_line = bool(lines[-1])
        number += len(lines) - (not open_line)
        yield from lines if open_line else lines[:-1]


def _paragraphs(lines: Iterator[str], path: Path) -> Iterator[str]:
    gathered: list[str] = []
    size = 0
    for number, line in enumerate(lines, 1):
        line = line.rstrip()
        if line:
            gathered.append(line)
            size += len(line) + 1
            if size > MAX_LENGTH:
                raise InputError(
                    f"{path}, line {number}: a paragraph of more than {MAX_LENGTH:,} characters: "
                    "put blank lines between them, or choose --documents lines or stream"
                )
        elif gathered:
            yield NEWLINE.join(gathered)
            gathered, size = [], 0
    if gathered:
        yield NEWLINE.join(gathered)


def _blocks(pieces: Iterator[str]) -> Iterator[str]:
    rest = ""
    for piece in pieces:
        rest += piece
        whole = len(rest) - len(rest) % BLOCK
        yield from (block for i in range(0, whole, BLOCK) if (block := rest[i : i + BLOCK]).strip())
        rest = rest[whole:]
    if rest.strip():
        yield rest
