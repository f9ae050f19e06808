"""Link 3: every arithmetic routine of the cartridge equals its Python twin, bit for bit, in both emulators."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from quantize.sampler import MAX_TEMPERATURE
from snesgpt.emulator.console import Console
from tests.support.models import random_model
from tests.support.routine_console import RoutineConsole, build_routines
from tests.support.routine_twins import TWINS
from trainer.config import ModelConfig

SHAPES = {
    "8 wide, 2 heads": ModelConfig(13, block_size=6, n_embd=8, n_head=2, n_hidden=16),
    "24 wide, 1 head": ModelConfig(27, block_size=9, n_embd=24, n_head=1, n_hidden=16),
}
RANDOM_CASES = {"snes9x": 2000, "bsnes": 100}


@pytest.fixture(scope="module", params=[(core, shape) for shape in SHAPES for core in RANDOM_CASES], ids=" ".join)
def routines(request: pytest.FixtureRequest) -> Iterator[tuple[RoutineConsole, int]]:
    core, shape = request.param
    rom = build_routines(random_model(SHAPES[shape]), also=("relu2", "square"))
    with Console(rom.image, core) as console:
        yield RoutineConsole(console, rom), RANDOM_CASES[core]


@pytest.mark.parametrize("name", TWINS)
def test_a_routine_equals_its_twin(routines: tuple[RoutineConsole, int], name: str) -> None:
    console, count = routines
    call = TWINS[name](console.memory, np.random.default_rng(1), count)
    assert console.check(name, call) >= (MAX_TEMPERATURE + 1 if name == "set_temperature" else count)
