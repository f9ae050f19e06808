"""The sea below the horizon: the evening's colours in its far strip, then night, with slow waves."""

from __future__ import annotations

import numpy as np

from tables.title.canvas import COLUMNS, HEIGHT, ONE, ROWS, Canvas, Whole, along, crisp
from tables.title.ramps import SEA
from tables.title.sky import HORIZON, SUN_X

_DEPTHS = ((HORIZON, 136), (HORIZON + 3, 114), (144, 84), (152, 64), (168, 43), (190, 28), (208, 14), (223, 4))
"""(y, sixteenths of a level)."""

_PERIODS = ((160, 64), (HEIGHT, 32))
"""(line, points) up to a line, after how many points the waves repeat."""

_BRIGHT = 8
"""Lines below the horizon that the evening colours."""

_TEXT, _QUIET = 144, 110
"""The line from which words stand on the water, and how bright, in sixteenths of a level, it may be there."""

_STREAK = (5, 6, 4, 0, 5, 3, 0, 4, 5, 0, 3, 4, 0, 2, 4, 0, 3, 0, 2, 3, 0, 0, 2, 0, 3, 0, 0, 2, 0, 0, 1)
"""Half the width of a light's reflection, line after line."""

_SWAY = (0, 0, 1, 1, 0, -1, -1, 0, 1, 2, 1, 0, -1, -2, -1)


def sea(canvas: Canvas) -> None:
    """All water."""
    level = along(_DEPTHS, ROWS)
    near = np.clip(HORIZON + _BRIGHT - ROWS, 0, _BRIGHT)
    level = level + near * np.clip(54 - (COLUMNS - SUN_X) ** 2 // 130, -20, 54) // _BRIGHT
    canvas.paint(ROWS >= HORIZON, SEA, crisp(np.maximum(level + waves(), ONE)))


def waves() -> Whole:
    """(224, 256) long thin crests, farther apart the nearer they are, and the troughs under them."""
    out = np.zeros_like(ROWS)
    y, number = HORIZON + 1, 0
    while y < 222:
        period = next(points for line, points in _PERIODS if y < line)
        start, length = number * 37 % period, 14 + number * 11 % 14
        here = (COLUMNS - start) % period < length
        again = (COLUMNS - start - 29) % period < length // 3
        out[y] += np.where(here | again, 14, 0)[y]
        out[y + 1] -= np.where((COLUMNS - start - 2) % period < length, 10, 0)[y]
        y += 2 + (y - HORIZON) // 22
        number += 1
    return out


def streak(x: int, strength: int) -> Whole:
    """(224, 256) the broken reflection of a light over the water at column x."""
    out = np.zeros_like(ROWS)
    for down, half in enumerate(_STREAK):
        y = HORIZON + 3 + down
        fade = strength * (len(_STREAK) + 6 - down) // (len(_STREAK) + 6)
        fade = min(fade, _QUIET - int(along(_DEPTHS, np.array(y)))) if y >= _TEXT else fade
        off = abs(COLUMNS[y] - x - _SWAY[down % len(_SWAY)])
        out[y] = np.where(off < half - 1, fade, np.where(off < half + 1, fade // 2, 0) if half else 0)
    return out
