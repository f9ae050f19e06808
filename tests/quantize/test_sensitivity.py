"""What an error of a weight costs, and that digits go where they take most of it off."""

from __future__ import annotations

import numpy as np

from quantize.convert import folded
from quantize.fixed import FRACTION_BITS
from quantize.sensitivity import sensitivities, spread, unfolded
from tests.support.models import llama_config, llama_weights
from trainer.files import Array
from trainer.model.blocks import divergence
from trainer.training.own_text import own_text
from trainer.training.teacher import text_logits

CONFIG = llama_config(20, 12, 16, (4, 2), 2, 24)
WEIGHTS = llama_weights(CONFIG)
EXACT = folded(WEIGHTS, centred=False)
TEXT = own_text(WEIGHTS.tensors, CONFIG, 200, np.random.default_rng(0), (1.0,))
COSTS = sensitivities(CONFIG, EXACT, TEXT.documents)
MATRICES = [name for name in EXACT if name != "wte"]


def away(changed: dict[str, Array]) -> float:
    """Nats a token from the exact model."""
    logits = [text_logits(unfolded(tensors, CONFIG), CONFIG, TEXT) for tensors in (EXACT, {**EXACT, **changed})]
    return float(divergence(*logits)[0].mean(dtype=np.float64))


def predicted_and_found(names: list[str]) -> tuple[float, float]:
    """The nats of errors of a fiftieth in some matrices."""
    random = np.random.default_rng(1)
    errors = {name: random.normal(0, 0.02 * EXACT[name].std(), EXACT[name].shape) for name in names}
    expected = sum(0.5 * float((COSTS[name] * error**2).sum()) for name, error in errors.items())
    return expected, away({name: EXACT[name] + error for name, error in errors.items()})


def test_small_errors_cost_half_their_squares_times_the_information() -> None:
    """Of lm_head nearly so; below it, where errors at several positions meet in one token, about."""
    expected, found = predicted_and_found(["lm_head"])
    assert 0.85 < found / expected < 1.15
    expected, found = predicted_and_found(MATRICES)
    assert 0.6 < found / expected < 1.6


def test_digits_by_information_cost_less_than_digits_by_squared_error() -> None:
    size = sum(EXACT[name].size for name in MATRICES)
    alike = {name: np.ones(EXACT[name].shape, np.float32) for name in MATRICES}
    grids = dict.fromkeys(MATRICES, FRACTION_BITS)
    for digits in (1.0, 1.5):
        by_information, by_error = (away(spread(EXACT, costs, digits * size, grids)) for costs in (COSTS, alike))
        assert by_information < 0.9 * by_error
