"""Completions and names that are longer than a line: the one that is chosen can be read whole below the list."""

from __future__ import annotations

import string
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache

import pytest

from asm.build import Rom, build_rom
from asm.memory.save_format import Kept
from quantize.kernel import SA1, STOCK
from quantize.model import IntegerModel
from snesgpt.emulator.console import Console
from snesgpt.emulator.cores import KNOWN
from tests.support.models import begun_anew, for_target, random_model, shakespeare_model
from tests.support.power_on import put_save, save_format
from tests.support.prompt_screen import ELLIPSIS, LINE, LIST_ROW, STATUS_ROW, TEXT, PromptPage
from tests.support.screens import HAND, Screens
from tests.support.text_window import lines_of
from trainer.config import ModelConfig

MACHINES = [("snes9x", STOCK), ("bsnes", STOCK), ("snes9x", SA1), ("bsnes", SA1)]
ON_CORES = pytest.mark.parametrize("core", sorted(KNOWN))
CONTEXT, TENTHS, FRAMES_A_LIST = 64, 15, 6000
WIDE, COMPLETIONS = 29, 5
"""Tiles of a line; completions of the screen, since each has four lines."""

FULL_ROW = LIST_ROW + COMPLETIONS + 1
KEPT_ROW, KEPT_ROWS, KEPT_FULL_ROW = 4, 8, 13
PROMPTS = {4: "q w", 50: "  n"}
"""A text to type for each random model: these write lines of all lengths, with words and with runs of spaces."""


@cache
def cartridge(seed: int, target: str = STOCK) -> tuple[IntegerModel, Rom]:
    """Of single letters and a space."""
    model = random_model(ModelConfig(28, CONTEXT, n_embd=4, n_head=1, n_hidden=4), seed)
    symbols = " " + string.ascii_lowercase
    model = for_target(replace(model, symbols=symbols, info={"temperature": TENTHS / 10}), target)
    return model, build_rom(model)


class LongPage(PromptPage):
    """The screen of prompts where one completion stands in full."""

    def pane(self) -> list[str]:
        """The lines of it; nothing is beside them, or between them and the status line."""
        lines = self.rom.layout.names.lines
        rows = self.rows()[FULL_ROW:STATUS_ROW]
        assert all(row[:TEXT].isspace() and row[TEXT + WIDE :].isspace() for row in rows)
        assert all(row.isspace() for row in rows[lines:])
        return [row[TEXT : TEXT + WIDE] for row in rows[:lines]]

    def assert_full(self, text: str) -> None:
        """That is this text, all of it, what was typed in gold and the rest in paper."""
        assert self.pane() == whole(text)
        inks = [ink for _, ink in self.letters_of_pane()]
        typed = self.typed_letters(text)
        assert inks == ["gold"] * typed + ["paper"] * (len(inks) - typed)

    def typed_letters(self, text: str) -> int:
        """Of those that are not spaces."""
        return len(text[: self.word("prompt_length")].replace(" ", ""))

    def letters_of_pane(self) -> list[tuple[str, str]]:
        """Its characters but for spaces, and their inks."""
        places = [(FULL_ROW + n, TEXT + at) for n in range(self.rom.layout.names.lines) for at in range(WIDE)]
        tiles = [self.tile(*place) for place in places]
        return [(chr(tile), ("paper", "gold", "sky", "grey")[ink]) for tile, ink in tiles if tile != ord(" ")]

    def assert_list(self, texts: list[str]) -> None:
        """A line each, cut where it is longer."""
        for row, text in zip(self.lines(), texts, strict=True):
            shown = self.rows()[row][TEXT : TEXT + LINE]
            assert shown == (text.ljust(LINE) if len(text) <= LINE else text[: LINE - 1] + " ")
            assert (self.tile(row, TEXT + LINE - 1)[0] == ELLIPSIS) == (len(text) > LINE)

    def go_to(self, choice: int) -> None:
        """By up and down: 0 is the letters, then the completions from 1."""
        while (now := self.word("prompt_choice")) != choice:
            self.push("down" if now < choice else "up")


