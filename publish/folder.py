"""Folders that are whole or as they were."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trainer.errors import InputError


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A new folder beside `path`, which takes its place if the block succeeds, and is removed if it does not.

    Raises InputError when it cannot be written.
    """
    new = path.with_name(f"{path.name}.new")
    try:
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        yield new
        if path.exists():
            shutil.rmtree(path)
        new.replace(path)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error}") from error
    finally:
        shutil.rmtree(new, ignore_errors=True)
