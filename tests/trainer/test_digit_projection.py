"""Weights as few signed powers of two: the projection and its count against brute force, and training with them."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantize.convert import quantize
from quantize.fixed import ONE
from tests.support.small_training import HELD_OUT, SETTINGS, TOKENIZER, run
from trainer.config import ModelConfig
from trainer.errors import InputError
from trainer.files import Array
from trainer.model.blocks import surprise
from trainer.model.decoder import forward, gradient, initial_tensors, mean_loss
from trainer.training.checkpoint import Interrupted
from trainer.training.digit_projection import (
    FC2_COST,
    MAX_DIGITS,
    Projection,
    adds_per_weight,
    allocate,
    count,
    is_digits,
    nearest,
)
from trainer.training.packing import Documents
from trainer.training.train import as_tensors, as_vector
from trainer.weights import Weights

DIGITS = replace(SETTINGS, steps=240, digits=1.25, grid=5, hidden_price=0.001)


def sums(most: int, grid: int) -> list[float]:
    """Every sum of at most `most` signed powers of two from 2^-grid to 8, by trying them all."""
    powers = [sign * 2.0**k for k in range(-grid, 4) for sign in (1, -1)]
    return sorted(
        {sum(chosen) for n in range(most + 1) for chosen in itertools.combinations_with_replacement(powers, n)}
    )


SUMS = {(most, grid): sums(most, grid) for most in range(4) for grid in (0, 2, 4)}


@given(
    st.lists(st.floats(-8, 8, width=32) | st.integers(-256, 256).map(lambda n: n / 32), min_size=1),
    st.sampled_from(sorted(SUMS)),
)
def test_nearest_is_the_nearest_of_all_sums_and_of_two_the_smaller(
    weights: list[float], most_and_grid: tuple[int, int]
) -> None:
    most, grid = most_and_grid
    projected = nearest(np.array(weights, np.float32), most, grid)
    assert projected.dtype == np.float32
    for weight, value in zip(weights, projected.tolist(), strict=True):
        assert value == min(SUMS[most, grid], key=lambda v: (abs(v - weight), abs(v)))
    np.testing.assert_array_equal(nearest(projected, most, grid), projected)
    assert (count(projected, grid) <= most).all()


@given(st.lists(st.tuples(st.floats(-9, 9, width=32), st.integers(0, 5)), min_size=1), st.integers(0, 8))
def test_a_number_of_digits_for_each_weight_is_as_each_weight_by_itself(
    pairs: list[tuple[float, int]], grid: int
) -> None:
    weights, digits = np.array([w for w, _ in pairs], np.float32), np.array([n for _, n in pairs])
    one_by_one = [nearest(weights[i : i + 1], int(digits[i]), grid)[0] for i in range(len(pairs))]
    np.testing.assert_array_equal(nearest(weights, digits, grid), one_by_one)


def test_a_weight_beyond_the_largest_digit_becomes_it() -> None:
    weights = np.array([1e30, -1e30, 8.01, -np.inf, np.inf], np.float32)
    assert nearest(weights, 3, 6).tolist() == [8, -8, 8, -8, 8]
    assert np.abs(nearest(np.array([np.nan], np.float32), 3, 6)).tolist() == [8]


def test_count_is_the_fewest_powers_that_sum_to_the_weight() -> None:
    fewest = {value: most for most in reversed(range(4)) for value in SUMS[most, 2]}
    reached = np.array([value for value in fewest if abs(value) <= 8])
    assert count(reached, 2).tolist() == [fewest[value] for value in reached.tolist()]
    with pytest.raises(ValueError, match="multiples of 2\\^-2"):
        count(np.array([0.125]), 2)


def test_a_grid_finer_than_the_console_has_is_refused() -> None:
    with pytest.raises(InputError, match="grid is 13"):
        replace(DIGITS, grid=13)
    with pytest.raises(InputError, match="grid is -1"):
        nearest(np.zeros(1, np.float32), 1, -1)
    with pytest.raises(InputError, match="must not be below zero"):
        replace(DIGITS, digits=-1)


NEARLY_EQUAL = 3 * 16 * float(np.finfo(np.float32).eps)
"""A difference that float32, in which the budget is granted, cannot tell from zero: three squares of at most 4."""


@given(st.lists(st.floats(-4, 4, width=32), min_size=1, max_size=3), st.integers(0, 10))
def test_a_budget_buys_the_digits_that_take_most_error_off(numbers: list[float], budget: int) -> None:
    weights = np.array(numbers, np.float32)

    def error(digits: Array) -> float:
        return float(((weights.astype(float) - nearest(weights, digits, 4)) ** 2).sum())

    granted = allocate(weights, np.ones(len(weights)), budget, 4)
    tried = map(np.array, itertools.product(range(MAX_DIGITS + 1), repeat=len(weights)))
    assert granted.sum() <= budget
    assert error(granted) == pytest.approx(min(error(t) for t in tried if t.sum() <= budget), abs=NEARLY_EQUAL)


def test_digits_that_cost_half_are_bought_first() -> None:
    weights, costs = np.full(4, 0.7, np.float32), np.array([1.0, 0.5, 1.0, 0.5])
    assert allocate(weights, costs, 1.0, 4).tolist() == [0, 1, 0, 1]
    assert allocate(weights, costs, 2.4, 4).tolist() == [1, 1, 0, 1]


def used(tensors: dict[str, Array], config: ModelConfig) -> dict[str, Array]:
    """The tensors as they are multiplied with: 1/sqrt(head_dim) within wq."""
    return {name: t / (config.head_dim**0.5 if name.endswith(".wq") else 1) for name, t in tensors.items()}


@pytest.mark.parametrize("n_head", [1, 2])
def test_projected_weights_lie_on_their_grids_within_the_budget(n_head: int) -> None:
    config = ModelConfig(5, block_size=6, n_embd=8, n_head=n_head, n_hidden=16, n_layer=2)
    parameters = as_vector(initial_tensors(config, 0)) * np.float32(4)
    projection = Projection(config, 5)
    tensors = as_tensors(projection(parameters, projection.allocate(parameters, 1.1)), config)
    spent = available = 0.0
    for name, tensor in used(tensors, config).items():
        grid = 5 if is_digits(name, config) else 8
        steps = tensor.astype(np.float64) * 2**grid
        np.testing.assert_allclose(steps, np.rint(steps), rtol=1e-6)
        if is_digits(name, config):
            cost = FC2_COST if name.endswith("fc2") else 1
            spent += cost * int(count(np.rint(steps) / 2**grid, grid).sum())
            available += cost * tensor.size
        else:
            assert np.abs(tensor - used(as_tensors(parameters, config), config)[name]).max() <= 2**-9 + 1e-6
    assert 0.9 * available < spent <= 1.1 * available
    assert is_digits("layer1.wq", config) and not is_digits("layer0.wq", config)


def test_a_matrix_may_have_a_grid_and_a_budget_of_its_own() -> None:
    config = ModelConfig(5, block_size=6, n_embd=8, n_head=2, n_hidden=16, n_layer=2)
    parameters = as_vector(initial_tensors(config, 0)) * np.float32(8)
    projection = Projection(config, 5, {"fc2": 10, "layer1.fc2": 7, "lm_head": 3}, {"layer0.wo": 1.0, "fc1": 0.5})
    assert {name: grid for name, grid in projection.grids.items() if grid != 5} == {
        "layer0.fc2": 10,
        "layer1.fc2": 7,
        "lm_head": 3,
    }
    tensors = as_tensors(projection(parameters, projection.allocate(parameters, 3.0)), config)
    adds = adds_per_weight(tensors, config, projection.grids)
    assert adds["layer0.wo"] <= 1 < adds["layer1.wo"] and max(adds["layer0.fc1"], adds["layer1.fc1"]) <= 0.5
    with pytest.raises(ValueError, match="multiples"):
        adds_per_weight(tensors, config, projection.grids | {"layer0.fc2": 8})
    for name in ("wte", "layer0.wq", "layer2.fc1"):
        with pytest.raises(InputError, match="no matrix made of digits"):
            Projection(config, 5, {name: 4})


def test_training_with_digits_keeps_weights_on_the_grid_and_within_the_budget(tmp_path: Path) -> None:
    result = run(tmp_path, DIGITS)
    adds = adds_per_weight(result.tensors, DIGITS.config, DIGITS.projection().grids)
    assert set(adds) == {"layer0.wo", "layer0.fc1", "layer0.fc2", "lm_head"}
    costs = {name: (FC2_COST if name.endswith("fc2") else 1) * result.tensors[name].size for name in adds}
    assert sum(adds[name] * costs[name] for name in adds) <= DIGITS.digits * sum(costs.values())
    for name, tensor in used(result.tensors, DIGITS.config).items():
        grid = DIGITS.grid if is_digits(name, DIGITS.config) else 8
        np.testing.assert_allclose(tensor * 2**grid, np.rint(tensor * 2**grid), rtol=1e-6)


def test_the_integers_of_weights_made_of_digits_are_those_very_weights(tmp_path: Path) -> None:
    weights = Weights(DIGITS.config, TOKENIZER.symbols, run(tmp_path, DIGITS).tensors)
    model = quantize(weights)
    for name, tensor in used(dict(weights.tensors), DIGITS.config).items():
        if name != "lm_head":
            np.testing.assert_allclose(model.tensors[name], tensor * ONE, rtol=1e-6)


def test_the_loss_reported_is_that_of_the_weights_kept_and_only_those_in_budget_are(tmp_path: Path) -> None:
    result = run(tmp_path, DIGITS)
    documents = Documents([TOKENIZER.encode(text) for text in HELD_OUT], DIGITS.config.block_size)
    assert mean_loss(result.tensors, DIGITS.config, documents) == pytest.approx(result.nll_float, rel=1e-6)
    assert [entry.candidate for entry in result.log] == [entry.step >= 120 for entry in result.log]
    assert result.nll_float == min(entry.validation for entry in result.log if entry.candidate)
    assert 0 < result.active < 1


@pytest.mark.slow
def test_the_same_seed_gives_the_same_digits(tmp_path: Path) -> None:
    first, again = run(tmp_path, DIGITS), run(tmp_path, DIGITS)
    assert as_vector(first.tensors).tobytes() == as_vector(again.tensors).tobytes()


@pytest.mark.slow
@pytest.mark.parametrize("stop_at", [5, 40, 101, 239])
def test_a_run_with_digits_resumed_equals_one_never_interrupted(tmp_path: Path, stop_at: int) -> None:
    settings = replace(DIGITS, steps=250)
    whole = run(tmp_path, settings)
    with pytest.raises(Interrupted):
        run(tmp_path, settings, stop_at=stop_at)
    resumed = run(tmp_path, settings, resume=True)
    assert as_vector(resumed.tensors).tobytes() == as_vector(whole.tensors).tobytes()
    assert resumed.log == whole.log
    with pytest.raises(Interrupted):
        run(tmp_path, settings, stop_at=stop_at)
    with pytest.raises(InputError, match=r"digits 1\.25, not 1\.5"):
        run(tmp_path, replace(settings, digits=1.5), resume=True)


@pytest.mark.parametrize("activation", ["relu", "relu2"])
def test_the_price_of_hidden_units_is_in_the_gradient(activation: str) -> None:
    config = ModelConfig(4, block_size=5, n_embd=4, n_head=2, n_hidden=8, activation=activation)
    tensors = {name: t.astype(np.float64) * 5 for name, t in initial_tensors(config, 0).items()}
    batch = Documents([[3, 0, 1, 3], [3, 2, 3]], 5).batch(np.arange(2))
    price, step = 0.3, 1e-6

    def priced() -> float:
        loss, _ = gradient(tensors, config, batch, surprise(batch.targets))
        return loss + price * float(forward(tensors, config, batch)[1].layers[0].hidden.sum(0).mean())

    _, grads = gradient(tensors, config, batch, surprise(batch.targets), hidden_price=price)
    for name, at in itertools.product(("layer0.fc1", "wte", "layer0.wo"), [(0, 0), (1, 2), (3, 3)]):
        before = tensors[name][at]
        tensors[name][at] = before + step
        up = priced()
        tensors[name][at] = before - step
        down = priced()
        tensors[name][at] = before
        assert grads[name][at] == pytest.approx((up - down) / (2 * step), abs=1e-6)
