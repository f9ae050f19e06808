"""Rows in a file, one line of JSON each: a line is there whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from trainer.errors import InputError

Row = dict[str, Any]
"""The results of one point: docs/explore.md lists its fields."""


def read_rows(path: Path) -> list[Row]:
    """All whole lines of the file, none if there is no file.

    Text behind the last line end was cut off while it was written: it does not count, and append_row
    takes it away. Raises InputError, naming the line, for anything else that is no row.
    """
    whole, _, _ = _read(path).rpartition(b"\n")
    rows = []
    for number, line in enumerate(whole.split(b"\n") if whole else [], 1):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict) or not isinstance(row.get("point"), dict) or "text" not in row:
            raise InputError(
                f"{path}, line {number}: not a line of snesgpt explore: remove it, or give another --out"
            )
        rows.append(row)
    return rows


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
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
