"""The typefaces: every character is there and its own, the tiles say the same, and a slip of the pen is named."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from tables.font import (
    FONT,
    LATIN,
    PRINTABLE,
    SIZE,
    TALL,
    TALL_FONT,
    TILES,
    Glyph,
    glyphs,
    parse,
    shadow,
    tall_glyphs,
    tall_tiles_2bpp,
    tiles_2bpp,
)
from trainer.errors import InputError
from trainer.text import alphabet

BLOCK = 127
DESCENDERS = set("gjpqyÇçþýÿ¡¿")
BELOW = set("$(),/;[\\]_{|}")
"""What passes the baseline and is not a letter."""

SMALL_LETTERS = set("acegmnopqrsuvwxyzæçø")
"""Small letters with neither ascender nor accent."""

RAISED = set("$()/[\\]{|}å")
"""What is taller than a capital in the tall typeface, except for capitals with accents."""

ACCENTED_CAPITALS = set("ÀÁÂÃÄÅÈÉÊËÌÍÎÏÑÒÓÔÕÖÙÚÛÜÝ")
ACCENTED_SMALL = set("àáâãäåèéêëìíîïñòóôõöùúûüýÿ")
ACCENTED = (
    "AÀÁÂÃÄÅ",
    "OÒÓÔÕÖØ0",
    "UÙÚÛÜ",
    "IÌÍÎÏ",
    "EÈÉÊË",
    "aàáâãäåæ",
    "oòóôõöøð",
    "uùúûü",
    "iìíîïl",
    "eèéêë",
    "DÐ",
    "NÑ",
    "nñ",
    "YÝ",
    "yýÿ",
    "CÇ",
    "cç",
    "PÞbþ",
)
LOOK_ALIKES = (
    "0OQoD",
    "1lI|i!",
    "5Ss",
    "2Zz",
    "8B",
    "6b",
    "9gq",
    "uvUV",
    "rn",
    "hn",
    "ceo",
    "xX×",
    "'`,",
    *ACCENTED,
)

Face = Callable[[], dict[int, Glyph]]
FACES = pytest.mark.parametrize(("face", "height"), [(glyphs, SIZE), (tall_glyphs, TALL)], ids=["small", "tall"])


@FACES
def test_every_printable_character_is_drawn_and_no_two_look_alike(face: Face, height: int) -> None:
    font = face()
    assert list(font) == [*PRINTABLE, BLOCK, *LATIN]
    assert {chr(code) for code in (*PRINTABLE, *LATIN)} == alphabet.FONT
    assert all(ink.shape == (height, 8) and ink.dtype == np.uint8 for ink in font.values())
    assert len({ink.tobytes() for ink in font.values()}) == len(font)
    assert [chr(code) for code in PRINTABLE if not font[code].any()] == [" "]


@FACES
@pytest.mark.parametrize("group", LOOK_ALIKES)
def test_look_alikes_differ_by_more_than_a_pixel_or_two(face: Face, height: int, group: str) -> None:
    font = face()
    for one, other in combinations(group, 2):
        assert (font[ord(one)] != font[ord(other)]).sum() >= 3, (one, other)


def test_the_block_is_all_ink_and_the_cursor_a_block_that_leaves_air() -> None:
    assert glyphs()[BLOCK].all()
    cursor = np.zeros((TALL, SIZE), np.uint8)
    cursor[2:14, :7] = 1
    assert np.array_equal(tall_glyphs()[BLOCK], cursor)


def _letters(face: Face) -> list[tuple[str, Glyph]]:
    return [(chr(code), ink) for code, ink in face().items() if code != BLOCK]


@FACES
def test_column_8_is_spacing(face: Face, height: int) -> None:
    for character, ink in _letters(face):
        assert not ink[:, 7].any(), character


def test_small_letters_keep_the_lines() -> None:
    """Capitals on rows 1 to 6, small letters on rows 2 to 6, descenders to row 8."""
    for character, ink in _letters(glyphs):
        assert bool(ink[6:].any()) == (character in DESCENDERS | BELOW), f"{character}: row 7 is below the line"
        assert bool(ink[7].any()) == (character in DESCENDERS | {"|"}), f"{character}: row 8 is for descenders"
        if character.isalnum():
            assert ink[5].any(), f"{character} sits on the baseline"
        if character.isupper() or character.isdigit() or character in "bdfhijkltßðþ":
            assert ink[0].any(), f"{character} reaches the height of a capital"
        if character in SMALL_LETTERS:
            assert ink[1].any() and not ink[0].any(), f"{character} has the height of x"
        if character in "bdhk":
            assert ink[:2].sum() == 4, f"{character}: a stem stands above the bowl"
        if character in ACCENTED_CAPITALS | ACCENTED_SMALL:
            assert ink[0].any() and ink[2].any(), f"{character} has its accent in row 1 and begins in row 3"
            assert bool(ink[1].any()) == (character in set("ÂÊÎÔâêîô")), f"{character}: row 2 is air"


def test_tall_letters_keep_the_lines() -> None:
    """Capitals on rows 3 to 12, small letters on rows 6 to 12, descenders to row 15."""
    for character, ink in _letters(tall_glyphs):
        assert not ink[15].any(), f"{character}: row 16 is air"
        assert bool(ink[14].any()) == (character in DESCENDERS), f"{character}: row 15 is for descenders"
        assert bool(ink[12:].any()) == (character in DESCENDERS | BELOW), f"{character}: row 13 is below the line"
        assert bool(ink[0].any()) == (character in ACCENTED_CAPITALS), f"{character}: row 1 is for accents"
        assert bool(ink[1].any()) == (character in ACCENTED_CAPITALS | RAISED), f"{character}: row 2 is air"
        if character.isalnum():
            assert ink[11].any(), f"{character} sits on the baseline"
        if character in ACCENTED_CAPITALS - {"Å"}:
            assert ink[3].any() and not ink[2].any(), f"{character}: there is air below the accent"
        elif character.isupper() or character.isdigit() or character in "bdfhijklßðþ":
            assert ink[2].any(), f"{character} reaches the height of a capital"
        if character in SMALL_LETTERS:
            assert ink[5].any() and not ink[:5].any(), f"{character} has the height of x"
        if character in ACCENTED_SMALL:
            assert ink[3].any() and ink[5].any() and not ink[4].any(), f"{character}: there is air below the accent"


def _colours(tile: bytes) -> Glyph:
    """A 2bpp tile decoded pixel by pixel, as the PPU does it.    (8, 8) colours"""
    return np.array(
        [
            [(tile[2 * y] >> (7 - x) & 1) | (tile[2 * y + 1] >> (7 - x) & 1) << 1 for x in range(SIZE)]
            for y in range(SIZE)
        ],
        np.uint8,
    )


def _assert_shows(colours: Glyph, ink: Glyph) -> None:
    assert np.array_equal(colours == 1, ink == 1)
    assert np.array_equal(colours == 2, shadow(ink) == 1)
    assert not (colours == 3).any()


def test_tiles_give_the_glyphs_back() -> None:
    data = tiles_2bpp()
    assert len(data) == TILES * 16
    font = glyphs()
    for code in range(TILES):
        colours = _colours(data[code * 16 : code * 16 + 16])
        _assert_shows(colours, font.get(code, np.zeros((SIZE, SIZE), np.uint8)))


def test_two_tall_tiles_give_a_glyph_back_with_one_shadow() -> None:
    data = tall_tiles_2bpp()
    assert len(data) == 2 * TILES * 16
    font = tall_glyphs()
    for code in range(TILES):
        halves = [_colours(data[tile * 16 : tile * 16 + 16]) for tile in (code, TILES + code)]
        _assert_shows(np.concatenate(halves), font.get(code, np.zeros((TALL, SIZE), np.uint8)))


@pytest.mark.parametrize("height", [SIZE, TALL])
def test_a_shadow_falls_right_and_down_and_is_cut_at_the_edge(height: int) -> None:
    ink = np.zeros((height, 8), np.uint8)
    ink[0, 0] = ink[1, 1] = ink[3, 7] = ink[height - 1, 3] = ink[4, 2] = 1
    expected = np.zeros((height, 8), np.uint8)
    expected[2, 2] = expected[5, 3] = 1
    assert np.array_equal(shadow(ink), expected)


def _glyph(text: str, header: str, height: int) -> tuple[int, str]:
    """The line number of a header, and the glyph's lines, header included."""
    lines = text.splitlines()
    at = lines.index(header)
    return at + 1, "\n".join(lines[at : at + 1 + height])


