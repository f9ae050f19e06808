"""Link 4, what a person sees: the names on the screen are the integer model's, and the pad changes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from asm.build import Rom, build_rom, symbols
from quantize.integer_model import IntegerModel
from quantize.sampler import MAX_TEMPERATURE, Request, documents
from snesgpt.console import Console
from snesgpt.cores import KNOWN
from tests.models import random_model
from trainer.config import ModelConfig

MODEL = replace(random_model(ModelConfig(9, 5, n_embd=4, n_head=2, n_hidden=4)), info={"temperature": 1.3})
ROM = build_rom(MODEL)
SCREEN, SCREEN_ROWS, SCREEN_COLUMNS = 0x2000, 28, 32
VRAM_MAP = 0x800
SETTINGS_ROW, FIRST_ROW, NAME_COLUMN, NAMES = 3, 5, 7, 20
FRAMES_A_PAGE = 3000


class Page:
    """The page of names in an emulator."""

    def __init__(self, console: Console, rom: Rom = ROM) -> None:
        self.console = console
        self._at = symbols(rom.debug)
        console.run_until(lambda c: c.read(self._at["host_magic"], 4) == b"GPT1", 60)

    def word(self, name: str) -> int:
        """A word of direct page by its name."""
        return int(self.console.read_words(self._at[name], 1)[0])

    def finish(self) -> list[str]:
        """Wait for the twentieth name and one more picture; returns the rows of the screen."""
        self.console.run_until(lambda _: self.word("names_made") == NAMES, FRAMES_A_PAGE)
        self.console.run(2)
        return self.rows()

    def rows(self) -> list[str]:
        """What the tile map in work RAM says: tile number = character."""
        tiles = self.console.read(SCREEN, 2 * SCREEN_ROWS * SCREEN_COLUMNS)[::2].replace(b"\0", b" ")
        return [tiles[n : n + SCREEN_COLUMNS].decode() for n in range(0, len(tiles), SCREEN_COLUMNS)]

    def push(self, button: str) -> None:
        """Press and let go."""
        self.console.press(button)
        self.console.run(3)
        self.console.release()
        self.console.run(3)


@pytest.fixture
def page() -> Iterator[Page]:
    with Console(ROM.image) as console:
        yield Page(console)


def assert_shows(rows: list[str], seed: int, tenths: int) -> None:
    assert f"T {tenths // 10}.{tenths % 10}" in rows[SETTINGS_ROW]
    assert f" {seed} " in rows[SETTINGS_ROW]
    names = [row[NAME_COLUMN:].rstrip() for row in rows[FIRST_ROW : FIRST_ROW + NAMES]]
    assert names == documents(IntegerModel(MODEL), Request(seed, tenths, NAMES))
    numbers = [int(row[:NAME_COLUMN]) for row in rows[FIRST_ROW : FIRST_ROW + NAMES]]
    assert numbers == list(range(1, NAMES + 1))


@pytest.mark.parametrize("core", sorted(KNOWN))
def test_the_first_page_is_seed_1_at_the_model_s_temperature(core: str) -> None:
    with Console(ROM.image, core) as console:
        console.scramble(1)
        page = Page(console)
        rows = page.finish()
        assert_shows(rows, 1, 13)
        assert f"4x1, 2 heads, {MODEL.config.n_params} weights" in rows[2]
        shown = console.vram[VRAM_MAP : VRAM_MAP + 2 * SCREEN_ROWS * SCREEN_COLUMNS].tobytes()
        assert shown == console.read(SCREEN, 2 * SCREEN_ROWS * SCREEN_COLUMNS)


@pytest.mark.parametrize(
    ("button", "seed", "tenths"),
    [("start", 2, 13), ("up", 2, 13), ("down", 0, 13), ("right", 1, 14), ("left", 1, 12)],
)
def test_a_button_begins_the_page_again_with_the_right_names(
    page: Page, button: str, seed: int, tenths: int
) -> None:
    page.finish()
    page.push(button)
    assert page.word("names_made") < NAMES
    assert_shows(page.finish(), seed, tenths)


def test_a_button_in_the_middle_of_a_page_is_heard(page: Page) -> None:
    page.console.run_until(lambda _: page.word("names_made") == 3, FRAMES_A_PAGE)
    page.push("up")
    assert_shows(page.finish(), 2, 13)


def test_buttons_one_after_another_add_up(page: Page) -> None:
    for button in ("up", "up", "left", "up", "down", "left"):
        page.push(button)
    assert_shows(page.finish(), 3, 11)


@pytest.mark.parametrize(("button", "tenths"), [("left", 0), ("right", MAX_TEMPERATURE)])
def test_the_temperature_stops_at_its_ends(page: Page, button: str, tenths: int) -> None:
    for _ in range(MAX_TEMPERATURE + 1):
        page.push(button)
    assert_shows(page.finish(), 1, tenths)


def test_a_name_longer_than_its_line_is_cut_and_disturbs_nothing() -> None:
    model = random_model(ModelConfig(3, 40, n_embd=4, n_head=1, n_hidden=4), lm_head=0.0)
    greedy = replace(model, info={"temperature": 0.0})  # all letters alike: every name is 40 times the first
    rom = build_rom(greedy)
    with Console(rom.image) as console:
        page = Page(console, rom)
        console.run_until(lambda _: page.word("names_made") == 3, FRAMES_A_PAGE)
        rows = page.rows()
    expected = documents(IntegerModel(greedy), Request(1, 0, 3))
    assert expected == ["a" * 40] * 3
    assert [row[NAME_COLUMN:] for row in rows[FIRST_ROW : FIRST_ROW + 3]] == ["a" * 25] * 3
    assert rows[FIRST_ROW + 4].isspace()
