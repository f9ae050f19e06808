"""Link 4, the screen of prompts: letters typed at the pad, ten completions that are the integer model's."""

from __future__ import annotations

import string
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache

import pytest

from asm.build import Rom, build_rom
from quantize.convert import quantize
from quantize.executor import Executor
from quantize.kernel import SA1, STOCK, TARGETS
from quantize.model import IntegerModel
from quantize.sampler import MAX_TEMPERATURE, Request, documents
from quantize.twins.xray import bar_places, label
from snesgpt.emulator.console import Console
from snesgpt.emulator.cores import KNOWN
from tests.support.models import (
    MERGED,
    SHAKESPEARE,
    begun_anew,
    digit_rom,
    gpt2_config,
    gpt2_weights,
    model_for,
    random_model,
    shakespeare_model,
)
from tests.support.planted_bugs import Edit
from tests.support.screens import Screens
from tests.support.slow import sa1_slow
from trainer.config import ModelConfig

MACHINES = [(core, target) for core in sorted(KNOWN) for target in TARGETS]
COMPLETIONS, PROMPT_ROW, STATUS_ROW, TEXT = 10, 4, 24, 2
GRID_ROW, GRID_TILES = 6, 28  # when there are too many letters to space them apart
CHOSEN_ROW, LABEL = 5, 3  # of merged tokens
BLOCK, ELLIPSIS = 0x7F, 0x1F
FRAMES_A_LIST = 3000
LINE, NEWLINE = 29, 10
THOUSAND = tuple(
    first + second for first in (*string.ascii_letters, " ", ",") for second in ("", *string.ascii_lowercase)
)[:1023]


@cache
def cartridge(target: str) -> tuple[IntegerModel, Rom]:
    """A small model, and its ROM."""
    model = model_for(target, ModelConfig(17, 6, n_embd=4, n_head=2, n_hidden=4))
    model = replace(model, info={"temperature": 1.3})
    return model, build_rom(model)


class PromptPage(Screens):
    """The screen of prompts in an emulator."""

    def __init__(self, console: Console, model: IntegerModel, rom: Rom) -> None:
        super().__init__(console, rom)
        self.model = model
        self.columns = GRID_TILES // (bar_places(model.symbols)[1] + 1)
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

    def finish(self) -> list[str]:
        """The ten completions, as soon as they are shown."""
        self.console.run_until(lambda _: self.word("completions_made") == COMPLETIONS, FRAMES_A_LIST)
        self.console.run(2)
        rows = self.rows()
        return [rows[row][TEXT:].rstrip() for row in self.lines()]

    def lines(self) -> list[int]:
        """The rows of the completions: the last block above the status line."""
        rows = self.rows()
        last = max(row for row in range(STATUS_ROW) if rows[row].strip())
        first = max(row for row in range(last) if not rows[row].strip()) + 1
        assert last - first + 1 == COMPLETIONS
        return list(range(first, last + 1))

    def typed(self) -> str:
        """The line that is typed, its block as a space."""
        return self.rows()[PROMPT_ROW][TEXT:].rstrip()

    def twin(self, prompt: str, tenths: int, seed: int = 1, count: int = COMPLETIONS) -> list[str]:
        """The completions that a host gets for the same, by the integer model."""
        tokens = tuple(map(self.model.symbols.index, prompt))
        return documents(Executor(self.model), Request(seed, tenths, count, tokens))

    def entries(self, size: int) -> list[str]:
        """The completions as they would be kept, of `size` characters each."""
        entries = self.ram.read(self.address("completions"), size * COMPLETIONS)
        return [entries[n : n + size].rstrip(b"\0").decode() for n in range(0, len(entries), size)]

    def assert_inks(self, typed: int) -> None:
        """The first `typed` letters are gold, those the model made paper."""
        rows = self.rows()
        for row in self.lines():
            length = len(rows[row][TEXT:].rstrip())
            inks = [self.ink(row, TEXT + n) for n in range(length)]
            assert inks == ["gold"] * typed + ["paper"] * (length - typed)

    def chosen(self) -> list[tuple[int, int]]:
        """Rows and columns of the letters in brackets."""
        rows = self.rows()
        return [
            (row, column)
            for row in range(PROMPT_ROW + 1, STATUS_ROW)
            for column in range(2, 30)
            if rows[row][column - 1] + rows[row][column + 1] == "[]" and self.ink(row, column) == "gold"
        ]


@pytest.fixture(params=TARGETS)
def page(request: pytest.FixtureRequest) -> Iterator[PromptPage]:
    model, rom = cartridge(request.param)
    with Console(rom.image) as console:
        yield PromptPage(console, model, rom)


