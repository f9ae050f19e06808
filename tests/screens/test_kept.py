"""The screen of names kept: the list of the save RAM, its pages, one name less, and all gone only when meant."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import pytest

from asm.build import Rom, build_rom
from asm.memory.save_format import Kept
from quantize.kernel import TARGETS
from snesgpt.emulator.console import Console
from tests.support.models import model_for
from tests.support.power_on import put_save, save_format
from tests.support.screens import TALL, Screens
from trainer.config import ModelConfig

CORES = ("snes9x", "bsnes")
MACHINES = [(core, target) for core in CORES for target in TARGETS]
ON_TARGETS = pytest.mark.parametrize("target", TARGETS)
TITLE_ROW, COUNT_ROW, FIRST_ROW, PITCH, LIST_NAMES, STATUS_ROW = 1, 2, 6, 2, 8, 24
LONG_ROW = 4
ELLIPSIS = 0x1F
NAMES = tuple(f"name-{number}" for number in range(40))


@cache
def cartridge(target: str, context: int = 5) -> Rom:
    """Of a small model; its names have up to as many characters as it has positions."""
    return build_rom(model_for(target, ModelConfig(9, context, n_embd=4, n_head=2, n_hidden=4)))


@contextmanager
def kept_screen(target: str, names: tuple[str, ...], core: str = "snes9x", context: int = 5) -> Iterator[Screens]:
    """The screen of a cartridge that was switched on with these names in its save RAM."""
    rom = cartridge(target, context)
    with Console(rom.image, core) as console:
        put_save(console, save_format(rom).compose(Kept(names, sequence=2), Kept(("older",), sequence=1)))
        screens = Screens(console, rom)
        screens.open("kept")
        yield screens


def shown(screens: Screens) -> list[str]:
    """The names on the screen, column by column."""
    rows = screens.rows()[FIRST_ROW : FIRST_ROW + PITCH * LIST_NAMES : PITCH]
    lines = [row[2:16] for row in rows] + [row[17:] for row in rows]
    return [line.strip() for line in lines if not line.isspace()]


def chosen(screens: Screens) -> list[str]:
    """The names in gold: the pointer must be at one of them."""
    found, rows = {}, screens.rows()
    for row in range(FIRST_ROW, FIRST_ROW + PITCH * LIST_NAMES, PITCH):
        for column in (2, 17):
            name = rows[row][column : column + 14].strip()
            if name and screens.ink(row, column) == "gold":
                found[row, column] = name
            assert not name or screens.ink(row, column) in ("gold", "paper")
    assert screens.pointed() in found
    return list(found.values())


def kept(screens: Screens) -> tuple[str, ...]:
    return save_format(screens.rom).load(screens.console.sram.tobytes()).kept.names


def status(screens: Screens) -> str:
    return screens.rows()[STATUS_ROW].strip()


@pytest.mark.parametrize(("core", "target"), MACHINES)
def test_the_list_is_shown_by_pages_with_how_many_they_are(core: str, target: str) -> None:
    with kept_screen(target, NAMES, core) as screens:
        assert shown(screens) == list(NAMES[:16])
        assert screens.rows()[COUNT_ROW].strip() == "40 of 64 names kept"
        assert screens.rows()[TITLE_ROW].split() == ["SNES-GPT", "KEPT", "page", "1", "of", "3"]
        assert screens.rows()[25].strip() == "X remove  START clear all"
        screens.push("r")
        assert shown(screens) == list(NAMES[16:32])
        screens.push("r")
        assert shown(screens) == list(NAMES[32:])
        assert screens.rows()[TITLE_ROW].split()[-3:] == ["3", "of", "3"]
        assert status(screens) == ""


@ON_TARGETS
def test_the_cross_and_the_shoulders_move_the_cursor_and_stop_at_the_ends(target: str) -> None:
    there = (("up", 0), ("left", 0), ("down", 1), ("right", 9), ("r", 25), ("r", 39), ("down", 39), ("right", 39))
    back = (("l", 23), ("l", 7), ("l", 0), ("right", 8), ("right", 16), ("left", 8), ("r", 24), ("up", 23))
    with kept_screen(target, NAMES) as screens:
        for button, number in there + back:
            screens.push(button)
            assert chosen(screens) == [NAMES[number]], button


@pytest.mark.parametrize(("core", "target"), MACHINES)
def test_x_removes_the_name_under_the_cursor(core: str, target: str) -> None:
    with kept_screen(target, NAMES[:3], core) as screens:
        screens.push("down")
        for gone, left, under in ((1, (0, 2), 2), (2, (0,), 0)):
            screens.push("x")
            assert status(screens) == f"removed {NAMES[gone]}"
            assert kept(screens) == tuple(shown(screens)) == tuple(NAMES[number] for number in left)
            assert chosen(screens) == [NAMES[under]]
            assert screens.rows()[COUNT_ROW].strip() == f"{len(left)} of 64 names kept"
        screens.push("x")
        assert kept(screens) == ()
        assert "Nothing is kept yet." in screens.rows()[FIRST_ROW]
        for button in ("x", "start", "a", "down", "r"):
            screens.push(button)
        assert kept(screens) == ()


@ON_TARGETS
def test_the_last_name_of_a_page_takes_the_page_with_it(target: str) -> None:
    with kept_screen(target, NAMES[:17]) as screens:
        screens.push("r")
        screens.push("x")
        assert shown(screens) == list(NAMES[:16])
        assert chosen(screens) == [NAMES[15]]


@ON_TARGETS
def test_all_are_cleared_only_when_confirmed(target: str) -> None:
    with kept_screen(target, NAMES) as screens:
        for answer in (("b",), ("a", "b")):
            screens.push("start")
            assert status(screens) == "clear all 40?  A yes  B no"
            for button in ("x", "start", "down", "y"):
                screens.push(button)
            screens.push(*answer)
            assert status(screens) == ""
            assert kept(screens) == NAMES
        screens.push("start")
        screens.push("select")
        screens.open("kept")
        assert kept(screens) == NAMES
        screens.push("start")
        screens.push("a")
        assert kept(screens) == ()
        assert "Nothing is kept yet." in screens.rows()[FIRST_ROW]
        assert not any(name in row for row in screens.rows() for name in NAMES)


@ON_TARGETS
def test_long_names_stand_in_one_column_and_the_one_chosen_in_full_below(target: str) -> None:
    names = tuple(f"{number:02} ".ljust(40, "x") for number in range(LIST_NAMES + 1))
    with kept_screen(target, names, context=40) as screens:
        listed = slice(LONG_ROW, LONG_ROW + LIST_NAMES)
        assert [row[2:30] for row in screens.rows()[listed]] == [name[:28] for name in names[:LIST_NAMES]]
        assert screens.tile(LONG_ROW, 30) == (ELLIPSIS, 1)
        in_full = screens.rows()[LONG_ROW + LIST_NAMES + 1 :]
        assert [row[2:31] for row in in_full[:3]] == ["00".ljust(29), "x" * 29, "x" * 8 + " " * 21]
        screens.push("x")
        assert status(screens) == "removed " + names[0][:14]
        assert kept(screens) == names[1:]


@ON_TARGETS
def test_a_name_as_long_as_its_place_is_not_cut_into(target: str) -> None:
    with kept_screen(target, ("sixteen_letters_", "fourteen_chars")) as screens:
        assert screens.rows()[FIRST_ROW][2:15] == "sixteen_lette"
        assert screens.tile(FIRST_ROW, 15) == (ELLIPSIS | TALL, 1)
        assert screens.rows()[FIRST_ROW + PITCH][2:16] == "fourteen_chars"


@pytest.mark.parametrize(
    ("damaged", "left", "said"),
    [
        ((0,), 1, "one copy was damaged: repaired"),
        ((1,), 2, "one copy was damaged: repaired"),
        ((0, 1), 0, "new or damaged save: cleared"),
    ],
)
@ON_TARGETS
def test_the_screen_says_what_was_found(target: str, damaged: tuple[int, ...], left: int, said: str) -> None:
    rom = cartridge(target)
    with Console(rom.image) as console:
        put_save(console, (form := save_format(rom)).compose(Kept(NAMES[:2], sequence=2), Kept(NAMES[:1])))
        for copy in damaged:
            console.sram[copy * form.copy_bytes] ^= 1
        screens = Screens(console, rom)
        screens.open("kept")
        assert status(screens) == said
        assert kept(screens) == NAMES[:left]


@ON_TARGETS
def test_a_completion_kept_on_the_prompt_screen_is_on_the_list(target: str) -> None:
    with kept_screen(target, ()) as screens:
        screens.open("prompt")
        screens.console.run_until(lambda _: screens.word("completions_made") == 10, 3000)
        screens.push("x")
        said = status(screens).split()
        assert (said[0], said[2:]) == ("kept", ["1", "of", "64"])
        screens.open("kept")
        assert shown(screens) == [said[1]] == list(kept(screens))
