"""The two example games: what they show is what the integer model says, and no frame is missed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from asm.library.files import build_library, library_files
from asm.library.place import Place
from quantize.convert import quantize
from quantize.kernel import SA1, STOCK
from quantize.model import IntegerModel
from quantize.ranges import prove
from snesgpt.emulator.console import Console
from tests.support.library_game import CORES, EXAMPLES, wanted
from tests.support.library_models import trained
from tests.support.tavern import Tavern, wanted_line
from trainer.weights import load_weights

CHECKPOINT = EXAMPLES.parent / "checkpoints" / "memory-tavern.npz"
HELLO_FRAMES = 240
FRAMES = {"snes9x": 12_000, "bsnes": 3_600}
"""In which random buttons walk the player about: ten minutes are for `scripts/play_tavern.py`."""


def built(example: str, model: IntegerModel, place: Place, folder: Path) -> Path:
    """An example's cartridge, by its own Makefile, around a model's library."""
    library = folder / "library"
    library.mkdir()
    for name, content in library_files(build_library(prove(model), place)).items():
        (library / name).write_bytes(content)
    sources, rom = folder / example, folder / f"{example}.sfc"
    shutil.copytree(EXAMPLES / example, sources, ignore=shutil.ignore_patterns("__pycache__"))
    given = [f"GPT={library}", f"OUT={rom}", f"PYTHON={sys.executable}"]
    done = subprocess.run(["make", "-s", "-C", sources, *given], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return rom


@pytest.mark.parametrize("target", [STOCK, SA1])
def test_hello_shows_ten_names(target: str, tmp_path: Path) -> None:
    model = trained(target)
    said = [wanted(model, seed, model.temperature, (), model.top_p) for seed in range(1, 11)]
    names = ["".join(model.symbols[token] for token in tokens if token != model.config.bos) for tokens in said]
    rom = built("hello", model, Place(), tmp_path)
    for core in CORES:
        with Console(rom, core) as console:
            console.scramble(1)
            console.run(HELLO_FRAMES)
            tiles = console.vram[0x800 : 0x800 + 64 * 28 : 2].tobytes()
        rows = [tiles[n : n + 32].strip(b"\0").decode() for n in range(4 * 32, 24 * 32, 64)]
        assert rows == names


@pytest.fixture(scope="module", params=[STOCK, SA1])
def tavern(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[IntegerModel, Path]:
    model = quantize(load_weights(CHECKPOINT), "digits", target=request.param)
    return model, built("tavern", model, Place(first_bank=4), tmp_path_factory.mktemp("game"))


@pytest.mark.parametrize("core", CORES)
def test_everybody_says_what_the_model_says_and_no_frame_is_missed(
    core: str, tavern: tuple[IntegerModel, Path]
) -> None:
    model, rom = tavern
    with Tavern(rom, rom.with_suffix(".dbg"), core) as game:
        ran, frames = game.word("frames_run", 4), game.console.frames
        talks = list(game.play(Random(7), FRAMES[core]))
        assert game.word("frames_run", 4) - ran == game.console.frames - frames
        assert game.word("frames_missed") == 0
    assert any(talk.whole for talk in talks)
    for talk in talks:
        line = wanted_line(model, talk)
        assert talk.said == (line if talk.whole else line[: len(talk.said)])


def test_both_cores_show_the_same_room(tavern: tuple[IntegerModel, Path]) -> None:
    _, rom = tavern
    pictures = []
    for core in CORES:
        with Tavern(rom, rom.with_suffix(".dbg"), core) as game:
            game.console.run(20)
            pictures.append(game.console.picture)
    assert (pictures[0] == pictures[1]).all()
