"""Archives that are the same whenever they are made: sorted, with one time and one mode for every file."""

from __future__ import annotations

import zipfile
from pathlib import Path

TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest that a zip can say."""

READABLE = 0o100644 << 16


def write_zip(path: Path, folder: Path) -> None:
    """All files of a folder, below a folder of the archive's name."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file in sorted(file for file in folder.rglob("*") if file.is_file()):
            entry = zipfile.ZipInfo(f"{path.stem}/{file.relative_to(folder).as_posix()}", TIME)
            entry.external_attr, entry.compress_type = READABLE, zipfile.ZIP_DEFLATED
            archive.writestr(entry, file.read_bytes())
