"""Measures against learning a text by heart: dropout, weight decay, and weights chosen on other text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.small_training import HELD_OUT, SETTINGS, TOKENIZER, TRAINING, run
from trainer.config import ModelConfig
from trainer.errors import InputError
from trainer.model.blocks import dropout, surprise
from trainer.model.decoder import forward, gradient, initial_tensors, loss_per_token
from trainer.presets import PRESETS
from trainer.text.corpus import split
from trainer.training.checkpoint import Interrupted
from trainer.training.packing import Documents
from trainer.training.train import as_vector, train

OVERFITTING = replace(SETTINGS, learning_rate=0.3)


def test_dropout_leaves_out_its_share_and_keeps_the_mean() -> None:
    kept = dropout((2, 300, 400), 0.2, np.random.default_rng(0))
    assert kept.dtype == np.float32 and set(np.unique(kept).tolist()) == {0.0, 1.25}
    assert float((kept == 0).mean()) == pytest.approx(0.2, abs=0.005)
    assert float(kept.mean()) == pytest.approx(1, abs=0.005)


@pytest.mark.parametrize("activation", ["relu", "relu2"])
def test_with_the_same_units_dropped_the_gradient_is_the_slope_of_the_loss(activation: str) -> None:
    config = ModelConfig(4, block_size=5, n_embd=6, n_head=3, n_layer=2, n_hidden=8, activation=activation)
    random = np.random.default_rng(3)
    tensors = {name: random.normal(0, 0.5, shape) for name, shape in config.tensor_shapes().items()}
    batch = Documents([[3, 0, 1, 2, 2, 1, 3], [3, 3], [3, 1, 0, 3]], 5).batch(np.arange(3))
    kept = dropout((2, 2, 6, len(batch.tokens)), 0.3, random).astype(np.float64)
    loss = surprise(batch.targets)
    _, grads = gradient(tensors, config, batch, loss, kept=kept)
    step = 1e-6
    for name, tensor in tensors.items():
        for index in list(np.ndindex(tensor.shape))[::3]:
            before, losses = tensor[index], []
            for moved in (before + step, before - step):
                tensor[index] = moved
                losses.append(gradient(tensors, config, batch, loss, kept=kept)[0])
            tensor[index] = before
            assert grads[name][index] == pytest.approx((losses[0] - losses[1]) / (2 * step), abs=1e-8), (
                name,
                index,
            )


def test_keeping_everything_is_no_dropout_and_dropping_both_branches_leaves_the_embedding() -> None:
    config = ModelConfig(4, block_size=5, n_embd=4, n_head=2, n_layer=2, n_hidden=8)
    tensors = initial_tensors(config, 0)
    batch = Documents([[3, 0, 1, 3], [3, 2, 3]], 5).batch(np.arange(2))
    ones = np.ones((2, 2, 4, len(batch.tokens)), np.float32)
    np.testing.assert_array_equal(forward(tensors, config, batch, ones)[0], forward(tensors, config, batch)[0])
    nothing, trace = forward(tensors, config, batch, 0 * ones)
    np.testing.assert_array_equal(nothing, tensors["lm_head"] @ trace.embedded)


def test_weight_decay_leaves_smaller_weights(tmp_path: Path) -> None:
    free, decayed = (run(tmp_path, replace(SETTINGS, weight_decay=decay)) for decay in (0, 2))
    assert np.linalg.norm(as_vector(decayed.tensors)) < 0.9 * np.linalg.norm(as_vector(free.tensors))


def test_a_run_with_dropout_resumed_equals_one_never_interrupted(tmp_path: Path) -> None:
    settings = replace(SETTINGS, dropout=0.1)
    whole = run(tmp_path, settings)
    assert as_vector(whole.tensors).tobytes() != as_vector(run(tmp_path).tensors).tobytes()
    with pytest.raises(Interrupted):
        run(tmp_path, settings, stop_at=70)
    resumed = run(tmp_path, settings, resume=True)
    assert as_vector(resumed.tensors).tobytes() == as_vector(whole.tensors).tobytes()


def test_patience_ends_a_run_in_vain_with_the_best_weights_it_had(tmp_path: Path) -> None:
    whole, stopped = run(tmp_path, OVERFITTING), run(tmp_path, replace(OVERFITTING, patience=3))
    losses = [entry.validation for entry in stopped.log]
    assert len(losses) < len(whole.log) and stopped.log == whole.log[: len(losses)]
    assert losses.index(min(losses)) == len(losses) - 4
    assert stopped.nll_float == min(losses)
    encoded = [TOKENIZER.encode(text) for text in HELD_OUT]
    assert loss_per_token(stopped.tensors, SETTINGS.config, encoded) == pytest.approx(min(losses), rel=1e-6)


def test_a_run_that_patience_ended_is_not_continued(tmp_path: Path) -> None:
    settings = replace(OVERFITTING, patience=3)
    whole = run(tmp_path, settings)
    with pytest.raises(Interrupted):
        run(tmp_path, settings, stop_at=whole.steps)
    assert run(tmp_path, settings, resume=True).steps == whole.steps


def test_weights_are_chosen_on_a_share_of_the_training_text_that_is_not_learned(tmp_path: Path) -> None:
    settings = replace(OVERFITTING, validation=0.3)
    result = run(tmp_path, settings)
    learned, judging = split(TRAINING, 0.3)
    assert set(learned) | set(judging) == set(TRAINING) and not set(learned) & set(judging)
    by_hand = train(learned, judging, TOKENIZER, OVERFITTING, tmp_path / "c.npz")
    assert as_vector(result.tensors).tobytes() == as_vector(by_hand.tensors).tobytes()
    assert [replace(entry, samples=()) for entry in result.log] == list(by_hand.log)
    encoded = [TOKENIZER.encode(text) for text in HELD_OUT]
    assert result.nll_float == pytest.approx(loss_per_token(result.tensors, SETTINGS.config, encoded), rel=1e-6)
    assert result.nll_float != by_hand.nll_float


def test_a_text_too_short_to_set_some_aside(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--validation 0"):
        train(["ab"], HELD_OUT, TOKENIZER, replace(SETTINGS, validation=0.02), tmp_path / "c.npz")


@pytest.mark.parametrize(
    ("name", "vocab_size", "n_params", "block_size"),
    [("small", 27, 14_528, 16), ("large", 27, 102_784, 16), ("tavern", 29, 106_112, 64)],
)
def test_the_larger_presets_have_the_sizes_they_are_named_for(
    name: str, vocab_size: int, n_params: int, block_size: int
) -> None:
    preset = PRESETS[name]
    config = preset.config(vocab_size)
    assert (config.n_params, config.block_size) == (n_params, block_size)
    assert preset.weight_decay > 0 and preset.validation > 0, (
        "large enough to overfit, chosen on a text of their own"
    )


@pytest.mark.parametrize("wrong", [{"dropout": 1.0}, {"dropout": -0.1}, {"validation": 1.0}, {"patience": -1}])
def test_shares_are_below_one_and_nothing_is_below_zero(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="dropout and validation are shares"):
        replace(SETTINGS, **wrong)