@pytest.mark.parametrize(("core", "target"), MACHINES)
def test_what_is_typed_is_completed_ten_ways_in_two_colours(core: str, target: str) -> None:
    model, rom = cartridge(target)
    with Console(rom.image, core) as console:
        console.scramble(1)
        page = PromptPage(console, model, rom)
        assert page.finish() == page.twin("", 13)
        page.type("bo")
        assert page.typed() == "bo"
        assert page.tile(PROMPT_ROW, TEXT + 2) == (BLOCK, 1)
        assert page.finish() == page.twin("bo", 13)
        page.assert_inks(2)
        page.push("start")
        assert page.finish() == page.twin("bo", 13, count=2 * COMPLETIONS)[COMPLETIONS:]
        page.assert_inks(2)


def test_b_deletes_the_last_letter_and_nothing_before_the_first(page: PromptPage) -> None:
    page.type("bo")
    page.push("b")
    assert page.typed() == "b"
    assert page.finish() == page.twin("b", 13)
    for _ in range(2):
        page.push("b")
    assert page.typed() == ""
    assert page.tile(PROMPT_ROW, TEXT) == (BLOCK, 1)
    assert page.finish() == page.twin("", 13)


def test_the_last_place_of_the_context_is_the_model_s(page: PromptPage) -> None:
    page.type("abcde")
    assert page.tile(PROMPT_ROW, TEXT + 5) == (ord(" "), 1)
    assert page.finish() == page.twin("abcde", 13)
    page.type("f")
    assert page.typed() == "abcde"
    assert "no room for another letter" in page.rows()[STATUS_ROW]
    assert page.finish() == page.twin("abcde", 13)
    page.push("b")
    assert page.rows()[STATUS_ROW].isspace()


def test_l_and_r_change_the_temperature_to_its_ends(page: PromptPage) -> None:
    page.type("b")
    page.push("r")
    assert "T 1.4 seed     1" in page.rows()[2]
    assert page.finish() == page.twin("b", 14)
    for _ in range(MAX_TEMPERATURE):
        page.push("l")
    greedy = page.finish()
    assert greedy == page.twin("b", 0)
    assert len(set(greedy)) == 1
    for _ in range(MAX_TEMPERATURE + 1):
        page.push("r")
    assert page.finish() == page.twin("b", MAX_TEMPERATURE)


def test_the_seed_of_the_names_and_what_was_typed_stay_when_another_screen_is_shown(page: PromptPage) -> None:
    page.type("bo")
    page.open("names")
    page.push("up")
    page.console.run(20)
    page.open("prompt")
    assert page.typed() == "bo"
    assert page.finish() == page.twin("bo", 13, seed=2)


SLOW = {
    STOCK: lambda: build_of(random_model(ModelConfig(9, 6, n_embd=16, n_head=2, n_hidden=64))),
    SA1: lambda: build_of(model_for(SA1, ModelConfig(9, 6, n_embd=8, n_head=2, n_hidden=8)), sa1_slow(10)),
}
"""A token takes 18 frames, longer than two presses."""


def build_of(model: IntegerModel, edit: Edit | None = None) -> tuple[IntegerModel, Rom]:
    return model, build_rom(model, edit=edit)


@pytest.mark.parametrize("target", TARGETS)
def test_a_press_is_heard_in_the_middle_of_a_token_and_disturbs_none(target: str) -> None:
    model, rom = SLOW[target]()
    with Console(rom.image) as console:
        page = PromptPage(console, model, rom)
        made = page.word("tokens_made")
        page.push("a")
        page.push("right")
        assert page.typed() == "a"
        assert page.chosen()
        assert page.word("tokens_made") == made
        console.run_until(lambda _: page.word("completions_made") == 2, FRAMES_A_LIST)
        for button in ("left", "x", "x", "right", "x", "y", "start", "x", "down", "up"):
            page.push(button)
            console.run(20)
        assert page.finish() == page.entries(16) == page.twin("a", model.temperature)
        page.push("a")
        console.run(50)
        page.push("b")
        assert page.finish() == page.twin("a", model.temperature)


