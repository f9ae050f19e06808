"""The pictures and colours that a cartridge shows, as the files that its source includes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from tables import cells, font
from tables.look.pattern import pattern_tiles
from tables.look.sprites import Sprite, sprite_tiles
from tables.look.themes import THEMES, Theme, gradient_start, gradient_table, palette, sprite_palette
from tables.look.windows import Piece, frame_tiles, panel_tiles
from tables.title.picture import title

GRADIENT_BYTES = 128
"""Of one gradient: three bytes for its first line, one of none, its table."""

FIRST_TALL = 32
"""The first character that has a tall letter."""

SEGMENTS = ("FONT", "LOOK", "TITLE", "TITLE_REST")
"""The last two are too large for the program's bank, and the picture is too large for the smallest bank."""


@dataclass(frozen=True)
class Look:
    """Binary files by name, and the numbers that the source needs of them."""

    files: Mapping[str, bytes]
    beside_program: bool
    themes: int
    pieces: int
    title_bytes: int
    title_rest_bytes: int
    gradient_bytes: int = GRADIENT_BYTES
    first_tall: int = FIRST_TALL
    cursor: int = 2 * Sprite.CURSOR
    """The first tile of each sprite."""
    cursor_2: int = 2 * Sprite.CURSOR_2
    page_edge: int = 2 * Sprite.PAGE_EDGE
    quill: int = 2 * Sprite.QUILL
    corner: int = 2 * Sprite.CORNER

    @property
    def sizes(self) -> Mapping[str, int]:
        """Bytes of each segment that they are in."""
        found = dict.fromkeys(SEGMENTS, 0)
        for name, data in self.files.items():
            kind = name.partition(".")[0].upper()
            found[kind if kind in found else "LOOK"] += len(data)
        return found

    @property
    def elsewhere(self) -> Sequence[str]:
        """The segments that are not in the program's bank. Only a small program leaves room for the others."""
        return SEGMENTS[2:] if self.beside_program else SEGMENTS


@cache
def look(*, book: bool, small: bool) -> Look:
    """The look of a cartridge.

    book: whether it has the book that stories are told in. small: whether its program is.
    """
    picture, tall = title(), font.tall_tiles_2bpp()
    half = len(picture.tiles) // 2
    skipped = FIRST_TALL * 16
    upper, lower = tall[: len(tall) // 2], tall[len(tall) // 2 :]
    schemes = [(theme, paged) for paged in (False, True)[: 1 + book] for theme in THEMES]
    return Look(
        {
            "font.2bpp": cells.tiles_2bpp() + upper[skipped:] + lower[skipped:],
            "frames.2bpp": frame_tiles(),
            "panels.2bpp": panel_tiles() + pattern_tiles(),
            "sprites.4bpp": sprite_tiles(),
            "palettes.bin": b"".join(_colours(*scheme) for scheme in schemes) + _title_colours(),
            "gradients.bin": b"".join(_gradient(*scheme) for scheme in schemes) + bytes(GRADIENT_BYTES),
            "title.4bpp": picture.tiles[:half],
            "title.map": picture.map,
            "title_rest.4bpp": picture.tiles[half:],
        },
        small,
        len(THEMES),
        len(Piece),
        half,
        len(picture.tiles) - half,
    )


def _colours(theme: Theme, book: bool) -> bytes:
    """The palette memory: 128 words of the backgrounds, 16 of the sprites."""
    return _words([*palette(theme, book), *sprite_palette(theme)])


def _title_colours() -> bytes:
    """The same of the title: the text's inks, in the default theme, then its picture's colours."""
    picture, inks = title(), palette(THEMES[0])[:32]
    text = _words([picture.backdrop, *inks[1:]])
    return text + picture.palettes + bytes(2 * 16)


def _gradient(theme: Theme, book: bool) -> bytes:
    made = gradient_start(theme, book) + b"\0" + gradient_table(theme, book)
    assert len(made) <= GRADIENT_BYTES
    return made.ljust(GRADIENT_BYTES, b"\0")


def _words(values: list[int]) -> bytes:
    return b"".join(value.to_bytes(2, "little") for value in values)
