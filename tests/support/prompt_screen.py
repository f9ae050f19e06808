"""The screen of prompts as a person meets it: letters chosen by the cross, completions on their lines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

from asm.build import Rom
from quantize.executor import Executor
from quantize.model import IntegerModel
from quantize.sampler import Request, documents
from quantize.twins.xray import bar_places
from snesgpt.emulator.console import Console
from tests.support.screens import CORNERS, HAND, TALL, Screens

COMPLETIONS, PROMPT_ROW, BAR_ROW, LIST_ROW, STATUS_ROW, TEXT = 10, 4, 12, 13, 24, 2
GRID_ROW, GRID_TILES = 6, 28
CHOSEN_ROW, LABEL = 6, 3  # of merged tokens
BLOCK, BLANK, ELLIPSIS = TALL | 0x7F, TALL | ord(" "), 0x1F
FRAMES_A_LIST = 3000
LINE, NEWLINE = 29, 10


@dataclass(frozen=True)
class Letters:
    """Where the symbols to choose from are: tall where all of them fit, of merged tokens the first three."""

    symbols: int
    tiles: int

    @property
    def columns(self) -> int:
        """Labels in a row."""
        return GRID_TILES // (self.tiles + 1)

    @property
    def first_row(self) -> int:
        """Of the window; above it, merged tokens have the line of what A would type."""
        return GRID_ROW + (self.tiles > 1)

    @property
    def all_rows(self) -> int:
        """Of labels, were the window large enough."""
        return -(-self.symbols // self.columns)

    @property
    def height(self) -> int:
        """Rows of the screen that a label takes."""
        return 2 if self.tiles == 1 and 2 * self.all_rows <= BAR_ROW - self.first_row else 1

    @property
    def rows(self) -> int:
        """Of labels that the window shows."""
        return min(self.all_rows, (BAR_ROW - self.first_row) // self.height)

    def place(self, number: int) -> tuple[int, int]:
        """Row and column of a label of the window."""
        row, column = divmod(number, self.columns)
        return self.first_row + row * self.height, TEXT + column * (self.tiles + 1)


class PromptPage(Screens):
    """The screen of prompts in an emulator."""

    def __init__(self, console: Console, model: IntegerModel, rom: Rom) -> None:
        super().__init__(console, rom)
        self.model, self.completions = model, rom.layout.names.completions
        self.letters = Letters(len(model.symbols), bar_places(model.symbols)[1])
        self.columns = self.letters.columns
        self.open("prompt")

    def choose(self, symbol: str) -> None:
        """Move the cursor to a letter, by the cross."""
        down = self.model.symbols.index(symbol) // self.columns - self.word("prompt_cursor") // self.columns
        for _ in range(abs(down)):
            self.push("down" if down > 0 else "up")
        right = self.model.symbols.index(symbol) - self.word("prompt_cursor")
        for _ in range(abs(right)):
            self.push("right" if right > 0 else "left")

    def type(self, text: Iterable[str]) -> None:
        """Move to each symbol and press A."""
        for symbol in text:
            self.choose(symbol)
            self.push("a")

    def shoulder(self, button: str) -> None:
        """L or R, which are heard when the other one did not follow."""
        self.push(button)
        self.console.run(4)

    def finish(self) -> list[str]:
        """The completions, as soon as they are shown."""
        self.console.run_until(lambda _: self.word("completions_made") == self.completions, FRAMES_A_LIST)
        self.console.run(2)
        rows = self.rows()
        return [rows[row][TEXT:].rstrip() for row in self.lines()]

    def lines(self) -> list[int]:
        """The rows of the completions: below a bar; below them is another one, or nothing at all."""
        rows, end = self.rows(), LIST_ROW + self.completions
        assert rows[BAR_ROW].isspace() and rows[end].isspace()
        if self.rom.layout.names.lines == 1:
            assert all(row.isspace() for row in rows[end:STATUS_ROW])
        return list(range(LIST_ROW, end))

    def typed(self) -> str:
        """The line that is typed, its block as a space."""
        return self.rows()[PROMPT_ROW][TEXT:].rstrip()

    def twin(self, prompt: Iterable[str], tenths: int, seed: int = 1, count: int | None = None) -> list[str]:
        """The completions that a host gets for the same, by the integer model."""
        count = self.completions if count is None else count
        tokens = tuple(map(self.model.symbols.index, prompt))
        return documents(Executor(self.model), Request(seed, tenths, count, tokens))

    def entries(self, size: int) -> list[str]:
        """The completions as they would be kept, of `size` characters each."""
        entries = self.ram.read(self.address("completions"), size * self.completions)
        return [entries[n : n + size].rstrip(b"\0").decode() for n in range(0, len(entries), size)]

    def assert_inks(self, typed: int) -> None:
        """The first `typed` letters are gold, those the model made paper."""
        rows = self.rows()
        for row in self.lines():
            length = len(rows[row][TEXT:].rstrip())
            inks = [self.ink(row, TEXT + n) for n in range(length)]
            assert inks == ["gold"] * typed + ["paper"] * (length - typed)

    def chosen(self) -> list[tuple[int, int]]:
        """Row and column of the letter in gold, with the pointer's corners around it; all others are sky."""
        letters, found = self.letters, []
        shown = min(letters.rows * letters.columns, letters.symbols - self.word("prompt_top") * letters.columns)
        for number in range(shown):
            row, column = letters.place(number)
            tiles = product(range(letters.height), range(letters.tiles))
            inks = {self.ink(row + down, column + across) for down, across in tiles}
            assert inks in ({"gold"}, {"sky"})
            found += [(row, column)] * (inks == {"gold"})
        if found:
            ((row, column),) = found
            assert self.pointer() == (CORNERS, 8 * column, 8 * row - 1)
            size = self.word("pointer_width"), self.word("pointer_height")
            assert size == (8 * letters.tiles, 8 * letters.height)
        return found

    def pointer(self) -> tuple[int, int, int]:
        """The pointer's shape and where it goes, in the numbers of sprites."""
        return self.word("pointer_shape"), self.word("pointer_to_x"), self.word("pointer_to_y")

    def assert_points_at_line(self, row: int) -> None:
        """No letter is chosen, and a hand is left of this line, in the middle of its height."""
        assert self.chosen() == []
        assert self.pointer() == (HAND, 8 * TEXT - 16, 8 * row - 4 - 1)
