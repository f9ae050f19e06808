"""Predicted clocks against the emulator's, stage by stage: straight code to half a percent, loops to two."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from asm.build import build_rom
from asm.cost.long_run import LongRun
from asm.cost.predict import placed, predict
from asm.kernels.lookup import LookedUpRowsRoutine
from asm.kernels.routine import symbol
from asm.layout import plan
from quantize.convert import quantize
from quantize.executor import Executor
from quantize.kernel import TARGETS, Leaf
from quantize.kernels.byte_attention import ByteAttention
from quantize.kernels.context import KnownContext
from quantize.kernels.fused import RecalledRows
from quantize.model import IntegerModel
from quantize.program import leaves
from quantize.ranges import prove
from quantize.sampler import Request, run
from snesgpt.bench.names_screen import FIRST_SEED
from snesgpt.bench.stage_clocks import measure_stages
from tests.support.models import (
    MATRICES,
    digit_model,
    digit_weights,
    for_sa1,
    gpt2_config,
    gpt2_model,
    llama_config,
    llama_model,
    remembering,
    windowed,
)
from trainer.config import ModelConfig

TOKENS = 150
CONFIG = llama_config(60, 40, 32, (4, 2), 2, 20)
TOLERANCE, LOOP_TOLERANCE = 0.005, 0.02


def check(model: IntegerModel, stages: set[str]) -> None:
    prediction = predict(build_rom(model).layout)
    assert prediction is not None
    measured = measure_stages(build_rom(model, profiled=True), "bsnes", TOKENS).stages()
    for stage in stages:
        assert prediction.stages[stage] == pytest.approx(measured[stage], rel=TOLERANCE), stage


MACHINES: Mapping[str, Callable[[IntegerModel], IntegerModel]] = {"stock": lambda model: model, "sa1": for_sa1}
"""Machine → the model for it."""


@pytest.mark.parametrize("machine", MACHINES)
def test_the_straight_code_of_digits(machine: str) -> None:
    weights = digit_weights(ModelConfig(27, 16, 32, 4, 2, 64), 1, **dict.fromkeys(MATRICES, 0.25))
    straight = {"front", "layer0_o", "layer1_wq_pairs", "layer1_q", "layer1_k", "layer1_v", "clamp"}
    check(MACHINES[machine](quantize(weights, "digits")), straight)


@pytest.mark.parametrize("machine", MACHINES)
def test_the_straight_code_of_a_llama(machine: str) -> None:
    straight = {"rotary", "attention_residual", "q", "fc1_part1", "fc3_part1", "activation1", "fc2_part1"}
    straight |= {"mlp_sum0", "mlp_residual"}
    model = MACHINES[machine](llama_model(llama_config(60, 16, 32, (4, 2), 2, 80)))
    check(model, {f"layer1_{stage}" for stage in straight})


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("scale", [1.0, 3.0], ids=["", "units that may be beyond their table"])
def test_the_straight_code_of_a_gpt2(scale: float, target: str) -> None:
    model = gpt2_model(gpt2_config(60, 16, 32, 4, 2, 80), target=target, fc1=scale)
    straight = {"q", "k", "v", "o", "fc1_part0", "fc1_part1", "fc2_part0", "fc2_part1", "mlp_sum0", "mlp_residual"}
    assert any("cmp" in line.text for unit in looked_up(model).chain.units for line in unit.code) == (scale > 1)
    check(model, {f"layer1_{stage}" for stage in straight} | {"layer1_wq_pairs", "layer1_fc1_pairs", "logits"})


def looked_up(model: IntegerModel) -> LookedUpRowsRoutine:
    """The rows of a part of hidden units."""
    routines = plan(prove(model)).routines
    return next(routine for routine in routines if isinstance(routine, LookedUpRowsRoutine))


def first_tokens(model: IntegerModel, kernels: list[Leaf]) -> LongRun:
    """The tokens that the screen begins with, each as often, and what the clocks of these kernels depend on."""
    request = Request(FIRST_SEED, model.temperature, TOKENS, top_p=model.top_p)
    (tokens,) = run(Executor(model), [request], traced=True)
    columns: dict[str, list[int]] = {"position": [token.position for token in tokens[:TOKENS]]}
    for token in tokens[:TOKENS]:
        assert token.trace is not None
        trace = {name: values[None] for name, values in token.trace.items()}
        for kernel in kernels:
            for name, counted in kernel.activity(trace, {}).items():
                columns.setdefault(name, []).append(int(counted[0]))
    return LongRun(np.full(TOKENS, 1 / TOKENS), {name: np.array(column) for name, column in columns.items()})


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("windows", [(), (40, 3, 8, 16, 8, 8, 8, 8), (40, 40, 40, 40, 1, 1, 20, 9)], ids=str)
def test_the_loops_of_attention(windows: tuple[int, ...], machine: str) -> None:
    check_attention(MACHINES[machine](llama_model(windowed(CONFIG, *windows), wq=2.0)))


@pytest.mark.parametrize("windows", [(), (100, 3, 20, 64, 8, 8, 30, 8)], ids=str)
def test_the_loops_of_attention_in_chunks(windows: tuple[int, ...]) -> None:
    """Of 32 positions each."""
    check_attention(for_sa1(llama_model(windowed(llama_config(60, 100, 128, (8, 8), 1, 20), *windows), wq=2.0)))


@pytest.mark.parametrize("target", TARGETS)
def test_the_loops_of_attention_that_nothing_turns(target: str) -> None:
    check_attention(gpt2_model(gpt2_config(60, 40, 32, 4, 2, 20), target=target, wq=2.0))


def check_attention(model: IntegerModel) -> None:
    """Of the very tokens that are measured: how many positions they see is chance."""
    layout = build_rom(model).layout
    measured = measure_stages(build_rom(model, profiled=True), "bsnes", TOKENS).stages()
    routines = {
        leaf: routine
        for routine in layout.routines
        for leaf in routine.kernel.leaves
        if isinstance(leaf, ByteAttention)
    }
    tokens = first_tokens(model, [*routines])
    assert len(routines) == model.config.n_layer and tokens["position"].max() > 18
    for kernel, routine in routines.items():
        stage = symbol(kernel.name)
        clocks = layout.target.refresh * routine.clocks(tokens, placed(layout))[stage]
        assert clocks == pytest.approx(measured[stage], rel=LOOP_TOLERANCE), stage


@pytest.mark.parametrize("target", TARGETS)
def test_the_search_for_a_context_and_the_rows_that_add_to_it(target: str) -> None:
    """Of the very tokens that are measured. Children are in lists and in tables; some contexts are not known."""
    config = remembering(ModelConfig(27, 16, 32, 4, 1, 16), 2, 4, documents=400)
    model = digit_model(config, 1, target=target)
    layout = build_rom(model).layout
    measured = measure_stages(build_rom(model, profiled=True), "bsnes", TOKENS).stages()
    kernels = {type(leaf): leaf for leaf in leaves(model.program)}
    tokens = first_tokens(model, [kernels[KnownContext]])
    routines = [one for one in layout.routines if isinstance(one.kernel, KnownContext | RecalledRows)]
    found = {routine.calls[-1].stage: routine.clocks(tokens, placed(layout)) for routine in routines}
    assert [*found] == ["context", "head"]
    for stage, clocks in found.items():
        expected = layout.target.refresh * clocks[stage]
        assert expected == pytest.approx(measured[stage], rel=LOOP_TOLERANCE), stage
