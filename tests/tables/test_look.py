"""The look: tiles are the drawings, tables the gradients, every ink is read on all it can stand on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from tables.look import colours, drawing, pattern, ramp, sprites, theme, windows
from tables.look.drawing import Form, parse
from tables.look.sprites import Sprite
from tables.look.themes import (
    THEMES,
    Theme,
    gradient,
    gradient_start,
    gradient_table,
    palette,
    sprite_palette,
)
from tables.look.windows import FRAME, PANEL, Piece
from trainer.errors import InputError

Pixels = NDArray[np.int64]

WRITTEN_ON = (Piece.INSIDE, Piece.PAGE_INSIDE)
"""The piece with text on it: of windows, of pages."""

SCREENS = [
    pytest.param(look, book, id=f"{look.name}-{'book' if book else 'windows'}")
    for look in THEMES
    for book in (0, 1)
]


def decoded(data: bytes, bits: int) -> Pixels:
    """(n, 8, 8) colours of tiles, pixel by pixel as the PPU reads them."""
    found = []
    for at in range(0, len(data), 8 * bits):
        tile = data[at : at + 8 * bits]
        found.append(
            [
                [
                    sum((tile[bit // 2 * 16 + 2 * y + bit % 2] >> (7 - x) & 1) << bit for bit in range(bits))
                    for x in range(8)
                ]
                for y in range(8)
            ]
        )
    return np.array(found)


def test_the_pieces_have_the_numbers_that_maps_are_made_of() -> None:
    window = "INSIDE TOP_LEFT TOP TOP_RIGHT LEFT RIGHT BOTTOM_LEFT BOTTOM BOTTOM_RIGHT"
    page = " ".join(f"PAGE_{name}" for name in window.split())
    assert " ".join(piece.name for piece in Piece) == f"OUTSIDE {window} LEFT_TEE RIGHT_TEE BAR {page}"
    assert [int(piece) for piece in Piece] == list(range(22))
    assert [sprite.name for sprite in Sprite] == ["CURSOR", "CURSOR_2", "PAGE_EDGE", "QUILL", "CORNER"]
    assert list(Sprite) == list(range(len(Sprite)))


@pytest.mark.parametrize(("which", "made"), [(FRAME, windows.frame_tiles), (PANEL, windows.panel_tiles)])
def test_the_tiles_of_a_window_are_its_drawings(which: int, made: Callable[[], bytes]) -> None:
    data, drawn = made(), windows.pieces()
    assert len(data) == len(Piece) * 16
    for number, tile in enumerate(decoded(data, 2)):
        expected = drawn[Piece(number)][which] if number in list(Piece) else np.zeros((8, 8))
        assert np.array_equal(tile, expected), number


def test_outside_is_nothing_and_inside_only_panel() -> None:
    drawn = windows.pieces()
    assert not drawn[Piece.OUTSIDE].any()
    for piece in (Piece.INSIDE, Piece.PAGE_INSIDE):
        assert not drawn[piece][FRAME].any() and drawn[piece][PANEL].all(), piece


def meets(left: Pixels, right: Pixels) -> bool:
    """Frames go on over the edge between two pieces side by side."""
    return np.array_equal(left[:, -1] > 0, right[:, 0] > 0)


@pytest.mark.parametrize("page", ["", "PAGE_"])
def test_the_lines_of_a_frame_meet(page: str) -> None:
    across = (
        "TOP_LEFT TOP",
        "TOP TOP",
        "TOP TOP_RIGHT",
        "BOTTOM_LEFT BOTTOM",
        "BOTTOM BOTTOM",
        "BOTTOM BOTTOM_RIGHT",
    )
    bars = ("LEFT_TEE BAR", "BAR BAR", "BAR RIGHT_TEE")
    down = (
        "TOP_LEFT LEFT",
        "LEFT LEFT",
        "LEFT BOTTOM_LEFT",
        "TOP_RIGHT RIGHT",
        "RIGHT RIGHT",
        "RIGHT BOTTOM_RIGHT",
    )
    tees = ("LEFT LEFT_TEE", "LEFT_TEE LEFT", "RIGHT RIGHT_TEE", "RIGHT_TEE RIGHT")
    frames = {piece.name: pixels[FRAME].astype(np.int64) for piece, pixels in windows.pieces().items()}
    for pair in across if page else (*across, *bars):
        left, right = (frames[page + name] for name in pair.split())
        assert meets(left, right), pair
    for pair in down if page else (*down, *tees):
        above, below = (frames[page + name] for name in pair.split())
        assert meets(above.T, below.T), pair


def test_text_has_two_pixels_of_air_beside_a_frame() -> None:
    frames = {piece: pixels[FRAME] for piece, pixels in windows.pieces().items()}
    for left in (Piece.LEFT, Piece.PAGE_LEFT):
        assert not frames[left][:, -2:].any()
    for top in (Piece.TOP, Piece.BAR, Piece.PAGE_TOP):
        assert not frames[top][-2:].any()


def test_the_pattern_s_tiles_are_in_reading_order_and_leave_no_hole() -> None:
    data, drawn = pattern.pattern_tiles(), pattern.pattern()
    assert len(data) == 16 * 16 and drawn.all()
    for number, tile in enumerate(decoded(data, 2)):
        y, x = 8 * (number // 4), 8 * (number % 4)
        assert np.array_equal(tile, drawn[y : y + 8, x : x + 8]), number


def test_a_sprite_is_two_tiles_above_two() -> None:
    data, drawn = sprites.sprite_tiles(), sprites.sprites()
    tiles = decoded(data, 4)
    assert len(data) == 32 * 32
    for k in range(8):
        quarters = np.block([[tiles[2 * k], tiles[2 * k + 1]], [tiles[2 * k + 16], tiles[2 * k + 17]]])
        expected = drawn[Sprite(k)] if k in list(Sprite) else np.zeros((16, 16))
        assert np.array_equal(quarters, expected), k


def test_a_cursor_points_with_the_rightmost_of_its_pixels() -> None:
    for sprite, tip in ((Sprite.CURSOR, 15), (Sprite.CURSOR_2, 14)):
        rows, columns = sprites.sprites()[sprite].nonzero()
        assert columns.max() == tip and 7 in rows[columns == tip]


def test_themes_have_names_of_their_own() -> None:
    assert len({look.name for look in THEMES}) == len(THEMES) >= 4
    assert THEMES[0].name == "midnight"


@pytest.mark.parametrize(("look", "book"), SCREENS)
def test_the_palette_has_everything_in_its_place(look: Theme, book: bool) -> None:
    words, scheme = palette(look, book), look.scheme(book)
    assert len(words) == 128 and all(0 <= word < 0x8000 for word in words)
    assert words[0] == colours.word(scheme.backdrop)
    assert not any(words[4:128:4])
    for n, (ink, shadow) in enumerate(scheme.inks.all()):
        assert [colours.colour(word) for word in words[4 * n + 1 : 4 * n + 4]] == [ink, shadow, look.cells[n]]
    assert [tuple(words[n + 1 : n + 4]) for n in range(16, 32, 4)] == list(theme.CELLS)
    for first, three in ((32, scheme.frame), (64, scheme.panel), (96, scheme.pattern)):
        assert tuple(colours.colour(word) for word in words[first + 1 : first + 4]) == three
        assert not any(words[first + 4 : first + 32])


def test_no_two_digits_of_a_sprite_are_one_colour() -> None:
    for look in THEMES:
        words = sprite_palette(look)
        assert len(words) == 16 and all(0 <= word < 0x8000 for word in words)
        for sprite, drawn in sprites.sprites().items():
            used = [int(colour) for colour in np.unique(drawn) if colour]
            assert len({words[colour] for colour in used}) == len(used), (look.name, sprite)


@pytest.mark.parametrize(("look", "book"), SCREENS)
def test_the_table_makes_the_gradient(look: Theme, book: bool) -> None:
    """As HDMA reads it: a byte at the first of so many lines."""
    now = [0, 0, 0]

    def write(byte: int) -> None:
        for channel in range(3):
            if byte & 0x20 << channel:
                now[channel] = byte & 31

    for byte in gradient_start(look, book):
        write(byte)
    table = gradient_table(look, book)
    assert len(table) % 2 == 1 and table[-1] == 0
    shown: list[tuple[int, ...]] = []
    for lines, byte in zip(table[:-1:2], table[1::2], strict=True):
        assert 1 <= lines <= ramp.LONGEST and (byte & 0xE0).bit_count() == 1
        write(byte)
        shown += [tuple(now)] * lines
    assert len(shown) <= 224
    if book:
        assert len(shown) <= theme.BOOK_STEADY
    shown += [tuple(now)] * (224 - len(shown))
    assert shown == gradient(look, book)


@pytest.mark.parametrize(("look", "book"), SCREENS)
def test_a_gradient_goes_from_its_first_key_to_its_last_in_small_steps(look: Theme, book: bool) -> None:
    keys, shown = look.scheme(book).gradient, gradient(look, book)
    assert len(shown) == 224 and shown[0] == keys[0][1] and shown[-1] == keys[-1][1]
    assert len(ramp.changes(keys)) <= ramp.MOST_CHANGES
    steps = np.abs(np.diff(np.array(shown), axis=0))
    assert steps.max() == 1 and (steps > 0).sum(1).max() == 1


def backgrounds(look: Theme, book: bool) -> set[colours.Colour]:
    """Every colour that text can stand on."""
    drawn, panel = windows.pieces(), look.scheme(book).panel
    fills = [int(colour) for colour in np.unique(drawn[WRITTEN_ON[book]][PANEL])]
    return {colours.mix(panel[fill - 1], fixed) for fill in fills for fixed in gradient(look, book)}


@pytest.mark.parametrize(("look", "book"), SCREENS)
def test_every_ink_is_read_on_every_line_of_the_panel(look: Theme, book: bool) -> None:
    inks = look.scheme(book).inks
    for name, least in (("paper", 4.5), ("gold", 4.5), ("sky", 4.5), ("grey", 4.0)):
        ink, shadow = getattr(inks, name)
        worst = min(colours.contrast(ink, background) for background in backgrounds(look, book))
        assert worst >= least, f"{name}: {worst:.2f}"
        assert colours.contrast(ink, shadow) >= least - 1, f"{name} on its shadow"


@pytest.mark.parametrize(("look", "book"), SCREENS)
def test_the_inks_are_told_apart_and_grey_is_the_quietest(look: Theme, book: bool) -> None:
    inks = [ink for ink, _ in look.scheme(book).inks.all()]
    for i, one in enumerate(inks):
        for other in inks[:i]:
            assert sum(abs(a - b) for a, b in zip(one, other, strict=True)) >= 12, (one, other)
    background = max(backgrounds(look, book), key=colours.luminance)
    reading = [colours.contrast(ink, background) for ink in inks]
    assert reading[3] == min(reading) or book
    assert reading[0] == max(reading)


def test_colours_mix_as_the_console_does() -> None:
    assert colours.mix((31, 0, 1), (31, 31, 2)) == (31, 15, 1)
    assert colours.colour(colours.word((1, 2, 3))) == (1, 2, 3) and colours.word((1, 2, 3)) == 0x0C41
    assert colours.contrast((0, 0, 0), (31, 31, 31)) == pytest.approx(21)


def test_a_gradient_changes_one_channel_a_line_and_catches_up() -> None:
    keys = ((0, (0, 0, 0)), (10, (2, 2, 2)))
    made = ramp.changes(keys)
    assert len({change.line for change in made}) == len(made) == 6
    assert ramp.colours(keys)[-1] == (2, 2, 2)
    assert ramp.table(((0, (5, 6, 7)), (200, (5, 6, 8)))) == bytes([101, 0x25, 1, 0x88, 0])
    assert ramp.table(((0, (5, 6, 7)), (223, (5, 6, 7)))) == bytes([1, 0x25, 0])
    assert ramp.start(keys) == bytes([0x20, 0x40, 0x80])


def test_an_entry_lasts_127_lines_at_most() -> None:
    table = ramp.table(((0, (0, 0, 0)), (150, (0, 0, 0)), (152, (0, 0, 2))))
    assert table[:4] == bytes([127, 0x20, 24, 0x20])


def test_a_gradient_with_too_many_changes_is_refused() -> None:
    wild = [(line, (line % 40, 0, 0)) for line in range(0, 224, 20)]
    with pytest.raises(AssertionError, match="at most 60"):
        ramp.changes(wild)


FORM = Form(["ONE", "TWO"], size=2, bits=2, blocks=2)
GOOD = "// a comment\nONE\n.1 23\n33 ..\n\nTWO\n11 11\n22 22\n"


def test_a_drawing_is_read() -> None:
    drawn = parse(GOOD, FORM, "x.txt")
    assert drawn["ONE"].tolist() == [[[0, 1], [3, 3]], [[2, 3], [0, 0]]]
    assert list(drawn) == ["ONE", "TWO"]


@pytest.mark.parametrize(
    ("good", "bad", "says"),
    [
        (".1 23", ".1 234", "x.txt:3: ONE: a row is made of .123, not of 4"),
        (".1 23", ".1 233", "x.txt:3: ONE: a row has 2 pixels, this one 3"),
        (".1 23", ".1", "x.txt:3: ONE: a row has 2 blocks with one space between them, this one 1"),
        (".1 23", ".1  23", "x.txt:3: ONE: a row has 2 blocks with one space between them, this one 3"),
        (".1 23\n", "", "x.txt:5: ONE ends after 1 of its 2 rows"),
        ("22 22\n", "", "x.txt:8: TWO ends after 1 of its 2 rows"),
        ("33 ..", "33 ..\n33 ..", "x.txt:5: ONE has more than 2 rows"),
        ("TWO", "ONE", "x.txt:6: ONE is drawn twice"),
        ("TWO", "THREE", "x.txt:6: there is no drawing named THREE"),
        ("TWO\n11 11\n22 22\n", "", "x.txt: not drawn: TWO"),
        ("ONE\n", "", "x.txt:2: '.1 23' comes before the first name"),
    ],
)
def test_a_slip_of_the_pen_is_named(good: str, bad: str, says: str) -> None:
    assert good in GOOD
    with pytest.raises(InputError) as error:
        parse(GOOD.replace(good, bad, 1), FORM, "x.txt")
    assert str(error.value) == says


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(InputError, match=r"cannot read the drawings .*nothing"):
        drawing.read(windows.WINDOWS.with_name("nothing.txt"), FORM)
