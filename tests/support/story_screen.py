"""The screen of stories as a person meets it, and its twin: what the integer model tells, in lines."""

from __future__ import annotations

from asm.build import Rom
from asm.screens.merge_tables import KEYS
from quantize.executor import Executor
from quantize.model import IntegerModel
from quantize.sampler import Request, Token, run
from snesgpt.emulator.console import Console
from tests.support.screens import Screens
from tests.support.text_window import ROW_BYTES, TextWindow

TYPED_ROW, KEYS_ROW, KEYS_COLUMN, COLUMNS, STATUS_ROW = 4, 8, 3, 13, 24
FIRST, LAST, COLUMN, WIDTH = 4, 22, 1, 30
BLOCK, DOT = 0x7F, 0xB7
GOLD, GREY = 1 << 10, 3 << 10
MAX_FRAMES = 20_000


class StoryPage(Screens):
    """The screen of stories in an emulator."""

    def __init__(self, console: Console, model: IntegerModel, rom: Rom) -> None:
        super().__init__(console, rom)
        self.model, self.rom = model, rom
        self.open("prompt")

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
        return "".join(row[1:31] for row in self.rows()[TYPED_ROW : TYPED_ROW + 2])

    def tell(self, tokens: int, button: str = "start") -> int:
        """Begin, stop after `tokens` tokens or when the story has ended; how many there were."""
        before = self.word("tokens_made")
        self.push(button)
        self.console.run_until(lambda _: self.made(before) >= tokens or not self.word("thinking_at"), MAX_FRAMES)
        if self.word("thinking_at"):
            self.push("b")
        self.console.run(3)
        return self.made(before)

    def made(self, before: int) -> int:
        """Tokens since then."""
        return (self.word("tokens_made") - before) & 0xFFFF

    def story(self) -> list[tuple[str, list[str]]]:
        """The window's lines, and the inks of the text in them."""
        places = [(row, COLUMN + n) for row in range(FIRST, LAST + 1) for n in range(WIDTH)]
        tiles = [self.tile(*place) for place in places]
        lines = [tiles[n : n + WIDTH] for n in range(0, len(tiles), WIDTH)]
        return [("".join(chr(tile) for tile, _ in line), [ink(*tile) for tile in line]) for line in lines]

    def status(self) -> str:
        """The status line."""
        return self.rows()[STATUS_ROW]


def ink(tile: int, palette: int) -> str:
    return " " if tile == ord(" ") else "pgsG"[palette]


def told(model: IntegerModel, typed: str, tenths: int, seed: int, count: int) -> list[Token]:
    """The first tokens of the story, up to its end."""
    prompt = tuple(model.tokenizer.encode(typed)[1:-1])
    windows = -(-count // (model.config.block_size // 2)) + 1
    tokens = run(Executor(model), [Request(seed, tenths, windows, prompt)])[0]
    ends = [n for n, token in enumerate(tokens) if token.next_token == model.config.bos]
    return tokens[: min([count, *(n + 1 for n in ends)])]


def window(model: IntegerModel, typed: str, tokens: list[Token]) -> list[tuple[str, list[str]]]:
    """The lines that the window shows of them: scrolled as often as it takes."""
    texts = [*model.symbols, "", typed]
    first = FIRST * ROW_BYTES + 2 * COLUMN
    shown = TextWindow(texts, first, first + (LAST - FIRST) * ROW_BYTES, WIDTH, GOLD)
    shown.begin_text()
    shown.put_token(len(texts) - 1)
    shown.ink, given = 0, len(model.tokenizer.encode(typed)) - 2
    for token in tokens:
        if token.position >= given and token.next_token != model.config.bos:
            begins = token.position == 0 and texts[token.next_token].startswith(" ")
            full = shown.put_text(sum(len(text) + 1 for text in texts[: token.next_token]) + begins)
            while full:
                full = shown.scroll_text()
        if token.position + 1 == model.config.block_size:
            given = model.config.block_size // 2
    tiles = [shown.screen[line // 2 : line // 2 + WIDTH] for line in range(first, shown.text_last + 1, ROW_BYTES)]
    return [
        ("".join(chr(tile & 0x3FF) for tile in line), [ink(tile & 0x3FF, tile >> 10) for tile in line])
        for line in tiles
    ]
