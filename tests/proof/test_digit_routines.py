"""Link 3 for the fast kernels: each routine of the cartridge equals its Python twin, bit for bit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from snesgpt.emulator.console import Console
from tests.support.digit_twins import FAST_TWINS
from tests.support.models import digit_model
from tests.support.routine_console import RoutineConsole, build_routines
from trainer.config import ModelConfig

SHAPES = {
    "8 wide, 2 layers": ModelConfig(13, block_size=6, n_embd=8, n_head=2, n_layer=2, n_hidden=16),
    "24 wide, 32 positions": ModelConfig(9, block_size=32, n_embd=24, n_head=3, n_hidden=16, activation="relu2"),
    "12 wide, 140 positions": ModelConfig(9, block_size=140, n_embd=12, n_head=2, n_hidden=8),
    "64 wide, 1 head": ModelConfig(9, block_size=4, n_embd=64, n_head=1, n_hidden=16),
}
RANDOM_CASES = {"snes9x": 300, "bsnes": 40}
LONG_CASES = {"snes9x": 60, "bsnes": 16}
"""Where a case is long."""


@pytest.fixture(scope="module", params=[(core, shape) for shape in SHAPES for core in RANDOM_CASES], ids=" ".join)
def routines(request: pytest.FixtureRequest) -> Iterator[tuple[RoutineConsole, int]]:
    core, shape = request.param
    rom = build_routines(digit_model(SHAPES[shape], 7, fc2=0.12), also=("square_hidden", "square", "rounding"))
    with Console(rom.image, core) as console:
        yield RoutineConsole(console, rom), (LONG_CASES if SHAPES[shape].block_size > 128 else RANDOM_CASES)[core]


@pytest.mark.parametrize("name", FAST_TWINS)
def test_a_fast_routine_equals_its_twin(routines: tuple[RoutineConsole, int], name: str) -> None:
    console, count = routines
    calls = FAST_TWINS[name](console.memory, np.random.default_rng(1), count)
    assert calls
    for label, call in calls.items():
        assert console.check(label, call, header=name) >= count
