"""Link 2 for GPT-2 models: each integer block is its float meaning within a stated bound, and so is the whole."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantize.calibration import ranges
from quantize.convert import folded, quantize
from quantize.equalize import BYTE, balanced, centres, filled
from quantize.executor import Executor, Trace, loss
from quantize.fixed import ONE, from_q88
from quantize.kernel import SA1, STOCK
from quantize.kernels.hidden_units import MAX_BITS, MIN_BITS
from quantize.kernels.lookup import Lookup, looked_up
from quantize.kernels.residual import MAX_CUT
from quantize.model_file import load_model, load_proved, save_model
from quantize.program import leaves
from quantize.ranges import Ranges
from tables.gelu import GELU_ENTRIES, gelu_table
from tests.support.gpt2_reference import GELUS
from tests.support.models import gpt2_config, gpt2_model, gpt2_weights, llama_config, llama_model
from trainer.config import ModelConfig
from trainer.errors import InputError
from trainer.files import HEADER, Array, read_arrays
from trainer.model.decoder import forward_logits, loss_per_token
from trainer.model.gpt2 import Decoder

WORDS = st.integers(-0x8000, 0x7FFF)
BITS = range(MIN_BITS, MAX_BITS + 1)
STEEPEST_GELU = 1.13
"""The largest slope of x · Φ(x), at √2."""

WORST = {11: 0.0042, 12: 0.0063, 13: 0.0107, 14: 0.0190}
"""A table's bits → how far it is off at the farthest, within its span: half a step, and its rounding."""

KINDS = ("gelu", "gelu_tanh")
CONFIG = gpt2_config(20, 24, 16, 4, 2, 52)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bits", BITS)
def test_the_table_of_gelu_is_exact_at_every_step_s_middle(bits: int, kind: str) -> None:
    step = 2.0 ** (bits - 11)
    middle = (np.arange(GELU_ENTRIES) + 0.5) * step - 2.0**bits
    assert np.abs(gelu_table(kind, bits) - GELUS[kind](middle / ONE) * ONE).max() <= 0.5 + 1e-9


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bits", BITS)
def test_a_table_is_no_farther_off_than_half_a_step_and_its_rounding(bits: int, kind: str) -> None:
    """At every word; beyond its span GELU is that of its ends."""
    words = np.arange(-0x8000, 0x8000)
    exact = GELUS[kind](np.clip(words, -(1 << bits), (1 << bits) - 1) / ONE)
    worst = np.abs(from_table(words, kind, bits) - exact).max()
    assert worst <= (STEEPEST_GELU * 2.0 ** (bits - 11) / 2 + 0.5) / ONE
    assert worst == pytest.approx(WORST[bits], abs=0.0001)


def from_table(words: Array, kind: str, bits: int) -> Array:
    """Entries of the table as they are."""
    top = 1 << bits
    found: Array = gelu_table(kind, bits)[(np.clip(words, -top, top - 1) + top) >> (bits - 11)] / ONE
    return found


@given(st.sampled_from(BITS), st.sampled_from(KINDS), WORDS, st.integers(1, 4), st.integers(1, 2000))
def test_a_hidden_unit_is_gelu_cut_and_halved(bits: int, kind: str, x: int, shift: int, units: int) -> None:
    limit = units << shift
    got = int(looked_up(np.array([x]), kind, bits, limit, shift)[0]) << shift
    exact = float(GELUS[kind](np.array([max(min(x, (1 << bits) - 1), -1 << bits) / ONE]))[0]) * ONE
    assert abs(got - min(max(exact, -limit), limit)) <= WORST[bits] * ONE + 2**shift / 2 + 0.05
    assert abs(got) <= limit


def logits(tensors: dict[str, Array], config: ModelConfig) -> Array:
    tokens = np.random.default_rng(0).integers(0, config.vocab_size, (10, config.block_size))
    return forward_logits({name: tensor.astype(np.float64) for name, tensor in tensors.items()}, config, tokens)


@pytest.mark.parametrize("scales", [{}, {"wte": 30.0}, {"wo": 0.01, "fc2": 0.02}, {"wk": 20.0, "wv": 9.0}], ids=str)
@pytest.mark.parametrize("biased", [True, False], ids=["biases", "no biases"])
def test_balancing_and_filling_change_no_logit(biased: bool, scales: dict[str, Any]) -> None:
    """But for what a norm adds to the squares, which a stream of another size sees."""
    weights = gpt2_weights(CONFIG, 3, biased=biased, **scales)
    exact, seen = {name: tensor.astype(np.float64) for name, tensor in weights.tensors.items()}, ranges(weights)
    expected = logits(exact, CONFIG)
    same = balanced(CONFIG, exact, seen)
    assert np.abs(logits(same, CONFIG) - expected).max() <= 1e-9 * np.abs(expected).max()
    assert all(np.abs(same[f"layer0.{name}"] / exact[f"layer0.{name}"] - 1).max() > 0.1 for name in ("wk", "wv"))
    full, moved = filled(CONFIG, same, seen)
    assert np.abs(logits(full, CONFIG) - expected).max() <= 2e-3 * np.abs(expected).max()
    scale = moved.mlp_residual[1].max() / seen.mlp_residual[1].max()
    assert math.log2(scale).is_integer() and full["wte"] == pytest.approx(same["wte"] * scale)


