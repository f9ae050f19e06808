"""The checksums of the cartridges that come of checkpoints/: anybody who builds one can compare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path

from publish.cartridges import CHECKPOINTS, TITLES, Cartridge, cartridges
from trainer.errors import InputError
from trainer.files import read_file, whole_file

CHECKSUMS = Path(__file__).with_name("checksums.txt")
"""As sha256sum writes and reads them."""

LARGEST = 1 << 30
"""Bytes. A release has an archive of the whole site, cartridges and data."""


def shipped() -> Iterable[Cartridge]:
    """Those whose weights come with the project."""
    return cartridges([title for title in TITLES if (CHECKPOINTS / f"{title.weights}.npz").exists()])


def checksums(files: Iterable[tuple[str, Path]]) -> dict[str, str]:
    """Name → SHA-256 of its file. Raises InputError for one that is not there."""
    return {
        name: sha256(read_file(path, LARGEST, "`make cartridges` makes it")).hexdigest() for name, path in files
    }


def as_text(sums: Mapping[str, str]) -> str:
    """A line for each name, in order."""
    return "".join(f"{sums[name]}  {name}\n" for name in sorted(sums))


def from_text(text: str) -> dict[str, str]:
    """Inverse of as_text."""
    return {name: checksum for checksum, _, name in (line.partition("  ") for line in text.splitlines())}


def write_checksums() -> int:
    """Of the cartridges in build/ that come of checkpoints/: writes CHECKSUMS, and returns how many there are."""
    sums = checksums((cartridge.file_name, cartridge.rom) for cartridge in shipped())
    with whole_file(CHECKSUMS) as temporary:
        temporary.write_text(as_text(sums), encoding="utf-8")
    return len(sums)


def unlike_published() -> list[str]:
    """The cartridges in build/ that are other ones than CHECKSUMS says."""
    published = from_text(CHECKSUMS.read_text(encoding="utf-8"))
    found = checksums((cartridge.file_name, cartridge.rom) for cartridge in shipped())
    return sorted(name for name in found.keys() | published.keys() if found.get(name) != published.get(name))


def check_published() -> None:
    """Raises InputError where a cartridge in build/ is another one than CHECKSUMS says."""
    if other := unlike_published():
        raise InputError(
            f"{', '.join(other)}: not as {CHECKSUMS.name} says; if the code or a checkpoint was meant to change, "
            "`make checksums` writes it again"
        )
