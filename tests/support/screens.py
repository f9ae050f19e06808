"""A cartridge's screens as a person meets them: buttons in, text and pictures out."""

from __future__ import annotations

import re
from functools import partial

from asm.build import Rom, symbols
from snesgpt.emulator.console import BUTTONS, Console
from snesgpt.emulator.ram import Ram
from trainer.text.alphabet import FONT

VRAM_MAP, VRAM_WINDOWS, ROWS, COLUMNS = 0x3000, 0x3800, 28, 32
PAGES = ("names", "prompt", "xray", "kept", "about", "title")
TALL, HALVES = 0x100, 0x300
"""What the tile of a tall letter's upper half has beside its character, and what differs in the lower half's."""

LIST_ROW, NAMES_A_COLUMN, NAMES_A_PAGE = 4, 9, 18
HAND, CORNERS, QUILL = 1, 2, 3
TITLE_PAGE = 2 * PAGES.index("title")
INKS = ("paper", "gold", "sky", "grey")
BOOT_FRAMES, DRAWING_FRAMES = 60, 12
BRIGHT = 200


def unseen(rom: Rom) -> set[str]:
    """The state of the generation, where that is in the SA-1's own RAM."""
    if rom.layout.target.alone:
        return set()
    text = rom.sources["memory.inc"].decode()
    return set(re.findall(r"^(\w+) +\.d?word", text[text.index(".org STATE") : text.index("state_end")], re.M))


def shown_rows(console: Console) -> list[str]:
    """The text of every row; cells and other pictures as spaces.

    A tall letter is in the row of its upper half, and its lower half, checked to be there, is a space.
    """
    tiles = [entry & 0x3FF for entry in _entries(console)]
    for place, tile in enumerate(tiles):
        if tile & HALVES == TALL:
            assert tiles[place + COLUMNS] == tile ^ HALVES, f"half a letter at {divmod(place, COLUMNS)}"
    lower = {place + COLUMNS for place, tile in enumerate(tiles) if tile & HALVES == TALL}
    assert lower == {place for place, tile in enumerate(tiles) if tile & HALVES == TALL ^ HALVES}
    shown = [
        " " if place in lower or chr(tile & 0xFF) not in FONT else chr(tile & 0xFF)
        for place, tile in enumerate(tiles)
    ]
    return ["".join(shown[n : n + COLUMNS]) for n in range(0, len(shown), COLUMNS)]


def _entries(console: Console) -> list[int]:
    """The tile map in VRAM, in words: what is shown, not what the program believes."""
    return list(console.vram[VRAM_MAP : VRAM_MAP + 2 * ROWS * COLUMNS].view("<u2"))


def shown_windows(console: Console) -> list[list[int]]:
    """The numbers of the windows' pieces in VRAM, row by row."""
    pieces = console.vram[VRAM_WINDOWS : VRAM_WINDOWS + 2 * ROWS * COLUMNS].view("<u2")
    return [[int(piece) for piece in row] for row in pieces.reshape(ROWS, COLUMNS)]


def missing(console: Console) -> str:
    """What an SA-1 cartridge says it needs, and nothing else on its screen, while it goes on to show it."""
    console.run(BOOT_FRAMES)
    before = shown_rows(console)
    console.press(*BUTTONS)
    console.run(BOOT_FRAMES)
    assert shown_rows(console) == before
    assert console.picture.max() > BRIGHT, "the screen is dark"
    return " ".join(" ".join(before).split())


class Screens:
    """The screens of a cartridge that runs in a console."""

    def __init__(self, console: Console, rom: Rom, *, begin: bool = True) -> None:
        self.console, self.rom = console, rom
        self._at, self._unseen = symbols(rom.debug), unseen(rom)
        self.ram = Ram(console, self._at.get("VECTOR_BLOCK"))
        magic = self.address("host_magic")
        console.run_until(lambda _: self.ram.read(magic, 4) == b"GPT1", BOOT_FRAMES)
        if begin:
            self.leave_title()

    def leave_title(self) -> None:
        """By Start. Raises TimeoutError when the cartridge does not hear it."""
        for _ in range(BOOT_FRAMES):
            if self.word("page") != TITLE_PAGE:
                return
            self.push("start")
        raise TimeoutError("the title stays")

    def address(self, name: str) -> int:
        """Of a name in RAM. Raises KeyError for one that no host sees."""
        if name in self._unseen:
            raise KeyError(f"{name} is in the SA-1's own RAM")
        return self._at[name]

    def word(self, name: str) -> int:
        """An unsigned word of RAM by its name. Raises KeyError as `address`."""
        return self.ram.word(self.address(name))

    def push(self, *buttons: str, frames: int = 3) -> None:
        """Press together, and let go."""
        self.console.press(*buttons)
        self.console.run(frames)
        self.console.release()
        self.console.run(3)

    def open(self, page: str) -> None:
        """Show a screen, by Select."""
        while (now := self.word("page")) != 2 * PAGES.index(page):
            self.push("select")
            if self.word("page") == now:  # drawing what was computed is not interrupted
                self.console.run_until(partial(self._is_other, now), DRAWING_FRAMES)
                self.console.run(3)

    def _is_other(self, page: int, _: Console) -> bool:
        return self.word("page") != page

    def listed(self) -> list[str]:
        """The NAMES_A_PAGE names on the screen of short names, column by column, without marker."""
        lines = self.rows()[LIST_ROW : LIST_ROW + 2 * NAMES_A_COLUMN : 2]
        return [line[left : left + 14].rstrip() for left in (2, 17) for line in lines]

    def rows(self) -> list[str]:
        """The text of every row, as shown_rows."""
        return shown_rows(self.console)

    def tile(self, row: int, column: int) -> tuple[int, int]:
        """Tile number and palette at a place."""
        entry = int(_entries(self.console)[row * COLUMNS + column])
        return entry & 0x3FF, entry >> 10 & 7

    def pointed(self) -> tuple[int, int] | None:
        """Row and column of what the pointer is at, or on its way to."""
        shape, x, y = (self.word(f"pointer_{what}") for what in ("shape", "to_x", "to_y"))
        if not shape:
            return None
        if shape == CORNERS:
            return (y + 1) // 8, x // 8
        return ((y + 1) & 0xFFFF) + 4 >> 3, (x + 16 & 0xFFFF) // 8

    def ink(self, row: int, column: int) -> str:
        """The ink of the character at a place."""
        return INKS[self.tile(row, column)[1]]
