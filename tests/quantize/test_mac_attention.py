"""Attention for the SA-1: its sums are exact and rounded down once; a model says which machine it is for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantize.convert import convert, quantize
from quantize.executor import Executor, Trace, loss
from quantize.fixed import ONE
from quantize.kernel import SA1, STOCK, TARGETS
from quantize.kernels.byte_attention import SCORE_LIMIT, SCORE_OFFSET, VALUE_BITS, ByteAttention
from quantize.kernels.mac_attention import MacAttention, attend_mac, attention_scores_mac
from quantize.kernels.ppu_attention import PpuAttention
from quantize.model import IntegerModel
from quantize.model_file import load_model, save_model
from quantize.program import leaves
from quantize.ranges import Ranges, prove
from tables.exp import EXP_STEP_BITS
from tests.support.models import digit_weights, llama_config, llama_weights, random_model, windowed
from trainer.config import ModelConfig
from trainer.errors import InputError
from trainer.files import read_arrays, write_arrays
from trainer.model.decoder import loss_per_token
from trainer.model.generate import draw
from trainer.weights import Weights

MICROGPT = ModelConfig(13, 6, n_embd=8, n_head=2, n_layer=2, n_hidden=16)
LLAMA = llama_config(20, 24, 16, (4, 2), 2, 20)
WEIGHTS = {"microgpt": digit_weights(MICROGPT), "llama": llama_weights(LLAMA, 1)}
SHAPES = st.tuples(st.integers(1, 3), st.integers(1, 2), st.integers(1, 3), st.integers(1, 8), st.integers(1, 9))
"""Texts, heads of keys and values, heads of queries for each, dimensions of a head, positions."""


def attentions(model: IntegerModel) -> set[type]:
    return {type(kernel) for kernel in leaves(model.program) if isinstance(kernel, ByteAttention)}


@given(SHAPES, st.integers(0, 5), st.integers(0, 1 << 32))
def test_a_score_is_an_exact_sum_rounded_down_once(
    shape: tuple[int, int, int, int, int], shift: int, seed: int
) -> None:
    batch, kv_heads, group, width, seen = shape
    random, most = np.random.default_rng(seed), 0x7FFF >> shift
    query = random.integers(-most, most + 1, (batch, kv_heads * group, width))
    keys = random.integers(-128, 128, (batch, seen, kv_heads, width))
    scores = attention_scores_mac(query, keys, shift)
    for text, head, position in np.ndindex(scores.shape):
        own = zip(query[text, head].tolist(), keys[text, position, head // group].tolist(), strict=True)
        assert scores[text, head, position] == sum((q << shift) * k for q, k in own) // 256


@given(SHAPES, st.integers(0, VALUE_BITS), st.integers(0, 1 << 32))
def test_a_mean_is_an_exact_sum_rounded_down_and_then_to_q88(
    shape: tuple[int, int, int, int, int], shift: int, seed: int
) -> None:
    batch, kv_heads, group, width, seen = shape
    random, divisor = np.random.default_rng(seed), 1 << (VALUE_BITS - shift)
    weights = random.integers(0, (1 << 13) // seen + 1, (batch, kv_heads * group, seen))
    values = random.integers(-128, 128, (batch, seen, kv_heads, width))
    mean = attend_mac(weights, values, shift)
    for text, head, dimension in np.ndindex(mean.shape):
        own = values[text, :, head // group, dimension].tolist()
        floor = sum(w * v for w, v in zip(weights[text, head].tolist(), own, strict=True)) // 256
        assert mean[text, head, dimension] == (floor + divisor // 2) // divisor


def test_scores_at_opposite_ends_are_still_apart_once_rounded() -> None:
    """The farthest from the best, half a step of the table of exp, and the one that the carry takes off."""
    assert 2 * SCORE_LIMIT * ONE + (1 << EXP_STEP_BITS >> 1) + 1 < 1 << 16


@pytest.mark.parametrize("weights", WEIGHTS.values(), ids=WEIGHTS)
def test_a_target_chooses_the_attention_and_nothing_else(weights: Weights) -> None:
    stock, sa1 = (convert(weights, "digits", target=target).model for target in TARGETS)
    assert (stock.target, attentions(stock)) == (STOCK, {PpuAttention})
    assert (sa1.target, attentions(sa1)) == (SA1, {MacAttention})
    assert all((stock.tensors[name] == sa1.tensors[name]).all() for name in stock.tensors)
    others = [[k for k in leaves(m.program) if not isinstance(k, ByteAttention)] for m in (stock, sa1)]
    assert others[0] == others[1]


@pytest.mark.parametrize("windows", [(), (1, 24, 5, 5, 8, 3, 2, 23)], ids=["", "windows"])
@pytest.mark.parametrize("scales", [{}, {"wk": 20.0}, {"wv": 9.0}], ids=str)
def test_nothing_exceeds_what_is_proved_of_it(scales: dict[str, float], windows: tuple[int, ...]) -> None:
    config = windowed(LLAMA, *windows)
    model = quantize(llama_weights(config, 1, **scales), "digits", target=SA1)
    proved = {bound.name: bound.largest * ONE for bound in Ranges(model).bounds}
    executor, random = Executor(model), np.random.default_rng(0)
    streams = executor.start(32)
    for _ in range(config.block_size):
        trace: Trace = {}
        executor.step(streams, random.integers(0, config.vocab_size, 32), trace)
        for name in proved.keys() & trace.keys():
            assert np.abs(trace[name]).max() <= proved[name], name
        for layer in range(config.n_layer):
            kept = trace[f"layer{layer}.attention.scores"]  # with 2^15 added; 0 where nothing is seen
            scores = kept - SCORE_OFFSET * np.sign(kept)
            assert np.abs(scores).max() <= proved[f"layer{layer}.attention (scores)"]


def test_sums_rounded_once_are_no_farther_from_float() -> None:
    weights = llama_weights(LLAMA, 5)
    documents = draw(weights.tensors, LLAMA, 200, LLAMA.block_size, 1.0, 1).tolist()
    exact = loss_per_token(weights.tensors, LLAMA, documents)
    stock, sa1 = (
        abs(loss(Executor(quantize(weights, "digits", target=target)), documents) - exact) for target in TARGETS
    )
    print(f"float {exact:.4f}, stock {stock:+.4f}, sa1 {sa1:+.4f}")
    assert sa1 <= stock + 0.002


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("weights", WEIGHTS.values(), ids=WEIGHTS)
def test_a_model_file_of_any_target_comes_back_as_it_went(tmp_path: Path, weights: Weights, target: str) -> None:
    model = quantize(weights, "digits", target=target)
    save_model(tmp_path / "m.npz", model)
    loaded = load_model(tmp_path / "m.npz")
    assert (loaded.target, loaded.program) == (target, model.program)


def test_a_file_that_names_no_target_is_for_a_stock_console(tmp_path: Path) -> None:
    """As every file is that is older than the second target."""
    path = tmp_path / "m.npz"
    save_model(path, quantize(WEIGHTS["llama"], "digits"))
    assert "target" not in read_arrays(path)[0]
    assert load_model(path).target == STOCK


def test_an_unknown_target_is_refused(tmp_path: Path) -> None:
    model = random_model(MICROGPT)
    with pytest.raises(InputError, match="target is 'n64': it must be stock or sa1"):
        replace(model, target="n64")
    path = tmp_path / "m.npz"
    save_model(path, model)
    header, arrays = read_arrays(path)
    write_arrays(path, header | {"target": "n64"}, arrays)
    with pytest.raises(InputError, match="target is 'n64': it must be one of 'sa1', 'stock'"):
        load_model(path)


def test_a_program_for_the_other_target_is_refused() -> None:
    for target, other in (TARGETS, TARGETS[::-1]):
        for weights in WEIGHTS.values():
            model = quantize(weights, "digits", target=target)
            with pytest.raises(InputError, match=rf"Attention has no code for {other}, only for {target}"):
                prove(replace(model, target=other))


def test_the_schoolbook_makes_the_same_numbers_on_either_machine() -> None:
    one, other = (convert(WEIGHTS["microgpt"], "schoolbook", target=target) for target in TARGETS)
    assert (one.model.target, other.model.target) == TARGETS
    assert one.model.program == other.model.program and one.bounds == other.bounds
    assert all((tensor == other.model.tensors[name]).all() for name, tensor in one.model.tensors.items())
