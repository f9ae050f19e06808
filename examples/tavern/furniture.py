"""What stands in the room: the bar, tables, stools, barrels and the things on them."""

from __future__ import annotations

from random import Random

import numpy as np
from canvas import Canvas, Lamp
from ramps import GOLD, GREEN, METAL, NIGHT, PLASTER, RED, WOOD

BAR = (168, 88, 80, 34)
TABLES = ((56, 138, 26, 12), (202, 172, 28, 13))
STOOLS = ((19, 148), (93, 148), (56, 170), (161, 180), (243, 180), (180, 133), (224, 133))
BARRELS = ((16, 200), (33, 200), (24, 184), (232, 208), (17, 72))

CANDLE = (
    ".X.",
    ".W.",
    "WXW",
    "VWV",
    ".U.",
    "ghg",
    "fhg",
    "fgg",
    "fhf",
    "fgf",
    "HJI",
    "GIG",
)
MUG = (
    ".ghhg...",
    "ghhhhg..",
    "5gghh4..",
    "677653M.",
    "5776532O",
    "MOPNML2O",
    "567653NM",
    "4665422.",
    ".4442...",
)
BOTTLE = (
    "..66..",
    "..ZZ..",
    "..yz..",
    "..yZ..",
    ".xyzZ.",
    "xyyzZw",
    "xyyyZw",
    "xgggfw",
    "xghgfw",
    "xgggfw",
    "xyyzyw",
    ".xxxw.",
)
JUG = (".QRQ..", ".PNM..", ".OPN..", "OPQPN.", "OQQPNM", "OPQPNM", "NOPONM", ".NNMM.")
PLATE = ("...ghhhg...", ".gh766dhg..", "ghe776655hg", ".hge65dggh.", "...dffffd..")
LANTERN = ("..NN..", ".NOON.", "NMMMMN", "MVWWVM", "MWXXWM", "MWXXWM", "MVWWVM", "NMMMMN", ".NOON.")
SHIELD = (
    "MNOOPPOONNM",
    "NPqstqstqON",
    "NPrtuIJtsON",
    "NPrtIKJIsON",
    "NOHIIKJIIHN",
    "NOGIIJJIHGN",
    "MOqsIKJIqNM",
    "MOqstIJtqNM",
    ".NPrtJtsON.",
    ".MOqrsrqNM.",
    "..MOqrqOM..",
    "...MNONM...",
    ".....M.....",
)
LAMPS = (
    Lamp(128, 64, 135, 3.4),
    Lamp(90, 34, 40, 2.0),
    Lamp(171, 34, 40, 2.0),
    Lamp(52, 128, 52, 2.3),
    Lamp(199, 161, 54, 2.3),
    Lamp(216, 78, 64, 2.4),
    Lamp(128, 222, 44, 1.7),
    Lamp(22, 84, 44, 1.2),
    Lamp(20, 190, 56, 1.3),
    Lamp(232, 206, 44, 1.1),
)
"""The fire, the lanterns, the candles on the tables and the bar, and a little from outside."""


def on_the_wall(canvas: Canvas, random: Random) -> None:
    """Lanterns, shield, mantel and the shelves behind the bar."""
    for x in (87, 168):
        canvas.fill(x + 2, 24, 2, 3, METAL, 1)
        canvas.stamp(x, 27, LANTERN)
    canvas.stamp(13, 22, SHIELD)
    canvas.add(14, 35, 9, 2, -0.8)
    canvas.stamp(103, 17, JUG)
    canvas.stamp(145, 13, CANDLE)
    canvas.stamp(137, 17, JUG)
    canvas.stamp(112, 13, CANDLE)
    for y in (29, 45):
        shelf(canvas, random, 178, y, 66)


