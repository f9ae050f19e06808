"""Two ranges of hills along the horizon, the far one in haze: the evening leaves a gap for the sun between them."""

from __future__ import annotations

import numpy as np

from tables.title.canvas import COLUMNS, ROWS, Canvas, Whole, along, crisp
from tables.title.ramps import SKY
from tables.title.sky import HORIZON

_FAR = (
    "0 9 14 13 26 10 40 16 52 12 66 8 80 10 92 6 "
    "108 4 124 1 140 0 164 0 178 2 190 6 200 5 212 10 222 8 236 15 246 12 256 14"
)
_NEAR = "0 6 20 4 44 7 58 4 72 5 84 2 98 0 190 0 204 2 214 3 226 7 236 6 248 10 256 9"
"""x and height, in turn."""

_ROUGH = (0, 0, 1, 1, 0, 1, 0, 0, 1, 0, 1, 1, 1, 0, 0, 1, 0, 1, 0)
"""Points that a ridge is higher than its line."""


def ridge(text: str) -> Whole:
    """(256,) the height of a range at every column."""
    values = [int(word) for word in text.split()]
    height = along(list(zip(values[::2], values[1::2], strict=True)), COLUMNS[0])
    rough = np.array(_ROUGH)[COLUMNS[0] % len(_ROUGH)]
    return np.where(height > 0, height + rough, 0)


def mountains(canvas: Canvas) -> None:
    """Both ranges; haze lies at their feet."""
    for text, top, foot in ((_FAR, 116, 142), (_NEAR, 96, 114)):
        height = ridge(text)
        crest = HORIZON - height
        level = top + (foot - top) * (ROWS - crest) // np.maximum(height, 1)
        canvas.paint((crest <= ROWS) & (ROWS < HORIZON), SKY, crisp(level))