FILES = pytest.mark.parametrize(("file", "height"), [(FONT, SIZE), (TALL_FONT, TALL)], ids=["small", "tall"])
Spoil = Callable[[str], str]


@FILES
@pytest.mark.parametrize(
    ("spoil", "after", "says"),
    [
        (lambda glyph: glyph[:-1], 0, "glyph A 65: a row has 8 pixels, this one 7"),
        (lambda glyph: glyph + "#", 0, "glyph A 65: a row has 8 pixels, this one 9"),
        (lambda glyph: glyph[:-1] + "x", 0, "glyph A 65: a row is made of # and . only, not '"),
        (lambda glyph: glyph[:-9], 1, "glyph A 65 ends after {less} of its {height} rows"),
        (lambda glyph: glyph + "\n........", 1, "glyph A 65 has more than {height} rows"),
        (lambda glyph: glyph + "\n" + glyph, 1, "glyph A 65 is drawn twice, first in line {start}"),
        (lambda glyph: glyph.replace("65", "66"), None, "glyph A 66: code 66 is 'B'"),
        (lambda glyph: glyph.replace("65", "200"), None, "glyph A 200: code 200 is 'È'"),
        (
            lambda glyph: glyph.replace("65", "300"),
            None,
            "glyph A 300: the code must be 32 to 127, or that of a letter",
        ),
    ],
)
def test_a_bad_glyph_is_named_with_its_line(
    file: Path, height: int, spoil: Spoil, after: int | None, says: str
) -> None:
    """after: lines between the glyph's last row and the line named; None: that is its header."""
    text = file.read_text(encoding="utf-8")
    start, glyph = _glyph(text, "A 65", height)
    with pytest.raises(InputError) as error:
        parse(text.replace(glyph, spoil(glyph)), file.name, height)
    message = str(error.value)
    assert says.format(less=height - 1, height=height, start=start) in message
    line = start if after is None else start + height + after
    assert message.startswith(f"{file.name}:{line}: ")
    assert "\n" not in message


