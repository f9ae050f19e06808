"""Running text on the screen: nothing is lost, words stay whole, and the console does what the twin does."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from snesgpt.emulator.console import Console
from tests.support.routine_console import Call, RoutineConsole, build_routines
from tests.support.story_models import story_config, story_model
from tests.support.text_window import FROM_EDGE, HALVES, LIT, ROW_BYTES, TALL, TextWindow

SYMBOLS = [*"abcÄéÿ. \n-", "ab", " a", " abc", "c. ", "éÿ-Ä", "abcabcabcabcabca"]
TEXTS = [*SYMBOLS, ""]
BOS = len(SYMBOLS)
WINDOW = ("text_line", "text_word", "text_cursor", "text_kept", "text_rest", "strips_dirty", "screen", "text_carry")
STATE = (*WINDOW, "page_edge")
SETTINGS = ("text_first", "text_last", "text_width", "text_pitch", "ink", "fade")
STEPS = {"snes9x": 600, "bsnes": 60}

Tokens = st.lists(st.integers(0, BOS - 1), max_size=60)
Heights, Widths = st.integers(2, 5), st.integers(17, 20)


def window(row: int, column: int, height: int, width: int, tall: bool) -> TextWindow:
    """An empty one, in which so many lines are; its screen may be longer than a real one."""
    first, pitch = row * ROW_BYTES + 2 * column, ROW_BYTES << tall
    made = TextWindow(TEXTS, first, first + (height - 1) * pitch, width, TALL * tall, pitch)
    beyond = max(0, row + (height << tall) - 28)
    made.screen += [0] * (beyond * ROW_BYTES // 2)
    made.begin_text()
    return made


@given(Tokens, Heights, Widths, st.booleans())
def test_nothing_is_lost_and_words_stay_whole(tokens: list[int], height: int, width: int, tall: bool) -> None:
    rows = pages(tokens, window(4, 2, height, width, tall))
    text = "".join(SYMBOLS[token] for token in tokens)
    assert "".join(rows).replace(" ", "") == text.replace(" ", "").replace("\n", "")
    found = [word for row in rows for word in row.split()]
    assert [word for word in text.split() if len(word) <= width and word not in found] == []
    lines = [row.strip() for row in rows]
    for paragraph in text.split("\n"):
        if words := paragraph.split():
            assert any(line.startswith(words[0][:width]) for line in lines)


@given(Tokens, Heights, Widths, st.booleans())
def test_pages_one_behind_the_other_are_the_lines_of_a_long_one(
    tokens: list[int], height: int, width: int, tall: bool
) -> None:
    rows, whole = pages(tokens, window(4, 2, height, width, tall)), window(0, 2, 70, width, False)
    whole.strips_dirty = [0] * 20
    assert not any(whole.put_token(token) for token in tokens)
    assert [*rows, *whole.rows()[len(rows) :]] == whole.rows()
    assert not "".join(whole.rows()[len(rows) :]).strip()


@given(Tokens, Heights, Widths)
def test_of_every_tall_letter_there_are_both_halves(tokens: list[int], height: int, width: int) -> None:
    shown = window(4, 2, height, width, True)
    for token in tokens:
        full = shown.put_token(token)
        while full:
            full = shown.next_page()
        tiles = shown.tiles()
        for upper, lower in zip(tiles[::2], tiles[1::2], strict=True):
            assert lower == [tile ^ HALVES if tile & TALL else tile for tile in upper]
            assert {tile & HALVES for tile in upper if tile != ord(" ")} <= {TALL}


def pages(tokens: list[int], shown: TextWindow) -> list[str]:
    """The lines of every page that was full, and of the last."""
    rows = []
    for token in tokens:
        full = shown.put_token(token)
        while full:
            rows += shown.rows()
            full = shown.next_page()
    return rows + shown.rows()


def test_a_page_turns_only_where_it_is_seen() -> None:
    for fade, edge in ((0, 0), (LIT - 1, 0), (LIT, FROM_EDGE)):
        shown = window(4, 3, 10, 26, True)
        shown.fade = fade
        shown.next_page()
        assert shown.page_edge == edge


def some_window(random: np.random.Generator) -> TextWindow:
    """Of any size, in small or tall letters, on a screen full of something else."""
    tall = bool(random.integers(2))
    row = 2 * int(random.integers(1, 10)) if tall else int(random.integers(1, 20))
    width = int(random.choice([3, 17, 26, 28, 30]))
    made = window(row, int(random.integers(1, 3)), int(random.integers(1, 5)), width, tall)
    made.screen = [*map(int, random.integers(0, 1 << 13, len(made.screen)))]
    return made


def steps(count: int, seed: int) -> Iterator[tuple[str, TextWindow, int, TextWindow, bool]]:
    """Routine, state before, where a token's text begins, state after, carry: windows of every size."""
    random = np.random.default_rng(seed)
    made = 0
    while True:
        now, full = some_window(random), False
        for number in range(40):
            if made == count:
                return
            now.ink, token = now.ink & TALL | int(random.integers(0, 8)) << 10, int(random.integers(0, BOS + 1))
            now.strips_dirty = [0] * 7
            now.fade, now.page_edge = int(random.choice([0, LIT - 1, LIT])), int(random.integers(0, FROM_EDGE))
            before = deepcopy(now)
            name = "begin_text" if not number else "next_page" if full else "put_text"
            at = now.begins(token)
            if name == "begin_text":
                now.begin_text()
            else:
                full = now.next_page() if full else now.put_text(at)
            yield name, before, at, deepcopy(now), full
            made += 1


def words(states: list[TextWindow], name: str) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return np.array([getattr(state, name) for state in states], np.int64)


@pytest.mark.parametrize("core", STEPS)
def test_the_console_writes_as_the_twin_does(core: str) -> None:
    model = story_model(story_config(24))
    rom = build_routines(replace(model, symbols=[*TEXTS, *model.symbols[len(TEXTS) :]]))
    with Console(rom.image, core) as console:
        routines = RoutineConsole(console, rom)
        made = list(steps(STEPS[core], seed=1))
        for routine in ("begin_text", "put_text", "next_page"):
            own = [step for step in made if step[0] == routine]
            before, after = [step[1] for step in own], [step[3] for step in own]
            given = {name: words(before, name) for name in (*SETTINGS, *STATE)}
            wanted = {name: words(after, name) for name in (*SETTINGS, *STATE)}
            if routine != "begin_text":
                given["A"] = np.array([step[2] for step in own])
                wanted["carry"] = np.array([step[4] for step in own])
            routines.check(routine, Call(given, wanted))
