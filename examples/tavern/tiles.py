"""From pictures of numbered colours to what the console shows: tiles, tile maps and palettes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from ramps import COLOURS

TILE = 8
CLEAR = -1
"""In a picture: nothing is here."""

PALETTE_COLOURS = 15
FLIP_X, FLIP_Y, FRONT, PALETTE_SHIFT = 0x4000, 0x8000, 0x2000, 10

Picture = NDArray[np.int16]
"""(height, width) numbers of colours, or CLEAR."""


def planes(pixels: NDArray[np.integer], bits: int) -> bytes:
    """A tile (8, 8) of colour numbers: pairs of bit planes, row by row."""
    pixels = pixels.astype(np.uint8)
    out = bytearray()
    for pair in range(0, bits, 2):
        for row in pixels:
            for bit in (pair, pair + 1):
                out.append(int(np.packbits(row >> bit & 1)[0]))
    return bytes(out)


def cells(picture: Picture) -> list[Picture]:
    """The tiles of a picture, row by row."""
    height, width = picture.shape
    return [picture[y : y + TILE, x : x + TILE] for y in range(0, height, TILE) for x in range(0, width, TILE)]


def colours_of(tile: Picture) -> Counter[int]:
    """How often a tile has which colour."""
    return Counter(int(colour) for colour in tile.ravel() if colour != CLEAR)


def distances() -> NDArray[np.float64]:
    """How unlike any two colours are."""
    colours = np.array(COLOURS, float)
    apart = colours[:, None] - colours[None, :]
    return np.asarray(np.square(apart * (1.0, 1.2, 0.8)).sum(axis=2))


APART = distances()
ROUNDS, SETTLE = 24, 6
"""Of choosing palettes: tiles to palettes, then colours to tiles, and again; the last ones without new seeds."""

ALIKE = 24
"""Tiles that a palette begins with."""


def nearest(colour: int, among: list[int]) -> int:
    """The place in `among` of the colour most like this one."""
    return int(APART[colour, among].argmin())


def fifteen(weights: NDArray[np.float64]) -> list[int]:
    """The colours that together show best what is wanted: those that are missed least are left out, one by one."""
    chosen = [int(colour) for colour in np.nonzero(weights)[0]]
    while len(chosen) > PALETTE_COLOURS:
        costs = []
        for left_out in chosen:
            others = [colour for colour in chosen if colour != left_out]
            costs.append(float((weights * APART[:, others].min(axis=1)).sum()))
        del chosen[int(np.argmin(costs))]
    return chosen


def weights_of(tile: Picture) -> NDArray[np.float64]:
    """How much each colour counts in a tile: a rare one more than its share."""
    weights = np.zeros(len(COLOURS))
    for colour, count in colours_of(tile).items():
        weights[colour] = count**0.5
    return weights


@dataclass
class Palettes:
    """A few palettes of 15 colours that share all tiles' colours among them."""

    limit: int
    lists: list[list[int]] = field(default_factory=list)

    def pack(self, groups: list[list[Picture]], tiles: list[Picture]) -> None:
        """Make palettes: the first ones for these groups of tiles, one each; other tiles go where they fit."""
        grouped = [sum((weights_of(tile) for tile in group), np.zeros(len(COLOURS))) for group in groups]
        weights = np.array([weights_of(tile) for tile in tiles]).reshape(-1, len(COLOURS))
        self.lists = [fifteen(one) for one in grouped]
        while len(self.lists) < self.limit:
            self.lists.append(self.seed(weights))
        for turn in range(ROUNDS if tiles else 0):
            chosen = self.misses(weights).argmin(axis=1)
            for number in range(self.limit):
                mine = weights[chosen == number].sum(axis=0)
                self.lists[number] = fifteen(mine + (grouped[number] if number < len(grouped) else 0)) or [0]
            if turn < ROUNDS - SETTLE:
                self.replant(weights, len(grouped))

    def misses(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far each tile is from itself in each palette."""
        return np.asarray(weights @ np.array([APART[:, one].min(axis=1) for one in self.lists]).T)

    def seed(self, weights: NDArray[np.float64]) -> list[int]:
        """A palette for the tile that all others show worst, and for the tiles like it."""
        worst = weights[int(self.misses(weights).min(axis=1).argmax())]
        alike = weights @ APART[:, np.nonzero(worst)[0]].min(axis=1)
        return fifteen(weights[np.argsort(alike)[:ALIKE]].sum(axis=0) + ALIKE * worst)

    def replant(self, weights: NDArray[np.float64], fixed: int) -> None:
        """Of the palettes that have room left, the one that matters least begins anew."""
        roomy = [number for number in range(fixed, self.limit) if len(self.lists[number]) < PALETTE_COLOURS]
        if roomy:
            number = min(roomy, key=lambda one: len(self.lists[one]))
            del self.lists[number]
            self.lists.insert(number, self.seed(weights))

    def best(self, tile: Picture) -> int:
        """The palette in which this tile looks most like itself."""
        weights = weights_of(tile)
        return int(np.argmin([float(weights @ APART[:, one].min(axis=1)) for one in self.lists]))

    def numbers(self, tile: Picture, palette: int) -> NDArray[np.uint8]:
        """The tile's pixels as places in a palette: 0 is clear."""
        one = self.lists[palette]
        places = {colour: 1 + nearest(colour, one) for colour in colours_of(tile)} | {CLEAR: 0}
        return np.array([[places[int(colour)] for colour in row] for row in tile], np.uint8)


@dataclass
class TileSet:
    """Different tiles, each once: a tile that is another one mirrored is not kept."""

    bits: int
    data: list[bytes] = field(default_factory=list)
    seen: dict[bytes, int] = field(default_factory=dict)

    def place(self, pixels: NDArray[np.uint8]) -> int:
        """The entry of a tile map that shows these pixels, without palette and priority."""
        key = pixels.tobytes()
        if key not in self.seen:
            number = len(self.data)
            self.data.append(planes(pixels, self.bits))
            for flips, turned in (
                (0, pixels),
                (FLIP_X, pixels[:, ::-1]),
                (FLIP_Y, pixels[::-1]),
                (FLIP_X | FLIP_Y, pixels[::-1, ::-1]),
            ):
                self.seen.setdefault(np.ascontiguousarray(turned).tobytes(), number | flips)
        return self.seen[key]


def tile_map(picture: Picture, palettes: Palettes, tiles: TileSet, first_palette: int) -> NDArray[np.uint16]:
    """The map of a picture; its tiles go into `tiles`."""
    entries = []
    for tile in cells(picture):
        palette = palettes.best(tile) if colours_of(tile) else 0
        entry = tiles.place(palettes.numbers(tile, palette))
        entries.append(entry | (palette + first_palette) << PALETTE_SHIFT)
    return np.array(entries, np.uint16)
