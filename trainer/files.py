"""Files that are either whole or absent, and arrays that are data and never code."""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from trainer.errors import InputError

Array = np.ndarray[Any, np.dtype[Any]]
HEADER = "header"


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`, renamed onto it if the block succeeds and removed if it does not.

    Raises InputError when the target cannot be written (disk full, no permission, a directory in the way).
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}.", suffix=path.suffix)
        os.close(handle)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error
    temporary = Path(name)
    try:
        yield temporary
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        temporary.replace(path)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path`, whole or not at all."""
    with whole_file(path) as temporary:
        temporary.write_bytes(data)


def write_arrays(path: Path, header: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
    """Write a .npz of plain arrays; `header` is JSON in an array of bytes. Same input, same bytes."""
    text = json.dumps(header, sort_keys=True).encode()
    with whole_file(path) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **{HEADER: np.frombuffer(text, np.uint8), **arrays})


def read_arrays(path: Path) -> tuple[dict[str, Any], dict[str, Array]]:
    """Inverse of write_arrays. Nothing in the file is ever executed.

    Raises InputError when the file is missing, truncated, holds a pickle or has no header.
    """
    if path.is_dir():
        raise InputError(f"{path} is a directory: give the .npz file itself")
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist: run the stage that makes it first") from error
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, KeyError, AttributeError, TypeError) as error:
        reason = "it holds a pickle" if "pickle" in str(error) else "truncated or not an .npz"
        raise InputError(f"{path} is not a model file ({reason}): make it again") from error
    try:
        header = json.loads(arrays.pop(HEADER).tobytes())
    except (KeyError, ValueError) as error:
        raise InputError(f"{path} has no readable header: it was not written by snesgpt") from error
    if not isinstance(header, dict):
        raise InputError(f"{path} has no readable header: it was not written by snesgpt")
    return header, arrays
