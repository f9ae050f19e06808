"""Every screen, pixel by pixel, as somebody last saw it: `python -m tests.screens.test_pictures` draws them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from asm.build import Rom, build_rom
from quantize.kernel import SA1, STOCK
from snesgpt.emulator.console import Console
from snesgpt.emulator.cores import KNOWN
from tables.title.picture import title
from tests.support.models import digit_rom
from tests.support.planted_bugs import Bug
from tests.support.screens import NAMES_A_PAGE, PAGES, Screens
from tests.support.story_models import story_config, story_model
from tests.support.story_screen import StoryPage
from trainer.config import ModelConfig

FOLDER = Path(__file__).parents[1] / "pictures"
FOLDERS = {STOCK: FOLDER, SA1: FOLDER / "sa1"}
FRAMES, SETTLING = 6000, 30
VRAM_TITLE = 0xA000
SPEED, BUILD_ID = np.s_[2 * 8 : 3 * 8, 19 * 8 : 31 * 8], np.s_[15 * 8 : 16 * 8, 15 * 8 : 31 * 8]
CODE = np.s_[22 * 8 : 23 * 8, 12 * 8 : 31 * 8]
PERIOD = 128
"""Frames after which the pattern and the pointer look the same again."""

PHASE = 2
"""They look alike for some frames: a core's picture may be one older than its memory."""

HIDDEN = {"names": (SPEED,), "prompt": (SPEED,), "about": (BUILD_ID, CODE)}
"""The tokens a second: the cores' clocks differ by a fraction of a percent, and so may its last digit.
The build id: a hash of the cartridge's sources, another one after every change to them; and the code that has both.
"""


def rom(target: str) -> Rom:
    """Small, and nothing on any screen is empty."""
    config = ModelConfig(27, 12, n_embd=16, n_head=4, n_layer=1, n_hidden=32)
    return digit_rom(config, seed=3, traced=False, target=target)[1]


def names(page: Screens) -> None:
    page.console.run_until(lambda _: page.word("names_made") == NAMES_A_PAGE, FRAMES)
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


SHOW: dict[str, Callable[[Screens], None]] = dict(zip(PAGES[:-1], (names, prompt, xray, kept, about), strict=True))


def settled(page: Screens) -> NDArray[np.uint8]:
    """The picture when all that moves is where it begins."""
    page.console.run(SETTLING)
    page.console.run_until(lambda _: page.word("frames") % PERIOD == PHASE, PERIOD)
    return page.console.picture.copy()


def pictures(core: str, target: str) -> dict[str, NDArray[np.uint8]]:
    """Every screen, without the speed."""
    cartridge = rom(target)
    with Console(cartridge.image, core) as console:
        console.scramble(1)
        page = Screens(console, cartridge, begin=False)
        found = {"title": settled(page)}
        page.leave_title()
        for name, show in SHOW.items():
            page.open(name)
            show(page)
            found[name] = settled(page)
            for part in HIDDEN.get(name, ()):
                found[name][part] = 0
    return found


EDGE = 130
STANDS = Bug("an edge that stands", "page_turn.asm", "PIXELS      = 12 ", "PIXELS      = 0 ")


def story_pictures(core: str) -> dict[str, NDArray[np.uint8]]:
    """The keys, a page, and one whose edge was stopped on its way."""
    model = story_model(story_config(40))
    found = {}
    cartridge = build_rom(model)
    with Console(cartridge.image, core) as console:
        console.scramble(1)
        page = StoryPage(console, model, cartridge)
        page.type("aB")
        found["keys"] = settled(page)
        page.tell(30)
        found["page"] = settled(page)
    with Console(build_rom(model, edit=STANDS).image, core) as console:
        page = StoryPage(console, model, cartridge)
        page.ram.write_words(page.address("page_edge"), np.array([EDGE]))
        found["turn"] = settled(page)
    return found


@pytest.mark.parametrize("core", sorted(KNOWN))
@pytest.mark.parametrize("target", FOLDERS)
def test_every_screen_looks_as_it_should(core: str, target: str) -> None:
    for name, picture in pictures(core, target).items():
        with Image.open(FOLDERS[target] / f"{name}.png") as golden:
            wrong = np.argwhere((np.asarray(golden) != picture).any(-1))
        assert len(wrong) == 0, f"{name}: {len(wrong)} pixels differ, the first at row, column {wrong[0]}"


@pytest.mark.parametrize("core", sorted(KNOWN))
def test_a_story_looks_as_it_should(core: str) -> None:
    for name, picture in story_pictures(core).items():
        with Image.open(FOLDER / "story" / f"{name}.png") as golden:
            wrong = np.argwhere((np.asarray(golden) != picture).any(-1))
        assert len(wrong) == 0, f"{name}: {len(wrong)} pixels differ, the first at row, column {wrong[0]}"


@cache
def large() -> Rom:
    """An SA-1 cartridge with its title behind 2 MiB of tables: in banks that its own registers map."""
    config = ModelConfig(512, 21, n_embd=32, n_head=2, n_hidden=16)
    return digit_rom(config, 1, traced=False, front=True, target=SA1)[1]


@pytest.mark.slow
@pytest.mark.parametrize("core", sorted(KNOWN))
def test_the_title_is_the_title_however_far_back_it_is(core: str) -> None:
    cartridge, picture = large(), title()
    bank = next(place.bank for place in cartridge.layout.segments if place.name == "TITLE")
    assert cartridge.layout.target.bank_start(bank) >= 0x800000
    with Console(cartridge.image, core) as console:
        settled(Screens(console, cartridge, begin=False))
        vram = console.vram[VRAM_TITLE : VRAM_TITLE + len(picture.tiles)]
        assert vram.tobytes() == picture.tiles


if __name__ == "__main__":
    for machine, folder in FOLDERS.items():
        folder.mkdir(exist_ok=True)
        for name, picture in pictures("snes9x", machine).items():
            Image.fromarray(picture).save(folder / f"{name}.png", optimize=True)
    (FOLDER / "story").mkdir(exist_ok=True)
    for name, picture in story_pictures("snes9x").items():
        Image.fromarray(picture).save(FOLDER / "story" / f"{name}.png", optimize=True)
