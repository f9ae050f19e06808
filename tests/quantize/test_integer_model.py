"""Link 2: the integer model is the float model within named bounds, and its file is whole or refused."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asm.layout import plan
from quantize import fixed
from quantize.convert import exponent_for, quantize
from quantize.digits import MAX_EXPONENT
from quantize.executor import Executor, loss
from quantize.fixed import ONE, WORD_MAX, Ints, from_q88, round_divide, round_shift, saturate, to_q88
from quantize.kernels.activation import relu2
from quantize.kernels.attention import attend, softmax_weights
from quantize.kernels.digit_rows import DigitRows
from quantize.kernels.norm import norm_epsilon, rmsnorm
from quantize.kernels.schoolbook import Schoolbook, SchoolbookRows
from quantize.model import IntegerModel
from quantize.model_file import OLD_FORMATS, load_model, load_proved, save_model
from tables.rsqrt import rsqrt_worst_error
from tests.support.models import digit_model, random_model, trained_weights
from trainer.config import ModelConfig
from trainer.errors import InputError
from trainer.files import read_arrays, write_arrays
from trainer.model.decoder import forward_logits, initial_tensors, loss_per_token
from trainer.text.tokenizer import Tokenizer
from trainer.weights import Weights

WORDS = st.integers(-0x8000, 0x7FFF)
CONFIG = ModelConfig(9, block_size=5, n_embd=8, n_head=2, n_hidden=16)
MODEL = random_model(CONFIG)


def halves_up(value: Fraction) -> int:
    """floor(value + ½) in rational numbers."""
    return (value + Fraction(1, 2)).__floor__()


@given(st.integers(-(1 << 40), 1 << 40), st.integers(-15, 40))
def test_a_shift_rounds_halves_up(value: int, bits: int) -> None:
    exact = halves_up(Fraction(value) / Fraction(2) ** bits)
    assert round_shift(np.array([value]), bits)[0] == exact
    assert round_shift(np.array([value]), np.array([bits]))[0] == exact


@given(st.integers(-(1 << 40), 1 << 40), st.integers(1, 1 << 17))
def test_a_division_rounds_halves_up(numerator: int, denominator: int) -> None:
    got = int(round_divide(np.array([numerator]), np.array([denominator]))[0])
    assert got == halves_up(Fraction(numerator, denominator))


@given(st.floats(-128, 127.99))
def test_a_float_becomes_the_nearest_q88(value: float) -> None:
    assert to_q88(np.array([value]))[0] == halves_up(Fraction(value) * 256)
    assert abs(from_q88(to_q88(np.array([value])))[0] - value) <= 1 / 512


@given(st.integers(-(1 << 40), 1 << 40))
def test_a_saturated_word_is_the_nearest(value: int) -> None:
    assert saturate(np.array([value]))[0] == min(max(value, -0x8000), 0x7FFF)
    assert fixed.fits_word(np.array([value])) == (-0x8000 <= value <= 0x7FFF)


@given(WORDS)
def test_a_square_saturates(value: int) -> None:
    exact = halves_up(Fraction(max(value, 0) ** 2, 256))
    assert relu2(np.array([value]))[0] == min(exact, WORD_MAX)


@given(
    st.lists(st.lists(WORDS, min_size=4, max_size=4), min_size=1, max_size=6),
    st.lists(WORDS, min_size=4, max_size=4),
)
def test_the_schoolbook_kernel_is_exact_up_to_one_rounding(rows: list[list[int]], x: list[int]) -> None:
    exact = [halves_up(Fraction(sum(w * v for w, v in zip(row, x, strict=True)), 256)) for row in rows]
    assert Schoolbook(np.array(rows))(np.array([x]))[0].tolist() == exact


@given(st.integers(2, 128).flatmap(lambda d: st.lists(st.integers(-2800, 2800), min_size=d, max_size=d)))
def test_a_norm_is_exact_within_its_table_and_half_a_unit(values: list[int]) -> None:
    x, d = np.array(values), len(values)
    exact = x / np.sqrt((x**2).sum() + norm_epsilon(d)) * np.sqrt(d) * ONE
    bound = np.abs(exact) * rsqrt_worst_error(d) * 1.001 + 0.5 + 1e-9
    assert (np.abs(rmsnorm(x) - exact) <= bound).all()


@given(st.lists(st.integers(-0x4000, 0x4000), min_size=1, max_size=16), st.data())
def test_softmax_weights_are_exp_within_the_table_s_step(scores: list[int], data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(scores) - 1))
    weights = softmax_weights(np.array(scores)[None, None], np.array([position]))[0, 0]
    seen = np.array(scores[: position + 1])
    exact = np.exp((seen - seen.max()) / ONE) * 256
    assert (weights[position + 1 :] == 0).all()
    assert weights.max() == 255
    # half a step of the exponent, the entry's own rounding, the low byte dropped
    assert (np.abs(weights[: position + 1] - exact) <= exact / 63 + 1.01).all()


@given(st.integers(1, 8), st.integers(0, 1 << 32))
def test_attention_is_a_mean_within_half_a_unit(length: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    weights = random.integers(0, 256, (1, 1, length))
    weights[0, 0, 0] = 255
    values = random.integers(-0x8000, 0x8000, (1, length, 1, 3))
    exact = (weights[0, 0, :, None] * values[0, :, 0]).sum(0) / weights.sum()
    got = attend(weights, values)[0, 0]
    assert (np.abs(got - exact) <= 0.5 + 1e-9).all()
    lone = attend(weights[:, :, :1], values[:, :1])
    assert (lone[:, 0] == values[:, 0, 0]).all()


def initial(config: ModelConfig, scale: float = 3.0) -> Weights:
    """Random float weights, livelier than training begins with."""
    tensors = {name: tensor * np.float32(scale) for name, tensor in initial_tensors(config, 1).items()}
    return Weights(config, "abcdefghijklmnopqrstuvwxyz"[: config.bos], tensors)


@pytest.mark.parametrize("activation", ["relu", "relu2"])
@pytest.mark.parametrize("layers", [1, 2])
def test_the_logits_follow_the_float_model(activation: str, layers: int) -> None:
    config = ModelConfig(27, 8, n_embd=16, n_head=4, n_layer=layers, n_hidden=32, activation=activation)
    weights = initial(config)
    model = Executor(quantize(weights))
    tokens = np.random.default_rng(0).integers(0, 27, (50, 8))
    exact = centred(forward_logits(weights.tensors, config, tokens))
    streams = model.start(50)
    got = np.stack([from_q88(model.step(streams, tokens[:, t])) for t in range(8)], 1)
    got = centred(got * 2**model.model.logit_shift)
    assert np.abs(got - exact).max() <= 0.03 * np.abs(exact).max()


def centred(
    logits: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """The logits as a softmax sees them: quantize takes the mean row off lm_head."""
    return np.asarray(logits - logits.mean(-1, keepdims=True))


def test_a_trained_model_loses_next_to_nothing() -> None:
    """Held-out loss, integer against float: within 0.003 nats per character."""
    weights, held_out = trained_weights()
    encoded = [Tokenizer(weights.symbols).encode(text) for text in held_out]
    exact = loss_per_token(weights.tensors, weights.config, encoded)
    assert abs(loss(Executor(quantize(weights)), encoded) - exact) <= 0.003


def test_a_restarted_stream_forgets() -> None:
    model = Executor(MODEL)
    used, fresh = model.start(2), model.start(2)
    random = np.random.default_rng(0)
    for _ in range(3):
        model.step(used, random.integers(0, 9, 2))
    used.restart(np.array([0, 1]))
    for _ in range(CONFIG.block_size):
        tokens = random.integers(0, 9, 2)
        assert (model.step(used, tokens) == model.step(fresh, tokens)).all()


def equal(a: IntegerModel, b: IntegerModel) -> bool:
    same = all((a.tensors[name] == b.tensors[name]).all() for name in a.config.tensor_shapes())
    rest = [(m.config, m.symbols, m.program, dict(m.info), m.logit_shift) for m in (a, b)]
    return same and rest[0] == rest[1]


def test_a_model_file_comes_back_as_it_went(tmp_path: Path) -> None:
    model = replace(MODEL, info={"temperature": 0.7}, logit_shift=2)
    save_model(tmp_path / "m.npz", model)
    assert equal(load_model(tmp_path / "m.npz"), model)


def test_a_model_file_cut_anywhere_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.npz"
    save_model(path, MODEL)
    whole = path.read_bytes()
    for size in (0, 1, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(InputError):
            load_model(path)


HEADER_DAMAGE = {
    "another format": ({"format": "snes-gpt weights 1"}, "not an integer model"),
    "no shape": ({"config": None}, "config is None: it must be an object"),
    "shape of another model": ({"config": {"vocab_size": 9}}, "missing or unknown fields"),
    "of an earlier version": ({"format": OLD_FORMATS[-1]}, "earlier version"),
    "unknown kernel": ({"program": [{"kernel": "Abacus"}]}, r"program\[0\].kernel is 'Abacus': it must be one of"),
    "a kernel without its fields": ({"program": [{"kernel": "Embedding"}]}, r"program\[0\].block is missing"),
    "a field of another type": (
        {"program": [{"kernel": "Embedding", "block": 7}]},
        r"\.block is 7: it must be a text",
    ),
    "a block that is not there": ({"program": [{"kernel": "Embedding", "block": "x"}]}, "a block 'x': there"),
    "kernels missing": ({"program": []}, "computes 0 of"),
    "kernels of no kind": ({"program": 7}, "program is 7: it must be a list"),
    "shift is a word": ({"logit_shift": "far"}, "logit_shift is 'far': it must be a whole number from 0 to 3"),
}


@pytest.mark.parametrize(("change", "message"), HEADER_DAMAGE.values(), ids=HEADER_DAMAGE)
def test_a_damaged_header_is_refused(tmp_path: Path, change: dict[str, object], message: str) -> None:
    path = tmp_path / "m.npz"
    save_model(path, MODEL)
    header, arrays = read_arrays(path)
    write_arrays(path, header | change, arrays)
    with pytest.raises(InputError, match=message):
        load_model(path)


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (np.zeros((8, 9), np.int16), "lm_head is missing or not"),
        (np.full((9, 8), 40_000, np.int32), "lm_head has values outside a 16-bit word"),
    ],
)
def test_a_wrong_tensor_is_refused_by_name(tmp_path: Path, tensor: Ints, message: str) -> None:
    path = tmp_path / "m.npz"
    save_model(path, MODEL)
    header, arrays = read_arrays(path)
    write_arrays(path, header, arrays | {"lm_head": tensor})
    with pytest.raises(InputError, match=message):
        load_model(path)


@pytest.mark.parametrize("value", [128.0, -128.1, 1e6])
def test_a_weight_outside_q88_is_refused_by_name(value: float) -> None:
    weights = initial(CONFIG)
    tensors = {name: tensor.copy() for name, tensor in weights.tensors.items()}
    tensors["layer0.fc1"][3, 2] = value
    with pytest.raises(InputError, match=r"layer0.fc1\[3, 2\]"):
        quantize(replace(weights, tensors=tensors))


def test_a_matrix_of_small_weights_is_kept_on_a_finer_grid() -> None:
    random = np.random.default_rng(0)
    normal = random.normal(0, 0.3, (8, 8))
    fine = [exponent_for(normal / 2**halvings) for halvings in range(10)]
    assert fine[0] == 0 and fine[-1] == MAX_EXPONENT
    assert all(0 <= after - before <= 1 for before, after in pairwise(fine))
    for halvings, exponent in enumerate(fine[:-3]):  # those beyond have reached the finest grid
        assert np.abs(np.rint(normal / 2**halvings * 2.0 ** (8 + exponent))).max() >= 2**5
    assert exponent_for(np.rint(normal * 2**10) / 2**10) == 2, "as fine as its own grid, and no finer"
    assert exponent_for(np.array([[0.0, 0.0]])) == 0
    assert exponent_for(np.array([[127.5, 2.0**-12]])) == 0, "its largest weight must fit a word"


def test_a_file_with_an_exponent_that_nothing_computes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    for exponent in (-1, MAX_EXPONENT + 1):
        with pytest.raises(InputError, match="exponent"):
            replace(MODEL, exponents={"layer0.fc1": exponent})
    save_model(path, replace(MODEL, exponents={"layer0.fc1": 1}))
    with pytest.raises(InputError, match="the schoolbook has none"):
        plan(load_proved(path))


def test_kernels_that_do_not_go_together_are_refused(tmp_path: Path) -> None:
    """A matrix that reads words where its norm leaves slots."""
    path, model = tmp_path / "model.npz", digit_model(CONFIG)
    program = [
        SchoolbookRows(k.block) if isinstance(k, DigitRows) and k.name == "logits" else k for k in model.program
    ]
    save_model(path, replace(model, program=tuple(program)))
    assert load_proved(path).model.program == tuple(program), "lm_head reads words"
    wrong = [DigitRows(k.block) if isinstance(k, DigitRows) and k.name == "logits" else k for k in model.program]
    save_model(path, replace(model, program=tuple(wrong)))
    with pytest.raises(InputError, match="logits reads residual as slots and finds words"):
        load_proved(path)


def test_sums_of_small_weights_that_would_not_fit_are_kept_less_fine() -> None:
    """Columns sum w · 2^exponent: many hidden units, all large, leave that no room."""
    config = ModelConfig(4, block_size=4, n_embd=8, n_head=1, n_hidden=512)
    tensors = {name: np.full(shape, 2**-6 + 2**-12, np.float32) for name, shape in config.tensor_shapes().items()}
    tensors |= {"layer0.fc1": np.full((512, 8), 0.5, np.float32), "lm_head": np.zeros((4, 8), np.float32)}
    model = quantize(Weights(config, "abc", tensors, {"active_hidden": 0.1}), "digits")
    assert exponent_for(tensors["layer0.fc2"]) == MAX_EXPONENT
    assert 0 <= model.exponent("layer0.fc2") < MAX_EXPONENT == model.exponent("layer0.wo")
