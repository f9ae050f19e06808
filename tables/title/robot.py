"""The dreamer: a small machine that sits on the cliff, eyes closed, a lamp above its head."""

from __future__ import annotations

from tables.title.canvas import Canvas
from tables.title.ramps import LAMP, METAL, PINE, SKY

X, Y = 11, 113
"""The top left corner of the drawing."""

_SPARKS = (29, 33, 37, 42, 47, 52, 57, 61)
"""The columns of the sparks."""

_WARM = 40
"""From here on they have the lanterns' colour."""

DRAWING = (
    "...........ee...........",
    "..........effe..........",
    "..........effe..........",
    "...........ee...........",
    "...........kk...........",
    "......kkkkkkkkkkkk......",
    "....kkbbccccccccddkk....",
    "...kabbccccccccccddwk...",
    "...kabbkkkkkkkkkkddwk...",
    "..kkabk0000000000kdwkk..",
    ".kakabk0000000000kdwkck.",
    ".kakabk0e0e00e0e0kdwkck.",
    ".kakabk00e0000e00kdwkck.",
    "..kkabk0000000000kdwkk..",
    "...kabk0000ee0000kdwk...",
    "...kaabkkkkkkkkkkcdwk...",
    "....kaaabbbbbbcccddk....",
    ".....kkkkkkkkkkkkkk.....",
    ".........kaabk..........",
    "......kkkkkkkkkkkkk.....",
    "....kkaabbbbccccdwkkk...",
    "...kabkabbbbcccddwkcdk..",
    "...kabkabbkkkkcddwkcdk..",
    "...kabkabbkefkcddwkcdk..",
    "...kabkabbkkkkcddwkcdk..",
    "...kakkaabbbbcccdwkkdk..",
    "....k.kaaabbbbcccdk.k...",
    ".....kkkkkkkkkkkkkkk....",
    "....kaabbbckkabbbcdwk...",
    "....kaaabbckkaabbcdwk...",
    "....kkkkkkkkkkkkkkkkk...",
)

_INKS = {
    "k": (PINE, 0),
    "0": (SKY, 1),
    "a": (SKY, 6),
    "b": (METAL, 0),
    "c": (METAL, 1),
    "d": (METAL, 2),
    "w": (SKY, 12),
    "e": (LAMP, 0),
    "f": (LAMP, 1),
}


def robot(canvas: Canvas) -> None:
    """The whole machine, and the sparks that rise from its lamp and fall to the first letter."""
    for x in _SPARKS:
        canvas.point(x, Y + 1 + (x - _SPARKS[0]) ** 2 // 110, *((LAMP, 1) if x < _WARM else (SKY, 14)))
    canvas.stamp(X, Y, DRAWING, _INKS)
