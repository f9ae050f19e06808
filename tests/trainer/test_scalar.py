"""Link 1 of the proof: the numpy gradients are the scalar autograd's, and both are the slope of the loss."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.config import ModelConfig
from trainer.files import Array
from trainer.model.blocks import surprise
from trainer.model.decoder import forward_logits, gradient, loss_per_token
from trainer.model.scalar import ScalarGPT, Value, dot, initial_weights
from trainer.training.packing import Documents

EXACT = 1e-12  # float64 sums of a few thousand terms of size one, in another order


def small_model(draw: st.DrawFn) -> tuple[ModelConfig, dict[str, Array], list[list[int]]]:
    """A random shape, float64 weights large enough to bend every curve, and documents of mixed lengths."""
    head_dim, n_head = draw(st.sampled_from([(2, 2), (4, 1), (2, 3)]))
    config = ModelConfig(
        vocab_size=draw(st.integers(2, 5)),
        block_size=draw(st.integers(2, 6)),
        n_embd=head_dim * n_head,
        n_head=n_head,
        n_layer=draw(st.integers(1, 2)),
        n_hidden=draw(st.integers(4, 7)),
        activation=draw(st.sampled_from(["relu", "relu2"])),
    )
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    tensors = {name: random.normal(0, 0.5, shape) for name, shape in config.tensor_shapes().items()}
    texts = draw(st.lists(st.lists(st.integers(0, config.bos - 1), max_size=8), min_size=1, max_size=4))
    return config, tensors, [[config.bos, *text, config.bos] for text in texts]


small_models = st.composite(small_model)()


def numpy_gradient(
    config: ModelConfig, tensors: dict[str, Array], documents: list[list[int]]
) -> tuple[float, dict[str, Array]]:
    packed = Documents(documents, config.block_size)
    batch = packed.batch(np.arange(len(packed)))
    return gradient(tensors, config, batch, surprise(batch.targets))


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(small_models)
def test_numpy_loss_and_every_gradient_equal_the_scalar_autograd(
    model: tuple[ModelConfig, dict[str, Array], list[list[int]]],
) -> None:
    config, tensors, documents = model
    loss, grads = numpy_gradient(config, tensors, documents)
    oracle = ScalarGPT(config, {name: tensor.tolist() for name, tensor in tensors.items()})
    expected = oracle.loss(documents)
    expected.backward()
    assert loss == pytest.approx(expected.data, rel=EXACT)
    assert loss_per_token(tensors, config, documents) == pytest.approx(expected.data, rel=EXACT)
    assert list(grads) == list(config.tensor_shapes())
    for name, rows in oracle.weights.items():
        truth = np.array([[value.grad for value in row] for row in rows])
        np.testing.assert_allclose(grads[name], truth, rtol=0, atol=EXACT * max(1, abs(truth).max()), err_msg=name)


@pytest.mark.parametrize("activation", ["relu", "relu2"])
def test_numpy_gradient_is_the_slope_of_the_loss(activation: str) -> None:
    config = ModelConfig(4, block_size=5, n_embd=6, n_head=3, n_layer=2, n_hidden=8, activation=activation)
    random = np.random.default_rng(3)
    tensors = {name: random.normal(0, 0.5, shape) for name, shape in config.tensor_shapes().items()}
    documents = [[3, 0, 1, 2, 2, 1, 3], [3, 3], [3, 1, 0, 3]]
    _, grads = numpy_gradient(config, tensors, documents)
    step = 1e-6
    for name, tensor in tensors.items():
        for index in np.ndindex(tensor.shape):
            kept = tensor[index]
            tensor[index] = kept + step
            above = loss_per_token(tensors, config, documents)
            tensor[index] = kept - step
            below = loss_per_token(tensors, config, documents)
            tensor[index] = kept
            assert grads[name][index] == pytest.approx((above - below) / (2 * step), abs=1e-8), (name, index)


def test_logits_of_a_sequence_do_not_depend_on_what_follows_or_stands_beside_it() -> None:
    config = ModelConfig(5, block_size=6, n_embd=8, n_head=2, n_layer=2, n_hidden=9)
    tensors = {name: np.array(rows) for name, rows in initial_weights(config, 1, deviation=0.5).items()}
    tokens = np.array([[4, 0, 1, 2, 3, 0], [4, 3, 3, 3, 1, 1]])
    both = forward_logits(tensors, config, tokens)
    assert both.shape == (2, 6, 5)
    for row in range(2):
        for length in range(1, 7):
            alone = forward_logits(tensors, config, tokens[row : row + 1, :length])
            np.testing.assert_allclose(alone[0], both[row, :length], rtol=0, atol=EXACT)


def test_float32_gradient_of_the_default_model_stays_within_float32_rounding() -> None:
    config = ModelConfig(27)
    exact = {name: np.array(rows) for name, rows in initial_weights(config, 0).items()}
    rounded = {name: tensor.astype(np.float32) for name, tensor in exact.items()}
    exact = {name: tensor.astype(np.float64) for name, tensor in rounded.items()}
    random = np.random.default_rng(0)
    documents = [[26, *random.integers(0, 26, n).tolist(), 26] for n in range(16)]
    loss, grads = numpy_gradient(config, rounded, documents)
    true_loss, truth = numpy_gradient(config, exact, documents)
    assert loss == pytest.approx(true_loss, rel=1e-6)
    for name, grad in grads.items():
        assert grad.dtype == np.float32, name
        np.testing.assert_allclose(grad, truth[name], rtol=0, atol=1e-6, err_msg=name)


def test_backward_adds_up_every_path_to_a_number_used_twice() -> None:
    x, y = Value(3.0), Value(-2.0)
    (dot([x, x], [y, x]) * x).backward()  # x²y + x³
    assert x.grad == pytest.approx(2 * 3 * -2 + 3 * 9)
    assert y.grad == pytest.approx(9)


def test_scalar_training_learns_the_one_document_it_is_shown() -> None:
    config = ModelConfig(3, block_size=4, n_embd=4, n_head=2, n_hidden=8)
    model = ScalarGPT(config, initial_weights(config, 0))
    losses = [model.train([2, 0, 1, 1, 2], learning_rate=0.05) for _ in range(40)]
    assert losses[0] == pytest.approx(np.log(3), abs=0.05)
    assert losses[-1] < 0.05