def test_a_residual_stream_fills_its_words() -> None:
    """Whatever its size was: the largest that text has is more than a quarter of what it is cut at."""
    for size in (0.001, 1.0, 50.0):
        stream: dict[str, Any] = dict.fromkeys(("wte", "wpe", "wo", "fc2", "wo_bias", "fc2_bias"), size)
        weights = gpt2_weights(CONFIG, 3, **stream)
        exact = {name: tensor.astype(np.float64) for name, tensor in weights.tensors.items()}
        _, seen = filled(CONFIG, exact, ranges(weights))
        largest = max(np.abs(values).max() for values in (*seen.attention_residual, *seen.mlp_residual))
        assert MAX_CUT / ONE / 4 < largest <= MAX_CUT / ONE


def test_what_keys_are_measured_from_is_a_bias_that_no_softmax_sees() -> None:
    weights = gpt2_weights(CONFIG, 3, wk=4.0)
    exact, seen = folded(weights, centred=False), ranges(weights)
    middles = centres(CONFIG, exact, seen)
    assert set(middles) == {"layer0.wk_bias", "layer1.wk_bias"}
    keys = balanced(CONFIG, exact, seen)
    decoder, random = Decoder(weights.tensors, CONFIG, 10), np.random.default_rng(0)
    moved = Moved({name: tensor.astype(np.float32) for name, tensor in unfolded(keys).items()}, CONFIG, 10)
    moved.middles = tuple(middles[f"layer{layer}.wk_bias"].astype(np.float32) for layer in range(2))
    assert all(np.abs(middle).max() > 3 for middle in moved.middles), "no key is far from zero"
    for _ in range(CONFIG.block_size):
        tokens = random.integers(0, 20, 10)
        expected = decoder.step(tokens)
        assert np.abs(moved.step(tokens) - expected).max() <= 1e-4 * np.abs(expected).max()


class Moved(Decoder):
    """A decoder whose keys have the biases."""

    middles: tuple[Array, ...] = ()

    def _attend(self, layer: int, q: Array, k: Array, v: Array) -> Array:
        return super()._attend(layer, q, k + self.middles[layer], v)


def unfolded(tensors: dict[str, Array]) -> dict[str, Array]:
    """The queries without 1/√head_dim in them."""
    width = math.sqrt(CONFIG.head_dim)
    return {name: tensor * width if ".wq" in name else tensor for name, tensor in tensors.items()}


def traced(model: Executor, seed: int = 0) -> list[Trace]:
    """What the integer model computes in 32 random texts."""
    config, random = model.model.config, np.random.default_rng(seed)
    streams, steps = model.start(32), []
    for _ in range(config.block_size):
        trace: Trace = {}
        model.step(streams, random.integers(0, config.vocab_size, 32), trace)
        steps.append(trace)
    return steps


SCALES = [{}, {"wk": 20.0}, {"wv": 9.0}, {"wte": 6.0}, {"wo": 8.0, "fc2": 8.0}, {"fc1": 8.0}, {"wq_bias": 8.0}]


@pytest.mark.parametrize("scales", SCALES, ids=str)
def test_nothing_exceeds_what_is_proved_of_it(scales: dict[str, Any]) -> None:
    model = gpt2_model(CONFIG, 1, **scales)
    steps = traced(Executor(model))
    proved = {bound.name: bound.largest * ONE for bound in Ranges(model).bounds}
    for name in steps[0]:
        if name in proved:
            assert max(int(np.abs(trace[name]).max()) for trace in steps) <= proved[name], name
    wanted = {"layer1.mlp_residual", "layer1.fc1_part1", "layer0.k", "layer0.v", "layer0.o", "logits", "last_norm"}
    assert wanted <= set(proved) & set(steps[0])
    for kernel in leaves(model.program):
        if isinstance(kernel, Lookup):
            assert max(int(np.abs(trace[kernel.name]).max()) for trace in steps) <= kernel.slot_limit


