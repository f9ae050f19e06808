"""The range proof at its edge: one step inside a limit the cartridge is exact at the extreme input; one step
outside it is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest

from asm.build import build_rom
from asm.kernels.table_norm import TableNormCode
from asm.layout import plan
from quantize.executor import Executor, Trace
from quantize.fixed import WORD_MAX, Ints
from quantize.kernels.digit_rows import Digits
from quantize.kernels.table_norm import rmsnorm_table
from quantize.lower import on_digits, schoolbook
from quantize.model import IntegerModel
from quantize.ranges import prove
from quantize.sampler import Request
from snesgpt.emulator.console import Console
from snesgpt.verify.host import Host
from snesgpt.verify.parity import verify
from tests.support.models import SYMBOLS
from tests.support.routine_console import WORK_BANK, Call, RoutineConsole, build_routines
from tests.support.twins.digits import head, head_slots, plus_and_minus
from tests.support.twins.schoolbook import low_word
from trainer.config import ModelConfig
from trainer.errors import InputError

CONFIG = ModelConfig(5, block_size=4, n_embd=16, n_head=2, n_hidden=8)
ANY = frozenset(["A", "X", "Y", "acc", "mul_a", "mul_b", "product", "norm_scale", "norm_shift", "hidden"])


def model(rows: Mapping[tuple[str, int], Ints], config: ModelConfig = CONFIG, **numbers: int) -> IntegerModel:
    """A quiet model in integers, with some rows as given, on the fast kernels; its proof may fail."""
    random = np.random.default_rng(0)
    tensors = {name: random.integers(-12, 13, shape) for name, shape in config.tensor_shapes().items()}
    tensors["wte"] *= 16
    for (name, row), values in rows.items():
        tensors[name][row] = values
    quiet = IntegerModel(config, SYMBOLS[: CONFIG.bos], tensors, schoolbook(config), {"active_hidden": 0.1})
    found = on_digits(quiet)
    for name, value in numbers.items():
        block, _, field = name.replace("__", ".").rpartition(".")
        found = found.with_numbers(block, **{field: value})
    return found


def refusal(candidate: IntegerModel) -> str:
    """Why the build refuses a model; empty if it does not."""
    try:
        plan(prove(candidate))
    except InputError as error:
        return str(error)
    return ""


def edge(at: Callable[[int], IntegerModel], beyond: int) -> tuple[IntegerModel, str]:
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


def run(inside: IntegerModel, routine: str, call: Call, core: str) -> None:
    rom = build_routines(inside)
    with Console(rom.image, core) as console:
        page = np.full(len(next(iter(call.given.values()))), rom.memory.at("slots"))
        given = {**call.given, **({"D": page} if "slots" in call.given else {})}
        RoutineConsole(console, rom).check(
            routine, Call(given, call.wanted, ANY | call.free, WORK_BANK), header="-"
        )


def unit_vector(size: int, at: int, value: int) -> Ints:
    vector = np.zeros(size, np.int64)
    vector[at] = value
    return vector


CORES = pytest.mark.parametrize("core", ["snes9x", "bsnes"])


def loud() -> dict[tuple[str, int], Ints]:
    """An attention that can bring the residual stream beyond its clamp."""
    identity = {("layer0.wv", row): unit_vector(16, row, 256) for row in range(16)}
    return identity | {("layer0.wo", row): np.full(16, 200) for row in range(16)}


@CORES
def test_a_row_of_digits(core: str) -> None:
    """Digits of one plane, one more a step: what they sum to before they are halved must fit 16 bits."""
    inside, reason = edge(
        lambda digits: model({**loud(), ("lm_head", 1): 32 * (np.arange(16) < digits)}, logits__clamp_shift=0), 16
    )
    assert "lm_head[1]: a row of digits does not fit 16 bits" in reason
    assert np.count_nonzero(inside.tensors["lm_head"][1]) == 15
    logits_at_the_clamp(inside, core)


@CORES
def test_the_logits(core: str) -> None:
    def at(step: int) -> IntegerModel:
        weights = np.array([256] * 12 + [(step + k) // 4 for k in range(4)])
        return model({**loud(), ("lm_head", 1): weights}, logits__clamp_shift=0)

    inside, reason = edge(at, 4 * 300)
    assert "at logits" in reason or "lm_head[1]" in reason
    assert logits_at_the_clamp(inside, core) > WORD_MAX - 3000


def logits_at_the_clamp(inside: IntegerModel, core: str) -> int:
    """The rows of lm_head at the corners of the clamp, each row's worst among them; returns the largest logit."""
    weights, clamp = inside.tensors["lm_head"], head(inside).clamp
    corners = np.concatenate([np.ones((1, 16), np.int64), np.sign(weights)])
    x = clamp * np.concatenate([corners, -corners])
    y = Digits(weights)(x)
    run(inside, "logits_rows", Call({"slots": head_slots(inside, x)}, {"logits": low_word(y)}), core)
    return int(np.abs(y).max())


