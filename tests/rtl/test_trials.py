"""What is tried on the console's logic alone, with an emulator in its place."""

from __future__ import annotations

from dataclasses import replace

import pytest

import rtl.trials
from quantize.kernel import SA1, STOCK
from quantize.ranges import prove
from rtl.prove import Run
from rtl.trials import TRIALS, run
from tests.support.models import digit_model, for_target
from trainer.config import ModelConfig
from trainer.errors import InputError

pytestmark = pytest.mark.emulator

CORE = "snes9x"
CONFIG = ModelConfig(vocab_size=5, n_embd=8, n_head=2, n_layer=1, block_size=8)


@pytest.fixture(autouse=True)
def small_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Run, "model", lambda run: prove(for_target(digit_model(CONFIG, seed=1), run.target)))


@pytest.mark.parametrize("target", [STOCK, SA1])
def test_a_trial_pushes_reset_and_compares(target: str) -> None:
    cartridge = replace(TRIALS["resets at any clock"].cartridge, target=target)
    trial = replace(TRIALS["resets at any clock"], cartridge=cartridge, tokens=20)
    result = run(trial, CORE)
    assert (result.machines, result.resets, result.parity.mismatches) == (2, 8, 0)
    assert result.parity.tokens >= 40


def test_interrupts_that_never_came_prove_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rtl.trials, "interrupts_placed", lambda core: 0)
    with pytest.raises(InputError, match="the trial shows nothing"):
        run(TRIALS["interrupts inside products"], CORE)