def whole(text: str) -> list[str]:
    """Its lines; they hold every word of it, unbroken if it is not longer than a line."""
    lines = lines_of(text, 4)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    shown = " ".join(lines).split()
    assert [word for word in text.split() if len(word) <= WIDE] == [word for word in shown if word in text.split()]
    return lines


@contextmanager
def prompt(seed: int, core: str, target: str = STOCK) -> Iterator[LongPage]:
    model, rom = cartridge(seed, target)
    with Console(rom.image, core) as console:
        console.scramble(1)
        page = LongPage(console, model, rom)
        assert page.completions == COMPLETIONS
        yield page


@pytest.mark.parametrize(("core", "target"), MACHINES)
@pytest.mark.parametrize("seed", PROMPTS)
def test_every_completion_is_read_whole_by_choosing_it(seed: int, core: str, target: str) -> None:
    with prompt(seed, core, target) as page:
        page.finish()
        for typed in ("", PROMPTS[seed]):
            page.type(typed[page.word("prompt_length") :])
            page.finish()
            expected = page.twin(typed, TENTHS)
            page.assert_list(expected)
            page.assert_full(expected[-1])
            for choice in (*range(1, COMPLETIONS + 1), *range(COMPLETIONS - 1, 0, -1)):
                page.go_to(choice)
                page.assert_full(expected[choice - 1])
                page.assert_points_at_line(LIST_ROW + choice - 1)
            page.go_to(0)
            page.assert_full(expected[-1])
            page.assert_list(expected)
            assert page.entries(CONTEXT) == [text.rstrip("\0") for text in expected]


def test_the_lines_of_these_models_are_of_all_lengths() -> None:
    """Or the tests above would show little."""
    texts = []
    for seed, typed in PROMPTS.items():
        with prompt(seed, "snes9x") as page:
            texts += page.twin("", TENTHS) + page.twin(typed, TENTHS)
    lines = [sum(not line.isspace() for line in lines_of(text, 4)) for text in texts]
    assert {*lines} >= {1, 2, 3}
    assert max(map(len, texts)) == CONTEXT
    assert any("  " in text for text in texts)


IN_A_FRAME = 24
"""More letters than are made in one."""

State = tuple[int, list[str]]


def states(texts: list[str], typed: int) -> list[State]:
    """What the pane shows while these are made: the number of one, and the lines of what there is of it."""
    parts = [[text[:n] for n in (0, *range(typed, len(text) + 1))] for text in texts]
    return [(number, lines_of(part, 4)) for number, own in enumerate(parts) for part in own]


def is_part(pane: list[str], lines: list[str]) -> bool:
    """Whatever is on the pane is at the same place in the lines too."""
    letters = zip("".join(pane), "".join(lines), strict=True)
    return all(here in (" ", there) for here, there in letters)


def watch(page: LongPage, texts: list[str]) -> list[int]:
    """Frame by frame until all of these are made: the pane is always the newest; how often it changed for each.

    A space at the end of what there is can't be seen. For one frame a word that goes to another line may lack,
    or the lines be half emptied for the next one.
    """
    all_states, at, changes = states(texts, page.word("prompt_typed")), 0, [0] * len(texts)

    def find(pane: list[str]) -> int:
        return next((n for n in range(at, len(all_states)) if all_states[n][1] == pane), -1)

    for _ in range(FRAMES_A_LIST):
        if all_states[at] == all_states[-1]:
            return changes
        page.console.run()
        pane, before = page.pane(), at
        if find(pane) < 0:
            assert any(is_part(pane, lines) for _, lines in all_states[at : at + IN_A_FRAME])
            page.console.run()
            pane = page.pane()
        at = find(pane)
        assert at >= 0, pane
        changes[all_states[at][0]] += at > before
    raise AssertionError("they were not all made")


