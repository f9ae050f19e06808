"""The logo's letters: outlines of a heavy roman, two units a pixel, 88 units high; and which points they hold."""

from __future__ import annotations

import numpy as np

from tables.title.canvas import Mask

CAP = 88
"""Units from the top of a letter to its foot; round ones reach two beyond."""

_UNIT = 2
"""Units a pixel."""

_FINE = 8
"""Outlines are followed in eighths of a unit."""

_CURVE = 12
"""Straight pieces a curve is made of."""

OUTLINES = {
    "S": (
        "M 42 0 L 43 27 L 38 27 Q 34 7 22 7 Q 15 7 15 16 Q 15 23 24 28 L 33 33 Q 48 42 48 61 Q 48 90 22 90 "
        "Q 14 90 8 86 L 5 88 L 2 88 L 1 60 L 6 60 Q 11 81 23 81 Q 32 81 32 72 Q 32 65 22 59 L 14 54 "
        "Q 0 45 0 27 Q 0 -2 24 -2 Q 31 -2 37 3 L 39 0 Z"
    ),
    "N": (
        "M 0 0 L 20 0 L 45 48 L 45 12 Q 45 5 38 4 L 38 0 L 62 0 L 62 4 Q 55 5 55 12 L 55 88 L 46 88 L 16 31 "
        "L 16 76 Q 16 83 23 84 L 23 88 L 0 88 L 0 84 Q 6 83 6 76 L 6 12 Q 6 5 0 4 Z"
    ),
    "E": (
        "M 0 0 L 45 0 L 46 24 L 41 24 Q 39 9 28 9 L 24 9 L 24 38 L 28 38 Q 34 38 35 29 L 40 29 L 40 57 L 35 57 "
        "Q 34 48 28 48 L 24 48 L 24 79 L 29 79 Q 41 79 43 63 L 48 63 L 46 88 L 0 88 L 0 84 Q 6 83 6 76 L 6 12 "
        "Q 6 5 0 4 Z"
    ),
    "-": "M 0 46 L 7 39 L 19 39 L 26 46 L 19 53 L 7 53 Z",
    "G": (
        "M 48 0 L 50 28 L 45 28 Q 41 7 31 7 Q 19 7 19 44 Q 19 81 31 81 Q 36 81 37 78 L 37 58 Q 37 51 30 50 "
        "L 30 46 L 61 46 L 61 50 Q 55 51 55 58 L 55 88 L 51 88 L 48 83 Q 41 90 30 90 Q 0 90 0 44 Q 0 -2 29 -2 "
        "Q 37 -2 43 4 L 45 0 Z"
    ),
    "P": (
        "M 0 0 L 28 0 Q 53 0 53 26 Q 53 52 28 52 L 24 52 L 24 76 Q 24 83 32 84 L 32 88 L 0 88 L 0 84 "
        "Q 6 83 6 76 L 6 12 Q 6 5 0 4 Z M 24 9 L 26 9 Q 35 9 35 26 Q 35 43 26 43 L 24 43 Z"
    ),
    "T": (
        "M 2 0 L 54 0 L 56 26 L 51 26 Q 48 10 37 10 L 37 76 Q 37 83 45 84 L 45 88 L 11 88 L 11 84 Q 19 83 19 76 "
        "L 19 10 Q 8 10 5 26 L 0 26 Z"
    ),
}
"""M begins an outline, L is a straight line to, Q a curve by way of and to, Z closes."""

Outline = list[tuple[int, int]]


def width(letter: str) -> int:
    """Units from a letter's left edge to its right."""
    return max(x for outline in outlines(letter) for x, _ in outline) // _FINE


def outlines(letter: str) -> list[Outline]:
    """The closed lines of a letter, in eighths of a unit."""
    words = iter(OUTLINES[letter].split())
    out: list[Outline] = []
    for word in words:
        if word == "M":
            out.append([(_place(next(words)), _place(next(words)))])
        elif word == "L":
            out[-1].append((_place(next(words)), _place(next(words))))
        elif word == "Q":
            by = _place(next(words)), _place(next(words))
            out[-1] += curve(out[-1][-1], by, (_place(next(words)), _place(next(words))))
    return out


def _place(text: str) -> int:
    return int(text) * _FINE


def curve(start: tuple[int, int], by: tuple[int, int], end: tuple[int, int]) -> Outline:
    """The points of a curve after its first."""
    out = []
    for step in range(1, _CURVE + 1):
        rest = _CURVE - step
        x, y = (
            (rest * rest * one + 2 * rest * step * two + step * step * three) // _CURVE**2
            for one, two, three in zip(start, by, end, strict=True)
        )
        out.append((x, y))
    return out


def shape(letter: str, left: int, top: int, size: tuple[int, int]) -> Mask:
    """Which points of a sheet of `size` (height, width) a letter holds whose corner is at (left, top) units."""
    rows, columns = np.mgrid[0 : size[0], 0 : size[1]]
    x = (columns * _UNIT + 1 - left) * _FINE + 1
    y = (rows * _UNIT + 1 - top) * _FINE + 1
    inside = np.zeros(size, bool)
    for outline in outlines(letter):
        for (x0, y0), (x1, y1) in zip(outline, outline[1:] + outline[:1], strict=True):
            if y0 != y1:
                between = (y0 <= y) != (y1 <= y)
                side = (x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)
                inside ^= between & ((side > 0) == (y1 > y0))
    return inside
