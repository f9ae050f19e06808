"""The colours: one ramp a material, from shadow to full light, and the six palettes they share."""

from __future__ import annotations

SKY, STAR, GOLD, WINE, SEA, METAL, LAMP, ROCK, PINE = range(9)

_RAMPS = (
    "000010 080820 08102f 10183f 18204f 20285f 303070 403078 "
    "583888 784088 a04888 c86080 e88878 f8b080 f8d898 fffff0",
    "384890 7088d0 c8d8f8",
    "581028 902818 c05818 e89028 f8c850 f8e898 fffff0",
    "300828",
    "000010 080820 081028 101838 202858 303070 403078 583888 784088 a04888 c86080 e88878 f8b080 f8d898 fffff0",
    "585878 8888a0 c0b8c8",
    "28b0c0 a8f8e8",
    "080010 180820 301838",
    "000808 081818 103028",
)

Span = tuple[int, int, int]
"""A part of a ramp: material, first level, the level after the last."""

PALETTES: tuple[tuple[Span, ...], ...] = (
    ((SKY, 0, 12), (STAR, 0, 3)),
    ((SKY, 3, 16), (PINE, 0, 2)),
    ((SKY, 0, 7), (GOLD, 0, 7), (WINE, 0, 1)),
    ((SEA, 1, 10), (ROCK, 0, 3), (PINE, 0, 3)),
    ((SEA, 0, 15),),
    ((PINE, 0, 1), (SKY, 1, 2), (SKY, 5, 13), (METAL, 0, 3), (LAMP, 0, 2)),
)
"""The background's palettes 2 to 7: at most fifteen different colours each."""


def word(text: str) -> int:
    """Six hexadecimal digits as the console has a colour: five bits each, blue highest."""
    red, green, blue = (int(text[at : at + 2], 16) >> 3 for at in (0, 2, 4))
    return red | green << 5 | blue << 10


def parts(colour: int) -> tuple[int, int, int]:
    """Red, green and blue of a colour of 15 bits, 0 to 31 each."""
    return colour & 31, colour >> 5 & 31, colour >> 10 & 31


WORDS: tuple[tuple[int, ...], ...] = tuple(tuple(word(one) for one in ramp.split()) for ramp in _RAMPS)
"""Every ramp's colours, 15 bits each."""
