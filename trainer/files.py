"""Files that are either whole or absent, and arrays that are data and never code.

Nothing temporary is left behind: what an exception cannot remove, because the process was killed, the next one
that works in the same folder does. A lock, which ends with its process, tells it from what is in use.
"""

from __future__ import annotations

import fcntl
import io
import json
import os
import pickle
import re
import shutil
import signal
import tempfile
import threading
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import Any

import numpy as np

from trainer.documents import from_json, reading
from trainer.errors import InputError
from trainer.paths import check_readable, check_regular, check_writable, target_of

Array = np.ndarray[Any, np.dtype[Any]]
HEADER = "header"
LARGEST_FILE = 64 << 20
"""Bytes. A checkpoint of the largest model that ModelConfig allows has 21 million."""

LARGEST_DOCUMENT = 1 << 20
"""Bytes of JSON or TOML. What a parser makes of it takes 25 times the room; 39 tensors need 4,000 bytes."""


TEMPORARY = ".snes-gpt-"
"""What the names of temporary files and folders begin with."""

OURS = re.compile(re.escape(TEMPORARY) + r"[0-9a-f]{16}(\.\w+)?$")
"""The names that are made here: others that begin so are somebody's own."""


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder that is gone afterwards. Raises InputError when there is no room for it or what is put in it."""
    parent = Path(tempfile.gettempdir())
    try:
        _sweep(parent)
        with _temporary(parent, lambda path: path.mkdir(0o700)) as folder:
            yield folder
    except OSError as error:
        raise InputError(f"cannot work in {parent}: {error.strerror or error}") from error


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`, renamed onto it if the block succeeds and removed if it does not.

    Of a link the target is replaced, and what is replaced keeps its mode and its owner.
    Raises InputError when it cannot be written (disk full, no permission, read-only, a directory in the way).
    """
    with _told_of(path):
        target = target_of(path)
        _sweep(target.parent)
        with _replacement(target) as temporary:
            yield temporary
            temporary.replace(target)


def write_all(files: Mapping[Path, bytes]) -> None:
    """Write files as whole_file does, and all or none: the first takes its place when the last is written.

    They take them in their order, and only a kill can come between. Raises InputError as whole_file.
    """
    targets = {path: target_of(path) for path in files}
    for parent in {target.parent for target in targets.values()}:
        _sweep(parent)
    with ExitStack() as stack:
        temporaries = {}
        for path, content in files.items():
            with _told_of(path):
                temporaries[path] = stack.enter_context(_replacement(targets[path]))
                temporaries[path].write_bytes(content)
        with _deaf():
            for path, temporary in temporaries.items():
                with _told_of(path):
                    temporary.replace(targets[path])


@contextmanager
def _told_of(path: Path) -> Iterator[None]:
    """Raises InputError for what keeps `path` from being written."""
    try:
        check_regular(path)
        check_writable(path)
        yield
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error


