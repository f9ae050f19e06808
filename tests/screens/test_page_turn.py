"""A page of a story that turns: the full one stays until the next has come, and the story goes on meanwhile."""

from __future__ import annotations

from functools import cache

import pytest

from asm.build import Rom, build_rom
from quantize.kernel import SA1, STOCK, TARGETS
from quantize.model import IntegerModel
from snesgpt.emulator.console import Console
from snesgpt.emulator.cores import KNOWN
from tests.support.planted_bugs import Bug, all_of, routine
from tests.support.screens import COLUMNS, PAGES, ROWS, TITLE_PAGE, VRAM_MAP
from tests.support.slow import sa1_slow
from tests.support.story_models import story_config, story_model
from tests.support.story_screen import (
    CORNERS,
    TURN_FRAMES,
    StoryPage,
    quill_at,
    read_rows,
    told,
    window,
    written,
)
from tests.support.text_window import FROM_EDGE

MACHINES = [(core, target) for core in sorted(KNOWN) for target in TARGETS]
PIXELS = 12
"""That an edge moves in a frame."""

HEARD, FADING, PATIENCE = 4, 40, 700
"""Frames: until a press has its effect, a screen is there, nobody is."""

PAGE_FRAMES = 2000
"""More than telling a page takes."""

TYPED = {STOCK: "ca", SA1: "de"}
"""How a story begins whose first page ends within a word."""

TOLD = 80
"""Tokens, more than a page has."""


@cache
def model(target: str) -> IntegerModel:
    """One of which a token takes some frames, and a story seldom ends."""
    return story_model(story_config(64, 32, 2), ends=-5.0, target=target)


@cache
def cartridge(target: str, bug: Bug | None = None) -> Rom:
    """Of that model; about seven frames a token."""
    slow = [sa1_slow(3)] if target == SA1 else []
    return build_rom(model(target), edit=all_of(*slow, *([bug] if bug else [])))


def opened(console: Console, target: str, rom: Rom) -> StoryPage:
    """The keys, when they have come out of the dark: before that no page turns."""
    page = StoryPage(console, model(target), rom)
    console.run(FADING)
    return page


def all_tiles(page: StoryPage) -> bytes:
    """What is shown."""
    return page.console.vram[VRAM_MAP : VRAM_MAP + 2 * ROWS * COLUMNS].tobytes()


def check_between_tokens(page: StoryPage, typed: str, before: int) -> None:
    """When the next token has been shown, the page and the quill are as the twin says."""
    made = page.made(before)
    page.console.run_until(lambda _: page.made(before) > made, PAGE_FRAMES)
    page.console.run(3)
    assert page.made(before) == made + 1 and not page.word("page_edge")
    tokens = told(page.model, typed, page.model.temperature, 1, made + 1)
    assert page.shown() == window(page.model, typed, tokens)
    assert page.pointer() == quill_at(written(page.model, typed, tokens)[-1].text_cursor)


def wait_for_turn(page: StoryPage) -> None:
    """Until there is an edge."""
    page.console.run_until(lambda _: page.word("page_edge"), PAGE_FRAMES)


def check_turn(page: StoryPage) -> None:
    """While an edge moves all that is shown stays as it is."""
    shown, edges = all_tiles(page), []
    while edge := page.word("page_edge"):
        assert all_tiles(page) == shown
        edges.append(edge)
        assert len(edges) < TURN_FRAMES
        page.console.run()
    whole = list(range(FROM_EDGE, 0, -PIXELS))
    assert edges in (whole, whole[1:])


def check_story(page: StoryPage, typed: str) -> None:
    """From the keys to the second page, which a word begins that began on the first."""
    page.type(typed)
    before = page.word("tokens_made")
    page.console.press("start")
    wait_for_turn(page)
    check_turn(page)
    page.console.release()
    check_between_tokens(page, typed, before)
    wait_for_turn(page)
    full, turns = page.shown(), page.made(before)
    check_turn(page)
    assert page.made(before) > turns
    tokens = told(page.model, typed, page.model.temperature, 1, turns)
    pages = written(page.model, typed, tokens)
    assert len(written(page.model, typed, tokens[:-1])) == 1 and len(pages) == 2 and pages[0].text_kept
    assert full == read_rows(pages[0])
    for _ in range(3):
        check_between_tokens(page, typed, before)