def test_keys_and_values_fill_their_bytes() -> None:
    steps = traced(Executor(gpt2_model(CONFIG, 1)))
    packed = np.concatenate([trace[f"layer{layer}.attention.packed"] for trace in steps for layer in range(2)])
    for part in (packed >> 8, (packed + 128 & 0xFF) - 128):
        assert np.abs(part).max(0).min() >= 0.6 * BYTE
        assert (np.abs(part) >= BYTE).mean() < 0.05, "too many are cut"


LOSSES = {
    f"{config.n_head} heads, {config.n_hidden} {config.activation}": config
    for config in (CONFIG, gpt2_config(20, 24, 16, 2, 2, 20, "gelu_tanh"), gpt2_config(20, 24, 32, 8, 3, 100))
}


@pytest.mark.parametrize("biased", [True, False], ids=["biases", "no biases"])
@pytest.mark.parametrize("config", LOSSES.values(), ids=LOSSES)
def test_the_integer_model_loses_next_to_nothing(config: ModelConfig, biased: bool) -> None:
    """Loss on texts that the float model writes, integer against float: within 0.02 nats per token."""
    weights = gpt2_weights(config, 5, biased=biased)
    random, decoder = np.random.default_rng(1), Decoder(weights.tensors, config, 100)
    texts = [np.full(100, config.bos)]
    for _ in range(config.block_size):
        following = decoder.step(texts[-1]).astype(np.float64)
        texts.append((following + random.gumbel(size=following.shape)).argmax(1))
    documents = np.stack(texts, axis=1).tolist()
    exact = loss_per_token(weights.tensors, config, documents)
    got = loss(Executor(quantize(weights, "digits")), documents)
    assert abs(got - exact) <= 0.02, f"float {exact:.4f}, integer {got:.4f}"


def test_the_logits_follow_the_float_model() -> None:
    weights = gpt2_weights(CONFIG, 2)
    model, tokens = Executor(quantize(weights, "digits")), np.random.default_rng(0).integers(0, 20, (50, 24))
    exact = forward_logits(weights.tensors, CONFIG, tokens)
    streams = model.start(50)
    got = np.stack([from_q88(model.step(streams, tokens[:, position])) for position in range(24)], 1)
    assert np.sqrt(((got - exact) ** 2).mean()) <= 0.05 * np.sqrt((exact**2).mean())


@pytest.mark.parametrize("target", [STOCK, SA1])
def test_a_model_comes_back_from_its_file(tmp_path: Path, target: str) -> None:
    model = gpt2_model(CONFIG, 1, target=target)
    save_model(tmp_path / "model.npz", model)
    found = load_model(tmp_path / "model.npz")
    assert found.program == model.program and found.config == model.config and found.target == target
    assert found.exponents == model.exponents and found.info == model.info
    assert found.tensors.keys() == model.tensors.keys()
    assert all((found.tensors[name] == tensor).all() for name, tensor in model.tensors.items())


def with_header(path: Path, change: str, to: str) -> None:
    """The file with another text in its header."""
    header, arrays = read_arrays(path)
    text = json.dumps(header)
    assert change in text
    found: dict[str, Any] = {HEADER: np.frombuffer(text.replace(change, to).encode(), np.uint8), **arrays}
    np.savez(path, **found)


def test_a_llama_file_from_before_its_hidden_units_came_in_parts_asks_for_quantize(tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    save_model(path, llama_model(llama_config(20, 24, 16, (4, 2), 1, 20)))
    with_header(path, "layer0.fc1_part0", "layer0.fc1")
    with pytest.raises(InputError, match=r"a block 'layer0.fc1': there is none .*; run `snesgpt quantize` again$"):
        load_proved(path)


def test_a_file_without_cut_is_one_whose_rows_cut_nothing(tmp_path: Path) -> None:
    """As all were before there were GPT-2s. A GPT-2's must: its attention reads bytes that its rows cut."""
    llama, path = llama_model(llama_config(20, 24, 16, (4, 2), 1, 20)), tmp_path / "model.npz"
    save_model(path, llama)
    with_header(path, ', "cut": false', "")
    assert load_model(path).program == llama.program
    save_model(path, gpt2_model(CONFIG, 1))
    with_header(path, ', "cut": true', "")
    with pytest.raises(InputError, match=r"layer0\.attention reads layer0\.keys"):
        load_proved(path)


def test_a_limit_that_halvings_do_not_reach_is_refused() -> None:
    lookup = gpt2_model(CONFIG, 1).kernel("layer0.activation0")
    assert isinstance(lookup, Lookup)
    with pytest.raises(InputError, match=r"layer0.activation0: limit 1001 is not a multiple of 2\^2"):
        replace(lookup, limit=1001, shift=2)