@CORES
def test_the_partial_sums_of_the_second_mlp_matrix(core: str) -> None:
    """A squared unit near 90 whose weight of 11/16 = 1 − 1/4 − 1/16 takes a detour; another brings it to the limit.

    Every token is one spike, so that both units reach their bound.
    """
    config = replace(CONFIG, activation="relu2")
    spikes = {("wte", token): unit_vector(16, 3, 2000 - 1000 * token) for token in range(CONFIG.vocab_size)}
    still = {("wpe", position): unit_vector(16, 0, 0) for position in range(CONFIG.block_size)}
    lit = {("layer0.fc1", 0): unit_vector(16, 3, 590), ("layer0.fc1", 1): unit_vector(16, 3, 256)}

    def at(n: int) -> IntegerModel:
        row = unit_vector(8, 0, 11 * 16) + unit_vector(8, 1, n)
        return model({**spikes, **still, **lit, ("layer0.fc2", 2): row}, config, logits__clamp=256)

    inside, reason = edge(at, 0x3FFF)
    assert "layer0.fc2 (partial sums)" in reason
    integer, tokens = Executor(inside), np.arange(CONFIG.vocab_size)
    trace: Trace = {}
    integer.step(integer.start(CONFIG.vocab_size), tokens, trace)
    assert trace["layer0.activation"].max() > 0.9 * 88 * 256
    assert np.abs(trace["layer0.fc2"]).max() > WORD_MAX // 2
    requests = [Request(1, 20, 1, (int(a), int(b), 1)) for a in tokens[:-1] for b in tokens[:-1]]
    with Console(build_rom(inside, traced=True).image, core) as console:
        found = verify(Host(console, inside), integer, [requests])
    assert (found.mismatches, found.first) == (0, None)


@CORES
def test_the_source_of_a_norm(core: str) -> None:
    bits = 12
    inside, reason = edge(lambda n: model({("layer0.wo", 5): np.full(16, n)}, layer0__mlp_norm__bits=bits), 0x3FFF)
    assert "layer0.mlp_norm (source)" in reason
    top = (1 << bits) - 1
    x = np.array([np.full(16, top), np.full(16, -top), unit_vector(16, 5, top), unit_vector(16, 5, -top)])
    numbers = plan(prove(inside)).digits
    assert numbers
    wanted = {"slots": plus_and_minus(rmsnorm_table(x, bits), numbers.norm_bias), "residual": low_word(x)}
    rom = build_routines(inside)
    with Console(rom.image, core) as console:
        (entry,) = (norm.entry for norm in rom.memory.layout.templates_of(TableNormCode))
        call = Call({"residual": x, "slots": np.zeros((4, 32), np.int64)}, wanted, ANY)
        RoutineConsole(console, rom).check(entry, replace(call, bank=WORK_BANK), header="-")


@CORES
def test_the_residual_stream_before_its_clamp(core: str) -> None:
    inside, reason = edge(lambda n: model({("layer0.wo", 5): np.full(16, n)}), 0x3FFF)
    assert "logits (before its clamp)" in reason
    clamp = head(inside).clamp
    top = WORD_MAX - clamp
    x = np.array([unit_vector(16, 5, value) for value in (top, -top, clamp, -clamp, clamp + 1, -clamp - 1)])
    wanted = {"slots": head_slots(inside, x), "residual": low_word(x)}
    rom = build_routines(inside)
    with Console(rom.image, core) as console:
        call = Call({"residual": x, "slots": np.zeros((6, 32), np.int64)}, wanted, frozenset("A"))
        RoutineConsole(console, rom).check("clamp_residual", replace(call, bank=WORK_BANK), header="-")
