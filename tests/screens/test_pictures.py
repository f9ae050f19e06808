"""Every screen, pixel by pixel, as somebody last saw it: `python -m tests.screens.test_pictures` draws them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from asm.build import Rom
from quantize.kernel import SA1, STOCK
from snesgpt.emulator.console import Console
from snesgpt.emulator.cores import KNOWN
from tests.support.models import digit_rom
from tests.support.screens import PAGES, Screens
from trainer.config import ModelConfig

FOLDER = Path(__file__).parents[1] / "pictures"
FOLDERS = {STOCK: FOLDER, SA1: FOLDER / "sa1"}
FRAMES = 6000
SPEED, BUILD_ID = np.s_[2 * 8 : 3 * 8, 19 * 8 :], np.s_[14 * 8 : 15 * 8, 15 * 8 :]
TITLE = np.s_[: 2 * 8, : 9 * 8]
HIDDEN = {"names": SPEED, "prompt": SPEED, "about": BUILD_ID}
"""The tokens a second: the cores' clocks differ by a fraction of a percent, and so may its last digit.
The build id: a hash of the cartridge's sources, another one after every change to them."""


def rom(target: str) -> Rom:
    """Small, and nothing on any screen is empty."""
    config = ModelConfig(27, 12, n_embd=16, n_head=4, n_layer=1, n_hidden=32)
    return digit_rom(config, seed=3, traced=False, target=target)[1]


def names(page: Screens) -> None:
    page.console.run_until(lambda _: page.word("names_made") == 40, FRAMES)
    page.push("b")
    page.push("x")


def prompt(page: Screens) -> None:
    for button in ("right", "a", "down", "a"):
        page.push(button)
    page.console.run_until(lambda _: page.word("completions_made") == 10, FRAMES)


def xray(page: Screens) -> None:
    for _ in range(3):
        page.push("a")
        page.console.run(20)


def kept(page: Screens) -> None:
    page.push("start")


def about(page: Screens) -> None:
    page.push("a")
    page.console.run_until(lambda _: "PASS" in page.rows()[21], FRAMES)


SHOW: dict[str, Callable[[Screens], None]] = dict(zip(PAGES, (names, prompt, xray, kept, about), strict=True))


def pictures(core: str, target: str) -> dict[str, NDArray[np.uint8]]:
    """Every screen, without the speed."""
    cartridge, found = rom(target), {}
    with Console(cartridge.image, core) as console:
        console.scramble(1)
        page = Screens(console, cartridge)
        for name, show in SHOW.items():
            page.open(name)
            show(page)
            console.run(6)
            found[name] = console.picture.copy()
            if name in HIDDEN:
                found[name][HIDDEN[name]] = 0
    return found


@pytest.mark.parametrize("core", sorted(KNOWN))
@pytest.mark.parametrize("target", FOLDERS)
def test_every_screen_looks_as_it_should(core: str, target: str) -> None:
    for name, picture in pictures(core, target).items():
        with Image.open(FOLDERS[target] / f"{name}.png") as golden:
            wrong = np.argwhere((np.asarray(golden) != picture).any(-1))
        assert len(wrong) == 0, f"{name}: {len(wrong)} pixels differ, the first at row, column {wrong[0]}"


@cache
def tall() -> Rom:
    """An SA-1 cartridge with its font behind 2 MiB of tables: in banks that its own registers map."""
    config = ModelConfig(512, 21, n_embd=32, n_head=2, n_hidden=16)
    return digit_rom(config, 1, traced=False, front=True, target=SA1)[1]


@pytest.mark.slow
@pytest.mark.parametrize("core", sorted(KNOWN))
def test_letters_are_letters_however_far_back_the_font_is(core: str) -> None:
    cartridge = tall()
    bank = next(place.bank for place in cartridge.layout.segments if place.name == "FONT")
    assert cartridge.layout.target.bank_start(bank) >= 0x800000
    with Console(cartridge.image, core) as console, Image.open(FOLDERS[SA1] / "names.png") as golden:
        console.run(60)
        np.testing.assert_array_equal(console.picture[TITLE], np.asarray(golden)[TITLE])


if __name__ == "__main__":
    for machine, folder in FOLDERS.items():
        folder.mkdir(exist_ok=True)
        for name, picture in pictures("snes9x", machine).items():
            Image.fromarray(picture).save(folder / f"{name}.png", optimize=True)
