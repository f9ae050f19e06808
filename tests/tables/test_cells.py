"""Cells, bars and marks: each looks as its meaning says, no two alike, and no letter is touched."""

from __future__ import annotations

import numpy as np
import pytest

from tables import font
from tables.cells import (
    BAR,
    BASE,
    CELL,
    ELLIPSIS,
    END,
    FIRST_LETTER,
    LEVELS,
    POSITIVE,
    RETURN,
    SHARES,
    SIGNED,
    WHOLE,
    future,
    heat,
    level,
    pictures,
    tiles_2bpp,
)

LETTERS = 16 * FIRST_LETTER


def test_the_letters_are_the_typeface_s() -> None:
    assert len(tiles_2bpp()) == len(font.tiles_2bpp())
    assert tiles_2bpp()[LETTERS:] == font.tiles_2bpp()[LETTERS:]


def test_tiles_give_the_pictures_back() -> None:
    """Decoded as the PPU does it; a number without a picture is blank."""
    data, drawn = np.frombuffer(tiles_2bpp()[:LETTERS], np.uint8).reshape(FIRST_LETTER, 8, 2), pictures()
    planes = np.unpackbits(data, axis=2).reshape(FIRST_LETTER, 8, 2, 8)
    for tile, colours in enumerate(planes[:, :, 0] | planes[:, :, 1] << 1):
        assert np.array_equal(colours, drawn.get(tile, np.zeros((8, 8)))), tile


def test_a_cell_is_one_colour_with_a_gap_and_a_bar_as_high_as_its_number() -> None:
    drawn = pictures()
    for n in range(3):
        assert (drawn[CELL + n][:7, :7] == n + 1).all()
        assert not drawn[CELL + n][7].any() and not drawn[CELL + n][:, 7].any()
    for n in range(8):
        assert drawn[BAR + n].any(1).tolist() == [False] * (7 - n) + [True] * (n + 1)
    assert len({picture.tobytes() for picture in drawn.values()}) == len(drawn) == 3 + 8 + 4
    assert {BASE, END, ELLIPSIS, RETURN} < set(drawn)


def test_every_shade_has_a_place_of_its_own_in_the_palettes() -> None:
    places = {heat(shade) for shade in range(-LEVELS, LEVELS + 1)}
    assert len(places | {future()}) == 2 * LEVELS + 2


@pytest.mark.parametrize("limits", [SIGNED, POSITIVE, SHARES])
def test_a_shade_begins_at_its_limit(limits: tuple[int, ...]) -> None:
    assert [level(limit, limits) for limit in limits] == list(range(1, LEVELS + 1))
    assert [level(limit - 1, limits) for limit in limits] == list(range(LEVELS))


def test_what_is_never_negative_is_dark_only_at_zero_and_a_whole_share_is_brightest() -> None:
    assert [level(value, POSITIVE) > 0 for value in (0, 1)] == [False, True]
    assert level(WHOLE, SHARES) == LEVELS
