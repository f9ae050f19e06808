"""Draws everything that is seen: `python art.py FOLDER` writes tiles, maps, palettes and their sizes there."""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

import numpy as np
from canvas import Canvas, light_of
from figures import Person, people, signs
from furniture import LAMPS, furnish
from ground import ground, hiding
from letters import font, frame
from numpy.typing import NDArray
from ramps import COLOURS, FLICKER, flickering, rgb, word
from room import HEARTH_HEIGHT, HEARTH_WIDTH, HEARTH_X, HEARTH_Y, empty_room, fires
from tiles import FRONT, PALETTE_COLOURS, PALETTE_SHIFT, TILE, Palettes, Picture, TileSet, cells, planes, tile_map

SEED = 7
DARK = -1.15
"""Levels that a place without a lamp lacks."""

FIRES = 8
ROOM_PALETTES, FIRST_ROOM_PALETTE = 6, 2
"""The first two of the backgrounds' eight palettes are the text's: eight of four colours."""

SHEET_TILES = 16
"""A row of sprite tiles."""

FIGURES_A_ROW = 8
SIGN_ROW = 12
"""The row of sprite tiles where the signs begin."""

TEXT_PALETTES = (
    "000000 3c1d34 fce8c0 180c14",
    "000000 3c1d34 f8cc60 180c14",
    "000000 34192e fce8c0 180c14",
    "000000 2e1628 fce8c0 180c14",
    "000000 281324 fce8c0 180c14",
    "000000 241020 fce8c0 180c14",
    "000000 000000 000000 000000",
    "000000 000000 000000 000000",
)
"""Clear, paper, ink, shadow, from the window's upper edge down: edge, title, three lines, edge."""

FRONT_FIRST = 128
"""The number of the first tile in front: those below it lie where the tiles behind are."""


def words(values: list[int]) -> bytes:
    """Little-endian."""
    return np.array(values, "<u2").tobytes()


def room_files(folder: Path) -> None:
    """Both backgrounds: the room, and what stands in it; the fire's pictures."""
    random = Random(SEED)
    room, front = empty_room(random), Canvas()
    furnish(room, front, random)
    light = light_of(LAMPS, DARK)
    back, fore = room.lit(light), front.lit(light)
    burning = [hearth(one.lit(light)) for one in fires(Random(SEED), FIRES)]
    palettes = Palettes(ROOM_PALETTES)
    palettes.pack([burning], [*cells(back), *cells(fore)])
    write_backgrounds(folder, back, fore, palettes, burning)
    write_room_palettes(folder, palettes)


def hearth(picture: Picture) -> Picture:
    """The part of a picture where the fire burns."""
    return picture[HEARTH_Y : HEARTH_Y + HEARTH_HEIGHT, HEARTH_X : HEARTH_X + HEARTH_WIDTH]


