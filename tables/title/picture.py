"""The title screen as the console keeps it: tiles, their map and palettes; and how a PPU shows them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tables.title.canvas import HEIGHT, WIDTH, Canvas, Whole
from tables.title.cliff import cliff, pines
from tables.title.logo import logo
from tables.title.mountains import mountains
from tables.title.network import lanterns
from tables.title.robot import robot
from tables.title.sea import sea
from tables.title.sky import sky
from tables.title.tiles import (
    COLOURS,
    FIRST_PALETTE,
    PALETTE_SHIFT,
    TILE,
    Pixels,
    TileSet,
    fitted,
    flipped,
    numbers,
    palette_words,
)

BACKDROP = 0x0800
"""The colour where nothing is: (0, 0, 2) of 31, a blue near black."""

_NUMBER = 0x3FF
_ACROSS = WIDTH // TILE


@dataclass(frozen=True)
class Picture:
    """What goes into video memory: tiles of 32 bytes, tile 0 blank; a map of 32 × 28 words; CGRAM 32 to 127; 0."""

    tiles: bytes
    map: bytes
    palettes: bytes
    backdrop: int


def drawing() -> Whole:
    """(224, 256) the picture's colours, 15 bits each."""
    canvas = Canvas()
    sky(canvas)
    mountains(canvas)
    sea(canvas)
    lanterns(canvas)
    cliff(canvas)
    pines(canvas)
    robot(canvas)
    logo(canvas)
    return canvas.colours()


def title() -> Picture:
    """The title screen; the same bytes every time."""
    chosen, pictures = fitted(drawing())
    tiles = TileSet()
    entries = [
        tiles.place(tile) | (FIRST_PALETTE + int(palette)) << PALETTE_SHIFT
        for tile, palette in zip(pictures.astype(np.uint8), chosen, strict=True)
    ]
    colours = [[0, *one, *[0] * (COLOURS - 1 - len(one))] for one in palette_words()]
    return Picture(
        b"".join(tiles.data), np.array(entries, "<u2").tobytes(), np.array(colours, "<u2").tobytes(), BACKDROP
    )


def shown(picture: Picture) -> Whole:
    """(224, 256) colours of 15 bits, decoded from tiles, map and palettes."""
    tiles = numbers(picture.tiles)
    colours = np.frombuffer(picture.palettes, "<u2").astype(np.int64)
    out = np.zeros((HEIGHT, WIDTH), np.int64)
    for at, entry in enumerate(np.frombuffer(picture.map, "<u2").tolist()):
        tile = flipped(tiles[entry & _NUMBER], entry)
        first = ((entry >> PALETTE_SHIFT & 7) - FIRST_PALETTE) * COLOURS
        y, x = at // _ACROSS * TILE, at % _ACROSS * TILE
        out[y : y + TILE, x : x + TILE] = np.where(tile == 0, picture.backdrop, colours[first + tile])
    return out


def pixels(picture: Picture) -> Pixels:
    """(224, 256, 3) red, green, blue as a PPU shows them: five bits v are v << 3 | v >> 2."""
    colours = shown(picture)
    fives = np.stack([colours >> shift & 31 for shift in (0, 5, 10)], axis=2)
    return (fives << 3 | fives >> 2).astype(np.uint8)
