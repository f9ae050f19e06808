"""The people and the small signs above them, as sprites. Letters are colours, see ramps.LETTERS."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from drawings_people import BARD, HERMIT, INNKEEPER, KNIGHT, LUTE, SPEAR, STAFF
from drawings_player import BACK, BUBBLE, FRONT, LEGS, NOTE, NOTES, SIDE
from ramps import LETTERS
from tiles import CLEAR, Picture

WIDTH, HEIGHT = 16, 32
"""Of a figure: two sprites of 16×16, one above the other. Its feet are on the lowest line but one."""


def pixels(drawing: str) -> Picture:
    """A drawing as numbers of colours."""
    rows = [row for row in drawing.split("\n") if row]
    assert len({len(row) for row in rows}) == 1, rows
    return np.array(
        [[CLEAR if letter == "." else LETTERS.index(letter) for letter in row] for row in rows], np.int16
    )


def over(picture: Picture, drawing: str, x: int, y: int) -> Picture:
    """The picture with a drawing on it, at (x, y)."""
    put = pixels(drawing)
    result = picture.copy()
    part = result[y : y + put.shape[0], x : x + put.shape[1]]
    part[put != CLEAR] = put[put != CLEAR]
    return result


def figure(picture: Picture) -> Picture:
    """On a sheet of 16×32, its feet at the foot of it."""
    sheet = np.full((HEIGHT, WIDTH), CLEAR, np.int16)
    sheet[HEIGHT - 1 - picture.shape[0] : HEIGHT - 1, : picture.shape[1]] = picture
    return sheet


def walker(upper: str, legs: str) -> Picture:
    """The player: in a step the body is a point lower."""
    body, feet = pixels(upper), pixels(LEGS[legs])
    low = legs in ("step", "stride", "pass")
    return figure(np.concatenate([body, feet[1:] if low else feet]))


def idle(picture: Picture, waist: int, eyes: tuple[int, int]) -> list[Picture]:
    """Standing, breathing out (above the waist a point lower), and blinking. eyes: their line, the first column."""
    lower = np.concatenate([np.full_like(picture[:1], CLEAR), picture[:waist], picture[waist + 1 :]])
    blink = picture.copy()
    line, column = eyes
    blink[line - 1 : line + 1, column] = blink[line - 1 : line + 1, WIDTH - 1 - column] = LETTERS.index("+")
    blink[line, column] = blink[line, WIDTH - 1 - column] = LETTERS.index(")")
    return [figure(picture), figure(lower), figure(blink)]


@dataclass(frozen=True)
class Person:
    """Somebody: a name for the program, the pictures, and where the feet are."""

    name: str
    pictures: list[Picture]
    x: int = 0
    y: int = 0


def people() -> list[Person]:
    """The player and whom one meets, in the order of their palettes."""
    player = [walker(FRONT, "stand"), walker(FRONT, "step"), walker(BACK, "stand"), walker(BACK, "step")]
    player += [walker(SIDE, "side"), walker(SIDE, "stride"), walker(SIDE, "pass")]
    knight = idle(over(pixels(KNIGHT), SPEAR, 14, 0), 22, (12, 5))
    bard = pixels(BARD)
    strum = [figure(over(bard, LUTE, 0, y)) for y in (14, 15)]
    bards = [strum[0], strum[1], figure(over(idle_face(bard), LUTE, 0, 14))]
    hermit = idle(over(pixels(HERMIT), STAFF, 13, 5), 20, (9, 6))
    return [
        Person("player", player, 128, 190),
        Person("innkeeper", idle(pixels(INNKEEPER), 20, (8, 5)), 206, 93),
        Person("knight", knight, 92, 196),
        Person("bard", bards, 38, 102),
        Person("hermit", hermit, 84, 92),
    ]


def idle_face(bard: Picture) -> Picture:
    """The bard with closed eyes."""
    return idle(bard, 20, (10, 5))[2][HEIGHT - 1 - bard.shape[0] : HEIGHT - 1]


def signs() -> list[Picture]:
    """What hovers above somebody: a bubble (16×16) and two musical notes (8×8)."""
    return [pixels(BUBBLE), pixels(NOTE), pixels(NOTES)]
