"""The typeface: every character is there and its own, the tiles say the same, and a slip of the pen is named."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tables.font import FONT, LATIN, PRINTABLE, TILES, glyphs, parse, shadow, tiles_2bpp
from trainer.errors import InputError
from trainer.text import alphabet

DESCENDERS = set(",;_|gjpqyÇçþýÿ")
BLOCK = 127
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
)


def test_every_printable_character_is_drawn_and_no_two_look_alike() -> None:
    font = glyphs()
    assert list(font) == [*PRINTABLE, BLOCK, *LATIN]
    assert {chr(code) for code in (*PRINTABLE, *LATIN)} == alphabet.FONT
    assert all(ink.shape == (8, 8) and ink.dtype == np.uint8 for ink in font.values())
    assert len({ink.tobytes() for ink in font.values()}) == len(font)
    assert [chr(code) for code in PRINTABLE if not font[code].any()] == [" "]
    assert font[BLOCK].all()


def test_look_alikes_differ_by_more_than_a_pixel_or_two() -> None:
    font = glyphs()
    for group in ("0OQo", "1lI|i!", "5Ss", "2Zz", "8B", "6b", "9gq", "uvUV", "rn", "'`,", *ACCENTED):
        for i, one in enumerate(group):
            for other in group[i + 1 :]:
                assert (font[ord(one)] != font[ord(other)]).sum() >= 3, (one, other)


def test_letters_keep_the_lines_and_the_spacing() -> None:
    for code, ink in glyphs().items():
        if code == BLOCK:
            continue
        character = chr(code)
        assert not ink[:, 7].any(), f"{character}: column 8 is spacing"
        assert bool(ink[7].any()) == (character in DESCENDERS), f"{character}: row 8 is for descenders"
        if character.isalnum():
            assert ink[6].any(), f"{character} sits on the baseline"
        if character.isupper() or character.isdigit():
            assert ink[0].any(), f"{character} reaches the height of a capital"
        if character in "acegmnopqrsuvwxyz":
            assert ink[2].any() and not ink[:2].any(), f"{character} has the height of x"


def test_tiles_give_the_glyphs_back() -> None:
    """Decoded pixel by pixel, as the PPU does it."""
    data = tiles_2bpp()
    assert len(data) == TILES * 16
    font = glyphs()
    for code in range(TILES):
        tile = data[code * 16 : code * 16 + 16]
        colours = np.array(
            [
                [(tile[2 * y] >> (7 - x) & 1) | (tile[2 * y + 1] >> (7 - x) & 1) << 1 for x in range(8)]
                for y in range(8)
            ]
        )
        ink = font.get(code, np.zeros((8, 8), np.uint8))
        assert np.array_equal(colours == 1, ink == 1), code
        assert np.array_equal(colours == 2, shadow(ink) == 1), code
        assert not (colours == 3).any()


def test_a_shadow_falls_right_and_down_and_is_cut_at_the_edge() -> None:
    ink = np.zeros((8, 8), np.uint8)
    ink[0, 0] = ink[1, 1] = ink[3, 7] = ink[7, 3] = ink[4, 2] = 1
    expected = np.zeros((8, 8), np.uint8)
    expected[2, 2] = expected[5, 3] = 1
    assert np.array_equal(shadow(ink), expected)


def _glyph(text: str, header: str) -> tuple[int, str]:
    """The line number of a header, and the glyph's nine lines."""
    lines = text.splitlines()
    at = lines.index(header)
    return at + 1, "\n".join(lines[at : at + 9])


Spoil = Callable[[str], str]


@pytest.mark.parametrize(
    ("spoil", "line", "says"),
    [
        (lambda glyph: glyph[:-1], 8, "glyph A 65: a row has 8 pixels, this one 7"),
        (lambda glyph: glyph + "#", 8, "glyph A 65: a row has 8 pixels, this one 9"),
        (lambda glyph: glyph[:-1] + "x", 8, "glyph A 65: a row is made of # and . only, not '.......x'"),
        (lambda glyph: glyph[:-9], 9, "glyph A 65 ends after 7 of its 8 rows"),
        (lambda glyph: glyph + "\n........", 9, "glyph A 65 has more than 8 rows"),
        (lambda glyph: glyph + "\n" + glyph, 9, "glyph A 65 is drawn twice, first in line "),
        (lambda glyph: glyph.replace("65", "66"), 0, "glyph A 66: code 66 is 'B'"),
        (lambda glyph: glyph.replace("65", "200"), 0, "glyph A 200: code 200 is 'È'"),
        (
            lambda glyph: glyph.replace("65", "300"),
            0,
            "glyph A 300: the code must be 32 to 127, or that of a letter",
        ),
    ],
)
def test_a_bad_glyph_is_named_with_its_line(spoil: Spoil, line: int, says: str) -> None:
    text = FONT.read_text(encoding="utf-8")
    start, glyph = _glyph(text, "A 65")
    with pytest.raises(InputError) as error:
        parse(text.replace(glyph, spoil(glyph)))
    message = str(error.value)
    assert says in message
    assert message.startswith(f"font.txt:{start + line}: ")
    assert "\n" not in message


def test_an_unfinished_last_glyph_is_named() -> None:
    text = FONT.read_text(encoding="utf-8").rstrip("\n")
    with pytest.raises(InputError, match=r"font\.txt:\d+: glyph ÿ 255 ends after 7 of its 8 rows"):
        parse(text[: text.rindex("\n")])


def test_missing_glyphs_are_all_named() -> None:
    text = FONT.read_text(encoding="utf-8")
    for header in ("space 32", "B 66"):
        text = text.replace(_glyph(text, header)[1], "")
    with pytest.raises(InputError, match=r"^font\.txt: not drawn: space 32, B 66$"):
        parse(text)


def test_pixels_before_the_first_header_are_refused() -> None:
    with pytest.raises(InputError, match=r"^font\.txt:2: '#\.\.\.\.\.\.\.' comes before the first header"):
        parse("// a comment\n#.......\n")
