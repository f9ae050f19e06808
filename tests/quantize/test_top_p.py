"""Top-p: the nucleus is its definition, a note becomes the default, the cartridge draws what the model draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asm.build import build_rom
from quantize.executor import Executor
from quantize.kernels.attention import EXP
from quantize.model import IntegerModel
from quantize.sampler import Request, choose, nucleus, run, top_share
from snesgpt.emulator.console import Console
from snesgpt.verify.host import Host
from snesgpt.verify.parity import verify
from tests.support.models import digit_model, random_model
from trainer.config import ModelConfig

CONFIG = ModelConfig(27, block_size=6, n_embd=8, n_head=2, n_hidden=16)
MODELS = {
    "schoolbook": random_model(CONFIG, lm_head=0.5),
    "digits": digit_model(CONFIG),
    "300 tokens": random_model(ModelConfig(300, block_size=3, n_embd=4, n_head=1, n_hidden=4), lm_head=0.3),
}
ANY_WEIGHTS = st.lists(st.sampled_from(EXP.tolist()), max_size=40)
PERCENT = range(1, 100)


def kept(weights: Sequence[int], top_p: int) -> list[int]:
    """One weight after another, the largest first, until enough; then every weight that equals the last one."""
    enough = Fraction(top_share(top_p), 1 << 16) * sum(weights)
    taken: list[int] = []
    rest = list(weights)
    while sum(taken) <= enough:
        rest.remove(max(rest))
        taken = sorted(weights, reverse=True)[: len(weights) - len(rest)]
    return [weight if weight >= taken[-1] else 0 for weight in weights]


@given(ANY_WEIGHTS, st.sampled_from(PERCENT))
def test_the_nucleus_is_its_definition(others: list[int], top_p: int) -> None:
    weights = [*others, 0xFFFF]
    assert nucleus(np.array([weights]), top_p)[0].tolist() == kept(weights, top_p)


@given(ANY_WEIGHTS, st.sampled_from(PERCENT))
def test_the_nucleus_has_its_share_and_without_its_least_has_not(others: list[int], top_p: int) -> None:
    """To a 65536th: the share asked for is rounded down to that."""
    weights = np.array([[*others, 0xFFFF]])
    found = nucleus(weights, top_p)[0]
    total, least = int(weights.sum()), int(found[found > 0].min())
    assert Fraction(int(found.sum()), total) > Fraction(top_p, 100) - Fraction(2, 1 << 16)
    assert Fraction(int(found[found > least].sum()), total) < Fraction(top_p, 100)


def test_zero_keeps_all_and_the_largest_weight_is_always_kept() -> None:
    weights = EXP[None, :-1]
    assert nucleus(weights, 0).tolist() == weights.tolist()
    assert (nucleus(weights, 1)[0] > 0).tolist() == [True] + [False] * 255
    assert nucleus(np.full((1, 5), 0xFFFF), 1).tolist() == [[0xFFFF] * 5]


def test_shares_are_the_last_below_each_percentage() -> None:
    assert top_share(0) == 0
    for top_p in PERCENT:
        assert Fraction(top_share(top_p), 1 << 16) < Fraction(top_p, 100) <= Fraction(top_share(top_p) + 1, 1 << 16)


def test_draws_are_from_the_nucleus_in_proportion() -> None:
    logits = np.array([[0, -256, -512, 0, -1024]])
    draws = np.arange(0, 1 << 16, 16)
    chosen = np.bincount(choose(logits.repeat(len(draws), 0), 256, draws, 60), minlength=5)
    assert (chosen > 0).tolist() == [True, False, False, True, False]
    assert abs(chosen[0] - chosen[3]) <= 1


@pytest.mark.parametrize(
    ("note", "percent"), [(0, 0), (0.9, 90), (1, 0), (0.994, 99), (0.999, 99), (0.001, 1), (0.125, 12)]
)
def test_a_note_becomes_a_percentage(note: float, percent: int) -> None:
    assert replace(MODELS["schoolbook"], info={"top_p": note}).top_p == percent
    assert MODELS["schoolbook"].top_p == 0


def requests(model: IntegerModel, count: int) -> list[list[Request]]:
    """Temperatures and top-p in every mixture, off after on; a prompt too."""
    prompt = (1, model.config.bos - 1)
    asked = [
        [Request(7 * tenths + top_p, tenths, count, top_p=top_p)]
        for tenths in (0, 3, 10, 20)
        for top_p in (90, 0, 1, 50, 99)
    ]
    return [*asked, [Request(5, 10, count, prompt, 75)]]


@pytest.mark.emulator
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(("core", "count"), [("snes9x", 6), ("bsnes", 1)])
def test_the_cartridge_draws_the_same(name: str, core: str, count: int) -> None:
    model = MODELS[name]
    asked = requests(model, count)
    with Console(build_rom(model).image, core) as console:
        found = verify(Host(console, model), Executor(model), asked)
    assert (found.mismatches, found.first) == (0, None)
    assert found.tokens >= count * len(asked)


def test_top_p_narrows_what_is_written_and_greedy_does_not_heed_it() -> None:
    model = Executor(MODELS["schoolbook"])

    def letters(tenths: int, top_p: int) -> list[int]:
        (tokens,) = run(model, [Request(1, tenths, 50, top_p=top_p)])
        return [token.next_token for token in tokens]

    assert letters(0, 50) == letters(0, 0)
    assert letters(20, 50) != letters(20, 0)
    assert len(set(letters(20, 30))) < len(set(letters(20, 0)))


def test_no_document_is_empty_whatever_the_top_p() -> None:
    model = random_model(CONFIG, lm_head=0.0)  # all tokens are alike, BOS too
    (tokens,) = run(Executor(model), [Request(1, 10, 400, top_p=1)])
    first = {token.next_token for token in tokens if token.position == 0}
    assert first == set(range(CONFIG.bos))
    assert CONFIG.bos in {token.next_token for token in tokens if token.position}
