"""The effects of a real console on a cartridge: other things plugged in, 50 Hz, resets, noise in its memories."""

from __future__ import annotations

import random
from functools import cache

import pytest

from asm.build import Rom, build_rom
from asm.cartridge.header import REGION, with_checksum
from quantize.executor import Executor
from quantize.kernel import SA1, STOCK, TARGETS
from quantize.model import IntegerModel
from quantize.sampler import Request, documents
from snesgpt.emulator.console import BUTTONS, Console, _Host
from snesgpt.emulator.cores import KNOWN
from tables.cells import tiles_2bpp
from tests.support.mash import mash
from tests.support.models import digit_rom, model_for
from tests.support.planted_bugs import Bug, Edit, routine
from tests.support.power_on import noise_in_iram, scramble_all
from tests.support.screens import BOOT_FRAMES, LIST_ROW, Screens, shown_rows
from tests.support.slow import late_to_hear, sa1_slow, sa1_slow_to_choose
from trainer.config import ModelConfig

CORES = sorted(KNOWN)
MACHINES = [(core, target) for core in CORES for target in TARGETS]
FRAMES = 1500
NAMES = 6
PAL = b"\x02"


@cache
def cartridge(target: str) -> tuple[IntegerModel, Rom]:
    """A small model, and its ROM."""
    model = model_for(target, ModelConfig(9, 5, n_embd=8, n_head=2, n_hidden=16))
    return model, build_rom(model)


@cache
def expected(target: str) -> list[str]:
    """The first names of its page."""
    model = cartridge(target)[0]
    return documents(Executor(model), Request(1, model.temperature, NAMES))


def first_names(page: Screens) -> list[str]:
    """The first names of the page, when they are made."""
    page.console.run_until(lambda _: page.word("names_made") >= NAMES, FRAMES)
    page.console.run(2)
    return page.listed()[:NAMES]


@pytest.mark.parametrize(("core", "target"), MACHINES)
@pytest.mark.parametrize("device", ["mouse", "nothing"])
def test_a_mouse_or_nothing_in_port_1_changes_nothing(core: str, target: str, device: str) -> None:
    rom = cartridge(target)[1]
    with Console(rom.image, core) as console:
        console.plug(device)
        page = Screens(console, rom, begin=False)
        console.run_until(lambda _: page.word("page") == 0, FRAMES)  # the demonstration: nobody can press Start
        assert first_names(page) == expected(target)
        assert (page.word("seed"), page.word("page"), page.word("pad_held")) == (1, 0, 0)


def test_the_mouse_of_that_test_is_one() -> None:
    """Bit 0 of JOY1L's signature: were it a pad, the test above would prove nothing."""
    rom = cartridge(STOCK)[1]
    with Console(rom.image) as console:
        console.plug("mouse")
        page = Screens(console, rom, begin=False)
        console.press(*BUTTONS)
        console.run(10)
        assert page.word("pad_held") == 0


@pytest.mark.parametrize(("core", "target"), MACHINES)
def test_the_second_pad_is_not_ours(core: str, target: str) -> None:
    rom = cartridge(target)[1]
    with Console(rom.image, core) as console:
        page = Screens(console, rom)
        for button in BUTTONS:
            console.press(button, pad=2)
            console.run(2)
        assert first_names(page) == expected(target)


@pytest.mark.parametrize(("core", "target"), MACHINES)
def test_all_buttons_at_once_do_no_harm(core: str, target: str) -> None:
    model, rom = cartridge(target)
    with Console(rom.image, core) as console:
        console.press(*BUTTONS)
        console.run(60)
        parity = mash(console, model, 0, console.frames, 40)
        assert (parity.mismatches, parity.first) == (0, None)


MOMENTS: dict[str, tuple[str, Edit | None]] = {
    "any, stock": (STOCK, None),
    "any, SA-1": (SA1, None),
    "a token of the SA-1": (SA1, sa1_slow(5)),
    "the SA-1 chooses": (SA1, sa1_slow_to_choose(3)),
    "before the SA-1's interrupt ends": (SA1, late_to_hear()),
}


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("core", CORES)
def test_a_reset_at_any_moment_is_a_clean_start(core: str, moment: str) -> None:
    target, edit = MOMENTS[moment]
    rom, chance = build_rom(cartridge(target)[0], edit=edit), random.Random(3)
    with Console(rom.image, core) as console:
        for _ in range(12):
            console.press(*chance.sample(BUTTONS, 2))
            console.run(chance.randint(1, 40))
            console.release()
            console.reset()
        page = Screens(console, rom)
        console.run(2)
        assert first_names(page) == expected(target)


