"""Drawings kept as text: read strictly, turned into the bit planes of tiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainer.errors import InputError

Pixels = NDArray[np.uint8]

CLEAR = "."
DIGITS = "0123456789ABCDEF"


@dataclass(frozen=True)
class Form:
    """What a file of drawings holds: their names, and of each so many blocks side by side, of one size.

    bits a pixel: colours 1 … 2^bits − 1 are digits, colour 0 is a dot.
    """

    names: Sequence[str]
    size: int
    bits: int
    blocks: int = 1

    @property
    def marks(self) -> str:
        return CLEAR + DIGITS[1 : 1 << self.bits]


def row(content: str, form: Form, where: str) -> list[list[int]]:
    """A line of a drawing, as (blocks, size) colours."""
    parts = content.split(" ")
    if len(parts) != form.blocks:
        raise InputError(
            f"{where}: a row has {form.blocks} blocks with one space between them, this one {len(parts)}"
        )
    for part in parts:
        if strange := sorted(set(part) - set(form.marks)):
            raise InputError(f"{where}: a row is made of {form.marks}, not of {''.join(strange)}")
        if len(part) != form.size:
            raise InputError(f"{where}: a row has {form.size} pixels, this one {len(part)}")
    return [[form.marks.index(mark) for mark in part] for part in parts]


def parse(text: str, form: Form, source: str) -> dict[str, Pixels]:
    """The drawings of a file by name: a line with the name, then its rows.    (blocks, size, size) colours each.

    Blank lines and lines that begin with // are ignored. Raises InputError, with the file, the line and what is
    wrong: an unknown name, a drawing twice or missing, a row or a drawing too short or too long, a strange mark.
    """
    drawn: dict[str, list[list[list[int]]]] = {}
    name = ""

    def finish(line: int) -> None:
        if name and len(drawn[name]) != form.size:
            raise InputError(f"{source}:{line}: {name} ends after {len(drawn[name])} of its {form.size} rows")

    for line, raw in enumerate(text.splitlines(), start=1):
        content = raw.rstrip()
        where = f"{source}:{line}"
        if not content or content.startswith("//"):
            continue
        if content in form.names:
            finish(line)
            if content in drawn:
                raise InputError(f"{where}: {content} is drawn twice")
            name = content
            drawn[name] = []
        elif not set(content) <= set(form.marks + " ") and content.isidentifier():
            raise InputError(f"{where}: there is no drawing named {content}")
        elif not name:
            raise InputError(f"{where}: {content!r} comes before the first name")
        elif len(drawn[name]) == form.size:
            raise InputError(f"{where}: {name} has more than {form.size} rows")
        else:
            drawn[name].append(row(content, form, f"{where}: {name}"))
    finish(text.count("\n") + 1)
    if missing := [name for name in form.names if name not in drawn]:
        raise InputError(f"{source}: not drawn: {', '.join(missing)}")
    return {name: np.array(drawn[name], np.uint8).transpose(1, 0, 2) for name in form.names}


def read(path: Path, form: Form) -> dict[str, Pixels]:
    """The drawings in a file, as parse gives them."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the drawings {path}: {error}") from error
    return parse(text, form, path.name)


def tiles(pixels: Pixels, bits: int) -> bytes:
    """Tiles of 8·bits bytes. pixels (n, 8, 8) colours.

    Of each pair of bit planes, row by row: a byte of the lower plane, one of the upper; leftmost pixel in bit 7.
    """
    planes = np.stack([pixels >> bit & 1 for bit in range(bits)], axis=2).astype(np.uint8)  # (n, 8, bits, 8)
    pairs = planes.reshape(len(pixels), 8, bits // 2, 2, 8).transpose(0, 2, 1, 3, 4)
    return np.packbits(pairs, axis=-1).tobytes()


def cut(picture: Pixels) -> Pixels:
    """The 8×8 tiles of a picture in reading order.    (8·h, 8·w) → (h·w, 8, 8)"""
    height, width = picture.shape
    return picture.reshape(height // 8, 8, width // 8, 8).transpose(0, 2, 1, 3).reshape(-1, 8, 8)