@pytest.mark.parametrize(("core", "target"), MACHINES)
def test_a_full_page_is_shown_until_the_next_one_has_come(core: str, target: str) -> None:
    rom = cartridge(target)
    with Console(rom.image, core) as console:
        console.scramble(1)
        page = opened(console, target, rom)
        check_story(page, TYPED[target])
        page.push("b")
        assert page.word("pointer_shape") == 0
        page.push("b")
        page.settle()
        assert page.word("pointer_shape") == CORNERS


NO_TURN = Bug("no page turns", routine("turn_page", "page_turn.asm"), "set page_edge, FROM_EDGE", "nop")


def frames_of_tokens(core: str, target: str, bug: Bug | None) -> tuple[list[int], list[int]]:
    """When each token of a story was made, and the edges that were seen."""
    rom, frames, edges = cartridge(target, bug), list[int](), list[int]()
    with Console(rom.image, core) as console:
        page = opened(console, target, rom)
        page.type(TYPED[target])
        before = page.word("tokens_made")
        console.press("start")
        begins = console.frames
        while len(frames) < TOLD:
            console.run()
            frames += [console.frames - begins] * (page.made(before) - len(frames))
            edges.append(page.word("page_edge"))
    return frames, edges


@pytest.mark.parametrize(("core", "target"), MACHINES)
def test_a_page_that_turns_delays_no_token(core: str, target: str) -> None:
    """Against a cartridge whose pages do not turn."""
    turning, edges = frames_of_tokens(core, target, None)
    still, none = frames_of_tokens(core, target, NO_TURN)
    assert len([edge for edge in edges if edge]) >= 2 * (FROM_EDGE // PIXELS) and not any(none)
    delays = [one - other for one, other in zip(turning, still, strict=True)]
    assert {*delays} <= {-1, 0, 1}


@pytest.mark.parametrize("target", TARGETS)
def test_another_screen_does_not_wait_for_a_page_that_turns(target: str) -> None:
    rom = cartridge(target)
    with Console(rom.image) as console:
        page = opened(console, target, rom)
        console.press("start")
        console.run(HEARD)
        console.release()
        assert page.word("page_edge") > FROM_EDGE // 2
        console.press("select")
        console.run(HEARD)
        assert page.word("page") == 2 * PAGES.index("xray") and not page.word("page_edge")
        console.release()
        console.run(HEARD)
        assert "X-RAY" in page.rows()[1]
        page.open("prompt")
        console.run(FADING)
        page.push("start")
        page.push("b")
        page.push("b")
        assert page.word("page_edge")
        assert not page.typed().strip()


@pytest.mark.parametrize("target", TARGETS)
def test_a_demonstration_tells_a_story_at_once(target: str) -> None:
    rom = cartridge(target)
    with Console(rom.image) as console:
        page = StoryPage(console, model(target), rom, begin=False)
        before = page.word("tokens_made")
        console.run_until(lambda _: page.word("page") == 2 * PAGES.index("prompt"), PATIENCE)
        console.run_until(lambda _: page.word("page_edge") or page.made(before), TURN_FRAMES)
        assert page.word("demo_left") and not page.word("page_edge")
        console.run(FADING)
        for _ in range(3):
            check_between_tokens(page, "", before)
        page.push("a")
        assert page.word("page") == TITLE_PAGE and not page.word("demo_left")


BUGS = [
    NO_TURN,
    Bug("the next page is shown meanwhile", "main.asm", "jmp .loword(copied)", "nop"),
    Bug("a page turns for ever", routine("move_page", "page_turn.asm"), "sbc #PIXELS", "sbc #0"),
    Bug("the next page begins empty", routine("next_page", "story_text.asm"), "call text_put_kept", "nop"),
    Bug("the quill stays", routine("show_told", "story_page.asm"), "call point_with_quill", "nop"),
    Bug("the quill covers its line", routine("point_with_quill", "pointer.asm"), "sbc #RAISED", "sbc #0"),
]


@pytest.mark.parametrize("bug", BUGS, ids=str)
def test_a_planted_bug_is_seen(bug: Bug) -> None:
    rom = cartridge(STOCK, bug)
    with Console(rom.image) as console:
        page = opened(console, STOCK, rom)
        with pytest.raises((AssertionError, TimeoutError)):
            check_story(page, TYPED[STOCK])
