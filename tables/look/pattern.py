"""The pattern behind the windows: 32×32 pixels that repeat in both directions."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tables.look import drawing
from tables.look.drawing import Form, Pixels

PATTERN = Path(__file__).with_name("pattern.txt")
NAME = "PATTERN"
FORM = Form([NAME], size=32, bits=2)


def pattern() -> Pixels:
    """(32, 32) colours 1 … 3."""
    (drawn,) = drawing.read(PATTERN, FORM)[NAME]
    return np.asarray(drawn)


def pattern_tiles() -> bytes:
    """Its 16 tiles of 16 bytes, in reading order."""
    return drawing.tiles(drawing.cut(pattern()), bits=2)
