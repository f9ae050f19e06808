"""The range proof at its edge: one step inside a limit the cartridge is exact at the extreme input; one step
outside it is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest

from asm.layout import plan
from quantize.blocks import relu, rmsnorm_table
from quantize.fast import with_fast_kernels
from quantize.fixed import WORD_MAX, Ints
from quantize.kernels import DigitColumns, Digits
from quantize.quantized import QuantizedModel
from quantize.ranges import RangeProof
from snesgpt.console import Console
from tests.fast_twins import HALF_WORD, plus_and_minus
from tests.models import SYMBOLS
from tests.routine_console import Call, RoutineConsole, build_routines
from tests.routine_twins import low_word
from trainer.config import ModelConfig
from trainer.errors import InputError

CONFIG = ModelConfig(5, block_size=4, n_embd=16, n_head=2, n_hidden=8)
ANY = frozenset("A X Y acc mul_a mul_b product norm_scale norm_shift hidden".split())


def model(rows: Mapping[tuple[str, int], Ints], **parameters: int) -> QuantizedModel:
    """A quiet model in integers, with some rows as given, on the fast kernels; its proof may fail."""
    random = np.random.default_rng(0)
    tensors = {name: random.integers(-12, 13, shape) for name, shape in CONFIG.tensor_shapes().items()}
    tensors["wte"] *= 16
    for (name, row), values in rows.items():
        tensors[name][row] = values
    kernels = {name: "schoolbook" for name in tensors if name not in ("wte", "wpe")}
    quiet = QuantizedModel(CONFIG, SYMBOLS[: CONFIG.bos], tensors, kernels, {"active_hidden": 0.1})
    fast = with_fast_kernels(quiet)
    changed = {name.replace("__", "."): value for name, value in parameters.items()}
    return replace(fast, parameters={**fast.parameters, **changed})


def refusal(candidate: QuantizedModel) -> str:
    """Why the build refuses a model; empty if it does not."""
    try:
        RangeProof(candidate).check()
        plan(candidate)
    except InputError as error:
        return str(error)
    return ""


def edge(at: Callable[[int], QuantizedModel], beyond: int) -> tuple[QuantizedModel, str]:
    """The last model that is accepted, and what refuses the next."""
    inside = 0
    assert not refusal(at(inside))
    assert refusal(at(beyond))
    while beyond - inside > 1:
        middle = (inside + beyond) // 2
        if refusal(at(middle)):
            beyond = middle
        else:
            inside = middle
    return at(inside), refusal(at(beyond))


def run(inside: QuantizedModel, routine: str, call: Call, core: str) -> None:
    rom = build_routines(inside)
    with Console(rom.image, core) as console:
        page = np.full(len(next(iter(call.given.values()))), rom.memory.at("slots"))
        given = {**call.given, **({"D": page} if "slots" in call.given else {})}
        RoutineConsole(console, rom).check(routine, Call(given, call.wanted, ANY | call.free), header="-")


def unit_vector(size: int, at: int, value: int) -> Ints:
    vector = np.zeros(size, np.int64)
    vector[at] = value
    return vector


CORES = pytest.mark.parametrize("core", ["snes9x", "bsnes"])


@CORES
def test_a_row_of_digits(core: str) -> None:
    """Digits of one plane, one after another: what they could sum to before they are halved must fit."""

    def at(digits: int) -> QuantizedModel:
        loud = {("layer0.wo", row): np.full(16, 40) for row in range(16)}
        return model({**loud, ("lm_head", 0): np.where(np.arange(16) < digits, 32 * 85 // 85, 0)})

    clamp = at(0).parameters["lm_head.clamp"]
    inside, reason = at(15), ""
    for digits in range(15, 17):
        reason = refusal(at(digits))
        if reason:
            break
        inside = at(digits)
    x = clamp * np.array([np.ones(16), -np.ones(16), np.sign(np.arange(16) - 7.5)], np.int64)
    call = Call({"slots": plus_and_minus(x, clamp)}, {"logits": low_word(Digits(inside.tensors["lm_head"])(x))})
    run(inside, "logits_rows", call, core)
    if reason:
        assert "lm_head[0]" in reason


@CORES
def test_the_logits(core: str) -> None:
    inside, reason = edge(
        lambda n: model(
            {
                **{("layer0.wo", row): np.full(16, 60) for row in range(16)},
                ("lm_head", 0): np.array([256] * 12 + [n // 4 + (n % 4 > k) for k in range(4)]),
            }
        ),
        4 * 300,
    )
    assert "logits" in reason or "lm_head[0]" in reason
    clamp = inside.parameters["lm_head.clamp"]
    x = clamp * np.array([np.ones(16), -np.ones(16)], np.int64)
    y = Digits(inside.tensors["lm_head"])(x)
    assert np.abs(y).max() > WORD_MAX - 600
    run(inside, "logits_rows", Call({"slots": plus_and_minus(x, clamp)}, {"logits": low_word(y)}), core)


@CORES
def test_the_partial_sums_of_the_second_mlp_matrix(core: str) -> None:
    """One unit with one large weight: its digits may add up to more than itself on the way."""
    inside, reason = edge(
        lambda n: model({("layer0.fc1", 0): unit_vector(16, 3, 256), ("layer0.fc2", 2): unit_vector(8, 0, n)}),
        0x7FFF,
    )
    assert "layer0.fc2 (partial sums)" in reason
    bias = plan(inside).fast
    assert bias
    x = np.array([unit_vector(16, 3, value) for value in (bias.norm_bias, -bias.norm_bias, 1, 1024)])
    hidden = relu(Digits(inside.tensors["layer0.fc1"])(x))
    sums = DigitColumns(inside.tensors["layer0.fc2"])(hidden)
    assert np.abs(sums).max() > 8000
    given = {"slots": plus_and_minus(x, bias.norm_bias), "sums": np.full((4, 16), HALF_WORD)}
    clear = {"carry": np.zeros(4, np.int64)}
    run(inside, "layer0_mlp", Call({**given, "flags": np.full(4, 0x04)}, {"sums": low_word(HALF_WORD + sums)} | clear, frozenset(["slots", "column_page"])), core)


@CORES
def test_the_source_of_a_norm(core: str) -> None:
    bits = 12
    inside, reason = edge(
        lambda n: model({("layer0.wo", 5): np.full(16, n)}, layer0__mlp_norm__bits=bits), 0x3FFF
    )
    assert "layer0.mlp_norm (source)" in reason
    top = (1 << bits) - 1
    x = np.array([np.full(16, top), np.full(16, -top), unit_vector(16, 5, top), unit_vector(16, 5, -top)])
    fast = plan(inside).fast
    assert fast
    wanted = {"slots": plus_and_minus(rmsnorm_table(x, bits), fast.norm_bias), "residual": low_word(x)}
    rom = build_routines(inside)
    with Console(rom.image, core) as console:
        (entry,) = (norm.entry for norm in rom.memory.layout.norms)
        call = Call({"residual": x, "slots": np.zeros((4, 32), np.int64)}, wanted, ANY)
        RoutineConsole(console, rom).check(entry, call, header="-")


@CORES
def test_the_residual_stream_before_its_clamp(core: str) -> None:
    inside, reason = edge(lambda n: model({("layer0.wo", 5): np.full(16, n)}), 0x3FFF)
    assert "logits (before its clamp)" in reason
    clamp = inside.parameters["lm_head.clamp"]
    top = WORD_MAX - clamp
    x = np.array([unit_vector(16, 5, value) for value in (top, -top, clamp, -clamp, clamp + 1, -clamp - 1)])
    wanted = {"slots": plus_and_minus(np.clip(x, -clamp, clamp), clamp)}
    rom = build_routines(inside)
    with Console(rom.image, core) as console:
        call = Call({"residual": x, "slots": np.zeros((6, 32), np.int64)}, wanted, frozenset("A"))
        RoutineConsole(console, rom).check("clamp_residual", call, header="-")
