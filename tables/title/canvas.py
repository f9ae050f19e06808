"""A sheet to draw on: every point has a material and a level of its ramp, in sixteenths. Whole numbers only."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tables.title.ramps import WORDS

WIDTH, HEIGHT = 256, 224
ONE = 16
"""A level."""

BAYER: Whole = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]])
"""The grain, in sixteenths: four points wide, so that a tile holds it twice."""

Whole = NDArray[np.int64]
Mask = NDArray[np.bool_]

ROWS: Whole = np.repeat(np.arange(HEIGHT)[:, None], WIDTH, axis=1)
COLUMNS: Whole = np.repeat(np.arange(WIDTH)[None], HEIGHT, axis=0)
"""(224, 256) each point's place."""


class Canvas:
    """The sheet (224, 256)."""

    def __init__(self) -> None:
        self.material: Whole = np.zeros((HEIGHT, WIDTH), np.int64)
        self.level: Whole = np.zeros((HEIGHT, WIDTH), np.int64)

    def paint(self, where: Mask, material: int, level: Whole | int) -> None:
        """Cover the points of a mask with a material; `level` in sixteenths, (224, 256) or one for all."""
        self.material[where] = material
        self.level[where] = np.broadcast_to(np.asarray(level), where.shape)[where]

    def lighten(self, change: Whole, *materials: int) -> None:
        """Raise the levels of what is made of these materials."""
        self.level += np.where(np.isin(self.material, materials), change, 0)

    def point(self, x: int, y: int, material: int, level: int) -> None:
        """One point of a whole level, if it lies on the sheet."""
        if 0 <= x < WIDTH and 0 <= y < HEIGHT:
            self.material[y, x], self.level[y, x] = material, level * ONE

    def stamp(self, x: int, y: int, drawing: Sequence[str], inks: dict[str, tuple[int, int]]) -> None:
        """A drawing of letters, each a material and a level; its top left corner is (x, y). A dot is clear."""
        for down, row in enumerate(drawing):
            for right, letter in enumerate(row):
                if letter != ".":
                    self.point(x + right, y + down, *inks[letter])

    def colours(self) -> Whole:
        """(224, 256) colours of 15 bits: what lies between two levels is a grain of both."""
        grain = BAYER[ROWS % 4, COLUMNS % 4]
        steps = (self.level + grain) // ONE
        out = np.zeros_like(steps)
        for material, ramp in enumerate(WORDS):
            here = self.material == material
            out[here] = np.array(ramp)[np.clip(steps[here], 0, len(ramp) - 1)]
        return out


def crisp(level: Whole) -> Whole:
    """Levels (…) with the grain only near the middle between two: calm bands with soft borders."""
    whole, rest = level // ONE, level % ONE
    return whole * ONE + np.clip(2 * rest - ONE // 2, 0, ONE)


def along(stops: Sequence[tuple[int, int]], at: Whole) -> Whole:
    """A line through (place, value) points, straight between two, at places (…)."""
    out = np.full_like(at, stops[0][1])
    for (start, low), (end, high) in pairwise(stops):
        out = np.where(at >= start, low + (high - low) * (np.minimum(at, end) - start) // (end - start), out)
    return out


def disc(x: int, y: int, radius: int) -> Mask:
    """The points within a circle; `radius` in halves."""
    return np.asarray(4 * ((COLUMNS - x) ** 2 + (ROWS - y) ** 2) <= radius * radius)


def glow(x: int, y: int, across: int, down: int, strength: int) -> Whole:
    """(224, 256) a soft light: `strength` in its middle, nothing at the rim of its ellipse."""
    far = (COLUMNS - x) ** 2 * 1024 // across**2 + (ROWS - y) ** 2 * 1024 // down**2
    near = np.clip(1024 - far, 0, 1024)
    return np.asarray(near * near // 1024 * strength // 1024)
