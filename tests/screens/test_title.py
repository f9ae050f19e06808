"""The title, what the cartridge shows when nobody presses anything, and the look of every screen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from asm.build import Rom, build_rom
from asm.cartridge.header import REGION, with_checksum
from quantize.executor import Executor
from quantize.kernel import SA1, STOCK, TARGETS
from quantize.model import IntegerModel
from quantize.sampler import Request, documents
from snesgpt.emulator.console import Console
from snesgpt.emulator.cores import KNOWN
from tables.look.colours import Colour, mix
from tables.look.themes import THEMES, Theme, gradient
from tables.look.windows import Piece
from tables.title.picture import title
from tests.support.models import digit_rom
from tests.support.screens import COLUMNS, PAGES, ROWS, TITLE_PAGE, Screens, shown_windows
from tests.support.story_models import story_config, story_model
from trainer.config import ModelConfig

MACHINES = [(core, target) for core in sorted(KNOWN) for target in TARGETS]
VRAM_TITLE_MAP, VRAM_TITLE = 0x9000, 0xA000
PATIENCE, DEMO = 600, 1200
FADE, FULL = 16, 16
EUROPE = 2
Window = tuple[int, int, int, int]

WINDOWS: dict[str, list[Window]] = {
    "names": [(0, 0, 4, 32), (3, 0, 21, 32), (3, 0, 1, 32)],
    "prompt": [(0, 0, 4, 32), (3, 0, 21, 32), (3, 0, 1, 32), (12, 0, 1, 32)],
    "xray": [(0, 0, 4, 32), (3, 0, 21, 32), (3, 0, 1, 32)],
    "kept": [(0, 0, 4, 32), (3, 0, 21, 32), (3, 0, 1, 32)],
    "about": [(0, 0, 4, 32), (3, 0, 21, 32), (3, 0, 1, 32), (17, 0, 1, 32)],
    "title": [],
}
"""Row, column, height and width of each, in the order in which they are drawn; one a row high is a bar."""


@cache
def cartridge(target: str) -> tuple[IntegerModel, Rom]:
    return digit_rom(
        ModelConfig(27, 12, n_embd=16, n_head=4, n_layer=1, n_hidden=32), 3, traced=False, target=target
    )


@contextmanager
def title_screen(target: str, core: str = "snes9x", rom: Rom | None = None) -> Iterator[Screens]:
    """Scrambled memories, power on, and nothing pressed."""
    rom = rom or cartridge(target)[1]
    with Console(rom.image, core) as console:
        console.scramble(1)
        screens = Screens(console, rom, begin=False)
        console.run(FADE + 2)
        yield screens


@pytest.mark.parametrize(("core", "target"), MACHINES)
def test_the_title_says_what_this_is(core: str, target: str) -> None:
    model, _ = cartridge(target)
    with title_screen(target, core) as screens:
        rows = [row.strip() for row in screens.rows() if row.strip()]
        picture, vram = title(), screens.console.vram
        assert vram[VRAM_TITLE : VRAM_TITLE + len(picture.tiles)].tobytes() == picture.tiles
        assert vram[VRAM_TITLE_MAP : VRAM_TITLE_MAP + len(picture.map)].tobytes() == picture.map
    processor = {STOCK: "65C816 at 3.58 MHz", SA1: "SA-1 at 10.74 MHz"}[target]
    weights = f"{model.config.n_params:,} weights, 1 layer"
    assert rows == ["A transformer in a cartridge", weights, processor, "PRESS START"]


@pytest.mark.parametrize("button", ["start", "a", "select"])
def test_a_press_leads_to_the_names(button: str) -> None:
    with title_screen(STOCK) as screens:
        for other in ("b", "x", "up", "l"):
            screens.push(other)
        assert screens.word("page") == TITLE_PAGE
        screens.push(button)
        assert screens.word("page") == 0
        assert screens.rows()[1].split()[:2] == ["SNES-GPT", "NAMES"]


def names(screens: Screens, count: int) -> list[str]:
    """The first of the left column."""
    return [row[2:16].strip() for row in screens.rows()[4 : 4 + 2 * count : 2]]


@pytest.mark.parametrize(("core", "target"), [("snes9x", STOCK), ("bsnes", STOCK), ("snes9x", SA1)])
def test_when_nobody_presses_it_makes_names_and_then_shows_its_inside(core: str, target: str) -> None:
    model, _ = cartridge(target)
    with title_screen(target, core) as screens:
        console = screens.console
        console.run_until(lambda _: screens.word("page") == 0, PATIENCE)
        console.run_until(lambda _: screens.word("names_made") == 18, DEMO)
        console.run(2)
        assert names(screens, 9) == documents(Executor(model), Request(1, model.temperature, 9))
        console.run_until(lambda _: screens.word("names_page_number") == 1, DEMO)
        console.run_until(lambda _: screens.word("page") == TITLE_PAGE, DEMO)
        console.run_until(lambda _: screens.word("page") == 2 * PAGES.index("xray"), PATIENCE + 20)
        begun = screens.word("tokens_made")
        console.run(200)
        assert (screens.word("tokens_made") - begun) & 0xFFFF > 10
        screens.push("y")
        assert screens.word("page") == TITLE_PAGE
        assert not screens.word("muted")


def test_a_story_cartridge_tells_one() -> None:
    rom = build_rom(story_model(story_config(5)))
    with title_screen(STOCK, rom=rom) as screens:
        screens.console.run_until(lambda _: screens.word("page") == 2 * PAGES.index("prompt"), PATIENCE)
        screens.console.run_until(lambda _: screens.word("tokens_made") > 3, DEMO)
        assert screens.word("story_length") == 0
        screens.push("l")
        assert screens.word("page") == TITLE_PAGE


def pieces(windows: list[Window]) -> list[list[int]]:
    """The map of windows, drawn here."""
    found = [[int(Piece.OUTSIDE)] * COLUMNS for _ in range(ROWS)]
    for row, column, height, width in windows:
        last, end = row + height - 1, column + width - 1
        for r in range(row, last + 1):
            left, inside, right = Piece.LEFT, Piece.INSIDE, Piece.RIGHT
            if height == 1:
                left, inside, right = Piece.LEFT_TEE, Piece.BAR, Piece.RIGHT_TEE
            elif r == row:
                left, inside, right = Piece.TOP_LEFT, Piece.TOP, Piece.TOP_RIGHT
            elif r == last:
                left, inside, right = Piece.BOTTOM_LEFT, Piece.BOTTOM, Piece.BOTTOM_RIGHT
            found[r][column : end + 1] = [left, *[int(inside)] * (width - 2), right]
    return found


@pytest.mark.parametrize(("core", "target"), MACHINES)
def test_every_screen_has_its_windows(core: str, target: str) -> None:
    with title_screen(target, core) as screens:
        assert shown_windows(screens.console) == pieces(WINDOWS["title"])
        screens.leave_title()
        for page in PAGES[:-1]:
            screens.open(page)
            assert shown_windows(screens.console) == pieces(WINDOWS[page]), page


def eight_bits(colour: Colour) -> tuple[int, ...]:
    """As both emulators give a colour of five bits a channel."""
    return tuple(part << 3 | part >> 2 for part in colour)


def panel_lines(theme: Theme) -> list[set[tuple[int, ...]]]:
    """The colours that a panel may have on each line: its own ones, mixed with the gradient."""
    own = theme.windows.panel[:2]
    return [{eight_bits(mix(colour, line)) for colour in own} for line in gradient(theme)]


@pytest.mark.parametrize("core", sorted(KNOWN))
def test_both_shoulders_change_the_colours_and_the_battery_keeps_them(core: str) -> None:
    inside, column = slice(4 * 8, 23 * 8), 30 * 8
    _, rom = cartridge(STOCK)
    with title_screen(STOCK, core) as screens:
        screens.leave_title()
        screens.open("about")
        for number, theme in enumerate((*THEMES, THEMES[0])):
            assert screens.word("theme") == number % len(THEMES)
            screens.console.run(FADE + 2)
            shown = screens.console.picture[inside, column : column + 4]
            for line, points in enumerate(shown, start=inside.start):
                found = {tuple(int(part) for part in point) for point in points}
                assert found <= panel_lines(theme)[line] or 17 * 8 <= line < 18 * 8, (theme.name, line)
            screens.push("l", "r")
        saved = screens.console.sram.copy()
    with Console(rom.image, core) as console:
        console.sram[:] = saved
        again = Screens(console, rom)
        assert again.word("theme") == 1
        assert again.word("look") == 1


def test_shoulders_a_little_apart_are_both_and_one_alone_is_one() -> None:
    with title_screen(STOCK) as screens:
        screens.leave_title()
        screens.open("prompt")
        warm = screens.word("temperature")
        screens.console.press("l")
        screens.console.run(2)
        screens.console.press("l", "r")
        screens.console.run(6)
        screens.console.release()
        screens.console.run(6)
        assert (screens.word("theme"), screens.word("temperature")) == (1, warm)
        screens.push("l")
        screens.console.run(4)
        assert (screens.word("theme"), screens.word("temperature")) == (1, warm - 1)


@pytest.mark.parametrize(("core", "target"), [("bsnes", STOCK), ("snes9x", STOCK), ("snes9x", SA1)])
def test_a_picture_comes_out_of_the_dark_while_tokens_are_made(core: str, target: str) -> None:
    with title_screen(target, core) as screens:
        screens.console.press("start")
        screens.console.run_until(lambda _: screens.word("page") == 0, 5)
        before, made, brightness = screens.word("tokens_made"), [], []
        for _ in range(FADE + 4):
            screens.console.run()
            made.append(screens.word("tokens_made") - before)
            brightness.append(int(screens.console.picture.max()))
        assert brightness == sorted(brightness) and brightness[0] == 0 < brightness[-1]
        dim = made[brightness.index(max(brightness)) - 1]
        assert dim >= (FADE - 4) * 3 // 4


def test_a_european_console_shows_the_same_picture() -> None:
    image = cartridge(STOCK)[1].image
    european = with_checksum(image[:REGION] + bytes([EUROPE]) + image[REGION + 1 :])
    pictures = [settled(image), settled(european)]
    np.testing.assert_array_equal(pictures[0], pictures[1])


def settled(image: bytes) -> NDArray[np.uint8]:
    """The title a second after power-on."""
    with Console(image) as console:
        screens = Screens(console, cartridge(STOCK)[1], begin=False)
        console.run_until(lambda _: screens.word("frames") == 64, 200)
        return console.picture[:224].copy()
