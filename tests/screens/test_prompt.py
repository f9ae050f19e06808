"""Link 4, the screen of prompts: letters typed at the pad, ten completions that are the integer model's."""

from __future__ import annotations

import string
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest

from asm.build import Rom, build_rom
from quantize.convert import quantize
from quantize.executor import Executor
from quantize.kernel import SA1, STOCK, TARGETS
from quantize.model import IntegerModel
from quantize.sampler import MAX_TEMPERATURE, Request, documents
from quantize.twins.xray import label
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
from tests.support.prompt_screen import (
    BLANK,
    BLOCK,
    CHOSEN_ROW,
    COMPLETIONS,
    ELLIPSIS,
    FRAMES_A_LIST,
    GRID_ROW,
    LABEL,
    LINE,
    LIST_ROW,
    NEWLINE,
    PROMPT_ROW,
    STATUS_ROW,
    TEXT,
    PromptPage,
)
from tests.support.screens import TALL
from tests.support.slow import sa1_slow
from trainer.config import ModelConfig

MACHINES = [(core, target) for core in sorted(KNOWN) for target in TARGETS]
THOUSAND = tuple(
    first + second for first in (*string.ascii_letters, " ", ",") for second in ("", *string.ascii_lowercase)
)[:1023]


@cache
def cartridge(target: str) -> tuple[IntegerModel, Rom]:
    """A small model, and its ROM."""
    model = model_for(target, ModelConfig(17, 6, n_embd=4, n_head=2, n_hidden=4))
    model = replace(model, info={"temperature": 1.3})
    return model, build_rom(model)


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
    assert page.tile(PROMPT_ROW, TEXT + 5) == (BLANK, 1)
    assert page.finish() == page.twin("abcde", 13)
    page.type("f")
    assert page.typed() == "abcde"
    assert "no room for another letter" in page.rows()[STATUS_ROW]
    assert page.finish() == page.twin("abcde", 13)
    page.push("b")
    assert page.rows()[STATUS_ROW].isspace()


def test_l_and_r_change_the_temperature_to_its_ends(page: PromptPage) -> None:
    page.type("b")
    page.shoulder("r")
    assert "T 1.4 seed     1" in page.rows()[2]
    assert page.finish() == page.twin("b", 14)
    for _ in range(MAX_TEMPERATURE):
        page.shoulder("l")
    greedy = page.finish()
    assert greedy == page.twin("b", 0)
    assert len(set(greedy)) == 1
    for _ in range(MAX_TEMPERATURE + 1):
        page.shoulder("r")
    assert page.finish() == page.twin("b", MAX_TEMPERATURE)


def test_the_seed_of_the_names_and_what_was_typed_stay_when_another_screen_is_shown(page: PromptPage) -> None:
    page.type("bo")
    page.open("names")
    page.push("up")
    page.console.run(20)
    page.open("prompt")
    page.console.run(4)
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
        assert page.chosen() == [page.letters.place(len(model.symbols) - 1)]
        page.push("down")
        for row in (*page.lines(), page.lines()[-1]):
            page.assert_points_at_line(row)
            page.push("down")
        page.push("a")
        page.push("x")
        assert page.typed() == "c"
        assert page.entries(16) == completions
        for row in reversed(page.lines()):
            page.assert_points_at_line(row)
            page.push("up")
        assert page.chosen() == [page.letters.place(len(model.symbols) - 1)]
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
        assert page.finish() == ["a" * 28] * page.completions
        assert {page.tile(row, 30) for row in page.lines()} == {(ELLIPSIS, 0)}
        assert {row[31] for row in page.rows()} == {" "}
        assert page.entries(64) == ["a" * 40] * page.completions


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
        assert shown == [TALL | (NEWLINE if symbol == "\n" else ord(symbol)) for symbol in "O, Me?\nTo"]
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
        expected = documents(Executor(page.model), Request(1, model.temperature, page.completions, tokens))
        assert page.finish() == [(text if len(text) < 30 else text[:28]).rstrip() for text in expected]
        assert len({*expected}) == page.completions


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
        expected = documents(Executor(model), Request(1, model.temperature, page.completions, tokens))
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
            for n in range(page.letters.rows * page.columns):
                row, column = page.letters.place(n)
                shown = tuple(page.tile(row, column + across)[0] for across in range(LABEL))
                assert shown == (label(MERGED, top + n, LABEL) if top + n < len(MERGED) else (ord(" "),) * LABEL)
            assert page.chosen() == [page.letters.place(token - top)]
        page.choose(" bcdefghijklmnop")
        page.push("down")
        assert page.rows()[CHOSEN_ROW].isspace()
        page.assert_points_at_line(LIST_ROW)


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
        assert page.tile(PROMPT_ROW, TEXT + 20) == (BLANK, 1)
        page.push("b")
        assert page.tile(PROMPT_ROW, TEXT + 19) == (BLOCK, 1)
