"""The sampler: a generator of full period, draws that follow softmax, the same on both sides of the cartridge."""

from __future__ import annotations

import math

import numpy as np
import pytest

from quantize.convert import quantize
from quantize.executor import Executor
from quantize.fixed import ONE, Ints, to_q88
from quantize.sampler import (
    MAX_TEMPERATURE,
    Generator,
    Request,
    choose,
    documents,
    inverse_temperature,
    run,
    sampling_weights,
)
from tables.exp import exp_worst_error
from tests.support.models import random_model, trained_weights
from trainer.config import ModelConfig

DRAWS = 40_000
LOGITS = {
    "nearly alike": np.linspace(-0.3, 0.3, 9),
    "one far ahead": np.array([4.0, 1.0, 0.5, 0.0, -0.5, -1.0]),
    "an alphabet": np.random.default_rng(0).normal(0, 1.5, 27),
}


def power(matrix: Ints, exponent: int) -> Ints:
    """matrix^exponent over GF(2)."""
    result = np.eye(len(matrix), dtype=np.int64)
    while exponent:
        if exponent & 1:
            result = result @ matrix % 2
        matrix, exponent = matrix @ matrix % 2, exponent >> 1
    return result


def test_the_generator_runs_through_every_state_but_zero() -> None:
    """Linear over GF(2), so a 32 × 32 matrix: its order is 2^32 − 1 = 3 · 5 · 17 · 257 · 65537."""
    states = np.int64(1) << np.arange(32)
    generator = Generator(states & 0xFFFF, states >> 16)
    generator.draw()
    images = generator.x | generator.y << 16
    matrix = images[None, :] >> np.arange(32)[:, None] & 1
    identity, period = np.eye(32, dtype=np.int64), (1 << 32) - 1
    assert (power(matrix, period) == identity).all()
    for prime in (3, 5, 17, 257, 65537):
        assert (power(matrix, period // prime) != identity).any()


def test_the_generator_is_linear() -> None:
    random = np.random.default_rng(0)
    a, b = (Generator(*random.integers(0, 1 << 16, (2, 1000))) for _ in range(2))
    both = Generator(a.x ^ b.x, a.y ^ b.y)
    assert (both.draw() == a.draw() ^ b.draw()).all()
    assert (both.x == a.x ^ b.x).all()


def test_no_two_seeds_share_a_state_and_none_is_stuck() -> None:
    generator = Generator.seeded(range(1 << 16))
    states = generator.x | generator.y << 16
    assert len(np.unique(states)) == 1 << 16
    assert states.all()


def softmax(
    logits: np.ndarray[tuple[int], np.dtype[np.float64]], tenths: int
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    weights = np.exp((logits - logits.max()) * 10 / tenths)
    return np.asarray(weights / weights.sum())


def chi_square_fits(counts: Ints, chances: np.ndarray[tuple[int], np.dtype[np.float64]], bias: float) -> bool:
    """Σ (observed − expected)² / expected within five deviations of its mean.

    Cells expecting fewer than 10 are one. `bias`: the relative error of a chance that the tables may cause;
    it shifts the mean by at most N · bias².
    """
    expected = chances * counts.sum()
    rare = expected < 10
    seen = np.append(counts[~rare], counts[rare].sum())
    wanted = np.append(expected[~rare], expected[rare].sum())
    statistic = float(((seen - wanted) ** 2 / np.maximum(wanted, 1e-9)).sum())
    freedom, shift = len(seen) - 1, float(counts.sum()) * bias**2
    return statistic < freedom + shift + 5 * math.sqrt(2 * (freedom + 2 * shift))


def draw(logits: np.ndarray[tuple[int], np.dtype[np.float64]], tenths: int, seed: int) -> Ints:
    """DRAWS letters one after another from one seed."""
    generator = Generator.seeded([seed])
    random = np.array([generator.draw()[0] for _ in range(DRAWS)])
    return choose(np.tile(to_q88(logits), (DRAWS, 1)), inverse_temperature(tenths), random)


TABLE_BIAS = 1 / 64 + 1 / 256
"""Relative error of a weight: half a table step in the exponent, and the logits' own rounding."""


@pytest.mark.parametrize("tenths", [5, 10, 20])
@pytest.mark.parametrize("logits", LOGITS.values(), ids=LOGITS)
def test_letters_and_pairs_of_letters_come_as_often_as_softmax_says(
    logits: np.ndarray[tuple[int], np.dtype[np.float64]], tenths: int
) -> None:
    drawn, chances = draw(logits, tenths, seed=3), softmax(logits, tenths)
    n = len(logits)
    assert chi_square_fits(np.bincount(drawn, minlength=n), chances, TABLE_BIAS)
    pairs = drawn[0::2] * n + drawn[1::2]
    assert chi_square_fits(np.bincount(pairs, minlength=n * n), np.outer(chances, chances).ravel(), 2 * TABLE_BIAS)


def test_the_chi_square_bound_would_see_a_letter_of_another_temperature() -> None:
    logits = LOGITS["an alphabet"]
    counts = np.bincount(draw(logits, 10, seed=3), minlength=len(logits))
    assert not chi_square_fits(counts, softmax(logits, 9), TABLE_BIAS)


@pytest.mark.parametrize("tenths", range(1, MAX_TEMPERATURE + 1))
def test_weights_are_exact_within_the_table_s_error(tenths: int) -> None:
    logits = -np.arange(1 << 13)
    weights = sampling_weights(logits[None], inverse_temperature(tenths))[0] / 65536
    exact = np.exp(logits / ONE * 10 / tenths)
    rounding = 1 / (2 * inverse_temperature(tenths) * math.e)  # of 1/T: at most a·exp(−a) times half a unit
    assert np.abs(weights - exact).max() <= exp_worst_error() + rounding


def test_greedy_is_the_first_maximum() -> None:
    random = np.random.default_rng(0)
    logits = random.integers(-3, 4, (1000, 9))
    draws = random.integers(0, 1 << 16, 1000)
    assert (choose(logits, 0, draws) == logits.argmax(-1)).all()


def test_the_smallest_draw_takes_the_first_letter_and_the_largest_the_last_possible() -> None:
    logits = to_q88(np.array([[0.0, 1.0, 0.0, -20.0]]))
    chosen = [choose(logits, ONE, np.array([random]))[0] for random in (0, 0xFFFF)]
    assert chosen == [0, 2]


def test_streams_are_what_each_would_be_alone() -> None:
    model = Executor(random_model(ModelConfig(9, block_size=5, n_embd=8, n_head=2, n_hidden=16)))
    requests = [Request(seed, 10, 1 + seed % 3, tuple(range(seed % 6))[:5]) for seed in range(12)]
    for request, together in zip(requests, run(model, requests), strict=True):
        (alone,) = run(model, [request])
        assert [(t.token, t.position, t.next_token, t.x, t.y) for t in together] == [
            (t.token, t.position, t.next_token, t.x, t.y) for t in alone
        ]
        texts = documents(model, request)
        prompt = "".join(model.model.symbols[token] for token in request.prompt)
        assert len(texts) == request.count
        assert all(text.startswith(prompt) and 1 <= len(text) <= 5 for text in texts)


def test_three_names_in_four_are_different() -> None:
    weights, _ = trained_weights()
    model = Executor(quantize(weights))
    requests = [Request(seed, 5, 1) for seed in range(1, 1001)]
    names = {tuple(token.next_token for token in tokens) for tokens in run(model, requests)}
    assert len(names) >= 750