def test_an_interrupt_of_the_sa1_does_not_outlive_a_cartridge(monkeypatch: pytest.MonkeyPatch) -> None:
    """bsnes keeps it, where a front end loads one cartridge after another: no instruction would follow."""
    kept: list[_Host] = []
    unload = _Host.unload
    monkeypatch.setattr(_Host, "unload", lambda host: kept.append(host))
    stuck = Bug("it is not ended", routine("asleep", "calls.asm"), "awake:  a8\n", "awake:  a8\n:       bra :-\n")
    forgets = Bug("not at boot", routine("open_cartridge", "calls.asm"), "        sta SIC ", "        nop ;")
    (model, rom), after = cartridge(SA1), {}
    images = [build_rom(model, edit=edit).image for edit in (stuck, forgets)]
    for name, image in zip(("stuck", "forgets", "ours"), (*images, rom.image), strict=True):
        with Console(image, "bsnes") as console:
            console.run(BOOT_FRAMES)
            console.press("start")
            console.run(BOOT_FRAMES)
            after[name] = shown_rows(console)[LIST_ROW][2:16].strip()
    for host in kept:
        unload(host)
    assert after == {"stuck": "", "forgets": "", "ours": expected(SA1)[0]}


@pytest.mark.parametrize(("core", "target"), MACHINES)
@pytest.mark.parametrize("region", ["NTSC", "PAL"])
def test_the_speed_shown_is_true_at_60_and_at_50_hz(core: str, target: str, region: str) -> None:
    rom = build_rom(cartridge(target)[0], edit=sa1_slow(1) if target == SA1 else None)
    image = rom.image if region == "NTSC" else rom.image[:REGION] + PAL + rom.image[REGION + 1 :]
    with Console(with_checksum(image), core) as console:
        page = Screens(console, rom)
        assert console.region == region
        if target == SA1:
            for button in ("start", "start", "up"):
                page.push(button)
            assert page.word("names_pause") == 0
        console.run_until(lambda _: page.word("tokens_made") >= 4, FRAMES)
        first, start = page.word("tokens_made"), console.frames
        console.run_until(lambda _: page.word("names_made") >= 17, FRAMES)
        rate = (page.word("tokens_made") - first) / (console.frames - start) * console.frames_per_second
        shown = float(page.rows()[2][20:].split()[0])
        assert abs(shown / rate - 1) < 0.06  # the cartridge counts whole tokens since the page began


@pytest.mark.parametrize(("core", "target"), MACHINES)
def test_nothing_is_left_of_what_the_memories_held_at_power_on(core: str, target: str) -> None:
    pictures, vrams = set(), set()
    for seed in (1, 2):
        rom = build_rom(cartridge(target)[0], edit=noise_in_iram(seed) if target == SA1 else None)
        with Console(rom.image, core) as console:
            scramble_all(console, seed)
            page = Screens(console, rom)
            assert first_names(page) == expected(target)
            page.push("b")
            page.open("kept")
            console.run(4)
            pictures.add(console.picture.tobytes())
            vrams.add(console.vram.tobytes())
            tiles = tiles_2bpp()
            assert console.vram[: len(tiles)].tobytes() == tiles
    assert len(pictures) == len(vrams) == 1


@pytest.mark.parametrize(
    ("core", "target", "seconds"),
    [("snes9x", STOCK, 60), ("bsnes", STOCK, 10), ("snes9x", SA1, 15), ("bsnes", SA1, 6)],
)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_after_any_buttons_every_token_is_right(core: str, target: str, seconds: int, seed: int) -> None:
    model, rom = digit_rom(ModelConfig(9, 6, n_embd=8, n_head=2, n_hidden=16), traced=False, target=target)
    with Console(rom.image, core) as console:
        parity = mash(console, model, seed, 60 * seconds, 200)
    assert (parity.mismatches, parity.first) == (0, None)
    assert parity.tokens >= 200
