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
from tests.support.models import random_model
from tests.support.routine_console import Call, RoutineConsole, build_routines
from tests.support.text_window import ROW_BYTES, TextWindow
from trainer.config import ModelConfig

SYMBOLS = [*"abcÄéÿ. \n-", "ab", " a", " abc", "c. ", "éÿ-Ä", "abcabcabcabcabca"]
TEXTS = [*SYMBOLS, ""]
BOS = len(SYMBOLS)
STATE = ("text_line", "text_word", "text_cursor", "text_kept", "text_rest", "strips_dirty", "screen", "text_carry")
SETTINGS = ("text_first", "text_last", "text_width", "ink")
STEPS = {"snes9x": 400, "bsnes": 30}


def window(row: int, column: int, height: int, width: int) -> TextWindow:
    first = row * ROW_BYTES + 2 * column
    made = TextWindow(TEXTS, first, first + (height - 1) * ROW_BYTES, width)
    made.begin_text()
    return made


@given(st.lists(st.integers(0, BOS - 1), max_size=60), st.integers(2, 5), st.integers(17, 20))
def test_nothing_is_lost_and_words_stay_whole(tokens: list[int], height: int, width: int) -> None:
    shown, rows = window(3, 2, height, width), []
    for token in tokens:
        full = shown.put_token(token)
        while full:
            rows.append(shown.rows()[0])
            full = shown.scroll_text()
    rows += shown.rows()
    text = "".join(SYMBOLS[token] for token in tokens)
    assert "".join(rows).replace(" ", "") == text.replace(" ", "").replace("\n", "")
    found = [word for row in rows for word in row.split()]
    assert [word for word in text.split() if len(word) <= width and word not in found] == []
    lines = [row.strip() for row in rows]
    for paragraph in text.split("\n"):
        if words := paragraph.split():
            assert any(line.startswith(words[0][:width]) for line in lines)


@given(st.lists(st.integers(0, BOS - 1), max_size=60), st.integers(2, 5), st.integers(17, 20))
def test_a_window_that_scrolls_ends_as_the_last_lines_of_a_long_one(
    tokens: list[int], height: int, width: int
) -> None:
    shown, whole = window(3, 2, height, width), window(0, 2, 28, width)
    whole.screen += [0] * 28 * 40  # as long as it takes
    whole.text_last += 40 * ROW_BYTES
    whole.strips_dirty = [0] * 20
    for token in tokens:
        full = shown.put_token(token)
        while full:
            full = shown.scroll_text()
        assert not whole.put_token(token)
    end = (whole.text_line - whole.text_first) // ROW_BYTES + 1
    rows = whole.rows()[max(end - height, 0) : max(end, height)]
    assert shown.rows() == rows


def steps(count: int, seed: int) -> Iterator[tuple[str, TextWindow, int, TextWindow, bool]]:
    """Routine, state before, where a token's text begins, state after, carry: windows of every size."""
    random = np.random.default_rng(seed)
    made = 0
    while True:
        height, width = int(random.integers(1, 5)), int(random.choice([3, 17, 28, 30]))
        now, full = window(int(random.integers(1, 20)), int(random.integers(1, 3)), height, width), False
        now.screen = [*map(int, random.integers(0, 1 << 13, len(now.screen)))]
        for number in range(40):
            if made == count:
                return
            now.ink, token = int(random.integers(0, 8)) << 10, int(random.integers(0, BOS + 1))
            now.strips_dirty = [0] * 7
            before = deepcopy(now)
            name = "begin_text" if not number else "scroll_text" if full else "put_text"
            at = now.begins(token)
            if name == "begin_text":
                now.begin_text()
            else:
                full = now.scroll_text() if full else now.put_text(at)
            yield name, before, at, deepcopy(now), full
            made += 1


def words(states: list[TextWindow], name: str) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return np.array([getattr(state, name) for state in states], np.int64)


@pytest.mark.parametrize("core", STEPS)
def test_the_console_writes_as_the_twin_does(core: str) -> None:
    config = ModelConfig(BOS + 1, block_size=4, n_embd=4, n_head=1, n_hidden=8)
    model = replace(random_model(config), symbols=SYMBOLS, merges=[("a", "b")])
    rom = build_routines(model, also=("text", "story_text"))
    with Console(rom.image, core) as console:
        routines = RoutineConsole(console, rom)
        made = list(steps(STEPS[core], seed=1))
        for routine in ("begin_text", "put_text", "scroll_text"):
            own = [step for step in made if step[0] == routine]
            before, after = [step[1] for step in own], [step[3] for step in own]
            given = {name: words(before, name) for name in (*SETTINGS, *STATE)}
            wanted = {name: words(after, name) for name in (*SETTINGS, *STATE)}
            if routine != "begin_text":
                given["A"] = np.array([step[2] for step in own])
                wanted["carry"] = np.array([step[4] for step in own])
            routines.check(routine, Call(given, wanted))