@pytest.mark.parametrize("core", sorted(KNOWN))
def test_more_letters_than_the_window_holds_scroll_with_the_cursor(core: str) -> None:
    printable = string.ascii_letters + string.digits + string.punctuation + " "
    model = replace(random_model(ModelConfig(96, 6, n_embd=4, n_head=1, n_hidden=4)), symbols=printable)
    with Console((rom := build_rom(model)).image, core) as console:
        page = PromptPage(console, model, rom)
        window = slice(GRID_ROW, GRID_ROW + 6)
        assert page.rows()[window][0][2:30:2] == printable[:14]
        assert [row[30] for row in page.rows()[window]] == list("     v")
        page.push("left")  # around, to the last one, a space
        assert page.rows()[window][-1][2:30:2].rstrip() == printable[84:94] + "_"
        assert [row[30] for row in page.rows()[window]] == list("^     ")
        assert page.chosen() == [(GRID_ROW + 5, 2 + 2 * 10)]
        page.push("a")
        page.push("up")
        page.push("a")
        assert page.finish() == page.twin(" " + printable[80], model.temperature)
        page.push("right")
        for row in (4, 3, 2, 1, 0, 0, 0):
            assert page.chosen() == [(GRID_ROW + row, 2 + 2 * 11)]
            page.push("up")
        assert page.rows()[window][0][2:30:2] == printable[:14]


def test_down_from_the_letters_the_cross_chooses_a_completion() -> None:
    model = random_model(ModelConfig(17, 6, n_embd=4, n_head=2, n_hidden=4))
    with Console((rom := build_rom(model)).image) as console:
        page = PromptPage(console, model, rom)
        page.type("c")
        completions = page.finish()
        page.push("down")  # nothing straight below: the last letter
        page.push("down")
        assert page.chosen() == []
        for _ in range(COMPLETIONS):
            page.push("down")
        assert [row for row in range(STATUS_ROW) if page.rows()[row][1] == ">"] == page.lines()[-1:]
        page.push("a")
        page.push("x")
        assert page.typed() == "c"
        assert page.entries(16) == completions
        for _ in range(COMPLETIONS):
            page.push("up")
        page.push("a")
        assert page.typed() == "c" + model.symbols[-1]


def test_a_completion_longer_than_its_line_is_cut() -> None:
    model = replace(
        random_model(ModelConfig(3, 40, n_embd=4, n_head=1, n_hidden=4), lm_head=0.0), info={"temperature": 0.0}
    )  # all letters alike: every name is 40 times the first
    with Console((rom := build_rom(model)).image) as console:
        page = PromptPage(console, model, rom)
        for _ in range(21):
            page.push("a")
        assert page.typed() == "a" * 20
        assert "no room" in page.rows()[STATUS_ROW]
        assert page.finish() == ["a" * 28] * COMPLETIONS
        assert {page.tile(row, 30) for row in page.lines()} == {(ELLIPSIS, 0)}
        assert {row[31] for row in page.rows()} == {" "}
        assert page.entries(64) == ["a" * 40] * COMPLETIONS


@pytest.mark.parametrize("target", TARGETS)
def test_the_fast_kernels_complete_the_same(target: str) -> None:
    """The keys and values of what is typed are computed once for all ten."""
    model, rom = digit_rom(ModelConfig(9, 12, n_embd=8, n_head=2, n_layer=2, n_hidden=16), target=target)
    with Console(rom.image) as console:
        page = PromptPage(console, model, rom)
        page.type("had")
        assert page.finish() == page.twin("had", model.temperature)
        page.push("start")
        assert page.finish() == page.twin("had", model.temperature, count=2 * COMPLETIONS)[COMPLETIONS:]


@pytest.mark.parametrize("target", TARGETS)
def test_upper_and_lower_case_signs_and_line_breaks_are_typed_and_completed(target: str) -> None:
    """By a GPT-2. Every completion of a running text ends with its window."""
    model = shakespeare_model(target)
    with Console((rom := build_rom(model)).image) as console:
        page = PromptPage(console, begun_anew(model), rom)
        console.run(5)
        grid = "".join(row[2:30:2] for row in page.rows()[GRID_ROW : GRID_ROW + 5])
        assert grid.rstrip() == " _" + SHAKESPEARE[2:]
        assert page.tile(GRID_ROW, TEXT)[0] == NEWLINE
        page.type("O, Me?\nTo")
        shown = [page.tile(PROMPT_ROW, TEXT + n)[0] for n in range(9)]
        assert shown == [NEWLINE if symbol == "\n" else ord(symbol) for symbol in "O, Me?\nTo"]
        made = page.finish()
        expected = page.twin("O, Me?\nTo", model.temperature)
        assert all(len(text) == model.config.block_size for text in expected)
        assert made == [text[: LINE - 1].replace("\n", " ").rstrip() for text in expected]
        assert page.entries(64) == expected
        assert any("\n" in text[9 : LINE - 1] for text in expected)


