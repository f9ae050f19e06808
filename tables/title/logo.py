"""The name in gold: gradient, bevel, depth, outline, a shadow, and its shine on the sky."""

from __future__ import annotations

import numpy as np

from tables.title.canvas import HEIGHT, ONE, ROWS, WIDTH, Canvas, Mask, Whole, along, crisp
from tables.title.glyphs import shape, width
from tables.title.ramps import GOLD, SKY, WINE

NAME = "SNES-GPT"
TOP = 32
"""The line of the letters' upper edge."""

_GAP = 6
"""Units between two letters: so the two S are eleven tiles apart, and share most of theirs."""

_DEPTH = 4
"""Points that the letters are thick, downwards."""

_HALO, _HALO_LIGHT = 5, 7
"""How far the name shines, and how much brighter each point nearer is, in sixteenths of a level."""

_HALO_TOP, _HALO_END = 24, 88
"""The lines between which it does, whole tiles; it fades to the lower."""

_MOST = 6 * ONE
"""The brightest sky around it."""

_GLINTS = ((21, 35), (236, 33), (151, 73))
"""(x, y) where the gold sparkles."""

_GLINT = (
    "....o....",
    "....y....",
    "....w....",
    "...www...",
    "oywwwwwyo",
    "...www...",
    "....w....",
    "....y....",
    "....o....",
)

_FACE = ((0, 92), (8, 84), (20, 58), (24, 40), (26, 28), (30, 48), (38, 78), (45, 92))
"""(lines below the top, sixteenths of a level): a bright sky above, a dark horizon, a bright ground."""


def moved(mask: Mask, right: int, down: int) -> Mask:
    """A mask (224, 256) pushed aside; nothing comes in at the edges as long as none touches them."""
    return np.roll(mask, (down, right), axis=(0, 1))


def grown(mask: Mask) -> Mask:
    """A mask and its four neighbours."""
    return mask | moved(mask, 1, 0) | moved(mask, -1, 0) | moved(mask, 0, 1) | moved(mask, 0, -1)


def square(mask: Mask) -> Mask:
    """A mask and its eight neighbours."""
    wide = mask | moved(mask, 1, 0) | moved(mask, -1, 0)
    return wide | moved(wide, 0, 1) | moved(wide, 0, -1)


def letters() -> Mask:
    """(224, 256) the name's points."""
    total = sum(width(letter) + _GAP for letter in NAME) - _GAP
    left = WIDTH - total // 2
    left -= left % 2
    mask = np.zeros((HEIGHT, WIDTH), bool)
    for letter in NAME:
        mask |= shape(letter, left, 2 * TOP, (HEIGHT, WIDTH))
        left += width(letter) + _GAP
    return mask


def face(mask: Mask) -> Whole:
    """Levels of the letters' front: gold under an evening sky, lit from above on the left."""
    level = crisp(along(_FACE, ROWS - TOP))
    upper = mask & ~(moved(mask, 0, 1) & moved(mask, 1, 0))
    lower = mask & ~(moved(mask, 0, -1) & moved(mask, -1, 0))
    level = np.where(lower, level // ONE * ONE - 2 * ONE, level)
    return np.where(upper, np.maximum(level // ONE * ONE + 2 * ONE, 4 * ONE), level)


def logo(canvas: Canvas) -> None:
    """The whole name."""
    mask = letters()
    body = mask.copy()
    for down in range(1, _DEPTH + 1):
        body |= moved(mask, 0, down)
    outline = grown(grown(body))
    around = outline | moved(outline, 1, 2)
    light = halo(around) * np.clip(_HALO_END - ROWS, 0, 8) // 8 * (ROWS >= _HALO_TOP)
    canvas.level = np.where(light > 0, np.minimum(canvas.level + light, _MOST), canvas.level)
    canvas.paint(around, SKY, 0)
    canvas.paint(body, WINE, 0)
    canvas.paint(moved(mask, 0, 1) | moved(mask, 0, 2), GOLD, 0)
    canvas.paint(mask, GOLD, np.clip(face(mask), 0, 6 * ONE))
    for x, y in _GLINTS:
        canvas.stamp(x - 4, y - 4, _GLINT, {"w": (GOLD, 6), "y": (GOLD, 5), "o": (GOLD, 3)})


def halo(mask: Mask) -> Whole:
    """(224, 256) light on the sky around the name, less with every point of distance."""
    out = np.zeros_like(ROWS)
    for step in range(_HALO):
        mask = grown(mask) if step % 2 else square(mask)
        out += np.where(mask, _HALO_LIGHT, 0)
    return out
