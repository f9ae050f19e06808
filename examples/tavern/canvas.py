"""A sheet to draw on: every point has a material and a level of its ramp. Light comes last, over all of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from ramps import FIRSTS, FLAME, LENGTHS, LETTERS, NIGHT
from tiles import CLEAR, Picture

WIDTH, HEIGHT = 256, 224
BAYER = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]]) / 16 - 0.5
DITHER = 0.45
"""Of one level: how far the grain of the light reaches."""

Levels = NDArray[np.float64]


@dataclass(frozen=True)
class Lamp:
    """A light: where, how far it reaches and how many levels it gives in its middle."""

    x: int
    y: int
    radius: int
    strength: float


class Canvas:
    """The sheet, clear at first."""

    def __init__(self) -> None:
        self.material = np.full((HEIGHT, WIDTH), CLEAR, np.int16)
        self.level: Levels = np.zeros((HEIGHT, WIDTH))

    def fill(self, x: int, y: int, width: int, height: int, material: int, level: float) -> None:
        """A rectangle of one level."""
        self.material[y : y + height, x : x + width] = material
        self.level[y : y + height, x : x + width] = level

    def add(self, x: int, y: int, width: int, height: int, change: float) -> None:
        """Make what is there lighter or darker."""
        self.level[y : y + height, x : x + width] += change

    def ellipse(self, x: float, y: float, across: float, down: float) -> NDArray[np.bool_]:
        """Which points lie in an ellipse around (x, y)."""
        rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
        inside = np.square((columns + 0.5 - x) / across) + np.square((rows + 0.5 - y) / down) <= 1
        return np.asarray(inside)

    def disc(self, x: float, y: float, across: float, down: float, material: int, level: float) -> None:
        """A filled ellipse."""
        inside = self.ellipse(x, y, across, down)
        self.material[inside] = material
        self.level[inside] = level

    def shade(self, x: float, y: float, across: float, down: float, change: float) -> None:
        """A soft-edged shadow on what is there."""
        self.level[self.ellipse(x, y, across, down)] += change / 2
        self.level[self.ellipse(x, y, across - 2, down - 1.5)] += change / 2

    def stamp(self, x: int, y: int, drawing: Sequence[str]) -> None:
        """A drawing of letters, see LETTERS: its top left corner is (x, y)."""
        for down, row in enumerate(drawing):
            for right, letter in enumerate(row):
                if letter != ".":
                    self.point(x + right, y + down, LETTERS.index(letter))

    def point(self, x: int, y: int, colour: int) -> None:
        """One point of a numbered colour."""
        ramp = max(number for number, first in enumerate(FIRSTS) if first <= colour)
        self.material[y, x] = ramp
        self.level[y, x] = colour - FIRSTS[ramp]

    def lit(self, light: Levels) -> Picture:
        """The picture in this light. Flames and the sky shine by themselves."""
        rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
        own = (self.material == FLAME) | (self.material == NIGHT)
        level = self.level + np.where(own, 0, light + DITHER * BAYER[rows % 4, columns % 4])
        top = np.array(LENGTHS)[self.material] - 1
        steps = np.clip(np.rint(level), 0, top).astype(np.int16)
        return np.where(self.material == CLEAR, CLEAR, np.array(FIRSTS)[self.material] + steps).astype(np.int16)


def light_of(lamps: Sequence[Lamp], dark: float) -> Levels:
    """Levels to add everywhere: `dark` without a lamp, less in the corners."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    edge = np.square((columns - WIDTH / 2) / (WIDTH / 2)) + np.square((rows - HEIGHT / 2) / (HEIGHT / 2))
    light: Levels = dark - 0.55 * np.square(edge)
    for lamp in lamps:
        distance = np.hypot(columns - lamp.x, 1.25 * (rows - lamp.y)) / lamp.radius
        light += lamp.strength * np.square(np.clip(1 - distance, 0, 1)) * (1 + np.clip(distance, 0, 1))
    return light
