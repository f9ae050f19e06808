"""The foreground: a cliff on the left with grass on it, pines on the right, all nearly black."""

from __future__ import annotations

import numpy as np

from tables.title.canvas import COLUMNS, HEIGHT, ONE, ROWS, Canvas, along
from tables.title.ramps import PINE, ROCK, SEA
from tables.title.sky import HORIZON

TOP = 144

_EDGE = (
    (TOP, 45),
    (149, 48),
    (154, 43),
    (160, 37),
    (172, 32),
    (184, 28),
    (198, 24),
    (206, 24),
    (214, 30),
    (223, 38),
)
"""(y, x) the cliff's face."""

_SHORE = ((0, 12), (40, 9), (70, 4), (110, 2), (150, 2), (190, 4), (208, 10), (226, 20), (255, 44))
"""(x, height) the near ground."""

_LIT = ((TOP, 8), (156, 7), (170, 5), (190, 4), (223, 3))
"""(y, level) of the face's very edge."""

_LEDGES = (0, 0, 1, 1, 2, 3, 3, 4, 0, 0, 1, 1, 2, -1, 0, 1, 0, 1, 1, 2, 2, 3, -1, -1, 0, 1, 1)
"""Points that the face stands out, line after line."""

_FACETS = (9, 8, 7, 6, 5, 4, 3, 2, 8, 7, 6, 4, 3, 7, 6, 4, 10, 9, 8, 7, 5, 4, 9, 7, 6, 5, 3)
"""Points of a line, from the face inwards, that a little light reaches."""

_TUFTS = ((3, 4), (6, 6), (9, 3), (37, 3), (40, 5), (42, 4), (44, 2))
"""(x, height) blades of grass on the cliff."""

_PINES = ((249, 122), (236, 141), (226, 160), (215, 182), (257, 146))
"""(x, top)."""

_TIER = 7
"""Lines from one row of branches to the next."""


def cliff(canvas: Canvas) -> None:
    """Rock in broken sheets with the evening on its edge, and its grass."""
    ledges, facets = (np.array(many)[ROWS % len(many)] for many in (_LEDGES, _FACETS))
    deep = along(_EDGE, ROWS) + ledges - COLUMNS
    inside = (deep > 0) & (ROWS >= TOP)
    canvas.paint(inside, ROCK, 0)
    canvas.paint(inside & (deep <= facets + 2), ROCK, ONE)
    canvas.paint(inside & (deep > 13) & (deep <= 13 + facets // 2), ROCK, ONE)
    canvas.paint(inside & (deep <= facets // 2), ROCK, 2 * ONE)
    canvas.paint(inside & (deep <= 1), SEA, ONE * along(_LIT, ROWS))
    canvas.paint(inside & (ROWS == TOP + 1), ROCK, 2 * ONE)
    canvas.paint(inside & (ROWS == TOP), SEA, ONE * (5 + COLUMNS // 12))
    for x, height in _TUFTS:
        for up in range(height):
            canvas.point(x + up * up // 12, TOP - 1 - up, PINE, 0)


def pines(canvas: Canvas) -> None:
    """Trees in tiers of branches, a little evening on their left sides; the near ground under all."""
    for x, top in sorted(_PINES, key=lambda pine: pine[1]):
        down = ROWS - top
        tier, line = np.maximum(down, 0) // _TIER, down % _TIER
        reach = np.minimum(tier, 5) + line * (3 + np.minimum(tier, 3)) // 6
        inside = (down >= 0) & (abs(COLUMNS - x) <= reach)
        rim = inside & (COLUMNS - x < 1 - reach) & (line > 2)
        canvas.paint(inside, PINE, 0)
        canvas.paint(inside & (x > COLUMNS) & (line > 1), PINE, ONE)
        canvas.paint(rim & (ROWS >= HORIZON), PINE, 2 * ONE)
    canvas.paint(HEIGHT - along(_SHORE, COLUMNS) <= ROWS, PINE, 0)
