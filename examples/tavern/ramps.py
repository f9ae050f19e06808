"""The colours: one ramp a material, from deep shadow to full light. Everything in the picture comes from these."""

from __future__ import annotations

WOOD, PLASTER, STONE, RED, GOLD, GREEN, NIGHT, METAL, FLAME, SKIN, PURPLE = range(11)

RAMPS = (
    "120a14 22121c 361c22 4f2a26 6c3c2a 8c5232 ac6e3c cc904e e8b868 f8dc98",
    "1c1420 33242f 50393c 705248 927055 b49168 d2b482 ecd6a6",
    "14121c 24212c 38333c 504850 6a5f5c 88796c a8967e ccb898",
    "1e0c18 3c1220 621c26 8c2a2a b44430 d87048",
    "4a2c18 7c4c1c b47a24 e0ac3c f8dc74 fff6c8",
    "10181c 1c3028 2c4e34 487244 78a058",
    "0c0c24 141a3c 202c58 34487c 5c78a8 a8c4dc",
    "241a22 443638 665a52 908474 bcb096 ece4c8",
    "5c1414 a02c14 dc5c18 f89830 fcd058 fff8c0",
    "5c2c28 a05c40 d8946c f8c898",
    "1a1026 342044 543264 7a4c84 a878a8",
)

LETTERS = "0123456789abcdefghijklmnopqrstuvGHIJKLwxyzZABCDEFMNOPQRSTUVWX()*+[{<>]"
"""A letter for each colour, as the drawings have it, ramp after ramp. A dot is clear."""

FLICKER = (0.0, 0.05, -0.03, 0.08)
"""How much brighter a bright colour is while the fire flickers: one number for every palette in turn."""


def rgb(text: str) -> tuple[int, int, int]:
    """Six hexadecimal digits as red, green, blue, 0 to 255."""
    return int(text[0:2], 16), int(text[2:4], 16), int(text[4:6], 16)


def word(colour: tuple[int, int, int]) -> int:
    """A colour as the console has it: five bits each, blue highest."""
    red, green, blue = (min(max(part, 0), 255) >> 3 for part in colour)
    return red | green << 5 | blue << 10


def flickering(colour: tuple[int, int, int], amount: float) -> tuple[int, int, int]:
    """The colour in another moment of the fire: the brighter and the redder it is, the more it changes."""
    red, green, blue = colour
    change = 1 + amount * max(red - 60, 0) / 160
    return int(red * change), int(green * (1 + (change - 1) * 0.8)), blue


COLOURS = [rgb(text) for ramp in RAMPS for text in ramp.split()]
"""Every colour by its number."""

LENGTHS = [len(ramp.split()) for ramp in RAMPS]
FIRSTS = [sum(LENGTHS[:ramp]) for ramp in range(len(RAMPS))]
"""Steps of each ramp, and the number of its darkest colour."""
