"""Windows, a piece a tile: every piece has two drawings, the frame and the panel that lies under it."""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path

import numpy as np

from tables.look import drawing
from tables.look.drawing import Form, Pixels

WINDOWS = Path(__file__).with_name("windows.txt")
FRAME, PANEL = 0, 1
"""The two drawings of a piece: of the layer in front, and of the one behind it."""


class Piece(IntEnum):
    """Numbers of tiles: a window's, then those of a page of a book."""

    OUTSIDE = 0
    INSIDE = 1
    TOP_LEFT = 2
    TOP = 3
    TOP_RIGHT = 4
    LEFT = 5
    RIGHT = 6
    BOTTOM_LEFT = 7
    BOTTOM = 8
    BOTTOM_RIGHT = 9
    LEFT_TEE = 10
    RIGHT_TEE = 11
    BAR = 12
    PAGE_INSIDE = 13
    PAGE_TOP_LEFT = 14
    PAGE_TOP = 15
    PAGE_TOP_RIGHT = 16
    PAGE_LEFT = 17
    PAGE_RIGHT = 18
    PAGE_BOTTOM_LEFT = 19
    PAGE_BOTTOM = 20
    PAGE_BOTTOM_RIGHT = 21


FORM = Form([piece.name for piece in Piece], size=8, bits=2, blocks=2)


def pieces() -> dict[Piece, Pixels]:
    """The drawings by piece.    (2, 8, 8) colours each: FRAME and PANEL."""
    return {Piece[name]: pixels for name, pixels in drawing.read(WINDOWS, FORM).items()}


def layer(which: int) -> bytes:
    """One of the two drawings of every piece, as tiles of 16 bytes."""
    sheet = np.zeros((len(Piece), 8, 8), np.uint8)
    for piece, pixels in pieces().items():
        sheet[piece] = pixels[which]
    return drawing.tiles(sheet, bits=2)


def frame_tiles() -> bytes:
    """The frames, drawn opaque in front of the panels."""
    return layer(FRAME)


def panel_tiles() -> bytes:
    """What fills the windows and mixes with the gradient."""
    return layer(PANEL)
