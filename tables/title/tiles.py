"""From colours to what the console shows, and back: tiles, their map, palettes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tables.title.canvas import Whole
from tables.title.ramps import PALETTES, WORDS, parts

TILE = 8
COLOURS = 16
FIRST_PALETTE, PALETTE_SHIFT, FLIP_X, FLIP_Y = 2, 10, 0x4000, 0x8000

Pixels = NDArray[np.uint8]


def palette_words() -> list[list[int]]:
    """The colours of each palette after the clear one, each once."""
    out: list[list[int]] = []
    for spans in PALETTES:
        colours = [WORDS[ramp][level] for ramp, first, end in spans for level in range(first, end)]
        one = list(dict.fromkeys(colours))
        if len(one) >= COLOURS:
            raise ValueError(f"palette {len(out)} has {len(one)} colours")
        out.append(one)
    return out


def cells(picture: Whole) -> Whole:
    """(tiles, 8, 8) the tiles of a picture (height, width), row by row."""
    height, width = picture.shape
    split = picture.reshape(height // TILE, TILE, width // TILE, TILE)
    return split.swapaxes(1, 2).reshape(-1, TILE, TILE)


def apart(colours: Whole, palette: list[int]) -> Whole:
    """(colours, palette) how unlike each two are."""
    ours, theirs = (np.array([parts(int(one)) for one in many]) for many in (colours, palette))
    return np.asarray(np.square(ours[:, None] - theirs[None]).sum(axis=2))


def fitted(picture: Whole) -> tuple[Whole, Whole]:
    """Each tile's palette (896,), and colours in palettes (896, 8, 8), 1 to 15: those most like the picture's."""
    tiles, palettes = cells(picture), palette_words()
    values, places = np.unique(tiles, return_inverse=True)
    places = places.reshape(tiles.shape)
    tables = [apart(values, one) for one in palettes]
    misses = np.stack([table.min(axis=1)[places].sum(axis=(1, 2)) for table in tables], axis=1)
    chosen = misses.argmin(axis=1)
    nearest = np.stack([table.argmin(axis=1) for table in tables])
    return chosen, 1 + nearest[chosen[:, None, None], places]


def planes(tile: Pixels) -> bytes:
    """(8, 8) numbers to 15 as 32 bytes: planes 0 and 1 row by row, then 2 and 3."""
    bits = [np.packbits(tile >> plane & 1, axis=1)[:, 0] for plane in range(4)]
    return b"".join(np.stack(bits[pair : pair + 2], axis=1).tobytes() for pair in (0, 2))


def numbers(tiles: bytes) -> Pixels:
    """(tiles, 8, 8) what planes() was given."""
    pairs = np.frombuffer(tiles, np.uint8).reshape(-1, 2, TILE, 2)
    bits = np.unpackbits(pairs[..., None], axis=4)
    out = np.zeros((len(pairs), TILE, TILE), np.uint8)
    for plane in range(4):
        out |= bits[:, plane // 2, :, plane % 2] << np.uint8(plane)
    return out


class TileSet:
    """Different tiles, each once, the blank one first: one that is another's mirror image is not kept."""

    def __init__(self) -> None:
        self.data: list[bytes] = []
        self._seen: dict[bytes, int] = {}
        self.place(np.zeros((TILE, TILE), np.uint8))

    def place(self, tile: Pixels) -> int:
        """The entry of a map that shows this tile, without its palette."""
        if tile.tobytes() not in self._seen:
            number = len(self.data)
            self.data.append(planes(tile))
            for flips in (0, FLIP_X, FLIP_Y, FLIP_X | FLIP_Y):
                self._seen.setdefault(flipped(tile, flips).tobytes(), number | flips)
        return self._seen[tile.tobytes()]


def flipped(tile: Pixels, entry: int) -> Pixels:
    """A tile as a map's entry turns it."""
    across = tile[:, ::-1] if entry & FLIP_X else tile
    return across[::-1] if entry & FLIP_Y else across