@pytest.mark.parametrize("target", TARGETS)
def test_a_thousand_merged_tokens_are_chosen_and_completed(target: str) -> None:
    """As many as a GPT-2 can have."""
    config = gpt2_config(1024, 16, 8, 2, 1, 16)
    model = quantize(replace(gpt2_weights(config, 1, lm_head=4.0), symbols=THOUSAND), "digits", target=target)
    with Console((rom := build_rom(model)).image) as console:
        page = PromptPage(console, begun_anew(model), rom)
        last = THOUSAND[-1]
        page.push("left")
        assert tuple(page.tile(CHOSEN_ROW, 10 + n)[0] for n in range(17)) == label(THOUSAND, 1022, 17)
        page.push("a")
        page.choose("zz")
        page.push("a")
        assert page.typed() == last + "zz"
        tokens = (1022, THOUSAND.index("zz"))
        expected = documents(Executor(page.model), Request(1, model.temperature, COMPLETIONS, tokens))
        assert page.finish() == [(text if len(text) < 30 else text[:28]).rstrip() for text in expected]
        assert len({*expected}) == COMPLETIONS


def test_merged_tokens_are_typed_and_completed_in_full() -> None:
    symbols = ("a", "b", "c", "d", "ab", "cab", "abcab", "dd")
    model = replace(random_model(ModelConfig(9, 12, n_embd=4, n_head=2, n_hidden=4), seed=2), symbols=symbols)
    with Console((rom := build_rom(model)).image) as console:
        page = PromptPage(console, model, rom)
        for symbol in ("abcab", "dd", "cab"):
            page.choose(symbol)
            page.push("a")
        assert page.typed() == "abcabddcab"
        page.push("b")
        assert page.typed() == "abcabdd"
        tokens = tuple(map(symbols.index, ("abcab", "dd")))
        expected = documents(Executor(model), Request(1, model.temperature, COMPLETIONS, tokens))
        assert page.finish() == [text if len(text) <= 29 else text[:28] for text in expected]
        page.assert_inks(len("abcabdd"))


@pytest.mark.parametrize("core", sorted(KNOWN))
def test_merged_tokens_are_chosen_by_labels_and_the_one_under_the_cursor_stands_in_full(core: str) -> None:
    model = replace(random_model(ModelConfig(len(MERGED) + 1, 6, n_embd=4, n_head=1, n_hidden=4)), symbols=MERGED)
    with Console((rom := build_rom(model)).image, core) as console:
        page = PromptPage(console, model, rom)
        for symbol in ("\n", "é", "\nth", " bcdefghijklmnop", " the"):
            page.choose(symbol)
            token = MERGED.index(symbol)
            chosen = [page.tile(CHOSEN_ROW, 10 + n)[0] for n in range(17)]
            assert tuple(chosen) == label(MERGED, token, 17)
            assert page.rows()[CHOSEN_ROW][:10] == "  A types "
            top = page.word("prompt_top") * page.columns
            for n in range(6 * page.columns):
                row, column = GRID_ROW + n // page.columns, 2 + n % page.columns * (LABEL + 1)
                shown = tuple(page.tile(row, column + across)[0] for across in range(LABEL))
                assert shown == (label(MERGED, top + n, LABEL) if top + n < len(MERGED) else (ord(" "),) * LABEL)
            row, column = GRID_ROW + token // page.columns - page.word("prompt_top"), 1 + token % page.columns * 4
            assert [page.rows()[row][at] for at in (column, column + 4)] == ["[", "]"]
            assert sum(text.count("[") + text.count("]") for text in page.rows()) == 2
        page.choose(" bcdefghijklmnop")
        page.push("down")
        assert page.rows()[CHOSEN_ROW].isspace()


def test_what_is_typed_leaves_room_to_see_what_is_made() -> None:
    model = replace(random_model(ModelConfig(len(MERGED) + 1, 9, n_embd=4, n_head=1, n_hidden=4)), symbols=MERGED)
    with Console((rom := build_rom(model)).image) as console:
        page = PromptPage(console, model, rom)
        page.type(("abcdefghijklmnop", "and"))
        assert page.tile(PROMPT_ROW, TEXT + 19) == (BLOCK, 1)
        page.type(("th",))
        assert page.typed() == "abcdefghijklmnopand"
        assert "no room for another letter" in page.rows()[STATUS_ROW]
        page.type(("x",))
        assert page.typed() == "abcdefghijklmnopandx"
        assert page.tile(PROMPT_ROW, TEXT + 20) == (ord(" "), 1)
        page.push("b")
        assert page.tile(PROMPT_ROW, TEXT + 19) == (BLOCK, 1)
