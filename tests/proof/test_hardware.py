"""The effects of a real console on a cartridge: other things plugged in, 50 Hz, resets, noise in its memories."""

from __future__ import annotations

import random

import pytest

from asm.build import build_rom
from asm.cartridge.header import REGION, with_checksum
from quantize.executor import Executor
from quantize.sampler import Request, documents
from snesgpt.emulator.console import BUTTONS, Console
from snesgpt.emulator.cores import KNOWN
from tables.cells import tiles_2bpp
from tests.support.mash import mash
from tests.support.models import digit_rom, random_model
from tests.support.screens import Screens
from trainer.config import ModelConfig

MODEL = random_model(ModelConfig(9, 5, n_embd=8, n_head=2, n_hidden=16))
ROM = build_rom(MODEL)
NAMES = documents(Executor(MODEL), Request(1, MODEL.temperature, 6))
CORES = sorted(KNOWN)
FRAMES = 1500
PAL = b"\x02"


def first_names(page: Screens) -> list[str]:
    """The first names of the page, when they are made."""
    page.console.run_until(lambda _: page.word("names_made") >= len(NAMES), FRAMES)
    page.console.run(2)
    return [row[2:16].rstrip() for row in page.rows()[4 : 4 + len(NAMES)]]


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("device", ["mouse", "nothing"])
def test_a_mouse_or_nothing_in_port_1_changes_nothing(core: str, device: str) -> None:
    with Console(ROM.image, core) as console:
        console.plug(device)
        page = Screens(console, ROM)
        assert first_names(page) == NAMES
        assert (page.word("seed"), page.word("page"), page.word("pad_held")) == (1, 0, 0)


def test_the_mouse_of_that_test_is_one() -> None:
    """Bit 0 of JOY1L's signature: were it a pad, the test above would prove nothing."""
    with Console(ROM.image) as console:
        console.plug("mouse")
        page = Screens(console, ROM)
        console.press(*BUTTONS)
        console.run(10)
        assert page.word("pad_held") == 0


@pytest.mark.parametrize("core", CORES)
def test_the_second_pad_is_not_ours(core: str) -> None:
    with Console(ROM.image, core) as console:
        page = Screens(console, ROM)
        for button in BUTTONS:
            console.press(button, pad=2)
            console.run(2)
        assert first_names(page) == NAMES


@pytest.mark.parametrize("core", CORES)
def test_all_buttons_at_once_do_no_harm(core: str) -> None:
    with Console(ROM.image, core) as console:
        console.press(*BUTTONS)
        console.run(60)
        parity = mash(console, MODEL, 0, console.frames, 40)
        assert (parity.mismatches, parity.first) == (0, None)


@pytest.mark.parametrize("core", CORES)
def test_a_reset_at_any_moment_is_a_clean_start(core: str) -> None:
    chance = random.Random(3)
    with Console(ROM.image, core) as console:
        for _ in range(12):
            console.press(*chance.sample(BUTTONS, 2))
            console.run(chance.randint(1, 40))
            console.release()
            console.reset()
        page = Screens(console, ROM)
        console.run(2)
        assert first_names(page) == NAMES


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("region", ["NTSC", "PAL"])
def test_the_speed_shown_is_true_at_60_and_at_50_hz(core: str, region: str) -> None:
    image = ROM.image if region == "NTSC" else ROM.image[:REGION] + PAL + ROM.image[REGION + 1 :]
    with Console(with_checksum(image), core) as console:
        page = Screens(console, ROM)
        assert console.region == region
        console.run_until(lambda _: page.word("tokens_made") >= 4, FRAMES)
        first, start = page.word("tokens_made"), console.frames
        console.run_until(lambda _: page.word("names_made") >= 20, FRAMES)
        rate = (page.word("tokens_made") - first) / (console.frames - start) * console.frames_per_second
        shown = float(page.rows()[2][20:].split()[0])
        assert abs(shown / rate - 1) < 0.06  # the cartridge counts whole tokens since the page began


@pytest.mark.parametrize("core", CORES)
def test_nothing_is_left_of_what_the_memories_held_at_power_on(core: str) -> None:
    pictures, vrams = set(), set()
    for seed in (1, 2):
        with Console(ROM.image, core) as console:
            console.scramble(seed)
            page = Screens(console, ROM)
            assert first_names(page) == NAMES
            page.push("b")
            page.open("kept")
            console.run(4)
            pictures.add(console.picture.tobytes())
            vrams.add(console.vram.tobytes())
            tiles = tiles_2bpp()
            assert console.vram[: len(tiles)].tobytes() == tiles
    assert len(pictures) == len(vrams) == 1


@pytest.mark.parametrize(("core", "seconds"), [("snes9x", 60), ("bsnes", 10)])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_after_any_buttons_every_token_is_right(core: str, seconds: int, seed: int) -> None:
    model, rom = digit_rom(ModelConfig(9, 6, n_embd=8, n_head=2, n_hidden=16), traced=False)
    with Console(rom.image, core) as console:
        parity = mash(console, model, seed, 60 * seconds, 200)
    assert (parity.mismatches, parity.first) == (0, None)
    assert parity.tokens >= 200
