"""Predicted clocks against the emulator's, stage by stage: straight code to one part in two hundred."""

from __future__ import annotations

import pytest

from asm.build import build_rom
from asm.cost.predict import predict
from quantize.convert import quantize
from quantize.model import IntegerModel
from snesgpt.bench.stage_clocks import measure_stages
from tests.support.models import MATRICES, digit_weights, llama_config, llama_model
from trainer.config import ModelConfig

TOKENS = 60
TOLERANCE = 0.005


def check(model: IntegerModel, stages: set[str]) -> None:
    prediction = predict(build_rom(model).layout)
    assert prediction is not None
    measured = measure_stages(build_rom(model, profiled=True), "bsnes", TOKENS).stages()
    for stage in stages:
        assert prediction.stages[stage] == pytest.approx(measured[stage], rel=TOLERANCE), stage


def test_the_straight_code_of_digits() -> None:
    weights = digit_weights(ModelConfig(27, 16, 32, 4, 2, 64), 1, **dict.fromkeys(MATRICES, 0.25))
    straight = {"front", "layer0_o", "layer1_wq_pairs", "layer1_q", "layer1_k", "layer1_v", "clamp"}
    check(quantize(weights, "digits"), straight)


def test_the_straight_code_of_a_llama() -> None:
    straight = {"rotary", "attention_residual", "activation", "fc2_part0", "mlp_residual", "q", "fc1", "fc3"}
    check(llama_model(llama_config(60, 16, 32, (4, 2), 2, 80)), {f"layer1_{stage}" for stage in straight})
