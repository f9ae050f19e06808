"""Where nobody can walk, and what hides whoever walks behind it: by cells of 8×8 points."""

from __future__ import annotations

from random import Random

import numpy as np
from canvas import HEIGHT, WIDTH, Canvas
from furniture import BAR, BARRELS, STOOLS, TABLES, bar, barrel, laid_table
from numpy.typing import NDArray
from room import FRONT_WALL, WALL
from tiles import CLEAR, TILE

FREE, BLOCKED, BEHIND = range(3)
"""What a cell means to the feet: walk, stop, or walk hidden by what stands in front."""

BAR_TOP = 96
"""The bar hides the innkeeper down to this line; the player is always before it."""

Cells = NDArray[np.uint8]
Box = tuple[int, int, int, int]


def ground(people: list[tuple[int, int]]) -> Cells:
    """(28, 32) cells: walls, furniture and people block; two cells behind tables and barrels it is hidden."""
    cells = np.full((HEIGHT // TILE, WIDTH // TILE), FREE, np.uint8)
    for x, y, across, down in TABLES:
        block(cells, (x - across + 4, y - 4, 2 * across - 8, down + 20), hidden=2)
    for x, y in BARRELS:
        block(cells, (x - 8, y - 8, 16, 8), hidden=2)
    for x, y in STOOLS:
        block(cells, (x - 6, y - 2, 12, 12), hidden=0)
    for x, y in people:  # two rows, so that nobody stands right behind somebody and is not seen
        block(cells, (x - 8, y - 16, 16, 16), hidden=0)
    cells[: WALL // TILE + 1] = BLOCKED
    cells[: (BAR[1] + BAR[3]) // TILE, BAR[0] // TILE :] = BLOCKED
    cells[FRONT_WALL // TILE :] = BLOCKED
    cells[:, 0] = cells[:, -1] = BLOCKED
    return cells


def block(cells: Cells, box: Box, hidden: int) -> None:
    """A box (x, y, width, height) that stops everybody, and so many cells above it that are behind."""
    left, right = (box[0] + TILE // 2) // TILE, (box[0] + box[2] + TILE // 2) // TILE
    top, bottom = (box[1] + TILE // 2) // TILE, (box[1] + box[3] + TILE // 2) // TILE
    above = cells[top - hidden : top, left:right]
    above[above == FREE] = BEHIND
    cells[top:bottom, left:right] = BLOCKED


def hiding() -> NDArray[np.bool_]:
    """(28, 32) cells where something is seen that people may be behind. Stools and the bar's front never are."""
    canvas, random = Canvas(), Random(0)
    bar(canvas, random)
    canvas.material[BAR_TOP:] = CLEAR
    for table in TABLES:
        laid_table(canvas, random, *table)
    for x, y in BARRELS:
        barrel(canvas, x, y)
    seen = (canvas.material != CLEAR).reshape(HEIGHT // TILE, TILE, WIDTH // TILE, TILE)
    return np.asarray(seen.any(axis=(1, 3)))
