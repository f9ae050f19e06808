"""The screen of stories as a person meets it, and its twin: what the integer model tells, in lines."""

from __future__ import annotations

from copy import deepcopy

from asm.build import Rom
from asm.screens.merge_tables import KEYS
from quantize.executor import Executor
from quantize.model import IntegerModel
from quantize.sampler import Request, Token, run
from snesgpt.emulator.console import Console
from tests.support.screens import Screens
from tests.support.text_window import HALVES, ROW_BYTES, TALL, TextWindow

TYPED_ROW, TYPED_TILES, KEYS_ROW, KEYS_COLUMN, COLUMNS, STATUS_ROW = 4, 30, 8, 3, 13, 24
FIRST, LAST, COLUMN, WIDTH, PITCH = 4, 22, 3, 26, 2
SPACE, BLOCK, DOT = 0x20, 0x7F, 0xB7
GOLD, GREY = 1 << 10, 3 << 10
MAX_FRAMES, TURN_FRAMES = 20_000, 24
CORNERS, QUILL = 2, 3
"""Of pointer_shape."""

RAISED = 4
"""Pixels from the line to the quill above it."""

Rows = list[tuple[str, list[str]]]
"""The text of every row of the window, that of tall letters twice, and how each tile is shown: see `ink`."""


class StoryPage(Screens):
    """The screen of stories in an emulator."""

    def __init__(self, console: Console, model: IntegerModel, rom: Rom, *, begin: bool = True) -> None:
        super().__init__(console, rom, begin=begin)
        self.model, self.rom = model, rom
        if begin:
            self.open("prompt")

    def settle(self) -> None:
        """Wait until no page turns, and what is on the page is shown."""
        if self.word("page_edge"):
            self.console.run_until(lambda _: not self.word("page_edge"), TURN_FRAMES)
        self.console.run(3)

    def type(self, text: str) -> None:
        """Move to each character and press A; spaces by X."""
        for character in text:
            if character == " ":
                self.push("x")
                continue
            key = KEYS.index(character)
            down = key // COLUMNS - self.word("story_cursor") // COLUMNS
            for _ in range(abs(down)):
                self.push("down" if down > 0 else "up")
            right = key - self.word("story_cursor")
            for _ in range(abs(right)):
                self.push("right" if right > 0 else "left")
            self.push("a")

    def typed(self) -> str:
        """The lines that are typed."""
        self.settle()
        return "".join(row[1 : 1 + TYPED_TILES] for row in self.rows()[TYPED_ROW : TYPED_ROW + 3 : 2])

    def letter(self, row: int, column: int) -> tuple[int, int]:
        """The character and palette of a tall letter, of which both halves are there."""
        (upper, palette), lower = self.tile(row, column), self.tile(row + 1, column)
        assert (upper & HALVES, lower) == (TALL, (upper ^ HALVES, palette))
        return upper ^ TALL, palette

    def pointer(self) -> tuple[int, int, int]:
        """Its shape, and the place to which it goes."""
        return self.word("pointer_shape"), self.word("pointer_to_x"), self.word("pointer_to_y")

    def tell(self, tokens: int, button: str = "start") -> int:
        """Begin, stop after `tokens` tokens or when the story has ended; how many there were."""
        before = self.word("tokens_made")
        self.push(button)
        self.console.run_until(lambda _: self.made(before) >= tokens or not self.word("thinking_at"), MAX_FRAMES)
        if self.word("thinking_at"):
            self.push("b")
        self.settle()
        return self.made(before)

    def made(self, before: int) -> int:
        """Tokens since then."""
        return (self.word("tokens_made") - before) & 0xFFFF

    def story(self) -> Rows:
        """The window's rows, when no page turns."""
        self.settle()
        return self.shown()

    def shown(self) -> Rows:
        """The same, whatever is shown."""
        places = [[(row, COLUMN + n) for n in range(WIDTH)] for row in range(FIRST, LAST + PITCH)]
        return [read([self.tile(*place) for place in row]) for row in places]

    def status(self) -> str:
        """The status line."""
        return self.rows()[STATUS_ROW]


def read(tiles: list[tuple[int, int]]) -> tuple[str, list[str]]:
    """A row's text, and how each tile is shown."""
    return "".join(chr(tile & 0xFF) for tile, _ in tiles), [ink(*tile) for tile in tiles]


def ink(tile: int, palette: int) -> str:
    """The letter of its palette, and which half of a tall letter it is; a blank for an empty tile."""
    return " " if (tile, palette) == (SPACE, 0) else "pgsGPTUV"[palette] + " ^_?"[tile >> 8]


def quill_at(offset: int) -> tuple[int, int, int]:
    """The pointer where the place of the next letter is there in `screen`."""
    row, tile = divmod(offset, ROW_BYTES)
    return QUILL, 4 * tile, 8 * row - 1 - RAISED


def told(model: IntegerModel, typed: str, tenths: int, seed: int, count: int) -> list[Token]:
    """The first tokens of the story, up to its end."""
    prompt = tuple(model.tokenizer.encode(typed)[1:-1])
    windows = -(-count // (model.config.block_size // 2)) + 1
    tokens = run(Executor(model), [Request(seed, tenths, windows, prompt)])[0]
    ends = [n for n, token in enumerate(tokens) if token.next_token == model.config.bos]
    return tokens[: min([count, *(n + 1 for n in ends)])]


def window(model: IntegerModel, typed: str, tokens: list[Token]) -> Rows:
    """The rows that the window shows of them: those of the last page."""
    return read_rows(written(model, typed, tokens)[-1])


def read_rows(page: TextWindow) -> Rows:
    """The rows of a page."""
    return [read([(tile & 0x3FF, tile >> 10) for tile in row]) for row in page.tiles()]


def written(model: IntegerModel, typed: str, tokens: list[Token]) -> list[TextWindow]:
    """The pages, as they are when they are full, and the last."""
    texts = [*model.symbols, "", typed]
    first = FIRST * ROW_BYTES + 2 * COLUMN
    last = first + (LAST - FIRST) * ROW_BYTES
    shown, pages = TextWindow(texts, first, last, WIDTH, GOLD | TALL, PITCH * ROW_BYTES), []
    shown.begin_text()
    shown.put_token(len(texts) - 1)
    shown.ink, given = TALL, len(model.tokenizer.encode(typed)) - 2
    for token in tokens:
        if token.position >= given and token.next_token != model.config.bos:
            begins = token.position == 0 and texts[token.next_token].startswith(" ")
            full = shown.put_text(sum(len(text) + 1 for text in texts[: token.next_token]) + begins)
            while full:
                pages.append(deepcopy(shown))
                full = shown.next_page()
        if token.position + 1 == model.config.block_size:
            given = model.config.block_size // 2
    return [*pages, shown]
