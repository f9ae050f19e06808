"""Rows in a file, one line of JSON each: a line is there whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from trainer.documents import checked, from_json
from trainer.errors import InputError
from trainer.files import LARGEST_DOCUMENT, LARGEST_FILE, read_file
from trainer.notes import Count, Word

Row = dict[str, Any]
"""The results of one point: docs/explore.md lists its fields."""

Speed = Annotated[float, Meta(ge=1e-6, le=1e9)]
Loss = Annotated[float, Meta(ge=0, le=1e6)]


class Tried(Struct, frozen=True, kw_only=True):
    """What is read of a line's `point`; its other settings are only compared."""

    name: Word
    n_embd: int
    n_layer: int
    digits: float
    seconds: Annotated[float, Meta(gt=0)]
    tokens: Count = 0


class Trained(Tried, frozen=True, kw_only=True):
    """The same of a point that became a model."""

    n_layer: Annotated[int, Meta(ge=1, le=6)]


class Failure(Struct, frozen=True, kw_only=True):
    """A line of a point without a result."""

    text: Word
    label: Word
    point: Tried
    error: str


class Success(Struct, frozen=True, kw_only=True):
    """What is read of a line with a result."""

    text: Word
    label: Word
    point: Trained
    nll_integer: Loss
    tokens_per_second: Speed
    characters_per_token: Annotated[float, Meta(ge=1e-6, le=1e3)] = 1.0
    rom_bytes: Annotated[int, Meta(ge=1, le=1 << 24)]
    kernel: Literal["digits", "schoolbook"]


def read_rows(path: Path) -> list[Row]:
    """All whole lines of the file, none if there is no file.

    Text behind the last line end was cut off while it was written: it does not count, and append_row
    takes it away. Raises InputError, naming the line, for anything else that is no row.
    """
    whole, _, _ = _read(path).rpartition(b"\n")
    rows = []
    for number, line in enumerate(whole.split(b"\n") if whole else [], 1):
        try:
            rows.append(_row(line))
        except InputError as error:
            raise InputError(f"{path}, line {number}: {error}; remove the line, or give another --out") from error
    return rows


def _row(line: bytes) -> Row:
    """A line as it is. Raises InputError, naming the field, where it has not what is read of one."""
    if len(line) > LARGEST_DOCUMENT:
        raise InputError(f"it has {len(line):,} bytes: {LARGEST_DOCUMENT:,} are the most")
    row: Row = checked(from_json(line), dict[str, Any])
    checked(row, Failure if "error" in row else Success)
    return row


def append_row(path: Path, row: Row) -> None:
    """Add a line, in one write, and see it to the disk. Raises InputError when that fails: then it is not there."""
    line = json.dumps(row, ensure_ascii=False).encode() + b"\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        end = _read(path).rfind(b"\n") + 1
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        try:
            os.ftruncate(file, end)
            if os.write(file, line) < len(line):
                os.ftruncate(file, end)
                raise InputError(f"cannot write {path}: the disk is full")
            os.fsync(file)
        finally:
            os.close(file)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error


def _read(path: Path) -> bytes:
    return read_file(path, LARGEST_FILE) if path.exists() else b""
