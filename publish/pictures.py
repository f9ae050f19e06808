"""The pictures around the pages that run: the name in gold, and an icon, both out of the cartridge's title."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tables.title.canvas import ONE, ROWS, Canvas, Mask
from tables.title.logo import logo
from tables.title.ramps import SKY
from tables.title.robot import robot

Pixels = NDArray[np.uint8]

NAME = (slice(28, 86), slice(12, 244))
"""Rows and columns of the title that the name is in."""

HEAD = (slice(110, 142), slice(7, 39))
"""Those of the machine that sits on the cliff: its lamp, its head and its chest."""

NOTHING = -1
NAME_SCALE, ICON_SCALES = 3, (6, 16)


def _pixels(canvas: Canvas) -> Pixels:
    """(224, 256, 4) red, green, blue and whether anything is there; as a PPU shows five bits."""
    there: Mask = canvas.material != NOTHING
    colours = canvas.colours()
    fives = np.stack([colours >> shift & 31 for shift in (0, 5, 10)], axis=2)
    return np.dstack([fives << 3 | fives >> 2, np.where(there, 255, 0)]).astype(np.uint8)


def _scaled(pixels: Pixels, scale: int) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(pixels.repeat(scale, axis=0).repeat(scale, axis=1)), "RGBA")


def name() -> Image.Image:
    """SNES-GPT, on nothing."""
    canvas = Canvas()
    canvas.material[:] = NOTHING
    logo(canvas)
    return _scaled(_pixels(canvas)[NAME], NAME_SCALE)


def icons() -> dict[int, Image.Image]:
    """Width → the machine from the title before an evening sky."""
    canvas = Canvas()
    dusk = (ROWS - HEAD[0].start) * 9 * ONE // 32 + ONE
    canvas.paint(np.ones_like(ROWS, bool), SKY, dusk)
    robot(canvas)
    pixels = _pixels(canvas)[HEAD]
    return {scale * pixels.shape[1]: _scaled(pixels, scale) for scale in ICON_SCALES}