def shelf(canvas: Canvas, random: Random, x: int, y: int, width: int) -> None:
    """A board with bottles of several glasses, jugs and mugs on it."""
    canvas.add(x, y - 12, width, 12, -1.2)
    place = x + 2
    while place < x + width - 7:
        kind = random.randrange(7)
        if kind == 0:
            canvas.stamp(place, y - 8, JUG)
        elif kind == 1:
            canvas.stamp(place, y - 9, MUG)
            place += 2
        else:
            bottle(canvas, place, y - 12 + random.randrange(3), random.choice((GREEN, RED, NIGHT, GOLD, GREEN)))
        place += 7 + random.randrange(2)
    canvas.fill(x - 2, y, width + 4, 3, WOOD, 4.6)
    canvas.fill(x - 2, y, width + 4, 1, WOOD, 6.6)
    canvas.fill(x - 2, y + 3, width + 4, 1, WOOD, 1.4)
    canvas.add(x - 2, y + 4, width + 4, 2, -0.9)


def bottle(canvas: Canvas, x: int, y: int, glass: int) -> None:
    """One bottle: a cork, a neck, a body with a gleam, a label."""
    canvas.fill(x + 2, y, 2, 1, WOOD, 6)
    canvas.fill(x + 2, y + 1, 2, 4, glass, 3.0)
    canvas.fill(x, y + 5, 6, 7, glass, 2.4)
    canvas.fill(x + 1, y + 4, 4, 8, glass, 3.0)
    canvas.fill(x + 1, y + 5, 1, 6, glass, 4.8)
    canvas.fill(x + 5, y + 5, 1, 7, glass, 1.2)
    canvas.fill(x + 1, y + 8, 4, 2, PLASTER, 5.5)


def bar(canvas: Canvas, random: Random) -> None:
    """The counter: a polished board, a panelled front, a rail for the feet; a flap at its left end."""
    x, y, width, height = BAR
    canvas.fill(x, y, width, 11, WOOD, 6.0)
    canvas.fill(x, y, width, 1, WOOD, 4.0)
    for line, change in ((2, -0.5), (5, 0.4), (7, -0.6)):
        for _ in range(9):
            left = random.randrange(x, x + width - 8)
            canvas.add(left, y + line, random.randrange(6, 22), 1, change)
    canvas.fill(x, y + 9, width, 2, WOOD, 7.6)
    canvas.fill(x, y + 11, width, 1, WOOD, 2.0)
    canvas.fill(x + 1, y + 12, width - 1, height - 12, WOOD, 3.8)
    canvas.add(x + 1, y + 12, width - 1, 2, -1.4)
    for left in range(x + 4, x + width - 6, 15):
        panel(canvas, left, y + 15, 12, height - 22)
    canvas.fill(x + 1, y + height - 5, width - 1, 2, GOLD, 1.8)
    canvas.fill(x + 1, y + height - 5, width - 1, 1, GOLD, 3.2)
    canvas.fill(x + 1, y + height - 3, width - 1, 3, WOOD, 1.3)
    canvas.fill(x, y, 1, height, WOOD, 1.6)
    canvas.stamp(x + 6, y - 4, MUG)
    canvas.stamp(x + 22, y - 7, BOTTLE)
    canvas.stamp(x + 49, y - 7, CANDLE)
    canvas.stamp(x + 55, y - 1, PLATE)
    canvas.stamp(x + 69, y - 4, MUG)


def panel(canvas: Canvas, x: int, y: int, width: int, height: int) -> None:
    """A sunken field in wood."""
    canvas.fill(x, y, width, height, WOOD, 1.6)
    canvas.fill(x + 1, y + 1, width - 1, height - 1, WOOD, 5.4)
    canvas.fill(x + 1, y + 1, width - 2, height - 2, WOOD, 3.2)


def table(canvas: Canvas, random: Random, x: int, y: int, across: int, down: int) -> None:
    """A round table: the top's boards and its lit rim, a foot below."""
    canvas.fill(x - 5, y + down - 2, 10, 14, WOOD, 4.0)
    canvas.fill(x - 5, y + down - 2, 2, 14, WOOD, 4.6)
    canvas.fill(x + 3, y + down - 2, 2, 14, WOOD, 1.8)
    canvas.disc(x, y + down + 11, 13, 4, WOOD, 1.2)
    canvas.disc(x, y + down + 10, 12, 3.4, WOOD, 3.4)
    canvas.disc(x, y + down + 9.5, 8, 2, WOOD, 4.2)
    canvas.fill(x - 5, y + down, 10, 2, WOOD, 1.4)
    canvas.disc(x, y + 5, across, down, WOOD, 1.2)
    canvas.disc(x, y + 3.6, across, down, WOOD, 3.4)
    canvas.disc(x, y, across, down, WOOD, 7.2)
    canvas.disc(x, y, across - 1.6, down - 1.1, WOOD, 5.8)
    inside = canvas.ellipse(x, y, across - 2, down - 1.5)
    for line in range(int(y - down), int(y + down), 6):
        canvas.level[line][inside[line]] -= 1.3
    for _ in range(14):
        left, line = random.randrange(x - across, x + across - 9), random.randrange(int(y - down), int(y + down))
        long = random.randrange(4, 9)
        canvas.level[line, left : left + long][inside[line, left : left + long]] -= 0.6


