"""Link 3 for the llama blocks: each routine of the cartridge equals its Python twin, bit for bit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from asm.layout import plan
from quantize.convert import quantize
from quantize.llama import WORD_BITS
from quantize.model import IntegerModel
from snesgpt.emulator.console import Console
from tests.support.llama_twins import LLAMA_TWINS
from tests.support.models import llama_config, llama_model, llama_weights
from tests.support.routine_console import RoutineConsole, build_routines

SHIFTS = {-2: (5, 0), -1: (5, 1), 0: (5, 2), 1: (5, 3), 2: (4, 3), 3: (3, 3)}
"""How often a score is halved to index the table of exp → the key's and the query's shifts that make it so."""


def every_shift() -> IntegerModel:
    """Six layers: in each, scores of another fineness, and sums of other doublings and cuts."""
    config = llama_config(9, 6, 8, (4, 4), len(SHIFTS), 8)
    model = llama_model(config, 1, wo=16.0, fc1=3.0, fc2=3.0)
    parameters = dict(model.parameters)
    for layer, (key, query) in enumerate(SHIFTS.values()):
        p, after = f"layer{layer}", f"layer{layer + 1}.attention_norm" if layer + 1 < len(SHIFTS) else "last_norm"
        parameters |= {f"{p}.attention.key_shift": key, f"{p}.attention.query_shift": query}
        cuts = {"wo": (layer % 4, 11 + layer % 3, f"{p}.mlp_norm"), "fc2": (1 + layer % 3, 13 - layer % 2, after)}
        for weight, (doublings, bits, norm) in cuts.items():
            parameters |= {f"{p}.{weight}.out_shift": doublings, f"{p}.{weight}.cut_bits": bits}
            parameters |= {f"{norm}.bits": bits, f"{norm}.doublings": WORD_BITS - bits}
    return replace(model, parameters=parameters)


def later_parts_reach_farther() -> IntegerModel:
    """A row of fc2 in three parts, the first small: the others' sums come halved and can leave a word."""
    weights = llama_weights(llama_config(9, 200, 16, (8, 4), 1, 100), 3)
    weights.tensors["layer0.fc2"][:, :34] *= 0.05
    weights.tensors["layer0.fc2"][:, 34:] *= 8
    return quantize(weights, "digits")


MODELS: dict[str, Callable[[], IntegerModel]] = {
    "groups of 2": lambda: llama_model(llama_config(13, 7, 16, (4, 2), 2, 20, 100.0), 1, fc1=3.0, fc3=1.5),
    "groups of 4, 140 positions": lambda: llama_model(llama_config(9, 140, 16, (4, 1), 1, 12), 2),
    "groups of 2 of 8 heads, 3 parts, 200 positions": later_parts_reach_farther,
    "own keys, every shift": every_shift,
}
RANDOM_CASES = {"snes9x": 100, "bsnes": 10}
RUNS = [*(("snes9x", name) for name in MODELS), ("bsnes", "groups of 2"), ("bsnes", "own keys, every shift")]


@pytest.fixture(scope="module", params=RUNS, ids=" ".join)
def routines(request: pytest.FixtureRequest) -> Iterator[tuple[RoutineConsole, int]]:
    core, name = request.param
    rom = build_routines(MODELS[name]())
    with Console(rom.image, core) as console:
        yield RoutineConsole(console, rom), RANDOM_CASES[core]


@pytest.mark.parametrize("name", LLAMA_TWINS)
def test_a_llama_routine_equals_its_twin(routines: tuple[RoutineConsole, int], name: str) -> None:
    console, count = routines
    calls = LLAMA_TWINS[name](console.memory, np.random.default_rng(1), count)
    assert calls
    for label, call in calls.items():
        assert console.check(label, call, header=name) >= count


def test_the_models_need_every_kind_of_code() -> None:
    """Or the tests above would not see it."""
    layouts = [plan(make()) for make in MODELS.values()]
    sums = [routine for layout in layouts for routine in layout.sums]
    assert {(routine.doublings, routine.far > 0) for routine in sums} >= {
        (0, False),
        (0, True),
        (1, False),
        (1, True),
    }
    assert {routine.doublings for routine in sums} == {0, 1, 2, 3}
    assert {routine.bits for routine in sums} == {11, 12, 13}
    assert {routine.score_drop for layout in layouts for routine in layout.attentions} == set(SHIFTS)
    assert {norm.bits + norm.doublings for layout in layouts for norm in layout.norms} == {WORD_BITS}
    assert {norm.bits for layout in layouts for norm in layout.norms} == {11, 12, 13}
    gates = [routine for layout in layouts for routine in layout.gates]
    assert {routine.shift for routine in gates} == {2, 3} and max(routine.bits for routine in gates) > 12
    assert any(
        head.seek_keys for layout in layouts for routine in layout.attentions for head in routine.halves[-1].heads
    )
