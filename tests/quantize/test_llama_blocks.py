"""Link 2 for llama models: each integer block is its float meaning within a stated bound, and so is the whole."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asm.kernels.rotary import narrow_start
from quantize.calibration import Ranges as Seen
from quantize.calibration import ranges
from quantize.convert import quantize
from quantize.equalize import BYTE, balanced, centres
from quantize.executor import Executor, Trace, loss
from quantize.fixed import FRACTION_BITS, ONE, WORD_MAX, Ints, from_q88, narrow_limit
from quantize.kernels.byte_attention import softmax_weights_in_bytes
from quantize.kernels.gate import gated
from quantize.kernels.ppu_attention import PpuAttention
from quantize.kernels.residual import add_cut
from quantize.kernels.rotary import rotate
from quantize.kernels.table_norm import NORM_SLACK, rmsnorm_table, square_table, table_epsilon
from quantize.lower_calibrated import KEY_SHIFT, VALUE_SHIFT
from quantize.ranges import Ranges
from tables.rotary import rotary_table, rotary_worst_error
from tables.rsqrt import rsqrt_table, rsqrt_worst_error
from tables.silu import SILU_ENTRIES, silu_table, silu_worst_error
from tests.support.models import llama_config, llama_model, llama_weights
from trainer.config import ModelConfig
from trainer.files import Array
from trainer.model.decoder import forward_logits, loss_per_token
from trainer.model.llama import Decoder
from trainer.weights import Weights

WORDS = st.integers(-0x8000, 0x7FFF)
BITS = range(11, 16)
STEEPEST_SILU = 1.1
"""The largest slope of x / (1 + exp(−x)), at 2.4."""

CONFIG = llama_config(20, 24, 16, (4, 2), 2, 52)
WINDOWED = replace(CONFIG, windows=(1, 24, 5, 5, 8, 3, 2, 23))


def silu(x: Array) -> Array:
    return np.asarray(x / (1 + np.exp(-x)))


@pytest.mark.parametrize("bits", BITS)
def test_the_table_of_silu_is_exact_at_every_step_s_middle(bits: int) -> None:
    step = 2.0 ** (bits - 11)
    middle = (np.arange(SILU_ENTRIES) + 0.5) * step - 2.0**bits
    assert np.abs(silu_table(bits) - silu(middle / ONE) * ONE).max() <= 0.5 + 1e-9


@pytest.mark.parametrize("bits", BITS)
def test_the_table_of_silu_is_no_farther_off_than_half_a_step_and_its_rounding(bits: int) -> None:
    worst = silu_worst_error(bits)
    assert worst <= (STEEPEST_SILU * 2.0 ** (bits - 11) / 2 + 0.5) / ONE
    assert worst == pytest.approx({11: 0.0041, 12: 0.0062, 13: 0.0105, 14: 0.0189, 15: 0.0357}[bits], abs=0.0001)


@given(st.integers(1, 32), st.integers(2, 256), st.floats(2, 1e6))
def test_every_cosine_and_sine_is_the_nearest(pairs: int, positions: int, base: float) -> None:
    table = rotary_table(2 * pairs, positions, base)
    for position in {0, 1, positions // 2, positions - 1}:
        for pair in {0, pairs - 1}:
            angle = position * base ** (-pair / pairs)
            exact = 256 * np.array([math.cos(angle), math.sin(angle)])
            assert np.abs(table[position, pair] - exact).max() <= 0.5 + 1e-9
    assert np.abs(table).max() == ONE
    assert rotary_worst_error(2 * pairs, positions, base) <= math.sqrt(0.5) / ONE + 1e-12


@given(st.integers(1, 8), st.integers(0, 255), WORDS, WORDS)
def test_a_pair_is_turned_by_its_angle(pairs: int, position: int, first: int, second: int) -> None:
    """To a unit for either floor, and as far as cosine and sine are rounded."""
    width, base = 2 * pairs, 10_000.0
    x = np.tile([first, second], pairs)
    turned = rotate(x[None, None], np.array([position]), base, 256)[0, 0].reshape(pairs, 2)
    angle = position * base ** (-np.arange(pairs) / pairs)
    exact = first * np.exp(1j * angle) + second * 1j * np.exp(1j * angle)
    rounded = math.hypot(first, second) * rotary_worst_error(width, 256, base)
    off = turned - np.stack([exact.real, exact.imag], axis=1)
    assert np.abs(off[:, 0]).max() <= 1 + rounded + 1e-6
    assert np.abs(off[:, 1] + 1).max() <= 1 + rounded + 1e-6


@given(st.integers(1, 8), WORDS, WORDS)
def test_at_the_first_position_nothing_turns(pairs: int, first: int, second: int) -> None:
    x = np.tile([first, second], pairs)[None, None]
    assert (rotate(x, np.array([0]), 10_000.0, 8) == x).all()


@given(st.sampled_from(BITS), st.data(), WORDS, st.integers(1, 4), st.integers(1, 4000))
def test_a_gate_is_silu_times_up(bits: int, data: st.DataObject, up: int, shift: int, units: int) -> None:
    """As far as the table is off, to a unit for the floor and half of one for the halving."""
    gate, limit = data.draw(st.integers(-(1 << bits), (1 << bits) - 1)), units << shift
    got = int(gated(np.array([gate]), np.array([up]), bits, limit, shift)[0]) << shift
    exact = float(silu(np.array(gate / ONE))) * up
    bound = silu_worst_error(bits) * abs(up) + 1 + 2**shift / 2 + 1e-6
    assert abs(got - min(max(exact, -limit), limit)) <= bound
    assert abs(got) <= limit


@given(st.integers(11, 13), st.integers(0, 3), st.data(), WORDS)
def test_a_cut_sum_is_the_nearest_within_its_range(bits: int, doublings: int, data: st.DataObject, y: int) -> None:
    limit = 2**bits - 1
    x = data.draw(st.integers(-limit, limit))
    assert add_cut(np.array([x]), np.array([y]), doublings, bits)[0] == min(
        max(x + y * 2**doublings, -limit), limit
    )


def norm_cases(d: int, bits: int) -> Ints:
    """(N, d) vectors of every magnitude within ±2^bits, and one alone at its end."""
    random, top = np.random.default_rng(bits), (1 << bits) - 1
    magnitude = 2.0 ** random.uniform(0, bits, (400, 1))
    spike = np.zeros((2, d))
    spike[:, 0] = top, -top
    return np.concatenate([np.fix(random.uniform(-1, 1, (400, d)) * magnitude), spike]).astype(np.int64)


@pytest.mark.parametrize("d", [8, 64, 128])
@pytest.mark.parametrize("bits", BITS)
def test_a_doubled_norm_is_exact_within_its_tables_and_its_roundings(d: int, bits: int) -> None:
    """Squares: never too small by more than the slack, too large by their steps. Then the root in seven bits, of at
    least 90 halves, the product's floor, which doublings make finer, and half a unit.
    """
    x, doublings, table = norm_cases(d, bits), 15 - bits, rsqrt_table(d)
    unit, step = 2.0 ** (2 * bits - 16), 2.0 ** (bits - 11)
    total = square_table(bits)[(x + (1 << bits)) >> (bits - 11)].sum(-1, keepdims=True) + table_epsilon(d, bits)
    squares = (x.astype(np.float64) ** 2).sum(-1, keepdims=True)
    assert (squares <= (1 + NORM_SLACK) * total * unit).all()
    off = (step * np.abs(x) + step**2).sum(-1, keepdims=True) + unit * (d / 2 + table_epsilon(d, bits))
    assert (total * unit <= squares + off).all()
    exact = x * np.sqrt(d) * ONE / np.sqrt(total * unit)
    pairs = (31 - np.floor(np.log2(total))) // 2
    floor = 2.0 ** -(table.shift + bits - 17 - pairs + doublings)
    bound = np.abs(exact) * (rsqrt_worst_error(d) + 1 / 90) + floor + 0.5 + 1e-6
    y = rmsnorm_table(x, bits, doublings)
    assert (np.abs(y - exact) <= bound).all()
    assert (np.linalg.norm(y, axis=1) <= 1.02 * np.sqrt(d) * ONE + np.sqrt(d)).all()


@pytest.mark.parametrize("bits", [11, 12])
def test_doublings_bring_a_small_vector_s_norm_nearer(bits: int) -> None:
    """Elements of 16 … 127 units, of which a product that has lost eight bits keeps few."""
    x = np.random.default_rng(0).integers(16, 128, (500, 64))
    exact = x / np.sqrt((x**2).mean(-1, keepdims=True)) * ONE
    plain, doubled = (np.abs(rmsnorm_table(x, bits, n) - exact).mean() for n in (0, 15 - bits))
    assert doubled < plain / 1.5


@given(st.integers(1, 40), st.lists(st.integers(1, 48), min_size=1, max_size=4), st.data())
def test_a_head_s_weights_are_those_of_its_window_alone(
    positions: int, windows: list[int], data: st.DataObject
) -> None:
    seed, near = data.draw(st.integers(0, 1 << 32)), data.draw(st.sampled_from([1, 100, 1000, 32767]))
    random = np.random.default_rng(seed)
    position = random.integers(0, positions, 3)
    scores = random.integers(-near, near + 1, (3, len(windows), positions))
    weights = softmax_weights_in_bytes(scores, position, FRACTION_BITS, windows)
    for stream, last in enumerate(position):
        for head, window in enumerate(windows):
            first = max(0, int(last) + 1 - window)
            own = scores[stream : stream + 1, head : head + 1, first : last + 1]
            alone = softmax_weights_in_bytes(own, np.array([last - first]))[0, 0]
            expected = np.pad(alone, (first, positions - 1 - last))
            assert (weights[stream, head] == expected).all()


def seen_by(weights: Weights) -> tuple[dict[str, Array], Seen]:
    return {name: tensor.astype(np.float64) for name, tensor in weights.tensors.items()}, ranges(weights)


@pytest.mark.parametrize("heads", [(4, 4), (4, 2), (4, 1), (8, 4)])
def test_balancing_changes_no_logit(heads: tuple[int, int]) -> None:
    config = llama_config(20, 24, 16, heads, 2, 20)
    exact, seen = seen_by(llama_weights(config, 3))
    same = balanced(config, exact, seen)
    tokens = np.random.default_rng(0).integers(0, 20, (10, 24))
    logits = forward_logits(exact, config, tokens)
    assert np.abs(forward_logits(same, config, tokens) - logits).max() <= 1e-5 * np.abs(logits).max()
    assert all(
        np.abs(same[f"layer0.{name}"] / exact[f"layer0.{name}"] - 1).max() > 0.2
        for name in ("wq", "wk", "wv", "wo")
    )


class Centred(Decoder):
    """A decoder whose keys are measured from their centres."""

    centre: tuple[Array, ...] = ()

    def _attend(self, layer: int, q: Array, k: Array, v: Array) -> Array:
        return super()._attend(layer, q, k - self.centre[layer][:, None].astype(np.float32), v)


def test_what_keys_are_measured_from_changes_no_logit() -> None:
    weights = llama_weights(CONFIG, 3)
    exact, seen = seen_by(weights)
    same = {name: tensor.astype(np.float32) for name, tensor in balanced(CONFIG, exact, seen).items()}
    from_where = centres(CONFIG, exact, seen)
    plain, moved = Decoder(weights.tensors, CONFIG, 10), Centred(same, CONFIG, 10)
    moved.centre = tuple(from_where[f"layer{layer}.key_centre"][0] for layer in range(CONFIG.n_layer))
    assert all(np.abs(centre).max() > 5 for centre in moved.centre), "no key is far from zero"
    random = np.random.default_rng(0)
    for _ in range(CONFIG.block_size):
        tokens = random.integers(0, 20, 10)
        logits = plain.step(tokens)
        assert np.abs(moved.step(tokens) - logits).max() <= 1e-4 * np.abs(logits).max()


def traced(weights: Weights, seed: int = 0) -> tuple[Executor, list[Trace]]:
    """The integer model and what it computes in 32 random texts."""
    model, random = Executor(quantize(weights, "digits")), np.random.default_rng(seed)
    streams, steps = model.start(32), []
    for _ in range(weights.config.block_size):
        trace: Trace = {}
        model.step(streams, random.integers(0, weights.config.vocab_size, 32), trace)
        steps.append(trace)
    return model, steps


@pytest.mark.parametrize("config", [CONFIG, WINDOWED], ids=["", "windows"])
@pytest.mark.parametrize("scales", [{}, {"wk": 20.0}, {"wv": 9.0}, {"wte": 6.0}, {"wo": 8.0, "fc2": 8.0}], ids=str)
def test_nothing_exceeds_what_is_proved_of_it(scales: dict[str, float], config: ModelConfig) -> None:
    model, steps = traced(llama_weights(config, 1, **scales))
    proved = {bound.name: bound.largest * ONE for bound in Ranges(model.model).bounds}
    for name in steps[0]:
        if name in proved:
            assert max(int(np.abs(trace[name]).max()) for trace in steps) <= proved[name], name
    known = set(proved) & set(steps[0])
    assert {"layer1.mlp_residual", "layer1.fc3_part1", "layer0.v", "logits", "last_norm"} <= known


def test_keys_and_values_fill_their_bytes() -> None:
    model, steps = traced(llama_weights(CONFIG, 1))
    packed = np.concatenate([trace[f"layer{layer}.attention.packed"] for trace in steps for layer in range(2)])
    for part in (packed >> 8, (packed + 128 & 0xFF) - 128):
        assert np.abs(part).max(0).min() >= 0.6 * BYTE
        assert (np.abs(part) >= BYTE).mean() < 0.05, "too many are cut"
    attention = model.model.kernel("layer0.attention")
    assert isinstance(attention, PpuAttention)
    assert (attention.key_shift, attention.value_shift) == (KEY_SHIFT, VALUE_SHIFT)


@pytest.mark.parametrize("shift", range(8))
def test_what_the_proof_lets_pass_is_cut_on_its_own_side(shift: int) -> None:
    """A byte is cut by what is 128 units, and a half, above it: that must not leave the word."""
    assert narrow_limit(shift) * ONE + narrow_start(shift) == WORD_MAX


@pytest.mark.parametrize("seed", range(3))
def test_keys_far_from_zero_are_provably_near_their_centres(seed: int) -> None:
    model = llama_model(CONFIG, seed, wk=40.0)
    bounds = [bound for bound in Ranges(model).bounds if bound.value == "key from its centre"]
    assert len(bounds) == CONFIG.n_layer and all(bound.holds for bound in bounds)
    assert max(np.abs(model.tensors[f"layer{n}.key_centre"]).max() for n in range(2)) > 6 * ONE


@pytest.mark.parametrize("config", [CONFIG, WINDOWED], ids=["", "windows"])
def test_outside_its_window_a_head_s_scores_and_weights_are_zero(config: ModelConfig) -> None:
    """And no score within it is: with 2^15 added, none comes to 0."""
    _, steps = traced(llama_weights(config, 1))
    for position, trace in enumerate(steps):
        for layer in range(config.n_layer):
            back = position - np.arange(position + 1)
            outside = back >= np.array(config.seen(layer))[:, None]
            scores, weights = (trace[f"layer{layer}.attention.{name}"] for name in ("scores", "weights"))
            assert ((scores == 0) == outside).all() and (weights[:, outside] == 0).all()


def test_a_window_as_long_as_the_context_changes_nothing() -> None:
    whole = replace(CONFIG, windows=(CONFIG.block_size,) * 8)
    plain, windowed = (traced(llama_weights(config, 1))[1] for config in (CONFIG, whole))
    for before, after in zip(plain, windowed, strict=True):
        assert all((before[name] == after[name]).all() for name in before)


LOSSES = {
    f"{heads}, {hidden}": llama_config(20, 24, 16, heads, 2, hidden)
    for heads, hidden in (((4, 2), 52), ((2, 1), 20), ((8, 8), 100))
} | {"windows": WINDOWED}


@pytest.mark.parametrize("config", LOSSES.values(), ids=LOSSES)
def test_the_integer_model_loses_next_to_nothing(config: ModelConfig) -> None:
    """Loss on texts that the float model writes, integer against float: within 0.02 nats per token."""
    weights = llama_weights(config, 5)
    random, decoder = np.random.default_rng(1), Decoder(weights.tensors, config, 100)
    texts = [np.full(100, config.bos)]
    for _ in range(config.block_size):
        logits = decoder.step(texts[-1]).astype(np.float64)
        texts.append((logits + random.gumbel(size=logits.shape)).argmax(1))
    documents = np.stack(texts, axis=1).tolist()
    exact = loss_per_token(weights.tensors, config, documents)
    got = loss(Executor(quantize(weights, "digits")), documents)
    print(f"float {exact:.4f}, integer {got:.4f}")
    assert abs(got - exact) <= 0.02


def test_the_logits_follow_the_float_model() -> None:
    weights = llama_weights(CONFIG, 2)
    model, tokens = Executor(quantize(weights, "digits")), np.random.default_rng(0).integers(0, 20, (50, 24))
    exact = forward_logits(weights.tensors, CONFIG, tokens)
    streams = model.start(50)
    got = np.stack([from_q88(model.step(streams, tokens[:, position])) for position in range(24)], 1)
    assert np.sqrt(((got - exact) ** 2).mean()) <= 0.05 * np.sqrt((exact**2).mean())
