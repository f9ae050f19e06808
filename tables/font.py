"""The cartridge's two typefaces, drawn by hand, as pixels and as tiles for the console.

`font.txt`, 8 by 8, is for labels, keys and numbers; `font_tall.txt`, 8 by 16, for running text, names and stories.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainer.errors import InputError

Glyph = NDArray[np.uint8]

FONT = Path(__file__).with_name("font.txt")
TALL_FONT = Path(__file__).with_name("font_tall.txt")
SIZE = 8
TALL = 2 * SIZE
TILES = 256
PRINTABLE = range(32, 127)
LATIN = (*b"\xa1\xab\xb0\xb7\xbb\xbf", *range(0xC0, 0x100))  # ¡ « ° · » ¿ and the letters of Latin-1
NAMED = {32: "space", 127: "block"}  # characters that a header cannot show

_HEADER = re.compile(r"(\S+) (\d+)")


def _name(code: int) -> str:
    return NAMED.get(code, chr(code))


def parse(text: str, source: str = FONT.name, height: int = SIZE) -> dict[int, Glyph]:
    """The glyphs in the text of a font file, by character code, in the order of the codes.

    Each glyph is (height, 8), 1 = ink, row 0 on top, column 0 on the left. Raises InputError, with the line and the
    glyph, at a bad header, a row of the wrong length or with a wrong mark, too few or too many rows, a glyph drawn
    twice, and a printable character not drawn.
    """
    drawn: dict[int, tuple[int, list[str]]] = {}
    rows: list[str] | None = None
    title = ""

    def finish(line: int) -> None:
        if rows is not None and len(rows) != height:
            raise InputError(f"{source}:{line}: glyph {title} ends after {len(rows)} of its {height} rows")

    for line, raw in enumerate(text.splitlines(), start=1):
        content = raw.rstrip()
        if not content or content.startswith("//"):
            continue
        if header := _HEADER.fullmatch(content):
            finish(line)
            title, code = content, int(header[2])
            if code not in PRINTABLE and code not in LATIN and code not in NAMED:
                raise InputError(
                    f"{source}:{line}: glyph {title}: the code must be 32 to 127, or that of a letter of Latin-1"
                )
            if header[1] != _name(code):
                raise InputError(f"{source}:{line}: glyph {title}: code {code} is {_name(code)!r}")
            if code in drawn:
                raise InputError(f"{source}:{line}: glyph {title} is drawn twice, first in line {drawn[code][0]}")
            rows = []
            drawn[code] = (line, rows)
            continue
        if rows is None:
            raise InputError(f"{source}:{line}: {content!r} comes before the first header, such as 'A 65'")
        if set(content) - set("#."):
            raise InputError(f"{source}:{line}: glyph {title}: a row is made of # and . only, not {content!r}")
        if len(content) != SIZE:
            raise InputError(f"{source}:{line}: glyph {title}: a row has {SIZE} pixels, this one {len(content)}")
        if len(rows) == height:
            raise InputError(f"{source}:{line}: glyph {title} has more than {height} rows")
        rows.append(content)
    finish(text.count("\n") + 1)
    if missing := [code for code in (*PRINTABLE, *LATIN) if code not in drawn]:
        names = ", ".join(f"{_name(code)} {code}" for code in missing)
        raise InputError(f"{source}: not drawn: {names}")
    return {
        code: np.array([[mark == "#" for mark in row] for row in drawn[code][1]], np.uint8)
        for code in sorted(drawn)
    }


def _read(file: Path, height: int) -> dict[int, Glyph]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the font {file}: {error}") from error
    return parse(text, file.name, height)


def glyphs() -> dict[int, Glyph]:
    """The small typeface by character code: 32 to 126, 127, the full block, and LATIN.    (8, 8) each, 1 = ink."""
    return _read(FONT, SIZE)


def tall_glyphs() -> dict[int, Glyph]:
    """The tall typeface by character code: 32 to 126, 127, a cursor, and LATIN.    (16, 8) each, 1 = ink."""
    return _read(TALL_FONT, TALL)


def shadow(ink: Glyph) -> Glyph:
    """ink moved one pixel right and down, where there is no ink; what would leave the glyph is cut off.

    ink (height, 8); returns (height, 8), 1 = shadow.
    """
    cast = np.zeros_like(ink)
    cast[1:, 1:] = ink[:-1, :-1]
    return cast & (1 - ink)


def _planes(drawn: dict[int, Glyph], height: int) -> NDArray[np.uint8]:
    """Ink and shadow of every character code; codes without a glyph are blank.    (256, height, 2, 8), 0 or 1."""
    planes = np.zeros((TILES, height, 2, SIZE), np.uint8)
    for code, ink in drawn.items():
        planes[code, :, 0] = ink
        planes[code, :, 1] = shadow(ink)
    return planes


def tiles_2bpp() -> bytes:
    """The small typeface as 256 tiles of 16 bytes, tile number = character code; codes without a glyph are blank.

    SNES 2bpp: of each row, top first, a byte of bitplane 0 (ink) and a byte of bitplane 1 (shadow), the leftmost
    pixel in bit 7. So colour 0 is transparent, 1 ink, 2 shadow, and 3 does not occur.
    """
    return np.packbits(_planes(glyphs(), SIZE), axis=-1).tobytes()


def tall_tiles_2bpp() -> bytes:
    """The tall typeface as 512 tiles: the upper halves by character code, then the lower halves, 256 + code.

    Tiles as in `tiles_2bpp`. The shadow is cast before the glyph is cut in two: it crosses from half to half.
    """
    halves = _planes(tall_glyphs(), TALL).reshape(TILES, 2, SIZE, 2, SIZE).swapaxes(0, 1)
    return np.packbits(halves, axis=-1).tobytes()