def laid_table(canvas: Canvas, random: Random, x: int, y: int, across: int, down: int) -> None:
    """A table with a candle, two mugs and a plate."""
    table(canvas, random, x, y, across, down)
    canvas.disc(x - 2, y - 3, 3.5, 1.5, METAL, 3)
    canvas.stamp(x - 4, y - 15, CANDLE)
    canvas.stamp(x + 8, y - 8, MUG)
    canvas.stamp(x - 19, y - 5, MUG)
    canvas.stamp(x + 1, y + 2, PLATE)


def stool(canvas: Canvas, x: int, y: int) -> None:
    """A round seat on three legs."""
    for left, long in ((-5, 8), (3, 8), (-1, 10)):
        canvas.fill(x + left, y, 2, long, WOOD, 3.0)
        canvas.fill(x + left + 1, y, 1, long, WOOD, 1.6)
    canvas.disc(x, y + 1.8, 7.5, 4, WOOD, 1.6)
    canvas.disc(x, y, 7.5, 4, WOOD, 6.6)
    canvas.disc(x, y, 6, 2.8, WOOD, 5.4)


def barrel(canvas: Canvas, x: int, y: int) -> None:
    """A barrel on its end: bulging staves, two hoops, a lid."""
    for line in range(23):
        half = 8 + round(1.8 * np.sin(np.pi * line / 22))
        for column in range(-half, half):
            turn = (column + 0.5) / half
            level = 5.2 - 3.4 * (turn - 0.35 * -1) ** 2 if turn < 0.6 else 2.2
            level -= 1.0 * (column % 4 == 0)
            material = METAL if line in (4, 5, 16, 17) else WOOD
            if material == METAL:
                level = 3.4 - 2.8 * abs(turn + 0.3) - 0.8 * (line in (5, 17))
            canvas.fill(x + column, y - 22 + line, 1, 1, material, max(level, 0.4))
    canvas.disc(x, y - 22, 8, 3.4, WOOD, 1.6)
    canvas.disc(x, y - 22.5, 7, 2.6, WOOD, 5.2)
    canvas.fill(x - 5, y - 23, 10, 1, WOOD, 3.6)
    canvas.fill(x + 1, y - 24, 1, 3, WOOD, 3.6)


def furnish(room: Canvas, canvas: Canvas, random: Random) -> None:
    """Everything onto `canvas`, its shadows onto the floor of the room."""
    on_the_wall(room, random)
    x, y, width, height = BAR
    room.add(x - 3, y + height, width, 4, -1.0)
    room.add(x - 2, y + height, width, 2, -0.8)
    bar(canvas, random)
    for left, top, across, down in TABLES:
        room.shade(left + 2, top + 18, across + 4, down + 2, -1.5)
    for left, top in STOOLS:
        room.shade(left + 1, top + 9, 10, 4, -1.3)
    for left, foot in BARRELS:
        room.shade(left + 3, foot - 1, 13, 5, -1.5)
    things = [(top + down + 14, "table", (left, top, across, down)) for left, top, across, down in TABLES]
    things += [(top + 9, "stool", (left, top, 0, 0)) for left, top in STOOLS]
    things += [(foot, "barrel", (left, foot, 0, 0)) for left, foot in BARRELS]
    for _, kind, (left, top, across, down) in sorted(things):
        if kind == "table":
            laid_table(canvas, random, left, top, across, down)
        elif kind == "stool":
            stool(canvas, left, top)
        else:
            barrel(canvas, left, top)
