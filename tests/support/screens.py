"""A cartridge's screens as a person meets them: buttons in, text and pictures out."""

from __future__ import annotations

import re
from functools import partial

from asm.build import Rom, symbols
from snesgpt.emulator.console import BUTTONS, Console
from snesgpt.emulator.ram import Ram
from trainer.text.alphabet import FONT

VRAM_MAP, ROWS, COLUMNS = 0x1000, 28, 32
PAGES = ("names", "prompt", "xray", "kept", "about")
INKS = ("paper", "gold", "sky", "grey")
BOOT_FRAMES, DRAWING_FRAMES = 60, 12


def unseen(rom: Rom) -> set[str]:
    """The state of the generation, where that is in the SA-1's own RAM."""
    if rom.layout.target.alone:
        return set()
    text = rom.sources["memory.inc"].decode()
    return set(re.findall(r"^(\w+) +\.d?word", text[text.index(".org STATE") : text.index("state_end")], re.M))


def shown_rows(console: Console) -> list[str]:
    """The text of every row: tile number = character; cells and other pictures as spaces."""
    text = "".join(chr(tile) if chr(tile) in FONT else " " for tile in _tiles(console)[::2])
    return [text[n : n + COLUMNS] for n in range(0, len(text), COLUMNS)]


def _tiles(console: Console) -> bytes:
    """The tile map in VRAM: what is shown, not what the program believes."""
    return console.vram[VRAM_MAP : VRAM_MAP + 2 * ROWS * COLUMNS].tobytes()


def missing(console: Console) -> str:
    """What an SA-1 cartridge says it needs, and nothing else on its screen, while it goes on to show it."""
    console.run(BOOT_FRAMES)
    before = shown_rows(console)
    console.press(*BUTTONS)
    console.run(BOOT_FRAMES)
    assert shown_rows(console) == before
    return " ".join(" ".join(before).split())


class Screens:
    """The screens of a cartridge that runs in a console."""

    def __init__(self, console: Console, rom: Rom) -> None:
        self.console, self.rom = console, rom
        self._at, self._unseen = symbols(rom.debug), unseen(rom)
        self.ram = Ram(console, self._at.get("VECTOR_BLOCK"))
        magic = self.address("host_magic")
        console.run_until(lambda _: self.ram.read(magic, 4) == b"GPT1", BOOT_FRAMES)

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

    def rows(self) -> list[str]:
        """The text of every row, as shown_rows."""
        return shown_rows(self.console)

    def tile(self, row: int, column: int) -> tuple[int, int]:
        """Tile number and palette at a place."""
        low, high = _tiles(self.console)[2 * (row * COLUMNS + column) :][:2]
        return low | (high & 3) << 8, high >> 2 & 7

    def ink(self, row: int, column: int) -> str:
        """The ink of the character at a place."""
        return INKS[self.tile(row, column)[1]]
