"""The title screen: the console shows what was drawn, it fits, never changes, and words can be read on it."""

from __future__ import annotations

import numpy as np
import pytest

from tables.title import network
from tables.title.glyphs import OUTLINES
from tables.title.logo import NAME
from tables.title.picture import BACKDROP, Picture, drawing, pixels, shown, title
from tables.title.tiles import COLOURS, FIRST_PALETTE, cells, fitted, numbers, palette_words, planes

MOST_TILES = 512
"""16 KiB."""

TEXT = ((96, 112), (144, 184), (192, 208))
"""The lines, from and to, where the program writes."""

DARK, DARK_ON_THE_WHOLE = 110, 64
"""Luminance, of 255: of any point there, and on average."""


@pytest.fixture(scope="module")
def picture() -> Picture:
    return title()


def test_the_console_shows_the_drawing(picture: Picture) -> None:
    assert np.array_equal(shown(picture), drawing())


def test_it_fits(picture: Picture) -> None:
    entries = np.frombuffer(picture.map, "<u2")
    assert len(picture.tiles) % 32 == 0 and len(picture.tiles) // 32 <= MOST_TILES
    assert len(picture.map) == 2 * 32 * 28 and len(picture.palettes) == 2 * 6 * COLOURS
    assert (entries & 0x3FF).max() < len(picture.tiles) // 32
    assert set((entries >> 10 & 7).tolist()) <= set(range(FIRST_PALETTE, 8))
    assert not (entries & 0x2000).any()


def test_colours_have_15_bits_and_the_first_of_each_palette_is_clear(picture: Picture) -> None:
    colours = np.frombuffer(picture.palettes, "<u2").reshape(6, COLOURS)
    assert colours.max() < 1 << 15 and 0 <= picture.backdrop < 1 << 15
    assert not colours[:, 0].any()
    assert picture.backdrop == BACKDROP
    assert numbers(picture.tiles)[1:].all()


def test_tile_0_is_blank_and_no_tile_is_there_twice(picture: Picture) -> None:
    tiles = numbers(picture.tiles)
    assert not tiles[0].any()
    seen: set[bytes] = set()
    for tile in tiles:
        mirrored = {turn.tobytes() for turn in (tile, tile[:, ::-1], tile[::-1], tile[::-1, ::-1])}
        assert not mirrored & seen
        seen |= mirrored


def test_planes_and_back() -> None:
    tile = np.arange(64, dtype=np.uint8).reshape(8, 8) % 16
    assert np.array_equal(numbers(planes(tile))[0], tile)
    assert planes(np.full((8, 8), 2, np.uint8)) == b"\x00\xff" * 8 + bytes(16)
    left = np.zeros((8, 8), np.uint8)
    left[0, 0] = 4
    assert planes(left) == bytes(16) + b"\x80" + bytes(15)


def test_a_colour_that_no_palette_has_becomes_the_nearest() -> None:
    red = palette_words()[2][8]
    chosen, tiles = fitted(np.full((8, 8), red ^ 1))
    assert chosen[0] == 2 and (tiles == 9).all()


def test_always_the_same_bytes(picture: Picture) -> None:
    assert title() == picture


def test_pixels_are_five_bits_spread_over_eight(picture: Picture) -> None:
    points = pixels(picture)
    assert points.shape == (224, 256, 3) and points.dtype == np.uint8
    assert np.array_equal(points >> 5, points & 7)
    fives = points.astype(int) >> 3
    assert np.array_equal(fives[..., 0] | fives[..., 1] << 5 | fives[..., 2] << 10, shown(picture))


@pytest.mark.parametrize(("first", "end"), TEXT)
def test_words_can_be_read_there(picture: Picture, first: int, end: int) -> None:
    luminance = pixels(picture)[first:end].astype(int) @ np.array([299, 587, 114]) // 1000
    assert luminance.max() <= DARK and luminance.mean() <= DARK_ON_THE_WHOLE


def test_the_logo_has_its_letters_and_every_lantern_looks_back() -> None:
    assert set(NAME) == set(OUTLINES)
    assert [len(looks) for looks in network.LOOKS] == list(range(len(network.WORD)))


def test_cells_go_row_by_row() -> None:
    picture = np.arange(16 * 24).reshape(16, 24)
    assert np.array_equal(cells(picture)[4], picture[8:, 8:16])
