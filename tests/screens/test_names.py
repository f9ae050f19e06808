"""Link 4, what a person sees: the names on the screen are the integer model's, every button does what it says."""

from __future__ import annotations

import string
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache

import pytest

from asm.build import Rom, build_rom
from quantize.executor import Executor
from quantize.kernel import SA1, STOCK, TARGETS
from quantize.model import IntegerModel
from quantize.sampler import MAX_TEMPERATURE, Request, documents
from snesgpt.emulator.console import Console
from snesgpt.emulator.cores import KNOWN
from tests.support.models import digit_rom, model_for, random_model, shakespeare_model
from tests.support.screens import Screens
from tests.support.slow import sa1_slow
from tests.support.text_window import lines_of
from trainer.config import ModelConfig

SETTINGS_ROW, FIRST_ROW, PITCH, COLUMN_NAMES = 2, 4, 2, 9
NAMES = 2 * COLUMN_NAMES
MARKERS, WIDTH = (1, 16), 14
FRAMES_A_PAGE = 3000
MACHINES = [(core, target) for core in sorted(KNOWN) for target in TARGETS]


@cache
def cartridge(target: str) -> tuple[IntegerModel, Rom]:
    """A small model, and its ROM."""
    model = model_for(target, ModelConfig(9, 5, n_embd=4, n_head=2, n_hidden=4))
    model = replace(model, info={"temperature": 1.3})
    return model, build_rom(model)


