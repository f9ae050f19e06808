"""What is at a path, before anything is read from it or written to it. It needs no numpy, which imports slowly."""

from __future__ import annotations

import json
import os
import stat
import zipfile
from pathlib import Path

from trainer.errors import InputError

HEADER = "header.npy"
MAX_HEADER = 1 << 24
"""Bytes of a header that is read only to know what a file is."""


def check_placed(path: Path) -> None:
    """Raises InputError for a relative path where the current folder is gone: there is no such place."""
    if path.is_absolute():
        return
    try:
        Path.cwd()
    except OSError as error:
        raise InputError(f"{path}: the current folder is gone ({error.strerror}): cd to one that exists") from error


def target_of(path: Path) -> Path:
    """What is written when `path` is: of a link, where it leads to."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def check_regular(path: Path) -> None:
    """Raises InputError for a directory, and for a pipe or a device, which may never end. Missing is fine."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    if stat.S_ISDIR(mode):
        raise InputError(f"{path} is a directory: give the file itself")
    if not stat.S_ISREG(mode):
        raise InputError(f"{path} is a pipe or a device: give a file")


def check_readable(path: Path) -> None:
    """Raises InputError as check_regular, and for a file that may not be read."""
    check_regular(path)
    if path.exists() and not os.access(path, os.R_OK):
        raise InputError(f"cannot read {path}: no permission")


def check_writable(path: Path) -> None:
    """Raises InputError for a file that cannot be made: where its folder is a file, or allows no writing.

    And for one that is read-only, though its folder would let it be replaced, and its mode would not stop root.
    """
    target = target_of(path)
    parents = (target.parent, *target.parent.absolute().parents)
    there = next(parent for parent in parents if os.path.lexists(parent))
    if not there.is_dir():
        raise InputError(f"cannot write {path}: {there} is a file, not a folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise InputError(f"cannot write {path}: {there} allows no writing")
    if target.exists() and not (target.stat().st_mode & 0o222 and os.access(target, os.W_OK)):
        raise InputError(f"cannot write {path}: it is read-only (chmod u+w it, or give another name)")


def format_of(path: Path) -> str | None:
    """The format that the header of a .npz names: empty where it names none, None for what is no whole .npz."""
    try:
        with zipfile.ZipFile(path) as file:
            if HEADER not in file.namelist() or file.getinfo(HEADER).file_size > MAX_HEADER:
                return ""
            data = file.read(HEADER)
        header = json.loads(data[10 + int.from_bytes(data[8:10], "little") :])
        return str(header.get("format", "")) if isinstance(header, dict) else ""
    except Exception:  # a damaged archive makes zipfile and zlib raise almost anything
        return None
