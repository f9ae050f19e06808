"""The learning rule: numpy's Adam moves the weights as the scalar one does."""

from __future__ import annotations

import numpy as np
import pytest

from trainer.config import ModelConfig
from trainer.model.blocks import surprise
from trainer.model.decoder import gradient, initial_tensors
from trainer.model.scalar import ScalarGPT
from trainer.training.adam import Adam, linear_decay
from trainer.training.packing import Documents
from trainer.training.train import as_tensors, as_vector


def test_training_in_numpy_follows_training_in_plain_python() -> None:
    config = ModelConfig(4, block_size=6, n_embd=8, n_head=2, n_hidden=16)
    first = initial_tensors(config, 0)
    oracle = ScalarGPT(config, {name: tensor.tolist() for name, tensor in first.items()})
    parameters = as_vector(first)
    tensors, adam = as_tensors(parameters, config), Adam(len(parameters))
    documents = [[3, 0, 1, 3], [3, 2, 2, 1, 0, 3], [3, 1, 3]] * 4
    packed = Documents(documents, config.block_size)
    for index, document in enumerate(documents):
        expected = oracle.train(document, learning_rate=0.01)
        batch = packed.batch(np.array([index]))
        loss, grads = gradient(tensors, config, batch, surprise(batch.targets))
        adam.update(parameters, as_vector(grads), learning_rate=0.01)
        assert loss == pytest.approx(expected, abs=2e-6)
    truth = np.array([parameter.data for parameter in oracle.parameters])
    np.testing.assert_allclose(parameters, truth, rtol=0, atol=1e-6)


def test_weight_decay_shrinks_weights_by_the_learning_rate_and_nothing_else() -> None:
    parameters = np.array([2.0, -4.0], np.float32)
    Adam(2, weight_decay=0.5).update(parameters, np.zeros(2, np.float32), learning_rate=0.1)
    np.testing.assert_allclose(parameters, [1.9, -3.8], rtol=1e-7)


def test_the_learning_rate_falls_in_a_straight_line_to_zero() -> None:
    assert [linear_decay(0.2, progress) for progress in (0, 0.25, 1)] == pytest.approx([0.2, 0.15, 0])
