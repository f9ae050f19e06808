"""What makes the room fine: the window with its curtains, and the rug."""

from __future__ import annotations

from random import Random

import numpy as np
from canvas import HEIGHT, WIDTH, Canvas
from ramps import GOLD, NIGHT, RED, WOOD

WINDOW = (44, 17, 30, 27)
RUG = (128, 117, 43, 24)


def window(canvas: Canvas, random: Random) -> None:
    """A window of eight panes onto the night, with the moon, hills and curtains."""
    x, y, width, height = WINDOW
    canvas.fill(x - 3, y - 3, width + 6, height + 6, WOOD, 2.0)
    canvas.fill(x - 2, y - 2, width + 4, height + 4, WOOD, 5.0)
    for line in range(height):
        canvas.fill(x, y + line, width, 1, NIGHT, 0.6 + 2.0 * line / height)
    for _ in range(16):
        canvas.fill(
            x + random.randrange(width), y + random.randrange(height - 10), 1, 1, NIGHT, random.choice((4, 5))
        )
    moon = canvas.ellipse(x + 22, y + 7, 4.2, 4.2) & ~canvas.ellipse(x + 20, y + 6, 3.4, 3.4)
    canvas.material[moon], canvas.level[moon] = NIGHT, 5
    for column in range(width):
        hill = int(5 + 2.5 * np.sin(column / 5) + 1.5 * np.sin(column / 2.3))
        canvas.fill(x + column, y + height - hill, 1, hill, NIGHT, 0)
    for column in (9, 20):
        canvas.fill(x + column, y, 1, height, WOOD, 3.0)
    canvas.fill(x, y + 13, width, 1, WOOD, 3.0)
    curtains(canvas, x - 6, y - 5, width + 12, height + 5)
    canvas.fill(x - 4, y + height + 1, width + 8, 2, WOOD, 6.0)
    canvas.fill(x - 4, y + height + 3, width + 8, 1, WOOD, 1.8)


def curtains(canvas: Canvas, x: int, y: int, width: int, height: int) -> None:
    """Red cloth gathered at both sides, under a rod."""
    for column in range(11):
        long = height - (2 if column < 7 else 5) - column // 2
        fold = (3.2, 2.4, 1.6, 2.6)[column % 4]
        narrow = height // 2
        for line in range(long):
            reach = 11 if line < 7 else 8 - (line > narrow - 3 and line < narrow + 2) * 2 + (line > narrow + 5)
            if column < reach:
                for place in (x + column, x + width - 1 - column):
                    canvas.fill(place, y + line, 1, 1, RED, fold - 0.3 * (line == narrow - 2))
    for place in (x, x + width - 7):
        canvas.fill(place, y + height // 2 - 1, 7, 2, GOLD, 2.6)
    canvas.fill(x - 2, y - 1, width + 4, 2, GOLD, 2.0)
    canvas.fill(x - 2, y - 1, width + 4, 1, GOLD, 3.4)
    for place in (x - 4, x + width + 2):
        canvas.fill(place, y - 2, 2, 3, GOLD, 3)


def rug(canvas: Canvas) -> None:
    """An oval rug of rings before the fire, with a fringe and a flower in the middle."""
    x, y, across, down = RUG
    fringe = canvas.ellipse(x, y, across + 2, down + 2)
    columns = np.mgrid[0:HEIGHT, 0:WIDTH][1]
    fringe &= columns % 2 == 0
    canvas.material[fringe], canvas.level[fringe] = GOLD, 1.5
    canvas.add(x - across, y + down - 6, 2 * across, 12, 0)
    rings = (
        (0, RED, 1.6),
        (2, GOLD, 2.0),
        (4, RED, 2.6),
        (10, GOLD, 1.6),
        (11, RED, 1.5),
        (15, RED, 2.9),
        (17, GOLD, 2.2),
    )
    for inset, material, level in rings:
        canvas.disc(x, y, across - inset * 1.35, down - inset, material, level)
    canvas.disc(x, y, 17, 6, RED, 2.4)
    for angle in range(20):
        turn = angle * np.pi / 10
        for reach, level in ((0.0, 3.4), (1.2, 2.2)):
            canvas.disc(
                x + (across - 9.5 - reach) * np.cos(turn),
                y + (down - 7.0 - reach * 0.7) * np.sin(turn),
                1.4,
                1.2,
                GOLD,
                level,
            )
    for angle in range(6):
        turn = angle * np.pi / 3
        canvas.disc(x + 7 * np.cos(turn), y + 3 * np.sin(turn), 3, 1.6, GOLD, 2.8)
    canvas.disc(x, y, 2.5, 1.5, RED, 4)
    lines = np.mgrid[0:HEIGHT, 0:WIDTH][0]
    weave = canvas.ellipse(x, y, across, down) & ((lines + columns) % 2 == 0)
    canvas.level[weave] -= 0.35
