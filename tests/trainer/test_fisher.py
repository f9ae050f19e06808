"""What an error of a microgpt's weight costs; a llama's is measured in tests/quantize/test_sensitivity.py."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.models import microgpt_weights
from trainer.config import ModelConfig
from trainer.files import Array
from trainer.model.blocks import divergence, product_of_squares, surprise
from trainer.model.decoder import gradient
from trainer.model.fisher import fisher_information
from trainer.training.own_text import own_text
from trainer.training.packing import Documents
from trainer.training.teacher import text_logits

CONFIG = ModelConfig(7, block_size=12, n_embd=16, n_head=2, n_layer=2, n_hidden=24)
WEIGHTS = microgpt_weights(CONFIG)
TEXT = own_text(WEIGHTS.tensors, CONFIG, 500, np.random.default_rng(0), (1.0,))
COSTS = fisher_information(WEIGHTS.tensors, CONFIG, TEXT.documents, np.random.default_rng(0), 4)
MATRICES = [name for name in WEIGHTS.tensors if name not in ("wte", "wpe")]


@pytest.mark.parametrize("name", ["lm_head", "layer1.fc2", "layer1.fc1", "layer1.wo"])
def test_small_errors_cost_half_their_squares_times_the_information(name: str) -> None:
    """Behind the last attention, where no two positions meet in one token."""
    random, exact, expected, found = np.random.default_rng(1), WEIGHTS.tensors[name], 0.0, 0.0
    for _ in range(24):  # weights act together: the information is what errors cost on average
        error = random.normal(0, 0.02 * exact.std(), exact.shape).astype(np.float32)
        expected += 0.5 * float((COSTS[name] * error**2).sum())
        changed = {**WEIGHTS.tensors, name: exact + error}
        logits = (text_logits(tensors, CONFIG, TEXT).astype(np.float64) for tensors in (WEIGHTS.tensors, changed))
        found += float(divergence(*logits)[0].mean())
    assert 0.85 < found / expected < 1.15


def test_of_a_single_token_the_product_of_squares_is_the_square_of_the_gradient() -> None:
    tensors = {name: tensor.astype(np.float64) for name, tensor in WEIGHTS.tensors.items()}
    batch = Documents([[6, 3]], 12).batch(np.arange(1))
    _, grads = gradient(tensors, CONFIG, batch, surprise(batch.targets))
    _, squares = gradient(tensors, CONFIG, batch, surprise(batch.targets), product_of_squares)
    for name in MATRICES:
        np.testing.assert_allclose(squares[name], grads[name] ** 2, rtol=1e-10, atol=0, err_msg=name)
        assert name.endswith(("wq", "wk")) or squares[name].max() > 0  # one position: no score matters


def test_what_follows_the_end_of_a_document_is_nobodys_text() -> None:
    ends = [np.flatnonzero(row[1:] == CONFIG.bos) for row in TEXT.tokens]
    assert TEXT.lengths.tolist() == [end[0] + 1 if len(end) else CONFIG.block_size for end in ends]
    assert (TEXT.tokens[:, 0] == CONFIG.bos).all()
    assert len(set(TEXT.lengths.tolist())) == CONFIG.block_size, "of every length"
    total = int(TEXT.lengths.sum())
    logits = TEXT.logits(WEIGHTS.tensors["lm_head"])
    assert logits.shape == (7, total) and TEXT.counted.sum() == total
    np.testing.assert_allclose(logits, text_logits(WEIGHTS.tensors, CONFIG, TEXT), rtol=1e-3, atol=1e-4)
    windows = TEXT.documents.batch(np.arange(len(TEXT)))
    np.testing.assert_array_equal(windows.targets, TEXT.tokens[:, 1:][TEXT.counted])
    assert (
        -np.log(7)
        < -float(np.mean(surprise(windows.targets)(logits)[0]))
        == pytest.approx(float(np.mean([_entropy(column) for column in logits.T])), abs=0.05)
    ), "the text is what its model says"


def _entropy(logits: Array) -> float:
    """Σ p log p."""
    shares = np.exp(logits - logits.max())
    shares /= shares.sum()
    return float(shares @ np.log(shares))