class Names(Screens):
    """The screen of names."""

    def __init__(self, console: Console, target: str = STOCK) -> None:
        self.target, (self.model, rom) = target, cartridge(target)
        super().__init__(console, rom)

    def finish(self) -> list[str]:
        """Wait for the last name of the page and one more picture; returns the names in order."""
        self.console.run_until(lambda _: self.word("names_made") == NAMES, FRAMES_A_PAGE)
        self.console.run(2)
        return self.names()

    def lines(self) -> list[str]:
        """The rows of the list that letters stand on."""
        return self.rows()[FIRST_ROW : FIRST_ROW + PITCH * COLUMN_NAMES : PITCH]

    def names(self) -> list[str]:
        """Both columns, without what is empty."""
        listed = [row[left + 1 : left + 1 + WIDTH].rstrip() for left in MARKERS for row in self.lines()]
        return [name for name in listed if name]

    def marked(self) -> list[int]:
        """Which names have a marker before them."""
        markers = [row[left] for left in MARKERS for row in self.lines()]
        return [number for number, marker in enumerate(markers) if marker == ">"]

    def place(self, number: int) -> tuple[int, int]:
        """Row and column where a name begins."""
        return FIRST_ROW + PITCH * (number % COLUMN_NAMES), MARKERS[number // COLUMN_NAMES] + 1

    def chosen(self) -> list[int]:
        """Which names are gold; the pointer must be at one of them."""
        gold = [number for number in range(len(self.names())) if self.ink(*self.place(number)) == "gold"]
        assert self.pointed() in [self.place(number) for number in gold]
        return gold

    def expected(self, seed: int, tenths: int, count: int = NAMES) -> list[str]:
        """The integer model's."""
        return documents(Executor(self.model), Request(seed, tenths, count))

    def without_pauses(self) -> None:
        """By Start, where there are any."""
        if self.target == SA1:
            self.push("start")
            self.push("start")
            assert self.word("names_pause") == 0


def assert_settings(page: Names, seed: int, tenths: int) -> None:
    assert f"T {tenths // 10}.{tenths % 10} seed {seed:5} " in page.rows()[SETTINGS_ROW]


@contextmanager
def names_screen(target: str, core: str = "snes9x", image: bytes | None = None) -> Iterator[Names]:
    with Console(image or cartridge(target)[1].image, core) as console:
        console.scramble(1)
        yield Names(console, target)


@pytest.fixture(params=TARGETS)
def page(request: pytest.FixtureRequest) -> Iterator[Names]:
    with names_screen(request.param) as opened:
        yield opened


@pytest.mark.parametrize(("core", "target"), MACHINES)
def test_the_first_page_is_seed_1_at_the_model_s_temperature(core: str, target: str) -> None:
    with names_screen(target, core) as page:
        assert page.finish() == page.expected(1, 13)
        assert_settings(page, 1, 13)


@pytest.mark.parametrize("target", TARGETS)
def test_the_page_is_drawn_at_the_model_s_top_p(target: str) -> None:
    model = replace(cartridge(target)[0], info={"temperature": 1.3, "top_p": 0.4})
    with names_screen(target, image=build_rom(model).image) as page:
        made = page.finish()
        assert made == documents(Executor(model), Request(1, 13, NAMES, top_p=40)) != page.expected(1, 13)


def test_the_name_being_made_is_marked_and_gold_and_complete_ones_are_white(page: Names) -> None:
    page.without_pauses()

    def has_begun(_: Console) -> bool:
        page.console.release()
        if page.word("names_made") == NAMES:
            page.console.press("a")
        return any(n > COLUMN_NAMES + 2 and len(page.names()) > n for n in page.marked())

    page.console.run_until(has_begun, FRAMES_A_PAGE)
    (number,) = page.marked()
    assert page.ink(*page.place(number)) == "gold"
    assert {page.ink(*page.place(made)) for made in range(number)} == {"paper"}


@pytest.mark.parametrize(
    ("button", "seed", "tenths"), [("up", 2, 13), ("down", 0, 13), ("right", 1, 14), ("left", 1, 12)]
)
def test_the_cross_begins_again_with_other_settings(page: Names, button: str, seed: int, tenths: int) -> None:
    page.finish()
    page.push(button)
    assert page.word("names_made") < NAMES
    assert page.finish() == page.expected(seed, tenths)
    assert_settings(page, seed, tenths)


def test_a_button_in_the_middle_of_a_page_is_heard(page: Names) -> None:
    page.console.run_until(lambda _: page.word("names_made") == 3, FRAMES_A_PAGE)
    page.push("up")
    assert page.finish() == page.expected(2, 13)


def test_a_direction_held_repeats(page: Names) -> None:
    page.push("up", frames=20 + 5 * 4)
    assert page.word("seed") == 1 + 1 + 4


@pytest.mark.parametrize(("button", "tenths"), [("left", 0), ("right", MAX_TEMPERATURE)])
def test_the_temperature_stops_at_its_ends(page: Names, button: str, tenths: int) -> None:
    page.push(button, frames=20 + 5 * (MAX_TEMPERATURE + 2))
    assert page.finish() == page.expected(1, tenths)
    assert_settings(page, 1, tenths)


def test_a_makes_more_and_l_looks_back(page: Names) -> None:
    names = page.expected(1, 13, 3 * NAMES)
    for number in range(3):
        assert page.finish() == names[number * NAMES : (number + 1) * NAMES]
        assert page.rows()[1].rstrip().endswith(f" {number + 1}")
        page.push("a") if number < 2 else page.push("l")
    assert page.names() == names[NAMES : 2 * NAMES]
    page.push("l")
    page.push("l")
    assert page.names() == names[:NAMES]
    assert page.rows()[1].rstrip().endswith(" 1")
    page.push("r")
    page.push("b")
    assert page.names() == names[2 * NAMES :]


def test_history_ends_at_its_oldest_page(page: Names) -> None:
    page.without_pauses()
    pages = 0x4000 // (16 * NAMES)
    for _ in range(pages + 1):
        page.finish()
        page.push("a")
    page.finish()
    for _ in range(pages + 3):
        page.push("l")
    first = (pages + 1) - (pages - 1)
    assert page.names() == page.expected(1, 13, (first + 1) * NAMES)[first * NAMES :]


@pytest.mark.parametrize(("core", "target"), [("bsnes", STOCK), ("snes9x", STOCK), ("snes9x", SA1)])
def test_b_pauses_within_a_name_and_goes_on(core: str, target: str) -> None:
    with names_screen(target, core) as page:
        page.console.run_until(
            lambda _: page.word("names_made") > 2 and page.word("made_position") > 1, FRAMES_A_PAGE
        )
        page.push("b")
        made, tokens = page.word("names_made"), page.word("tokens_made")
        page.console.run(10)
        assert page.word("tokens_made") == tokens
        assert "PAUSED" in page.rows()[25]
        page.push("up")
        assert page.chosen() == [made - 2]
        page.push("b")
        assert page.finish() == page.expected(1, 13)


def test_another_screen_and_back_goes_on_where_it_was(page: Names) -> None:
    page.console.run_until(lambda _: page.word("names_made") == 12, FRAMES_A_PAGE)
    page.open("kept")
    page.console.run(5)
    page.open("names")
    assert page.word("names_made") >= 12
    assert page.finish() == page.expected(1, 13)


def long_names(model: IntegerModel, core: str, count: int) -> None:
    """The first names of a model whose names take several lines, before and after looking at another screen."""
    rom = build_rom(model)
    lines = rom.layout.names.lines
    expected = documents(Executor(model), Request(1, model.temperature, count))
    with Console(rom.image, core) as console:
        page = Screens(console, rom)
        for _ in range(2):
            console.run_until(lambda _: page.word("names_made") >= count, 4 * FRAMES_A_PAGE)
            page.push("b")
            console.run(2)
            rows = [row[2:31] for row in page.rows()[FIRST_ROW : FIRST_ROW + count * lines]]
            assert rows == [row for name in expected for row in lines_of(name, lines)]
            page.open("kept")
            page.open("names")
    assert any(len(name) > 29 for name in expected)


@pytest.mark.parametrize("core", sorted(KNOWN))
def test_names_of_a_longer_context_stand_on_several_lines_with_whole_words(core: str) -> None:
    model = random_model(ModelConfig(53, 60, n_embd=4, n_head=1, n_hidden=4), seed=6)
    symbols = (" " + string.ascii_letters)[:52]
    long_names(replace(model, symbols=symbols, info={"temperature": 2.0}), core, 3)


@pytest.mark.parametrize(("core", "target"), MACHINES)
def test_a_running_text_goes_on_where_its_context_is_full(core: str, target: str) -> None:
    """A GPT-2's: every window but the first adds half of one."""
    model = shakespeare_model(target)
    (first, *others) = documents(Executor(model), Request(1, model.temperature, 4))
    assert len(first) == 64 and {len(text) for text in others} == {32}
    long_names(model, core, 4)


def test_merged_tokens_are_spelled_and_what_has_no_room_ends_in_an_ellipsis() -> None:
    symbols = ("a", "b", "c", " ", "ab", " cab", "abcabcabc", "bb")
    model = random_model(ModelConfig(9, 40, n_embd=4, n_head=1, n_hidden=4), seed=2)
    long_names(replace(model, symbols=symbols, info={"temperature": 2.0}), "snes9x", 2)


def press_while_a_token_is_computed(rom: Rom, core: str) -> tuple[int, int]:
    """Frames until the pause shows, and the frames a token takes."""
    with Console(rom.image, core) as console:
        page = Screens(console, rom)
        console.run_until(lambda _: page.word("tokens_made") == 1, FRAMES_A_PAGE)
        token = console.run_until(lambda _: page.word("tokens_made") == 2, FRAMES_A_PAGE)
        console.run(token // 3)
        console.press("b")
        return console.run_until(lambda _: "PAUSED" in page.rows()[25], FRAMES_A_PAGE), token


SLOW_MODEL = ModelConfig(9, 5, n_embd=32, n_head=2, n_layer=2, n_hidden=128)


@pytest.mark.parametrize(("core", "target"), [("snes9x", STOCK), ("snes9x", SA1), ("bsnes", SA1)])
def test_a_press_is_heard_at_once_however_slow_the_model(core: str, target: str) -> None:
    slow = (
        build_rom(random_model(SLOW_MODEL)) if target == STOCK else build_rom(cartridge(SA1)[0], edit=sa1_slow(40))
    )
    frames, token = press_while_a_token_is_computed(slow, core)
    assert token > 60
    assert frames <= 3


def test_what_was_interrupted_is_computed_again_exactly() -> None:
    """On an SA-1 the plays of tests/support/sa1_protocol.py do this, at every point of a token."""
    model = random_model(ModelConfig(9, 5, n_embd=16, n_head=2, n_hidden=64), seed=4)
    rom = build_rom(model)
    names = documents(Executor(model), Request(1, model.temperature, 6))
    with Console(rom.image) as console:
        page = Screens(console, rom)
        presses = 0
        while page.word("names_made") < 6:
            page.push("b", frames=1)
            page.push("a", frames=1)
            console.run(7 + presses % 29)  # a token takes some 20 frames
            presses += 1
        console.run(2)
        assert [row[2:16].rstrip() for row in page.rows()[FIRST_ROW : FIRST_ROW + 6 * PITCH : PITCH]] == names
    assert presses > 15


PACES = {24: "a long pause after each name", 0: "no pause", 8: "a pause after each name"}
"""Frames, in the order in which Start leads from one to the next."""

STATUS_ROW, SPEED_COLUMN = 24, 20


def test_start_chooses_a_pause(page: Names) -> None:
    if page.target == SA1:
        for frames, said in PACES.items():
            page.push("start")
            assert page.rows()[STATUS_ROW].strip() == said
            assert page.word("names_pause") == frames
    assert page.finish() == page.expected(1, 13)


def test_the_speed_shown_is_the_model_s_with_pauses_and_without() -> None:
    _, rom = digit_rom(ModelConfig(27, 16, 32, 4, 2, 128), 1, traced=False, target=SA1)
    with Console(rom.image, "bsnes") as console:
        page, shown, passed = Screens(console, rom), [], []
        for _ in range(2):
            begun = console.frames
            console.run_until(lambda _: page.word("names_made") == NAMES, FRAMES_A_PAGE)
            shown.append(float(page.rows()[2][SPEED_COLUMN:].split()[0]))
            passed.append(console.frames - begun)
            tokens = page.word("tokens_made")
            for button in ("start", "start", "a"):
                page.push(button)
    assert passed[0] > passed[1] + 5 * NAMES
    assert shown[0] == pytest.approx(shown[1], rel=0.015)
    assert shown[1] == pytest.approx(tokens / passed[1] * console.frames_per_second, rel=0.08), (
        "it begins in a push"
    )


@pytest.mark.parametrize("core", sorted(KNOWN))
def test_a_press_ends_a_pause(core: str) -> None:
    with names_screen(SA1, core) as page:
        page.push("start")
        assert page.word("names_pause") == 24
        made = page.word("names_made")
        page.console.run_until(lambda _: page.word("names_made") > made, FRAMES_A_PAGE)
        page.console.press("b")
        page.console.run(3)
        assert "PAUSED" in page.rows()[25]
