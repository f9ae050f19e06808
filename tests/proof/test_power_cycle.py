"""Names kept survive the power switch, whenever it is thrown: real cartridges, real buttons, both emulators."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from asm.build import Rom, build_rom
from asm.cartridge.header import CHIPSET, SRAM_SIZE, faults
from asm.memory.save_format import CAPACITY, FIRST_BAD, LOADED, RESET, SECOND_BAD, Kept, Loaded, SaveFormat
from quantize.executor import Executor
from quantize.kernel import SA1, STOCK, TARGETS
from quantize.model import IntegerModel
from quantize.sampler import Request, documents
from snesgpt.emulator.console import Console
from tests.support.models import model_for
from tests.support.power_on import put_save, save_format
from tests.support.routine_console import Call, RoutineConsole, build_routines
from tests.support.screens import BOOT_FRAMES, NAMES_A_PAGE, Screens
from trainer.config import ModelConfig

CORES = ("snes9x", "bsnes")
MACHINES = [(core, target) for core in CORES for target in TARGETS]
SHORT, LONG = 5, 128
"""Positions, and so about as many characters of a name."""

STATUS_ROW = 24
MAX_SAVE = 40  # frames
AT_ONCE = 2


@cache
def cartridge(target: str, context: int = SHORT) -> tuple[IntegerModel, Rom]:
    """A small model, and its ROM."""
    model = model_for(target, ModelConfig(9, context, n_embd=4, n_head=2, n_hidden=4))
    model = replace(model, info={"temperature": 1.3}) if context == SHORT else model
    return model, build_rom(model)


def powered(core: str, rom: Rom, sram: bytes, run: Callable[[Console, Screens], None]) -> bytes:
    """Switch on with this in the save RAM and noise in all other, do something, switch off; the save RAM then."""
    with Console(rom.image, core) as console:
        put_save(console, sram)
        console.scramble(1)
        run(console, Screens(console, rom))
        return console.sram[: len(sram)].tobytes()


def wait_for(console: Console, screens: Screens, names: int) -> None:
    """Run until the Names screen has `names` names."""
    console.run_until(lambda _: screens.word("names_made") >= names, 2000)


def full_list(form: SaveFormat) -> bytes:
    """A save RAM with the longest list, all of it in the first copy."""
    names = tuple(f"name {n}".ljust(form.entry_bytes, ".") for n in range(CAPACITY))
    return form.compose(Kept(names, False, 0xFFF0), Kept(names, False, 0xFFEF))


HEADERS = [(STOCK, SHORT, 2, 3), (STOCK, LONG, 2, 5), (SA1, SHORT, 0x35, 7), (SA1, LONG, 0x35, 7)]


@pytest.mark.parametrize(("target", "context", "chipset", "code"), HEADERS)
@pytest.mark.parametrize("core", CORES)
def test_the_header_says_what_save_ram_there_is(
    core: str, target: str, context: int, chipset: int, code: int
) -> None:
    rom = cartridge(target, context)[1]
    assert (rom.image[CHIPSET], rom.image[SRAM_SIZE]) == (chipset, code)
    assert faults(rom.image) == []
    with Console(rom.image, core) as console:
        assert len(console.sram) == 1024 << code == rom.layout.sram_bytes >= save_format(rom).sram_bytes


@pytest.mark.parametrize(("core", "target"), MACHINES)
def test_what_is_kept_while_names_are_made_is_there_after_a_power_cycle(core: str, target: str) -> None:
    model, rom = cartridge(target)
    form, names = save_format(rom), documents(Executor(model), Request(1, 13, NAMES_A_PAGE))
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
        wait_for(console, screens, NAMES_A_PAGE)
        console.run(2)
        assert screens.listed() == names

    def look(_: Console, screens: Screens) -> None:
        assert screens.word("save_state") == LOADED
        assert screens.word("muted") == 1
        screens.open("kept")
        assert [row.strip() for row in screens.rows()[6:11:2]] == [*kept, ""]
        assert screens.rows()[STATUS_ROW].isspace()

    first = powered(core, rom, b"\x60" * form.sram_bytes, keep)
    assert form.load(first).kept == Kept(tuple(kept), True, 5)
    assert powered(core, rom, first, look) == first


@pytest.mark.parametrize("target", TARGETS)
def test_a_name_is_kept_once_and_a_full_list_stays_as_it_is(target: str) -> None:
    model, rom = cartridge(target)
    form = save_format(rom)

    def keep(console: Console, screens: Screens) -> None:
        wait_for(console, screens, NAMES_A_PAGE)
        for answer in answers:
            screens.push("x")
            assert screens.rows()[STATUS_ROW].strip() == answer

    last = documents(Executor(model), Request(1, 13, NAMES_A_PAGE))[-1]
    answers = [f"kept {last}  1 of 64", "already kept"]
    powered("snes9x", rom, bytes(form.sram_bytes), keep)
    answers = ["the list is full"]
    assert powered("snes9x", rom, full_list(form), keep) == full_list(form)


@pytest.mark.parametrize("core", CORES)
def test_without_save_ram_nothing_is_said_to_be_kept(core: str) -> None:
    def cheapest(files: dict[str, bytes]) -> None:
        files["main.asm"] = (
            files["main.asm"].replace(b".byte $02 ", b".byte $00 ").replace(b".byte 3  ", b".byte 0  ")
        )

    def keep(console: Console, screens: Screens) -> None:
        wait_for(console, screens, NAMES_A_PAGE)
        screens.push("x")
        assert screens.rows()[STATUS_ROW].strip() == "save memory does not answer"
        screens.open("kept")
        assert screens.rows()[STATUS_ROW].strip() == "save memory does not answer"
        assert "0 of 64" in screens.rows()[2]

    rom = build_rom(cartridge(STOCK)[0], edit=cheapest)
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


def removals(form: SaveFormat, lists: Sequence[Kept]) -> Call:
    """Calls of remove_kept that make each list of the one before, in the other copy; the first is in copy 0."""
    copies = np.arange(len(lists)) % 2 * form.copy_bytes
    counts = np.array([len(kept.names) for kept in lists])
    numbers = np.array([kept.sequence for kept in lists])
    state = {"kept_copy": copies, "kept_count": counts, "kept_sequence": numbers}
    given = {"A": np.zeros(len(lists) - 1, int), "muted": np.zeros(len(lists) - 1, int)}
    given["theme"] = given["muted"]
    return Call(
        given | {name: values[:-1] for name, values in state.items()},
        {name: values[1:] for name, values in state.items()} | {"carry": given["A"]},
    )


def cuts(
    form: SaveFormat, sram: bytes, lists: Sequence[Kept], snapshots: Sequence[bytes]
) -> Iterator[tuple[bytes, tuple[Kept, Kept]]]:
    """Each snapshot with the list before and after the save it fell into; it must be what some first of the
    twin's writes make of `sram`.
    """
    memory = bytearray(sram)
    writes = [
        (at, value, pair)
        for number, pair in enumerate(pairwise(lists), 1)
        for at, value in form.writes(number % 2, pair[1])
    ]
    done = 0
    for snapshot in snapshots:
        while memory != snapshot:
            assert done < len(writes), "the console writes in another order than its twin"
            at, memory[at], _ = writes[done]
            done += 1
        yield snapshot, writes[max(done - 1, 0)][2]


def shrinking(form: SaveFormat, saves: int) -> list[Kept]:
    """The full list, and what each save leaves of it."""
    full = form.load(full_list(form)).kept
    return [Kept(full.names[gone:], False, full.sequence + gone & 0xFFFF) for gone in range(saves + 1)]


def check_cuts(core: str, rom: Rom, lists: Sequence[Kept], snapshots: Sequence[bytes], moments: int) -> None:
    """So many moments within a save are booted: each has the old list or the new one."""
    form = save_format(rom)
    found = list(cuts(form, full_list(form), lists, list(dict.fromkeys(snapshots))))
    torn = [one for one in found if form.load(one[0]).state != LOADED]
    for number in np.random.default_rng(3).choice(len(torn), moments, replace=False):
        snapshot, (old, new) = torn[number]
        after = form.load(powered(core, rom, snapshot, lambda *_: None))
        assert after.state == LOADED
        assert after.kept.names in (old.names, new.names)


@pytest.mark.parametrize(("core", "saves", "moments"), [("snes9x", 63, 50), ("bsnes", 10, 8)])
def test_a_power_cut_at_any_moment_leaves_the_old_list_or_the_new(core: str, saves: int, moments: int) -> None:
    """One save after the other, so that frames end at any point of one; then such moments are booted."""
    model, rom = cartridge(STOCK, LONG)
    form, routines = save_format(rom), build_routines(model)
    lists = shrinking(form, saves)
    with Recorder(routines.image, core) as console:
        calls = RoutineConsole(console, routines)
        console.sram[:] = np.frombuffer(full_list(form), np.uint8)
        console.snapshots.clear()
        for first in range(0, saves, AT_ONCE):
            calls.check("remove_kept", removals(form, lists[first : first + AT_ONCE + 1]))
        snapshots = console.snapshots
    check_cuts(core, rom, lists, snapshots, moments)


@pytest.mark.parametrize(("core", "saves", "moments"), [("snes9x", 20, 30), ("bsnes", 5, 8)])
def test_a_power_cut_while_somebody_removes_names_leaves_the_old_list_or_the_new_on_an_sa1_too(
    core: str, saves: int, moments: int
) -> None:
    rom = cartridge(SA1, LONG)[1]
    form = save_format(rom)
    lists = shrinking(form, saves)
    with Recorder(rom.image, core) as console:
        put_save(console, full_list(form))
        screens = Screens(console, rom)
        screens.open("kept")
        console.snapshots.clear()
        while screens.word("kept_count") > len(lists[-1].names):
            screens.push("x")
            console.run(MAX_SAVE)
        snapshots = [snapshot[: form.sram_bytes] for snapshot in console.snapshots]
    check_cuts(core, rom, lists, snapshots, moments)


def left_there(form: SaveFormat) -> dict[str, bytes]:
    """What a cartridge of this format may find at power-on."""
    random, other, kept = np.random.default_rng(4), SaveFormat(128), Kept(("ada", "bo"), True, 9, 3)
    good = form.compose(kept, Kept(("ada",), False, 8))
    found = {f"noise {n}": random.integers(0, 256, form.sram_bytes, np.uint8).tobytes() for n in range(3)}
    for number in range(8):
        damaged = bytearray(good)
        for at in random.choice(len(form.copy(kept)), 3, replace=False):
            damaged[at + number % 2 * form.copy_bytes] ^= int(random.integers(1, 256))
        found[f"damaged {number}"] = bytes(damaged)
    return found | {
        "another cartridge's names": other.compose(kept, kept),
        "a stock cartridge's": SaveFormat(form.entry_bytes).compose(kept, kept),
        "an SA-1 cartridge's": SaveFormat(form.entry_bytes, packed=True).compose(kept, kept),
        "zeros": bytes(form.sram_bytes),
        "ones": b"\xff" * form.sram_bytes,
    }


def settings(loaded: Loaded) -> tuple[tuple[str, ...], bool, int]:
    """All that a save is for."""
    return loaded.kept.names, loaded.kept.muted, loaded.kept.theme


@pytest.mark.parametrize("target", TARGETS)
def test_whatever_the_save_ram_held_what_is_whole_of_it_is_loaded(target: str) -> None:
    rom = cartridge(target)[1]
    form, states = save_format(rom), set[int]()
    for name, content in left_there(form).items():
        sram = content[: form.sram_bytes].ljust(form.sram_bytes, b"\x33")
        want, after = form.load(sram), form.load(powered("snes9x", rom, sram, lambda *_: None))
        assert (after.state, settings(after)) == (LOADED, settings(want)), name
        states.add(want.state)
    assert states == {LOADED, SECOND_BAD, FIRST_BAD, RESET}


@pytest.mark.parametrize("target", TARGETS)
def test_the_picture_goes_on_while_a_list_is_saved(target: str) -> None:
    rom = cartridge(target, LONG)[1]
    form = save_format(rom)

    def remove(console: Console, screens: Screens) -> None:
        screens.open("kept")
        frames = screens.word("frames")
        screens.push("x", frames=MAX_SAVE)
        assert screens.word("frames") - frames == MAX_SAVE + 3
        assert form.load(console.sram.tobytes()).state == LOADED

    powered("snes9x", rom, full_list(form), remove)


@pytest.mark.parametrize(("core", "target"), MACHINES)
def test_reset_in_the_middle_of_saving_is_clean(core: str, target: str) -> None:
    rom = cartridge(target, LONG)[1]
    form = save_format(rom)

    def remove(console: Console, screens: Screens) -> None:
        screens.open("kept")
        for frames in (2, 3, 4, 9):
            old = form.load(console.sram.tobytes()).kept.names
            console.press("x")
            console.run(frames)
            console.release()
            console.reset()
            console.run(BOOT_FRAMES + MAX_SAVE)  # a damaged copy is written anew
            screens.leave_title()
            assert screens.word("page") == 0
            screens.open("kept")
            assert form.load(console.sram.tobytes()).kept.names in (old, old[1:])
            assert f"{screens.word('kept_count')} of 64" in screens.rows()[2]

    powered(core, rom, full_list(form), remove)
