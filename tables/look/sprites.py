"""The sprites: what points at a choice, and the edge of a page that turns."""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path

import numpy as np

from tables.look import drawing
from tables.look.drawing import Form, Pixels

SPRITES = Path(__file__).with_name("sprites.txt")
SHEET = 16
"""Tiles in a row of the console's sheet of sprites; two rows make a row of eight sprites."""


class Sprite(IntEnum):
    """Sprite k is tiles 2k, 2k + 1 above 2k + 16, 2k + 17."""

    CURSOR = 0
    CURSOR_2 = 1
    PAGE_EDGE = 2
    QUILL = 3
    CORNER = 4


FORM = Form([sprite.name for sprite in Sprite], size=16, bits=4)


def sprites() -> dict[Sprite, Pixels]:
    """(16, 16) colours each, 0 is clear."""
    return {Sprite[name]: pixels[0] for name, pixels in drawing.read(SPRITES, FORM).items()}


def sprite_tiles() -> bytes:
    """32 tiles of 32 bytes: two rows of the sheet, room for eight sprites."""
    sheet = np.zeros((2 * 8, SHEET * 8), np.uint8)
    for sprite, pixels in sprites().items():
        sheet[:, 16 * sprite : 16 * sprite + 16] = pixels
    return drawing.tiles(drawing.cut(sheet), bits=4)
