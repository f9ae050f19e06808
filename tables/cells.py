"""The tiles drawn beside letters: cells of heat, bars, two marks; and the shade of a value."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tables import font
from tables.font import SIZE
from trainer.text.alphabet import NEWLINE

Pixels = NDArray[np.uint8]

CELL = 1
"""Tiles CELL … CELL + 2: a cell of colour 1, 2, 3 of its palette."""

BAR = 0x10
"""Tiles BAR … BAR + 7: a bar of 1 … 8 pixels."""

BASE = 0x18
"""The baseline of the bars, the tile of a bar of height zero."""

END = 0x1E
"""A name's beginning and its end."""

ELLIPSIS = 0x1F
RETURN = ord(NEWLINE)
"""A newline among letters."""

FIRST_LETTER = 32

LEVELS = 6
"""Shades above zero, of one sign."""

WARM, COOL, ZERO, LINE, FUTURE = 4, 6, 0, 1, 3
"""Palettes: two above zero, two below; the inks whose last colour is a cell at zero, BASE, a cell to come."""

SIGNED = (32, 64, 128, 256, 512, 1024)
"""The least magnitude of each shade, Q8.8, of a signed value: 1/8, 1/4 … 4."""

POSITIVE = (1, 64, 128, 256, 512, 1024)
"""The same of one that is never negative: what is dark is exactly zero."""

SHARES = (1, 3, 7, 14, 26, 42)
"""The same of a probability, in 64ths: fine where they are small."""

WHOLE = 64

_MARKS = {
    BASE: ("........",) * 7 + ("333.333.",),
    END: ("........", "........", "...1....", "..111...", ".11111..", "..111...", "...1....", "........"),
    RETURN: ("........", "......1.", "......1.", "..1...1.", ".111111.", "..1.....", "........", "........"),
    ELLIPSIS: ("........",) * 4 + ("11.11.11", "11.11.11", "........", "........"),
}


def level(magnitude: int, limits: Sequence[int]) -> int:
    """Shade of a magnitude, 0 … LEVELS."""
    return bisect_right(limits, magnitude)


def heat(level: int) -> tuple[int, int]:
    """Tile and palette of a shade: warm above zero, cool below, dark at zero."""
    if not level:
        return CELL + 2, ZERO
    palette, colour = divmod(abs(level) - 1, 3)
    return CELL + colour, (WARM if level > 0 else COOL) + palette


def future() -> tuple[int, int]:
    """Tile and palette of a cell whose position is still to come."""
    return CELL + 2, FUTURE


def entry(tile: int, palette: int) -> int:
    """A word of the tile map."""
    return tile | palette << 10


def pictures() -> dict[int, Pixels]:
    """The tiles below the letters, by number.    (8, 8) colours 0 … 3 each, row 0 on top."""
    drawn = {CELL + n: np.full((SIZE, SIZE), n + 1, np.uint8) for n in range(3)}
    drawn |= {BAR + n: np.ones((SIZE, SIZE), np.uint8) for n in range(SIZE)}
    for n in range(SIZE):
        drawn[BAR + n][: SIZE - 1 - n] = 0
    for picture in drawn.values():
        picture[:, -1] = 0
    for n in range(3):
        drawn[CELL + n][-1] = 0
    for tile, rows in _MARKS.items():
        marks = np.array([[int(mark) if mark != "." else 0 for mark in row] for row in rows], np.uint8)
        drawn[tile] = np.where(font.shadow((marks == 1).astype(np.uint8)) == 1, 2, marks)
    return drawn


def tiles_2bpp() -> bytes:
    """All tiles of the console, 16 bytes each: these, then the typeface."""
    planes = np.zeros((FIRST_LETTER, SIZE, 2, SIZE), np.uint8)
    for tile, picture in pictures().items():
        planes[tile, :, 0] = picture & 1
        planes[tile, :, 1] = picture >> 1
    return np.packbits(planes, axis=-1).tobytes() + font.tiles_2bpp()[2 * SIZE * FIRST_LETTER :]