@pytest.mark.parametrize(("core", "target"), MACHINES)
@pytest.mark.parametrize("seed", PROMPTS)
def test_the_newest_completion_grows_in_full_while_it_is_made(seed: int, core: str, target: str) -> None:
    with prompt(seed, core, target) as page:
        page.type(typed := PROMPTS[seed])
        page.finish()
        page.push("start", frames=1)
        expected = page.twin(typed, TENTHS, count=2 * COMPLETIONS)[COMPLETIONS:]
        changes = watch(page, expected)
        letters_at_once = {STOCK: 4, SA1: 16}[target]
        assert all(count > len(text) // letters_at_once for count, text in zip(changes, expected, strict=True))
        page.finish()
        page.assert_full(expected[-1])
        page.assert_list(expected)


@ON_CORES
@pytest.mark.parametrize("choice", [1, 3, COMPLETIONS])
def test_one_that_is_not_made_yet_shows_the_newest_and_stays_when_it_is_made(choice: int, core: str) -> None:
    with prompt(50, core) as page:
        page.finish()
        page.go_to(choice)
        expected = page.twin("", TENTHS, count=2 * COMPLETIONS)[COMPLETIONS:]
        page.push("start", frames=1)
        watch(page, expected[:choice])
        page.assert_points_at_line(LIST_ROW + choice - 1)
        while page.word("completions_made") < COMPLETIONS:
            page.console.run()
            assert page.pane() == whole(expected[choice - 1])
        page.finish()
        page.assert_full(expected[choice - 1])
        page.assert_list(expected)


def assert_newest(page: LongPage, texts: list[str]) -> None:
    """The pane is what was made last, or nearly so: what is made is drawn a frame or two later."""
    made, length = page.word("completions_made"), page.word("completion_length")
    typed = page.word("prompt_typed")
    at = sum(len(text) - typed + 2 for text in texts[:made]) + 1 + max(0, length - typed)
    recent = states(texts, typed)[max(0, at - 3) : at + 1]
    assert page.pane() in [lines for _, lines in recent]


@ON_CORES
def test_looking_at_another_one_disturbs_none_that_is_made_meanwhile(core: str) -> None:
    looks = 0
    with prompt(4, core) as page:
        page.type("q w")
        page.finish()
        for batch in (1, 2):
            page.push("start")
            expected = page.twin("q w", TENTHS, count=(batch + 1) * COMPLETIONS)[batch * COMPLETIONS :]
            while (made := page.word("completions_made")) < COMPLETIONS:
                assert_newest(page, expected)
                if made:
                    page.go_to(1 + looks % made)
                    page.push("x")
                    page.console.run(2)
                    page.assert_full(expected[looks % made])
                    page.go_to(0)
                    looks += 1
                page.console.run(3)
            page.finish()
            page.assert_full(expected[-1])
            page.assert_list(expected)
            assert page.entries(CONTEXT) == expected
    assert looks > 8


@ON_CORES
def test_typing_and_deleting_begin_again_wherever_the_choice_is(core: str) -> None:
    with prompt(50, core) as page:
        page.type("abc")
        page.finish()
        page.go_to(4)
        page.push("a")  # no letter is chosen
        assert page.typed() == "abc"
        page.assert_full(page.twin("abc", TENTHS)[3])
        for typed in ("ab", "a", "", ""):
            page.push("b")
            page.finish()
            page.assert_full(page.twin(typed, TENTHS)[3])
            page.assert_list(page.twin(typed, TENTHS))
        page.go_to(0)
        page.type("x")
        page.console.run(30)
        page.type(" ")
        page.finish()
        page.assert_full(page.twin("x ", TENTHS)[-1])
        page.go_to(2)
        page.shoulder("r")
        page.finish()
        page.assert_full(page.twin("x ", TENTHS + 1)[1])


@ON_CORES
def test_a_line_that_is_typed_full_stands_in_gold_with_whole_words(core: str) -> None:
    typed = "ab cdefghij klm nopq"
    with prompt(50, core) as page:
        page.type(typed + "z")
        assert page.typed() == typed
        assert "no room for another letter" in page.rows()[STATUS_ROW]
        page.finish()
        expected = page.twin(typed, TENTHS)
        for choice in range(1, COMPLETIONS + 1):
            page.go_to(choice)
            page.assert_full(expected[choice - 1])
        page.push("b")
        page.finish()
        page.assert_full(page.twin(typed[:-1], TENTHS)[-1])


@ON_CORES
def test_another_screen_and_back_shows_the_one_that_was_chosen(core: str) -> None:
    with prompt(4, core) as page:
        page.type("he ")
        page.finish()
        page.go_to(2)
        for other in ("kept", "names", "xray", "about"):
            page.open(other)
            page.console.run(20)
            page.open("prompt")
            page.finish()
            page.assert_full(page.twin("he ", TENTHS)[1])
            page.assert_points_at_line(LIST_ROW + 1)
            page.assert_list(page.twin("he ", TENTHS))


@contextmanager
def kept_screen(names: tuple[str, ...], core: str, target: str = STOCK) -> Iterator[Screens]:
    """With these in the cartridge's save."""
    rom = cartridge(4, target)[1]
    with Console(rom.image, core) as console:
        put_save(console, save_format(rom).compose(Kept(names, sequence=2), Kept()))
        page = Screens(console, rom)
        page.open("kept")
        console.run(4)
        yield page


def assert_kept(page: Screens, names: tuple[str, ...], chosen: int) -> None:
    """The page of the list with the one that is chosen: its line is gold and pointed at, and it stands in full."""
    first = chosen // KEPT_ROWS * KEPT_ROWS
    rows = page.rows()
    for row, name in enumerate(names[first : first + KEPT_ROWS], KEPT_ROW):
        assert rows[row][TEXT : TEXT + WIDE] == (name.ljust(WIDE) if len(name) <= WIDE else name[: WIDE - 1] + " ")
        assert (page.tile(row, TEXT + WIDE - 1)[0] == ELLIPSIS) == (len(name) > WIDE)
        inks = {page.ink(row, TEXT + n) for n in range(WIDE)}
        assert "gold" in inks if row - KEPT_ROW == chosen - first else inks == {"paper"}
    assert all(row.isspace() for row in rows[KEPT_ROW + len(names) - first : KEPT_FULL_ROW])
    assert page.word("pointer_shape") == HAND
    assert page.word("pointer_to_y") == 8 * (KEPT_ROW + chosen - first) - 5
    assert [row[TEXT : TEXT + WIDE] for row in rows[KEPT_FULL_ROW : KEPT_FULL_ROW + 4]] == lines_of(
        names[chosen], 4
    )
    assert all(row.isspace() for row in rows[KEPT_FULL_ROW + 4 : STATUS_ROW])


LONG_NAMES = (
    "x" * 64,
    "short",
    " ".join(("abcdefghijklmn",) * 4 + ("op",)),
    "ab " * 21 + "c",
    "a " + "b" * 28 + " c " + "d" * 28 + " ef",  # five lines
    "a" * 29 + " " + "b" * 29 + " cdef",
    " leading  and   wide    gaps     between      all       the wor",
    "w" * 29,
    "v" * 30,
    *(f"{n:02} " + "name " * (n % 13) for n in range(55)),
)
"""As many as are kept. The fifth has words so long that they would take a fifth line."""


@pytest.mark.parametrize(("core", "target"), MACHINES)
def test_every_name_kept_is_read_whole_by_choosing_it(core: str, target: str) -> None:
    names = tuple(name.rstrip() for name in LONG_NAMES)
    with kept_screen(names, core, target) as page:
        for chosen in range(20):
            page.console.run(2)
            assert_kept(page, names, chosen)
            page.push("down")
        page.push("up")
        for chosen in range(19, 9, -1):
            assert_kept(page, names, chosen)
            page.push("up")
        for button, chosen in (("r", 17), ("r", 25), ("l", 17), ("l", 9), ("l", 1), ("l", 0), ("right", 8)):
            page.push(button)
            page.console.run(6)
            assert_kept(page, names, chosen)
    for name in (*names[:4], *names[5:]):
        whole(name)


@ON_CORES
def test_the_next_name_stands_in_full_when_one_is_removed_and_none_when_all_are(core: str) -> None:
    names = tuple(name.rstrip() for name in LONG_NAMES[:10])
    with kept_screen(names, core) as page:
        page.push("r")
        page.console.run(4)
        while names:
            chosen = min(8, len(names) - 1)
            page.console.run(4)
            assert_kept(page, names, chosen)
            page.push("x")
            names = names[:chosen] + names[chosen + 1 :]
        rows = page.rows()
        assert "Nothing is kept yet." in rows[KEPT_ROW]
        assert all(row.isspace() for row in rows[KEPT_FULL_ROW - 1 : STATUS_ROW])
        assert page.word("pointer_shape") == 0


@ON_CORES
def test_completions_kept_are_read_whole_on_the_list(core: str) -> None:
    with prompt(50, core) as page:
        page.type("  n")
        page.finish()
        expected = page.twin("  n", TENTHS)
        for choice in range(1, COMPLETIONS + 1):
            page.go_to(choice)
            page.push("x")
        page.open("kept")
        page.console.run(6)
        names = tuple(dict.fromkeys(expected))
        for chosen in range(len(names)):
            assert_kept(page, names, chosen)
            page.push("down")
            page.console.run(3)


@cache
def merged_cartridge() -> tuple[IntegerModel, Rom]:
    """Of tokens so long that a completion has more characters than an entry."""
    model = random_model(ModelConfig(9, 60, n_embd=4, n_head=1, n_hidden=4), seed=11)
    symbols = ("a", " bc", " cde", "abcdefghij", "ab", " cabe", "abcabcabc", "bb")
    model = replace(model, symbols=symbols, info={"temperature": 2.0})
    return model, build_rom(model)


@ON_CORES
def test_of_merged_tokens_the_pane_shows_what_is_in_the_entry_and_goes_on_after_a_look(core: str) -> None:
    model, rom = merged_cartridge()
    size, lines = rom.layout.names.entry_bytes, rom.layout.names.lines
    with Console(rom.image, core) as console:
        page = LongPage(console, model, rom)
        expected = page.twin((), model.temperature)
        assert len(expected[0]) > size + 20
        full = LIST_ROW + page.completions + 1

        def pane() -> list[str]:
            return [row[TEXT : TEXT + WIDE] for row in page.rows()[full : full + lines]]

        def until(length: int) -> None:
            console.run_until(lambda _: page.word("completion_length") >= length, FRAMES_A_LIST)

        for length in (20, size - 4, size + 1):
            until(length)
            page.push("right")  # which draws it anew
        until(len(expected[0]))
        assert page.word("completions_made") == 0
        assert pane() == lines_of(expected[0][:size], lines)
        page.finish()
        for choice, text in enumerate(expected, 1):
            page.go_to(choice)
            console.run(2)
            assert pane() == lines_of(text[:size], lines)
        assert page.entries(size) == [text[:size] for text in expected]


@pytest.mark.parametrize("target", [STOCK, SA1])
def test_line_breaks_of_a_running_text_break_the_lines_in_full_too(target: str) -> None:
    model = begun_anew(shakespeare_model(target))
    with Console((rom := build_rom(model)).image) as console:
        page = LongPage(console, model, rom)
        page.type("a\nb")
        page.finish()
        expected = page.twin("a\nb", model.temperature)
        assert any("\n" in text[3:] for text in expected)
        for choice, text in enumerate(expected, 1):
            page.go_to(choice)
            console.run(2)
            assert page.pane() == lines_of(text, 4)