@FILES
def test_an_unfinished_last_glyph_is_named(file: Path, height: int) -> None:
    text = file.read_text(encoding="utf-8").rstrip("\n")
    says = rf"{file.stem}\.txt:\d+: glyph ÿ 255 ends after {height - 1} of its {height} rows"
    with pytest.raises(InputError, match=says):
        parse(text[: text.rindex("\n")], file.name, height)


@FILES
def test_missing_glyphs_are_all_named(file: Path, height: int) -> None:
    text = file.read_text(encoding="utf-8")
    for header in ("space 32", "B 66"):
        text = text.replace(_glyph(text, header, height)[1], "")
    with pytest.raises(InputError, match=rf"^{file.stem}\.txt: not drawn: space 32, B 66$"):
        parse(text, file.name, height)


def test_a_face_of_the_other_height_is_refused() -> None:
    """At the header that comes too early, or at the first row too many."""
    with pytest.raises(InputError, match=r"glyph space 32 ends after 8 of its 16 rows"):
        parse(FONT.read_text(encoding="utf-8"), FONT.name, TALL)
    with pytest.raises(InputError, match=r"glyph space 32 has more than 8 rows"):
        parse(TALL_FONT.read_text(encoding="utf-8"), TALL_FONT.name, SIZE)


def test_pixels_before_the_first_header_are_refused() -> None:
    with pytest.raises(InputError, match=r"^font\.txt:2: '#\.\.\.\.\.\.\.' comes before the first header"):
        parse("// a comment\n#.......\n")