def write_backgrounds(
    folder: Path, back: Picture, fore: Picture, palettes: Palettes, burning: list[Picture]
) -> None:
    """Tiles and maps. The fire's tiles are the first ones of the front, after the empty one."""
    tiles = TileSet(4)
    (folder / "back_map.bin").write_bytes(words(list(tile_map(back, palettes, tiles, FIRST_ROOM_PALETTE))))
    (folder / "back_tiles.bin").write_bytes(b"".join(tiles.data))
    print(f"{len(tiles.data)} tiles behind", end=", ")
    tiles = TileSet(4)
    tiles.place(np.zeros((TILE, TILE), np.uint8))
    flames = [[planes(palettes.numbers(tile, 0), 4) for tile in cells(one)] for one in burning]
    tiles.data.extend(flames[0])
    front_map = tile_map(fore, palettes, tiles, FIRST_ROOM_PALETTE) + FRONT_FIRST
    front_map[hiding().ravel()] |= FRONT
    for number in range(len(flames[0])):
        across = HEARTH_WIDTH // TILE
        at = (HEARTH_Y // TILE + number // across) * 32 + HEARTH_X // TILE + number % across
        front_map[at] = FRONT_FIRST + 1 + number | FIRST_ROOM_PALETTE << PALETTE_SHIFT
    (folder / "front_map.bin").write_bytes(words(list(front_map)))
    (folder / "front_tiles.bin").write_bytes(b"".join(tiles.data))
    (folder / "fire.bin").write_bytes(b"".join(b"".join(one) for one in flames))
    print(f"{len(tiles.data)} in front, {[len(one) for one in palettes.lists]} colours")


def write_room_palettes(folder: Path, palettes: Palettes) -> None:
    """The room's palettes, once for every moment of the fire's light."""
    out = []
    for amount in FLICKER:
        for number in range(ROOM_PALETTES):
            one = palettes.lists[number] if number < len(palettes.lists) else []
            colours = [flickering(COLOURS[colour], amount) for colour in one]
            colours = [(0, 0, 0), *colours, *[(0, 0, 0)] * (PALETTE_COLOURS - len(colours))]
            out += [word(colour) for colour in colours]
    (folder / "room_palettes.bin").write_bytes(words(out))


def figure_files(folder: Path) -> list[str]:
    """The sprites' sheet and palettes. Returns constants: where each figure is, and where it stands."""
    sheet = np.zeros((SHEET_TILES * TILE, SHEET_TILES * TILE), np.uint8)
    colours: list[int] = []
    constants = []
    slot = 0
    for person in people():
        palette = Palettes(1)
        palette.pack([person.pictures], [])
        colours += colour_words(palette)
        constants += [f"{person.name}_slot = {slot}", *place_of(person)]
        for picture in person.pictures:
            x, y = slot % FIGURES_A_ROW * 16, slot // FIGURES_A_ROW * 32
            sheet[y : y + 32, x : x + 16] = palette.numbers(picture, 0)
            slot += 1
    colours += sign_sheet(sheet)
    (folder / "sprites.bin").write_bytes(b"".join(planes(tile, 4) for tile in cells(sheet.astype(np.int16))))
    (folder / "sprite_palettes.bin").write_bytes(words(colours))
    return constants


def colour_words(palette: Palettes) -> list[int]:
    """Sixteen colours of the console."""
    one = [word(COLOURS[colour]) for colour in palette.lists[0]]
    return [0, *one, *[0] * (PALETTE_COLOURS - len(one))]


def place_of(person: Person) -> list[str]:
    """Where the feet are."""
    return [f"{person.name}_x = {person.x}", f"{person.name}_y = {person.y}"]


def sign_sheet(sheet: NDArray[np.uint8]) -> list[int]:
    """The signs into the sheet; returns their palette."""
    palette = Palettes(1)
    pictures = signs()
    palette.pack([pictures], [])
    for number, picture in enumerate(pictures):
        height, width = picture.shape
        x, y = 16 * number, SIGN_ROW * TILE
        sheet[y : y + height, x : x + width] = palette.numbers(picture, 0)
    return colour_words(palette)


def text_files(folder: Path) -> None:
    """Letters, frame and their palettes."""
    (folder / "letters.bin").write_bytes(font() + frame())
    colours = [word(rgb(colour)) for palette in TEXT_PALETTES for colour in palette.split()]
    (folder / "text_palettes.bin").write_bytes(words(colours))


def main(folder: Path) -> None:
    """All files."""
    folder.mkdir(parents=True, exist_ok=True)
    room_files(folder)
    constants = figure_files(folder)
    text_files(folder)
    standing = [(person.x, person.y) for person in people()[1:]]
    (folder / "ground.bin").write_bytes(ground(standing).tobytes())
    hearth_tiles = HEARTH_WIDTH * HEARTH_HEIGHT // TILE**2
    constants += [
        f"SIGN_TILE = {SIGN_ROW * SHEET_TILES}",
        f"FIRE_PICTURES = {FIRES}",
        f"FIRE_TILES = {hearth_tiles}",
        f"FLICKERS = {len(FLICKER)}",
        f"FRONT_FIRST = {FRONT_FIRST}",
    ]
    (folder / "art.inc").write_text("; Where art.py has put what.\n" + "\n".join(constants) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
