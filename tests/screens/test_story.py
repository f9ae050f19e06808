"""Link 4, the screen of stories: a beginning is typed at the pad, and the text is the integer model's."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest

from asm.build import Rom, build_rom
from asm.screens.merge_tables import KEYS, MAX_TYPED
from quantize.executor import Executor
from quantize.kernel import SA1, STOCK, TARGETS
from quantize.model import IntegerModel
from quantize.sampler import MAX_TEMPERATURE, Request, documents, run
from quantize.twins.xray import label
from snesgpt.emulator.console import Console
from snesgpt.emulator.cores import KNOWN
from snesgpt.verify.host import Host
from snesgpt.verify.parity import verify
from tests.support.planted_bugs import Bug, routine
from tests.support.routine_console import Call, RoutineConsole, build_routines
from tests.support.slow import sa1_slow
from tests.support.story_models import NEWLINE, story_config, story_model
from tests.support.story_screen import (
    BLOCK,
    COLUMNS,
    CORNERS,
    DOT,
    GREY,
    KEYS_COLUMN,
    KEYS_ROW,
    MAX_FRAMES,
    STATUS_ROW,
    TYPED_ROW,
    StoryPage,
    told,
    window,
    written,
)
from tests.support.text_window import ROW_BYTES

MACHINES = [(core, target) for core in sorted(KNOWN) for target in TARGETS]


@cache
def cartridge(target: str, ends: float = -5.0) -> tuple[IntegerModel, Rom]:
    """A small model that ends a story seldom, or more often; and its ROM."""
    model = story_model(story_config(24), ends=ends, target=target)
    return model, build_rom(model)


@cache
def large_model(target: str) -> IntegerModel:
    """All that can be typed fits. A stock console takes about seven frames for a token, an SA-1 two."""
    return story_model(story_config(64, 32, 2), ends=-5.0, target=target)


@cache
def slow_cartridge(target: str) -> tuple[IntegerModel, Rom]:
    """About seven frames on both."""
    model = large_model(target)
    return model, build_rom(model, edit=sa1_slow(3) if target == SA1 else None)


MODEL, ROM = cartridge(STOCK)

HEARD, GLIDE = 3, 12
"""Frames after which a press must have had its effect, and the pointer must be where it goes."""


@pytest.fixture(params=TARGETS)
def page(request: pytest.FixtureRequest) -> Iterator[StoryPage]:
    model, rom = cartridge(request.param)
    with Console(rom.image) as console:
        yield StoryPage(console, model, rom)


@pytest.mark.parametrize(("core", "target"), MACHINES)
def test_a_story_is_the_integer_model_s_on_pages(core: str, target: str) -> None:
    model, rom = cartridge(target)
    with Console(rom.image, core) as console:
        console.scramble(1)
        page = StoryPage(console, model, rom)
        long = 400 if (core, target) != ("bsnes", SA1) else 140
        for typed, tokens in (("", 30), ("a bad cab, fed.", 40), ("bead", long))[2 * (long < 400) :]:
            for _ in range(MAX_TYPED):
                page.push("b", frames=1)
            page.type(typed)
            made = page.tell(tokens)
            expected = told(model, typed, model.temperature, 1, made)
            assert len(expected) == made >= tokens
            assert page.story() == window(model, typed, expected)
            assert page.status().startswith(" stopped ")
            page.push("b")
        assert any(token.next_token == NEWLINE for token in expected)
        assert len(written(model, typed, expected)) >= (4 if long == 400 else 2)


def test_what_fills_the_context_goes_on_and_only_what_is_new_is_shown(page: StoryPage) -> None:
    typed = "badge cafe, "
    page.type(typed)
    made = page.tell(60)
    expected = told(page.model, typed, page.model.temperature, 1, made)
    full = [n for n, token in enumerate(expected) if token.position == 23]
    assert len(full) >= 2
    for end in full[:-1]:
        given = [token.next_token for token in expected[end + 1 : end + 13]]
        assert given == [token.next_token for token in expected[end - 11 : end + 1]]
    assert page.story() == window(page.model, typed, expected)


def test_the_keys_are_all_that_can_be_typed(page: StoryPage) -> None:
    for n in range(104):
        key = KEYS[n] if n < len(KEYS) else " "
        assert page.letter(*place_of(n))[0] == (DOT if n == len(KEYS) - 1 else ord(key))
    assert sorted(KEYS) == [chr(code) for code in range(32, 127)]
    assert page.letter(TYPED_ROW, 1) == (BLOCK, 1)
    check_chosen(page, 0)
    for button, key in (
        *(("left", " "), ("right", "a"), ("up", "a"), ("down", "n"), ("left", "m"), ("down", "z")),
        *(("down", "M"), ("down", "Z"), ("down", "!"), ("down", ":"), ("down", "{"), ("down", " "), ("down", " ")),
    ):
        page.push(button)
        check_chosen(page, KEYS.index(key))


def place_of(key: int) -> tuple[int, int]:
    """Row and column on the screen."""
    return KEYS_ROW + 2 * (key // COLUMNS), KEYS_COLUMN + 2 * (key % COLUMNS)


def check_chosen(page: StoryPage, key: int) -> None:
    """It is gold, all others are sky, and the corners glide around it."""
    inks = [page.ink(*place_of(n)) for n in range(len(KEYS))]
    assert [n for n, ink in enumerate(inks) if ink == "gold"] == [key] and set(inks) == {"gold", "sky"}
    row, column = place_of(key)
    assert page.pointer() == (CORNERS, 8 * column, 8 * row - 1)
    assert (page.word("pointer_width"), page.word("pointer_height")) == (8, 16)
    page.console.run(GLIDE)
    assert (page.word("pointer_x"), page.word("pointer_y")) == (8 * column, 8 * row - 1)


@pytest.fixture(params=TARGETS)
def slow(request: pytest.FixtureRequest) -> Iterator[StoryPage]:
    model, rom = slow_cartridge(request.param)
    with Console(rom.image) as console:
        yield StoryPage(console, model, rom)


def test_typing_fills_two_lines_and_b_deletes(slow: StoryPage) -> None:
    page = slow
    text = 'Once, "A bad" cab_fed 3 big dogs & cats (all of them) {why}?'
    assert len(text) == MAX_TYPED
    page.type(text[:30])
    assert page.typed() == text[:30] + " " * 30
    assert page.letter(TYPED_ROW + 2, 1) == (BLOCK, 1)
    page.type(text[30:])
    assert page.typed() == text
    page.type("a ")
    assert page.typed() == text and "no room for another letter" in page.status()
    page.push("b")
    assert page.typed() == text[:-1] + " " and page.letter(TYPED_ROW + 2, 30) == (BLOCK, 1)
    assert page.status().isspace()
    page.push("r")
    page.type("?")
    page.open("names")
    page.open("prompt")
    assert page.typed() == text
    made = page.tell(70)
    assert page.story() == window(slow.model, text, told(slow.model, text, slow.model.temperature + 1, 1, made))


def test_the_temperature_goes_to_its_ends(page: StoryPage) -> None:
    for button, tenths in (("l", 0), ("r", MAX_TEMPERATURE)):
        for _ in range(MAX_TEMPERATURE + 1):
            page.push(button)
        assert f"T {tenths / 10} seed     1" in page.rows()[2]
        made = page.tell(50)
        assert page.story() == window(page.model, "", told(page.model, "", tenths, 1, made))
        page.push("b")


@pytest.mark.parametrize(("core", "target"), [("bsnes", STOCK), ("snes9x", STOCK), ("snes9x", SA1)])
def test_a_story_ends_where_the_model_ends_it_and_start_tells_another(core: str, target: str) -> None:
    model, rom = cartridge(target, 3.0)
    with Console(rom.image, core) as console:
        page = StoryPage(console, model, rom)
        page.type("a dad ")
        for seed in range(1, 5):
            made = page.tell(200)
            expected = told(model, "a dad ", model.temperature, seed, 200)
            assert expected[-1].next_token == model.config.bos and len(expected) == made
            assert page.story() == window(model, "a dad ", expected)
            assert page.status().startswith(" the end ")
            assert f"seed{seed:6}" in page.rows()[2]
            assert "START another story  B type" in page.rows()[25]
        page.push("b")
        assert page.typed().rstrip() == "a dad" and page.letter(TYPED_ROW, 7) == (BLOCK, 1)


def test_of_a_short_context_less_can_be_typed(page: StoryPage) -> None:
    page.type("abc" * 8)
    assert page.typed().rstrip() == "abc" * 7 + "a"
    assert "no room for another letter" in page.status()
    made = page.tell(40)
    assert page.story() == window(page.model, "abc" * 7 + "a", told(page.model, "abc" * 7 + "a", 10, 1, made))


def test_the_space_that_begins_a_text_is_not_shown(page: StoryPage) -> None:
    """Where nothing is typed the model begins, mostly with a space: on Story, on Names and in Python."""
    requests = [Request(seed, 10, 1) for seed in range(1, 100)]
    first = [page.model.symbols[tokens[0].next_token] for tokens in run(Executor(page.model), requests)]
    seed = 1 + next(n for n, text in enumerate(first) if text.startswith(" ") and text.strip())
    page.open("names")
    for _ in range(seed - 1):
        page.push("up")
    page.console.run_until(lambda _: page.word("names_made") >= 2, MAX_FRAMES)
    page.push("b")
    (begins, goes_on) = documents(Executor(page.model), Request(seed, 10, 2))
    assert page.model.tokenizer.decode([page.model.config.bos]) == "" and begins[0] != " "
    lines = page.rom.layout.names.lines
    for row, text in ((4, begins), (4 + lines, goes_on)):
        words = " ".join(part[2:31] for part in page.rows()[row : row + lines]).split()
        assert words == text.split() and (text is goes_on or page.rows()[row][2] == begins[0])
    page.open("prompt")
    made = page.tell(20)
    assert page.story() == window(page.model, "", told(page.model, "", 10, seed, made))
    assert page.story()[0][0].startswith(first[seed - 1].strip())


def test_a_mark_moves_while_a_token_is_computed_and_the_status_says_how_far_it_is(slow: StoryPage) -> None:
    slow.type("bad cafe")
    given, before = len(slow.model.tokenizer.encode("bad cafe")) - 2, slow.word("tokens_made")
    slow.push("start")
    marks, seen = set(), set()
    while slow.made(before) < 45:
        slow.console.run(1)
        marks.add(slow.tile(STATUS_ROW, 1))
        told_so_far = slow.made(before)
        slow.console.run(2)
        if slow.made(before) == told_so_far > 0 and not slow.word("page_edge"):
            what, most = ("reads", given) if told_so_far < given else ("tells", 64)
            assert slow.status()[3:20] == f"{what}{told_so_far:4} of{most:4} "
            seen.add(what)
    assert seen == {"reads", "tells"}
    assert {(ord(mark), 1) for mark in "|/-\\"} <= marks
    slow.push("b")
    slow.settle()
    tenths = (slow.word("token_frames") * 100 + 300) // 601
    assert 3 < slow.word("token_frames") < 20
    assert slow.status() == f" stopped{'':12}{tenths / 10:.1f} s/token "
    still = slow.tile(STATUS_ROW, 1)
    slow.console.run(40)
    assert slow.tile(STATUS_ROW, 1) == still


def test_the_time_of_a_token_is_rounded_to_tenths_of_a_second() -> None:
    frames = np.array([*range(700), *range(700, 1 << 16, 97), 0xFFFF])
    tenths = np.minimum((frames * 100 + 300) // 601, 99)
    texts = [[*f"{n // 10}.{n % 10}".encode(), *(GREY | code for code in b" s/token")] for n in tenths.tolist()]
    place = f"screen+{STATUS_ROW * ROW_BYTES + 2 * 20}"
    dirty = np.tile([0, 0, 0, 0, 0, 0, 1], (len(frames), 1))
    rom = build_routines(MODEL)
    with Console(rom.image) as console:
        given = {"token_frames": frames, "strips_dirty": 0 * dirty}
        wanted = {place: np.array(texts), "strips_dirty": dirty}
        assert RoutineConsole(console, rom).check("draw_token_time", Call(given, wanted)) == len(frames)


def test_a_press_is_heard_in_the_middle_of_a_token_and_disturbs_none(slow: StoryPage) -> None:
    """A token takes longer than a press; what is pressed to no effect leaves the story as it is."""
    before = slow.word("tokens_made")
    slow.push("start")
    for n, button in enumerate(("a", "x", "y", "up", "l", "r", "y", "right", "down", "left")):
        slow.console.run(9 + n)
        slow.push(button)
    slow.console.run_until(lambda _: slow.made(before) >= 30, MAX_FRAMES)
    slow.console.run(2)
    slow.console.press("start")
    slow.console.run(HEARD)
    assert not slow.word("thinking_at")
    slow.console.release()
    slow.console.run(3)
    made = slow.made(before)
    slow.settle()
    assert slow.status().startswith(" stopped")
    assert slow.story() == window(slow.model, "", told(slow.model, "", 10, 1, made))
    slow.push("a")
    slow.console.run(60)
    slow.console.press("select")
    slow.console.run(HEARD)
    assert "X-RAY" in slow.rows()[1]
    slow.console.release()
    slow.console.run(30)
    assert all(slow.tile(STATUS_ROW, 1) != (ord(mark), 1) for mark in "|/-\\")


@pytest.mark.parametrize("target", TARGETS)
def test_the_other_screens_show_such_a_model_too(target: str) -> None:
    model, rom = large_model(target), build_rom(large_model(target))
    with Console(rom.image) as console:
        show_other_screens(StoryPage(console, model, rom))


def show_other_screens(page: StoryPage) -> None:
    page.open("xray")
    page.push("a")
    page.console.run(30)
    picks = "".join(map(chr, label(page.model.symbols, page.word("made_token"), max(map(len, page.model.symbols)))))
    assert (
        page.rows()[STATUS_ROW].split(" picks ")[1].rstrip()
        == "".join(character if character.isprintable() else " " for character in picks).rstrip()
    )
    page.open("names")
    page.console.run_until(lambda _: page.word("names_made") >= 2, MAX_FRAMES)
    page.push("x")
    page.open("kept")
    kept = " ".join(row[2:31] for row in page.rows()[4:12]).split()
    expected = documents(Executor(page.model), Request(1, 10, 2))[1][:128]
    assert kept[:3] == expected.split()[:3]
    page.open("about")
    page.push("a")
    page.console.run_until(lambda _: "".join(page.rows()).count("PASS") == 2, MAX_FRAMES)


@pytest.mark.parametrize(("core", "target"), MACHINES)
def test_a_host_gets_the_same_stories(core: str, target: str) -> None:
    model, rom = cartridge(target)
    prompt = tuple(model.tokenizer.encode("a bad cab")[1:-1])
    with Console(rom.image, core) as console:
        batches = [[Request(3, 10, 4, prompt)], [Request(4, 15, 5)]]
        found = verify(Host(console, model), Executor(model), batches)
    assert found.tokens > 80 and (found.mismatches, found.first) == (0, None)


BUGS = [
    Bug("the space that begins a text is shown", routine("text_of_chosen", "story_text.asm"), "        inx\n", ""),
    Bug("what was given is shown again", routine("show_told", "story_page.asm"), "bcc shown", "nop"),
    Bug(
        "the word that was being written is lost",
        routine("next_page", "story_text.asm"),
        "sta text_kept",
        "stz text_kept",
    ),
    Bug(
        "the rest of a token is lost",
        routine("next_page", "story_text.asm"),
        "lda text_rest\n        tail_call put_text",
        "clc\n        rts",
    ),
    Bug(
        "half of a word that is carried stays",
        routine("text_break_line", "text.asm"),
        "sta f:screen + ROW_BYTES, x",
        "nop",
    ),
    Bug("a word that is carried has twice the upper half", routine("text_put_kept", "text.asm"), "eor #HALVES", ""),
    Bug("lines are too near", routine("text_next_line", "text.asm"), "adc text_pitch", "adc #ROW_BYTES"),
    Bug(
        "every token anew",
        routine("continue_text", "inference.asm"),
        "set given_tokens, GIVEN_AGAIN",
        "stz given_tokens",
    ),
    Bug("the seed is not set", routine("begin_story", "story_page.asm"), "call seed_random", "nop"),
    Bug("the typed text has the model's ink", routine("begin_story", "story_page.asm"), "INK_GOLD", "INK_PAPER"),
    Bug(
        "the key before", routine("typing_pad", "story_keys.asm"), "lda f:story_keys, x", "lda f:story_keys - 1, x"
    ),
    Bug("the last key typed stays", routine("typing_pad", "story_keys.asm"), "dec story_length", "nop"),
]


@pytest.mark.parametrize("bug", BUGS, ids=str)
def test_a_planted_bug_is_seen(bug: Bug) -> None:
    rom = build_rom(MODEL, edit=bug)
    with Console(rom.image) as console:
        page, right = StoryPage(console, MODEL, rom), True
        for seed in range(1, 9):
            made = page.tell(15)
            right = right and page.story() == window(MODEL, "", told(MODEL, "", 10, seed, made))
        page.push("b")
        page.type("dead beefc")
        page.push("b")
        right = right and page.typed().rstrip() == "dead beef"
        for seed, tokens in ((8, 20), (9, 150)):
            made = page.tell(tokens)
            expected = told(MODEL, "dead beef", 10, seed, made)
            right = right and page.story() == window(MODEL, "dead beef", expected)
        assert written(MODEL, "dead beef", told(MODEL, "dead beef", 10, 9, 150))[-2].text_kept, "it begins a page"
    assert not right


KEY_BUGS = [
    Bug("the chosen key is like the others", routine("draw_key", "story_keys.asm"), "INK_GOLD", "INK_SKY"),
    Bug("nothing is around it", routine("draw_key", "story_keys.asm"), "call point_around", "nop"),
    Bug("half of it has corners", routine("point_around", "pointer.asm"), "#TALL_HEIGHT", "#SMALL_HEIGHT"),
    Bug("the corners stay behind", routine("approach", "pointer.asm"), "        inc a\n", ""),
]


@pytest.mark.parametrize("bug", KEY_BUGS, ids=str)
def test_a_planted_bug_of_the_keys_is_seen(bug: Bug) -> None:
    rom = build_rom(MODEL, edit=bug)
    with Console(rom.image) as console:
        page = StoryPage(console, MODEL, rom)
        page.push("down")
        with pytest.raises(AssertionError):
            check_chosen(page, COLUMNS)
