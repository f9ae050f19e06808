"""The long run against every document there is, and a short text that represents it against its own tokens."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from asm.cost.long_run import Floats, long_run
from quantize.executor import Executor
from quantize.model import IntegerModel
from quantize.sampler import Request, inverse_temperature, run, sampling_weights
from snesgpt.bench.representative_text import typical_text
from tests.support.models import random_model
from trainer.config import ModelConfig

TINY = ModelConfig(3, 5, 8, 2, 1, 8)


def reached(model: IntegerModel, text: tuple[int, ...]) -> Floats:
    """Expected documents that live to each position after `text`, by walking every continuation."""
    integer, inverse = Executor(model), inverse_temperature(model.temperature, model.logit_exponent)
    streams = integer.start(1)
    for token in (model.config.bos, *text):
        logits = integer.step(streams, np.array([token]))
    alive: Floats = np.eye(model.config.block_size)[len(text)]
    if len(text) + 1 == model.config.block_size:
        return alive
    weights = sampling_weights(logits if text else logits[:, :-1], inverse)[0]
    for token in range(model.config.bos):
        if weights[token]:
            alive = alive + weights[token] / weights.sum() * reached(model, (*text, token))
    return alive


@pytest.mark.parametrize("seed", range(3))
def test_tokens_count_as_often_as_documents_reach_them(seed: int) -> None:
    model = replace(random_model(TINY, seed), info={"temperature": 1.0})
    exact, found = reached(model, ()), long_run(model)
    shares = np.bincount(found["position"], found.share, TINY.block_size)
    assert found.share.sum() == pytest.approx(1)
    np.testing.assert_allclose(shares, exact / exact.sum(), atol=0.01)


def test_a_running_text_goes_on_in_windows_after_the_first() -> None:
    config = replace(TINY, block_size=12, vocab_size=20)
    model = replace(random_model(config, 1), info={"documents": "stream", "temperature": 1.0})
    streams = run(Executor(model), [Request(seed, 10, 40) for seed in range(1, 65)])
    positions = np.array([token.position for stream in streams for token in stream])
    found = long_run(model)
    shares = np.bincount(found["position"], found.share, config.block_size)
    np.testing.assert_allclose(shares, np.bincount(positions) / len(positions), atol=0.005)


def test_the_greedy_text_is_one_document() -> None:
    model = replace(random_model(ModelConfig(5, 12, 8, 2, 1, 8), 2), info={"temperature": 0.0})
    (tokens,) = run(Executor(model), [Request(1, 0, 1)])
    assert long_run(model).positions == pytest.approx(np.mean([token.position + 1 for token in tokens]))


@pytest.mark.slow
@pytest.mark.parametrize("skipped", [0, 1, 8])
def test_a_typical_text_sees_the_positions_it_says(skipped: int) -> None:
    model = replace(random_model(ModelConfig(9, 40, 8, 2, 1, 8), 1), info={"temperature": 1.0})
    whole, names = long_run(model), 4
    text = typical_text(model, whole, 300, names, skipped)
    (tokens,) = run(Executor(model), [Request(text.seed, 10, text.tokens // 2)])
    seen: list[int] = []
    documents = in_page = 0
    for token in tokens:
        documents += token.position == 0
        in_page = 0 if token.position == 0 and documents % names == 1 else in_page + 1
        if in_page >= skipped:
            seen.append(token.position + 1)
    assert text.tokens >= 300
    assert text.positions == pytest.approx(np.mean(seen[: text.tokens]))
    assert text.positions == pytest.approx(whole.positions, rel=0.02)
