"""Names kept survive the power switch, whenever it is thrown: real cartridges, real buttons, both emulators."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from asm.build import Rom, build_rom
from asm.cartridge.header import CHIPSET, SRAM_SIZE, faults
from asm.memory.save_format import CAPACITY, LOADED, RESET, Kept, SaveFormat
from quantize.executor import Executor
from quantize.sampler import Request, documents
from snesgpt.emulator.console import Console
from tests.support.models import random_model
from tests.support.routine_console import Call, RoutineConsole, build_routines
from tests.support.screens import Screens
from trainer.config import ModelConfig

CORES = ("snes9x", "bsnes")
SHORT = replace(random_model(ModelConfig(9, 5, n_embd=4, n_head=2, n_hidden=4)), info={"temperature": 1.3})
ROM, FORMAT = build_rom(SHORT), SaveFormat(16)
LONG = random_model(ModelConfig(9, 128, n_embd=4, n_head=2, n_hidden=4))
LONG_ROM, LONG_FORMAT = build_rom(LONG), SaveFormat(128)
STATUS_ROW = 24
MAX_SAVE = 40  # frames
AT_ONCE = 2


def powered(core: str, rom: Rom, sram: bytes, run: Callable[[Console, Screens], None]) -> bytes:
    """Switch on with this in the save RAM and noise in all other, do something, switch off; the save RAM then."""
    with Console(rom.image, core) as console:
        console.sram[:] = np.frombuffer(sram, np.uint8)
        console.scramble(1)
        run(console, Screens(console, rom))
        return console.sram.tobytes()


def wait_for(console: Console, screens: Screens, names: int) -> None:
    """Run until the Names screen has `names` names."""
    console.run_until(lambda _: screens.word("names_made") >= names, 2000)


def full_list(form: SaveFormat) -> bytes:
    """A save RAM with the longest list, all of it in the first copy."""
    names = tuple(f"name {n}".ljust(form.entry_bytes, ".") for n in range(CAPACITY))
    return form.compose(Kept(names, False, 0xFFF0), Kept(names, False, 0xFFEF))


@pytest.mark.parametrize(("rom", "form", "code"), [(ROM, FORMAT, 3), (LONG_ROM, LONG_FORMAT, 5)])
@pytest.mark.parametrize("core", CORES)
def test_the_header_says_what_save_ram_there_is(core: str, rom: Rom, form: SaveFormat, code: int) -> None:
    assert (rom.image[CHIPSET], rom.image[SRAM_SIZE]) == (2, code)
    assert faults(rom.image) == []
    with Console(rom.image, core) as console:
        assert len(console.sram) == 1024 << code == form.sram_bytes


@pytest.mark.parametrize("core", CORES)
def test_what_is_kept_while_names_are_made_is_there_after_a_power_cycle(core: str) -> None:
    names = documents(Executor(SHORT), Request(1, 13, 40))
    kept: list[str] = []

    def keep(console: Console, screens: Screens) -> None:
        assert screens.word("save_state") == RESET
        assert screens.word("muted") == 0
        for wanted in (3, 9):
            wait_for(console, screens, wanted)
            before = screens.word("names_made")
            screens.push("x")
            status = screens.rows()[STATUS_ROW].strip()
            newest = names[before - 1 : screens.word("names_made")]  # one more may be made before X is heard
            kept.append(next(name for name in newest if status.startswith(f"kept {name} ")))
            assert status.endswith(f" {kept[-1]}  {len(kept)} of 64")
        screens.push("y")
        wait_for(console, screens, 40)
        console.run(2)
        rows = screens.rows()[4:24]
        assert [row[2:16].strip() for row in rows] + [row[17:].strip() for row in rows] == names

    def look(_: Console, screens: Screens) -> None:
        assert screens.word("save_state") == LOADED
        assert screens.word("muted") == 1
        screens.open("kept")
        assert [row.strip(" >") for row in screens.rows()[6:9]] == [*kept, ""]
        assert screens.rows()[STATUS_ROW].isspace()

    first = powered(core, ROM, b"\x60" * FORMAT.sram_bytes, keep)
    assert FORMAT.load(first).kept == Kept(tuple(kept), True, 5)
    assert powered(core, ROM, first, look) == first


def test_a_name_is_kept_once_and_a_full_list_stays_as_it_is() -> None:
    def keep(console: Console, screens: Screens) -> None:
        wait_for(console, screens, 40)
        for answer in answers:
            screens.push("x")
            assert screens.rows()[STATUS_ROW].strip() == answer

    last = documents(Executor(SHORT), Request(1, 13, 40))[-1]
    answers = [f"kept {last}  1 of 64", "already kept"]
    powered("snes9x", ROM, bytes(FORMAT.sram_bytes), keep)
    answers = ["the list is full"]
    assert powered("snes9x", ROM, full_list(FORMAT), keep) == full_list(FORMAT)


@pytest.mark.parametrize("core", CORES)
def test_without_save_ram_nothing_is_said_to_be_kept(core: str) -> None:
    def cheapest(files: dict[str, bytes]) -> None:
        files["main.asm"] = (
            files["main.asm"].replace(b".byte $02 ", b".byte $00 ").replace(b".byte 3  ", b".byte 0  ")
        )

    def keep(console: Console, screens: Screens) -> None:
        wait_for(console, screens, 40)
        screens.push("x")
        assert screens.rows()[STATUS_ROW].strip() == "save memory does not answer"
        screens.open("kept")
        assert screens.rows()[STATUS_ROW].strip() == "save memory does not answer"
        assert "0 of 64" in screens.rows()[3]

    rom = build_rom(SHORT, edit=cheapest)
    assert (rom.image[CHIPSET], rom.image[SRAM_SIZE]) == (0, 0)
    powered(core, rom, b"", keep)


class Recorder(Console):
    """A console that notes its save RAM at the end of every frame."""

    def __init__(self, image: bytes, core: str) -> None:
        super().__init__(image, core)
        self.snapshots: list[bytes] = []

    def run(self, frames: int = 1) -> None:
        for _ in range(frames):
            super().run()
            self.snapshots.append(self.sram.tobytes())


def removals(lists: Sequence[Kept]) -> Call:
    """Calls of remove_kept that make each list of the one before, in the other copy; the first is in copy 0."""
    copies = np.arange(len(lists)) % 2 * LONG_FORMAT.copy_bytes
    counts = np.array([len(kept.names) for kept in lists])
    numbers = np.array([kept.sequence for kept in lists])
    state = {"kept_copy": copies, "kept_count": counts, "kept_sequence": numbers}
    given = {"A": np.zeros(len(lists) - 1, int), "muted": np.zeros(len(lists) - 1, int)}
    return Call(
        given | {name: values[:-1] for name, values in state.items()},
        {name: values[1:] for name, values in state.items()} | {"carry": given["A"]},
    )


def cuts(
    sram: bytes, lists: Sequence[Kept], snapshots: Sequence[bytes]
) -> Iterator[tuple[bytes, tuple[Kept, Kept]]]:
    """Each snapshot with the list before and after the save it fell into; it must be what some first of the
    twin's writes make of `sram`.
    """
    memory = bytearray(sram)
    writes = [
        (at, value, pair)
        for number, pair in enumerate(pairwise(lists), 1)
        for at, value in LONG_FORMAT.writes(number % 2, pair[1])
    ]
    done = 0
    for snapshot in snapshots:
        while memory != snapshot:
            assert done < len(writes), "the console writes in another order than its twin"
            at, memory[at], _ = writes[done]
            done += 1
        yield snapshot, writes[max(done - 1, 0)][2]


@pytest.mark.parametrize(("core", "saves", "moments"), [("snes9x", 63, 50), ("bsnes", 10, 8)])
def test_a_power_cut_at_any_moment_leaves_the_old_list_or_the_new(core: str, saves: int, moments: int) -> None:
    """One save after the other, so that frames end at any point of one; then such moments are booted."""
    sram = full_list(LONG_FORMAT)
    full = LONG_FORMAT.load(sram).kept
    lists = [Kept(full.names[gone:], False, full.sequence + gone & 0xFFFF) for gone in range(saves + 1)]
    routines = build_routines(LONG)
    with Recorder(routines.image, core) as console:
        calls = RoutineConsole(console, routines)
        console.sram[:] = np.frombuffer(sram, np.uint8)
        console.snapshots.clear()
        for first in range(0, saves, AT_ONCE):
            calls.check("remove_kept", removals(lists[first : first + AT_ONCE + 1]))
        found = list(cuts(sram, lists, list(dict.fromkeys(console.snapshots))))
    torn = [one for one in found if LONG_FORMAT.load(one[0]).state != LOADED]
    for number in np.random.default_rng(3).choice(len(torn), moments, replace=False):
        snapshot, (old, new) = torn[number]
        after = LONG_FORMAT.load(powered(core, LONG_ROM, snapshot, lambda *_: None))
        assert after.state == LOADED
        assert after.kept.names in (old.names, new.names)


def test_the_picture_goes_on_while_a_list_is_saved() -> None:
    def remove(console: Console, screens: Screens) -> None:
        screens.open("kept")
        frames = screens.word("frames")
        screens.push("x", frames=MAX_SAVE)
        assert screens.word("frames") - frames == MAX_SAVE + 3
        assert LONG_FORMAT.load(console.sram.tobytes()).state == LOADED

    powered("snes9x", LONG_ROM, full_list(LONG_FORMAT), remove)


@pytest.mark.parametrize("core", CORES)
def test_reset_in_the_middle_of_saving_is_clean(core: str) -> None:
    def remove(console: Console, screens: Screens) -> None:
        screens.open("kept")
        for frames in (2, 3, 4, 9):
            old = LONG_FORMAT.load(console.sram.tobytes()).kept.names
            console.press("x")
            console.run(frames)
            console.release()
            console.reset()
            console.run(MAX_SAVE)
            assert screens.word("page") == 0
            screens.open("kept")
            assert LONG_FORMAT.load(console.sram.tobytes()).kept.names in (old, old[1:])
            assert f"{screens.word('kept_count')} of 64" in screens.rows()[3]

    powered(core, LONG_ROM, full_list(LONG_FORMAT), remove)
