"""What a theme is made of, and what the console is given of it: palettes, and the table of its gradient."""

from __future__ import annotations

from dataclasses import dataclass

from tables.look import ramp
from tables.look.colours import Colour, colour, word
from tables.look.ramp import Keys

Three = tuple[Colour, Colour, Colour]

CELLS = (
    (0x246B, 0x2890, 0x24D6),  # warm: above zero, weak
    (0x119C, 0x169F, 0x47BF),  # and strong
    (0x4D42, 0x5DA2, 0x6603),  # cool: below zero, weak
    (0x76A6, 0x7F4F, 0x7FF9),  # and strong
)
"""The shades of heat, the same in every theme: words of the palettes 4 … 7 of the text."""

ZERO, BASELINE, FUTURE = colour(0x30A4), (9, 11, 18), colour(0x2861)

BOOK_STEADY = 100
"""From this line on a book's gradient does not change."""

WHITE_GLOVE = ((3, 2, 5), (14, 12, 16), (20, 19, 22), (26, 26, 27), (31, 31, 31))
GOLD_CUFF: Three = ((16, 9, 3), (25, 18, 6), (31, 28, 16))


@dataclass(frozen=True)
class Inks:
    """What text is written with, each colour with its shadow's: palettes 0 … 3 of the text."""

    paper: tuple[Colour, Colour]
    gold: tuple[Colour, Colour]
    sky: tuple[Colour, Colour]
    grey: tuple[Colour, Colour]

    def all(self) -> tuple[tuple[Colour, Colour], ...]:
        return self.paper, self.gold, self.sky, self.grey


@dataclass(frozen=True)
class Scheme:
    """The colours of one kind of screen, in the order of the digits in the drawings.

    Panel, pattern and backdrop are shown mixed with the gradient, inks and frame as they are.
    """

    inks: Inks
    frame: Three
    panel: Three
    pattern: Three
    backdrop: Colour
    gradient: Keys


@dataclass(frozen=True)
class Theme:
    """A look by name: its windows, its book, and what is the same on all screens.

    jewel: of the cuff, dark and light. page: the shadow of a turning page, then its paper, dark to light.
    cells: third colours of the palettes 0 … 3: a cell at zero, the baseline of the bars, none, a cell to come.
    """

    name: str
    windows: Scheme
    book: Scheme
    jewel: tuple[Colour, Colour]
    page: tuple[Colour, Colour, Colour, Colour, Colour]
    cuff: Three = GOLD_CUFF
    cells: tuple[Colour, Colour, Colour, Colour] = (ZERO, BASELINE, (0, 0, 0), FUTURE)

    def scheme(self, book: bool) -> Scheme:
        return self.book if book else self.windows


def palette(theme: Theme, book: bool = False) -> list[int]:
    """The words of the palette memory 0 … 127: of text, frames, panels and pattern, 32 each.

    The first of every four is clear; word 0 is the backdrop.
    """
    scheme = theme.scheme(book)
    words = [0] * 128
    for n, (ink, shadow) in enumerate(scheme.inks.all()):
        words[4 * n + 1 : 4 * n + 4] = [word(ink), word(shadow), word(theme.cells[n])]
    for n, cells in enumerate(CELLS, start=4):
        words[4 * n + 1 : 4 * n + 4] = cells
    for first, three in ((32, scheme.frame), (64, scheme.panel), (96, scheme.pattern)):
        words[first + 1 : first + 4] = [word(one) for one in three]
    words[0] = word(scheme.backdrop)
    return words


def sprite_palette(theme: Theme) -> list[int]:
    """The sixteen words of the sprites' palette, in the order of the digits of sprites.txt; the first is clear."""
    return [0, *(word(one) for one in (*WHITE_GLOVE, *theme.cuff, *theme.jewel, *theme.page))]


def gradient(theme: Theme, book: bool = False) -> list[Colour]:
    """The fixed colour on each of the 224 lines."""
    return ramp.colours(theme.scheme(book).gradient)


def gradient_table(theme: Theme, book: bool = False) -> bytes:
    """The table that makes it, for HDMA to COLDATA. A book's is over by line BOOK_STEADY."""
    return ramp.table(theme.scheme(book).gradient)


def gradient_start(theme: Theme, book: bool = False) -> bytes:
    """What COLDATA is given before the screen begins: three bytes."""
    return ramp.start(theme.scheme(book).gradient)