@contextmanager
def _replacement(target: Path) -> Iterator[Path]:
    """A temporary file beside `target`, which has its mode and owner, as far as they may be given."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with _temporary(target.parent, lambda path: path.touch(exist_ok=False), target.suffix) as temporary:
        if target.exists():
            there = target.stat()
            with suppress(OSError):
                os.chown(temporary, there.st_uid, there.st_gid)
            with suppress(OSError):
                temporary.chmod(there.st_mode & 0o777)
        yield temporary


@contextmanager
def _deaf() -> Iterator[None]:
    """Signals that raise KeyboardInterrupt do so at the end of the block. Other threads than the main one get none.

    A mask would not do: numpy's threads have none, and take the signal for all.
    """
    came, before = list[int](), dict[int, Any]()
    try:
        if threading.current_thread() is threading.main_thread():
            for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                if callable(signal.getsignal(ending)):
                    before[ending] = signal.signal(ending, lambda number, _: came.append(number))
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if came:
            signal.raise_signal(came[0])


def _sweep(parent: Path) -> None:
    """Removes what killed processes left in a folder."""
    for left in [path for path in parent.glob(f"{TEMPORARY}*") if OURS.match(path.name)]:
        with suppress(OSError):
            lock = _lock(left, fcntl.LOCK_NB)
            _remove(left)
            os.close(lock)


@contextmanager
def _temporary(parent: Path, make: Callable[[Path], None], suffix: str = "") -> Iterator[Path]:
    """A new path in `parent`, made, locked, in the end removed."""
    path = parent / f"{TEMPORARY}{token_hex(8)}{suffix}"
    try:
        lock = _made_and_locked(path, make)
        try:
            yield path
        finally:
            os.close(lock)
    finally:
        try:
            _remove(path)
        except KeyboardInterrupt:  # of all moments, while it is being removed
            _remove(path)
            raise


def _made_and_locked(path: Path, make: Callable[[Path], None]) -> int:
    """The lock: made again if another process took it for left before it was locked."""
    while True:
        make(path)
        with suppress(FileNotFoundError):
            lock = _lock(path)
            if path.exists():
                return lock
            os.close(lock)


def _lock(path: Path, wait: int = 0) -> int:
    """The handle that holds the lock on a file or folder of ours. Raises OSError when there is none to get."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | wait)
    except OSError:
        os.close(handle)
        raise
    return handle


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def _signals_wait() -> Iterator[None]:
    """Ctrl-C and its like wait while a block runs: half an archive complains when it is collected."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def write_arrays(
    path: Path, header: Mapping[str, Any], arrays: Mapping[str, Array], *, packed: bool = False
) -> None:
    """Write a .npz of plain arrays; `header` is JSON in an array of bytes. Same input, same bytes.

    packed: compressed, for what is written once and kept: weights made of digits become a fifth.
    """
    text, save = json.dumps(header, sort_keys=True).encode(), np.savez_compressed if packed else np.savez
    members: dict[str, Any] = {HEADER: np.frombuffer(text, np.uint8), **arrays}
    with whole_file(path) as temporary, temporary.open("wb") as file, _signals_wait():
        save(file, **members)


def read_arrays(path: Path) -> tuple[dict[str, Any], dict[str, Array]]:
    """Inverse of write_arrays. Nothing in the file is ever executed, and no size it declares is believed.

    Raises InputError when the file is missing, truncated, holds a pickle, unpacks to more than any model needs
    or has no header. The header is plain data: its reader compares it with the format's type.
    """
    check_readable(path)
    try:
        with zipfile.ZipFile(path) as file:
            if sum(member.file_size for member in file.infolist()) > LARGEST_FILE:
                raise InputError(f"{path} unpacks to more than {LARGEST_FILE >> 20} MiB: no model is that large")
            arrays = {member.filename.removesuffix(".npy"): _array(file, member) for member in file.infolist()}
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist: run the stage that makes it first") from error
    except InputError:
        raise
    except Exception as error:  # a damaged archive makes zipfile, zlib and numpy raise almost anything
        reason = "it holds a pickle" if isinstance(error, pickle.UnpicklingError) else "truncated or not an .npz"
        raise InputError(f"{path} is not a model file ({reason}): make it again") from error
    if HEADER not in arrays or arrays[HEADER].nbytes > LARGEST_DOCUMENT:
        raise InputError(f"{path} has no readable header: it was not written by snesgpt")
    with reading(f"{path}: the header"):
        header = from_json(arrays.pop(HEADER).tobytes())
    if not isinstance(header, dict):
        raise InputError(f"{path} has no readable header: it was not written by snesgpt")
    return header, arrays


def read_file(path: Path, limit: int, missing: str = "give a file that is there") -> bytes:
    """A whole file, and of what has no end, nothing. missing: what to do if it does not exist.

    Raises InputError when it cannot be read, or has more than `limit` bytes.
    """
    check_readable(path)
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > limit:
                raise InputError(f"{path} has {size:,} bytes: {limit:,} are the most that such a file has")
            return file.read(size)
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist: {missing}") from error
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error


def _array(file: zipfile.ZipFile, member: zipfile.ZipInfo) -> Array:
    """The array of a .npy: a view of its bytes, so that one which declares more than it has costs no memory.

    Raises UnpicklingError for an array of objects, ValueError when size and shape differ, a warning as an error.
    """
    with file.open(member) as packed:
        data = packed.read(member.file_size)  # no more than it declares, however much comes out
    npy = io.BytesIO(data)
    with warnings.catch_warnings(action="error"):
        np.lib.format.read_magic(npy)
        shape, in_columns, dtype = np.lib.format.read_array_header_1_0(npy)
    if dtype.hasobject:
        raise pickle.UnpicklingError("an array of objects")
    return np.frombuffer(data, dtype, offset=npy.tell()).reshape(shape, order="F" if in_columns else "C")
