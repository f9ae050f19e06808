"""Letters as lanterns on the water, and arcs of light between them: how much each looks back at those before it."""

from __future__ import annotations

import numpy as np

from tables.title.canvas import COLUMNS, ONE, ROWS, Canvas, Whole, disc, glow
from tables.title.ramps import SEA, SKY
from tables.title.sea import streak
from tables.title.sky import HORIZON

WORD = "aurora"
FIRST_X, STEP, Y = 66, 32, 131
"""The lanterns' middles: four tiles apart, so that their reflections share tiles."""

_RADIUS = 13
"""Halves of a point."""

_FINE = 16
"""Parts of a point in which an arc's height is known."""

_BRIGHTEST = 12 * ONE + 8
"""Of the sky: what is as bright as a lantern would hide it."""

_FOOT = 127
"""The line where the arcs stand."""

_DIMMEST = 9 * ONE
"""The level of an arc that would carry nothing."""

_LETTERS = {
    "a": "..... .###. ....# .#### #...# .####",
    "o": "..... .###. #...# #...# #...# .###.",
    "r": "..... #.##. ##..# #.... #.... #....",
    "u": "..... #...# #...# #...# #...# .####",
}

LOOKS = ("", "6", "36", "506", "0406", "64758")
"""For each letter, how bright its arc is to each one before it."""

_RISE = (0, 5, 9, 12, 14, 15)
"""How high an arc is, by the letters it spans."""


def place(number: int) -> int:
    """The column of a lantern's middle."""
    return FIRST_X + STEP * number


def arc(start: int, end: int, height: int) -> Whole:
    """(224, 256) a bow from one column to another: 16 on it, shared by the two points it lies between."""
    out = np.zeros_like(ROWS)
    for x in range(start, end + 1):
        up = 4 * height * _FINE * (x - start) * (end - x) // (end - start) ** 2
        at, below = divmod(_FOOT * _FINE - up, _FINE)
        out[at, x] += _FINE - below
        out[at + 1, x] += below
    return out


def arcs(sky: Whole) -> Whole:
    """(224, 256) the sky's levels with all of them; a farther look rises higher."""
    out = sky
    for number, looks in enumerate(LOOKS):
        for before, bright in enumerate(looks):
            line = arc(place(before), place(number), _RISE[number - before])
            level = (_DIMMEST + int(bright) * 8) * (int(bright) > 0)
            bow = sky + np.maximum(level - sky, 0) * np.minimum(line + line // 2, _FINE) // _FINE
            out = np.where(line > 0, np.maximum(out, (bow + ONE // 2) // ONE * ONE), out)
    return out


def lanterns(canvas: Canvas) -> None:
    """The whole word with its lights."""
    halo = np.zeros_like(ROWS)
    for number in range(len(WORD)):
        halo += glow(place(number), Y, 16, 13, 44)
        canvas.lighten(glow(place(number), HORIZON, 13, 8, 40) + streak(place(number), 72), SEA)
    sky = canvas.material == SKY
    lit = np.minimum(canvas.level + halo, _BRIGHTEST)
    canvas.level[sky] = arcs(lit)[sky]
    for number, letter in enumerate(WORD):
        lantern(canvas, place(number), letter)


def lantern(canvas: Canvas, x: int, letter: str) -> None:
    """A globe of paper, its letter dark in it."""
    ball = disc(x, Y, _RADIUS)
    canvas.paint(ball, SKY, 13 * ONE)
    canvas.paint(disc(x, Y, _RADIUS - 2), SKY, 14 * ONE)
    canvas.paint(disc(x - 1, Y - 1, _RADIUS - 4), SKY, 15 * ONE)
    canvas.paint(ball & (ROWS >= Y + 5) & (abs(COLUMNS - x) < 6), SKY, 12 * ONE)
    drawing = [row.replace("#", "i") for row in _LETTERS[letter].split()]
    canvas.stamp(x - 2, Y - 4, drawing, {"i": (SKY, 6)})
