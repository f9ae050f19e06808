"""The night sky: from near black to the rose of the horizon, stars, one of them falling."""

from __future__ import annotations

from tables.title.canvas import ROWS, Canvas, along, crisp, glow
from tables.title.ramps import SKY, STAR

HORIZON = 136
SUN_X = 146
"""Where the evening is brightest."""

_HEIGHTS = ((0, 4), (24, 20), (60, 50), (90, 82), (112, 108), (122, 130), (130, 148), (HORIZON, 164))
"""(y, sixteenths of a level)."""

_STARS, _SEED = 120, 9
_PLACES = ((1, 2, 0), (6, 5, 1), (3, 6, 0), (5, 1, 2))
"""(x, y, level) in a tile: few, so that tiles with stars are often the same."""

_LOGO = (24, 96, 8, 248)
"""The lines and columns, from and to, that stay without stars."""

_BRIGHT = ((40, 12), (88, 20), (233, 21), (176, 9), (8, 62), (248, 91))
"""(x, y) of those with rays."""

_FALLING = (108, 5, 15)
"""(x, y, length) of the falling star; it comes from the upper right."""


def sky(canvas: Canvas) -> None:
    """The whole sky."""
    level = along(_HEIGHTS, ROWS) + glow(SUN_X, HORIZON + 2, 150, 26, 38)
    canvas.paint(ROWS < HORIZON, SKY, crisp(level))
    stars(canvas)


def scattered(number: int) -> int:
    """A number, 0 to 32767, that looks random: for each one always the same."""
    mixed = (number * 1103515245 + 12345) & 0x7FFFFFFF
    mixed = ((mixed ^ mixed >> 11) * 214013 + 2531011) & 0x7FFFFFFF
    return mixed >> 16


def stars(canvas: Canvas) -> None:
    """Points of three kinds; a few that shine; and the falling one."""
    top, bottom, left, right = _LOGO
    for number in range(_STARS):
        tile, kind = (scattered(2 * number + part + _SEED * 997) for part in range(2))
        x, y, level = _PLACES[kind % len(_PLACES)]
        x, y = x + tile % 32 * 8, y + tile // 32 % 12 * 8
        if not (top <= y < bottom and left <= x < right):
            canvas.point(x, y, STAR, level)
    for x, y in _BRIGHT:
        shining(canvas, x, y)
    x, y, length = _FALLING
    for step in range(length):
        canvas.point(x - step, y + step // 2, STAR, 3 * step // length)


def shining(canvas: Canvas, x: int, y: int) -> None:
    """A star with four short rays."""
    for right, down in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        canvas.point(x + right, y + down, STAR, 0)
    canvas.point(x, y, STAR, 2)
