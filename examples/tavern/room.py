"""The empty room: walls, floor, fireplace, and the fire in it."""

from __future__ import annotations

from random import Random

import numpy as np
from canvas import HEIGHT, WIDTH, Canvas, Levels
from decoration import rug, window
from ramps import FLAME, GOLD, METAL, PLASTER, RED, STONE, WOOD

WALL = 64
"""Lines of the picture that the back wall takes."""

BOARD = 8
SIDE = 8
FRONT_WALL = 212
DOOR_LEFT, DOOR_RIGHT = 112, 144

HEARTH_X, HEARTH_Y, HEARTH_WIDTH, HEARTH_HEIGHT = 112, 32, 32, 32
"""Where the fire burns: whole tiles, which change while the game runs."""


def floor(canvas: Canvas, random: Random) -> None:
    """Boards from side to side, their ends in turn."""
    for y in range(WALL, HEIGHT, BOARD):
        x = -random.randrange(64)
        while x < WIDTH:
            length = random.randrange(44, 84)
            board(canvas, random, max(x, 0), y, min(x + length, WIDTH))
            x += length


def board(canvas: Canvas, random: Random, left: int, y: int, right: int) -> None:
    """One board: a light upper edge, a dark gap below, grain along it and a nail at either end."""
    if right - left < 1:
        return
    canvas.fill(left, y, right - left, BOARD, WOOD, 4.5 + random.uniform(-0.45, 0.45))
    canvas.add(left, y, right - left, 1, 0.55)
    for _ in range((right - left) // 9):
        x = random.randrange(left, right)
        canvas.add(x, y + random.randrange(2, BOARD - 1), min(random.randrange(4, 16), right - x), 1, -0.6)
    canvas.fill(left, y + BOARD - 1, right - left, 1, WOOD, 2.6)
    canvas.fill(right - 1, y, 1, BOARD, WOOD, 2.8)
    for x in (left + 2, right - 4):
        if left < x < right:
            canvas.add(x, y + 3, 1, 1, -1.6)


def walls(canvas: Canvas, random: Random) -> None:
    """Plaster between posts and beams, panels below, and darkness where it is cut open."""
    canvas.fill(0, 0, WIDTH, WALL, PLASTER, 4.2)
    for _ in range(260):
        x, y = random.randrange(WIDTH), random.randrange(12, WALL - 18)
        canvas.add(x, y, random.randrange(2, 7), random.randrange(1, 3), random.uniform(-0.5, 0.45))
    panels(canvas)
    beam(canvas, random, 0, 6, WIDTH, 9)
    beam(canvas, random, 0, WALL - 19, WIDTH, 4)
    for x in (0, 30, 82, 166, 248):
        post(canvas, x, 8)
    canvas.fill(0, 0, WIDTH, 6, WOOD, 1.2)
    canvas.add(0, 15, WIDTH, 3, -1.0)
    canvas.fill(0, WALL - 2, WIDTH, 2, WOOD, 1.5)
    canvas.add(0, WALL, WIDTH, 5, -1.1)
    canvas.add(0, WALL, WIDTH, 2, -0.9)


def panels(canvas: Canvas) -> None:
    """Wood along the foot of the wall."""
    top = WALL - 16
    canvas.fill(0, top, WIDTH, 16, WOOD, 3.6)
    for x in range(0, WIDTH, 8):
        canvas.fill(x, top, 1, 16, WOOD, 1.8)
        canvas.add(x + 1, top, 1, 16, 0.8)


def beam(canvas: Canvas, random: Random, x: int, y: int, width: int, height: int) -> None:
    """A beam: light above, dark below, some grain."""
    canvas.fill(x, y, width, height, WOOD, 4.0)
    canvas.add(x, y, width, 1, 1.4)
    for _ in range(width // 7):
        left = random.randrange(x, x + width)
        canvas.add(left, y + random.randrange(1, height), random.randrange(5, 18), 1, -0.7)
    canvas.fill(x, y + height - 1, width, 1, WOOD, 1.6)


def post(canvas: Canvas, x: int, width: int) -> None:
    """An upright timber over the whole wall."""
    canvas.fill(x, 6, width, WALL - 6, WOOD, 3.8)
    canvas.add(x, 6, 1, WALL - 6, 1.5)
    canvas.add(x + 3, 10, 1, WALL - 18, -0.7)
    canvas.add(x + 5, 20, 1, WALL - 32, -0.5)
    canvas.fill(x + width - 1, 6, 1, WALL - 6, WOOD, 1.5)
    for y in (10, 47):
        canvas.fill(x + 2, y, 2, 2, METAL, 3)


def sides(canvas: Canvas) -> None:
    """The walls left, right and in front, seen from above: nearly black, with a lit edge; the doorway is open."""
    for x, edge in ((0, SIDE - 1), (WIDTH - SIDE, WIDTH - SIDE)):
        canvas.fill(x, WALL, SIDE, HEIGHT - WALL, WOOD, 1.6)
        canvas.fill(edge, WALL, 1, HEIGHT - WALL, WOOD, 3.4)
    canvas.add(SIDE, WALL, 3, HEIGHT - WALL, -0.8)
    canvas.add(WIDTH - SIDE - 3, WALL, 3, HEIGHT - WALL, -0.8)
    for left, right in ((0, DOOR_LEFT), (DOOR_RIGHT, WIDTH)):
        canvas.fill(left, FRONT_WALL, right - left, HEIGHT - FRONT_WALL, WOOD, 1.4)
        canvas.fill(left, FRONT_WALL, right - left, 1, WOOD, 5.2)
        canvas.fill(left, FRONT_WALL + 1, right - left, 2, WOOD, 3.2)
    canvas.fill(DOOR_LEFT + 3, FRONT_WALL - 3, DOOR_RIGHT - DOOR_LEFT - 6, 12, RED, 2.4)
    for x in range(DOOR_LEFT + 3, DOOR_RIGHT - 3):
        canvas.add(x, FRONT_WALL - 3 + x % 2, 1, 12, 0.6 * (x % 2))
    canvas.fill(DOOR_LEFT + 3, FRONT_WALL - 1, DOOR_RIGHT - DOOR_LEFT - 6, 1, GOLD, 1.6)
    canvas.fill(DOOR_LEFT + 3, FRONT_WALL + 6, DOOR_RIGHT - DOOR_LEFT - 6, 1, GOLD, 1.6)
    canvas.add(DOOR_LEFT, FRONT_WALL, DOOR_RIGHT - DOOR_LEFT, HEIGHT - FRONT_WALL, -0.8)


def masonry(canvas: Canvas, random: Random, x: int, y: int, width: int, height: int) -> None:
    """Rows of stones, each with a light upper left and a dark lower right edge."""
    canvas.fill(x, y, width, height, STONE, 1.3)
    down = y
    while down < y + height:
        row = min(random.choice((6, 7, 8)), y + height - down)
        right = x - random.randrange(6)
        while right < x + width:
            long = random.randrange(8, 15)
            stone(canvas, max(right, x), down, min(right + long, x + width), down + row, random.uniform(3.2, 4.6))
            right += long
        down += row


def stone(canvas: Canvas, left: int, top: int, right: int, bottom: int, level: float) -> None:
    """One stone; the mortar right of it and below stays."""
    if right - left < 3 or bottom - top < 3:
        return
    canvas.fill(left, top, right - left - 1, bottom - top - 1, STONE, level)
    canvas.add(left, top, right - left - 1, 1, 1.0)
    canvas.add(left, top, 1, bottom - top - 1, 0.5)
    canvas.add(left, bottom - 2, right - left - 1, 1, -0.8)
    canvas.add(right - 2, top + 1, 1, bottom - top - 2, -0.6)


def fireplace(canvas: Canvas, random: Random) -> None:
    """The chimney, the mantel with what stands on it, the mouth of the hearth and the slab before it."""
    masonry(canvas, random, 98, 0, 60, WALL)
    canvas.add(98, 0, 60, 8, -1.4)
    canvas.fill(97, 0, 1, WALL, STONE, 0.6)
    canvas.fill(158, 0, 1, WALL, STONE, 0.6)
    canvas.fill(93, 25, 70, 5, WOOD, 4.4)
    canvas.fill(93, 25, 70, 1, WOOD, 6.2)
    canvas.fill(93, 29, 70, 1, WOOD, 1.6)
    canvas.add(98, 30, 60, 2, -1.5)
    mouth = canvas.ellipse(128, 45, 19, 13)
    mouth[45:WALL, 109:147] = True
    canvas.material[mouth] = STONE
    canvas.level[mouth] = 5.0
    for x in range(109, 147, 5):
        canvas.level[30:WALL, x : x + 1][mouth[30:WALL, x : x + 1]] = 1.5
    inside = canvas.ellipse(128, 46, 16, 11)
    inside[46:WALL, 112:144] = True
    canvas.material[inside] = STONE
    canvas.level[inside] = 0.0
    canvas.fill(100, WALL, 56, 7, STONE, 4.4)
    for x in range(100, 156, 14):
        canvas.fill(x, WALL, 1, 7, STONE, 2.0)
    canvas.fill(100, WALL + 6, 56, 1, STONE, 1.5)
    canvas.add(100, WALL + 7, 56, 2, -1.0)


def empty_room(random: Random) -> Canvas:
    """The room before anything is put into it."""
    canvas = Canvas()
    floor(canvas, random)
    walls(canvas, random)
    window(canvas, random)
    fireplace(canvas, random)
    rug(canvas)
    sides(canvas)
    return canvas


def fires(random: Random, count: int, warm_up: int = 40) -> list[Canvas]:
    """Pictures of the fire, one after the other: heat rises from the logs, cools and drifts."""
    heat = np.zeros((HEARTH_HEIGHT + 1, HEARTH_WIDTH))
    pictures = []
    for step in range(warm_up + 3 * count):
        reach = np.abs(np.arange(HEARTH_WIDTH) - 15.5) < 12
        heat[-1] = np.where(reach, [random.uniform(6.2, 9.4) for _ in range(HEARTH_WIDTH)], 0)
        for x in range(HEARTH_WIDTH):
            drift = random.randrange(3) - 1
            cool = random.uniform(0.0, 0.62) + 0.03 * abs(x - 15.5)
            column = min(max(x + drift, 0), HEARTH_WIDTH - 1)
            heat[:-1, x] = np.maximum(0.2 * heat[:-1, x] + 0.8 * heat[1:, column] - cool * 0.72, 0)
        if step >= warm_up and (step - warm_up) % 3 == 0:
            pictures.append(fire(heat[:-1]))
    return pictures


def fire(heat: Levels) -> Canvas:
    """One picture of it, with the logs and the embers."""
    canvas = Canvas()
    rows, columns = np.nonzero(heat > 0.9)
    canvas.material[rows + HEARTH_Y, columns + HEARTH_X] = FLAME
    canvas.level[rows + HEARTH_Y, columns + HEARTH_X] = np.minimum(heat[rows, columns] - 0.9, 5)
    for x, y, long in ((117, 59, 22), (121, 56, 14)):
        canvas.fill(x, y, long, 4, WOOD, 2.0)
        canvas.fill(x, y, long, 1, WOOD, 3.4)
        canvas.fill(x + long - 3, y, 3, 4, WOOD, 4.2)
        canvas.fill(x + 4, y + 2, long // 3, 1, FLAME, 1)
    return canvas
