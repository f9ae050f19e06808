"""Colours of the console, five bits a channel: their words, how two mix, how well one is read on another."""

from __future__ import annotations

Colour = tuple[int, int, int]
"""Red, green, blue, 0 … 31."""

BLACK: Colour = (0, 0, 0)
WEIGHTS = (0.2126, 0.7152, 0.0722)


def word(colour: Colour) -> int:
    """As the palette memory has it: blue in the upper five of its 15 bits."""
    red, green, blue = colour
    return red | green << 5 | blue << 10


def colour(word: int) -> Colour:
    """The other way round."""
    return word & 31, word >> 5 & 31, word >> 10 & 31


def mix(one: Colour, other: Colour) -> Colour:
    """Half of the sum, channel by channel, rounded down: the console's arithmetic."""
    red, green, blue = ((a + b) // 2 for a, b in zip(one, other, strict=True))
    return red, green, blue


def luminance(colour: Colour) -> float:
    """Relative luminance, 0 … 1, of the colour taken as sRGB."""
    shares = (part / 31 for part in colour)
    linear = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return sum(weight * part for weight, part in zip(WEIGHTS, linear, strict=True))


def contrast(one: Colour, other: Colour) -> float:
    """1 … 21, as the guidelines for readable pages on the web reckon it."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)
