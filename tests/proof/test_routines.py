"""Link 3: every arithmetic routine of the cartridges equals its Python twin, bit for bit, in both emulators."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pytest

from asm.kernels.gate import GateCode
from asm.kernels.mac_attention import MacAttentionCode
from asm.kernels.ppu_attention import AttentionCode
from asm.kernels.residual import CutSumCode
from asm.kernels.rotary import TurnCode
from asm.kernels.table_norm import TableNormCode
from asm.layout import plan
from asm.targets import TARGETS
from asm.toolchain import SA1_PREFIX
from quantize.convert import quantize
from quantize.kernels.table_norm import MAX_BITS
from quantize.model import IntegerModel
from quantize.ranges import prove
from snesgpt.emulator.console import Console
from tests.support.asm_sources import SA1
from tests.support.models import (
    digit_model,
    for_sa1,
    llama_config,
    llama_model,
    llama_weights,
    random_model,
    sparse_llama,
    windowed,
)
from tests.support.routine_console import RoutineConsole, build_routines
from tests.support.twins.registry import TWINS
from trainer.config import ModelConfig

SHIFTS = {-2: (5, 0), -1: (5, 1), 0: (5, 2), 1: (5, 3), 2: (4, 3), 3: (3, 3)}
"""How often a score is halved to index the table of exp → the key's and the query's shifts that make it so."""


def every_shift(*windows: int) -> IntegerModel:
    """Six layers: in each, scores of another fineness, sums of other doublings and cuts. windows: of the heads."""
    config = windowed(llama_config(9, 6, 8, (4, 4), len(SHIFTS), 8), *windows)
    model = llama_model(config, 1, wo=16.0, fc1=3.0, fc2=3.0)
    for layer, (key, query) in enumerate(SHIFTS.values()):
        p, after = f"layer{layer}", f"layer{layer + 1}.attention_norm" if layer + 1 < len(SHIFTS) else "last_norm"
        model = model.with_numbers(f"{p}.attention", key_shift=key, query_shift=query)
        cuts = {
            (f"{p}.o", f"{p}.attention_residual"): (layer % 4, 11 + layer % 3, f"{p}.mlp_norm"),
            (f"{p}.fc2_part0", f"{p}.mlp_residual"): (1 + layer % 3, 13 - layer % 2, after),
        }
        for (rows, add), (doublings, bits, norm) in cuts.items():
            model = model.with_numbers(rows, out_shift=doublings).with_numbers(add, bits=bits, doublings=doublings)
            model = model.with_numbers(norm, bits=bits, doublings=MAX_BITS - bits)
    return model


def later_parts_reach_farther() -> IntegerModel:
    """A row of fc2 in three parts, the first small: the others' sums come halved and can leave a word."""
    weights = llama_weights(llama_config(9, 200, 16, (8, 4), 1, 100), 3)
    weights.tensors["layer0.fc2"][:, :34] *= 0.05
    weights.tensors["layer0.fc2"][:, 34:] *= 8
    return quantize(weights, "digits")


def windowed_llama(context: int, width: int, heads: tuple[int, int], *windows: int) -> IntegerModel:
    """Three layers of heads with windows."""
    return llama_model(windowed(llama_config(9, context, width, heads, 3, 8), *windows), 3)


def wide() -> IntegerModel:
    """Tables in two banks, gates that are cut, hidden units in eight parts."""
    return sparse_llama(llama_config(9, 130, 128, (1, 1), 1, 350), 20, fc1=5.0)


def digits(config: ModelConfig) -> IntegerModel:
    """Its second MLP matrix has an exponent."""
    return digit_model(config, 7, fc2=0.12)


CARTRIDGES: dict[str, dict[str, Callable[[], IntegerModel]]] = {
    "schoolbook": {
        "8 wide, 2 heads": lambda: random_model(ModelConfig(13, 6, n_embd=8, n_head=2, n_hidden=16)),
        "24 wide, 1 head": lambda: random_model(ModelConfig(27, 9, n_embd=24, n_head=1, n_hidden=16)),
    },
    "digits": {
        "8 wide, 2 layers": lambda: digits(ModelConfig(13, 6, n_embd=8, n_head=2, n_layer=2, n_hidden=16)),
        "24 wide, 32 positions": lambda: digits(ModelConfig(9, 32, 24, 3, n_hidden=16, activation="relu2")),
        "12 wide, 140 positions": lambda: digits(ModelConfig(9, 140, n_embd=12, n_head=2, n_hidden=8)),
        "64 wide, 1 head": lambda: digit_model(ModelConfig(9, 4, n_embd=64, n_head=1, n_hidden=16)),
    },
    "llama": {
        "groups of 2": lambda: llama_model(llama_config(13, 7, 16, (4, 2), 2, 20, 100.0), 1, fc1=3.0, fc3=1.5),
        "groups of 4, 140 positions": lambda: llama_model(llama_config(9, 140, 16, (4, 1), 1, 12), 2),
        "groups of 2 of 8 heads, 3 parts, 200 positions": later_parts_reach_farther,
        "own keys, every shift": every_shift,
        "a head of 128, 130 positions, 350 hidden": wide,
    },
    "windows": {
        "groups of 2, 128 positions": lambda: windowed_llama(128, 16, (4, 2), 1, 128, 5, 5, 8, 8, 8, 8, 90, 7),
        "groups of 3 heads of 6": lambda: windowed_llama(23, 54, (9, 3), *range(1, 24, 2), 23),
        "groups of 4, one for all": lambda: windowed_llama(9, 16, (4, 1), 9, 9, 9, 9, 3, 3, 3, 3, 1, 1, 1, 1),
        "own keys, every shift": lambda: every_shift(6, 3, 3, 1, 2),
    },
}
CARTRIDGES |= {
    "sa1 schoolbook": {
        "8 wide, 2 heads": lambda: for_sa1(CARTRIDGES["schoolbook"]["8 wide, 2 heads"]()),
        "24 wide, 1 head": lambda: for_sa1(CARTRIDGES["schoolbook"]["24 wide, 1 head"]()),
        "5 wide, 5 heads": lambda: for_sa1(random_model(ModelConfig(7, 5, n_embd=5, n_head=5, n_hidden=9))),
    },
    "sa1 digits": {
        "8 wide, 2 layers": lambda: for_sa1(CARTRIDGES["digits"]["8 wide, 2 layers"]()),
        "24 wide, 32 positions": lambda: for_sa1(CARTRIDGES["digits"]["24 wide, 32 positions"]()),
        "12 wide, 140 positions": lambda: for_sa1(CARTRIDGES["digits"]["12 wide, 140 positions"]()),
        "64 wide, 1 head": lambda: for_sa1(CARTRIDGES["digits"]["64 wide, 1 head"]()),
        "small values": lambda: for_sa1(digit_model(ModelConfig(9, 5, 8, 2, 2, 16), 7, wo=0.008, wv=0.12)),
    },
    "sa1 llama": {
        "groups of 2": lambda: for_sa1(CARTRIDGES["llama"]["groups of 2"]()),
        "groups of 4, 140 positions": lambda: for_sa1(CARTRIDGES["llama"]["groups of 4, 140 positions"]()),
        "own keys, every shift": lambda: for_sa1(every_shift()),
        "a head of 64, 130 positions": lambda: for_sa1(
            sparse_llama(llama_config(9, 130, 64, (1, 1), 1, 40), 20, fc1=5.0)
        ),
    },
    "sa1 windows": {
        "groups of 2, 128 positions": lambda: for_sa1(CARTRIDGES["windows"]["groups of 2, 128 positions"]()),
        "64 dimensions, 100 positions": lambda: for_sa1(
            llama_model(windowed(llama_config(9, 100, 64, (8, 8), 1, 8), 1, 100, 65, 64, 63, 9, 90, 7), 3)
        ),
        "own keys, every shift": lambda: for_sa1(every_shift(6, 3, 3, 1, 2)),
    },
}
SMALL_BANKS = replace(TARGETS["sa1"], bank_bytes=0x3000)
RANDOM_CASES = {
    "schoolbook": {"snes9x": 2000, "bsnes": 100},
    "digits": {"snes9x": 300, "bsnes": 40},
    "llama": {"snes9x": 100, "bsnes": 10},
    "windows": {"snes9x": 100, "bsnes": 16},
    "sa1 schoolbook": {"snes9x": 300, "bsnes": 60},
    "sa1 digits": {"snes9x": 200, "bsnes": 100},
    "sa1 llama": {"snes9x": 100, "bsnes": 40},
    "sa1 windows": {"snes9x": 100, "bsnes": 40},
}
BOOK_ALSO = ("relu", "relu2", "square")
DIGITS_ALSO = ("square_hidden", "square", "rounding", "trace_slots", "residual_of_slots")
ALSO = {
    "schoolbook": BOOK_ALSO,
    "sa1 schoolbook": tuple(SA1_PREFIX + name for name in (*BOOK_ALSO, "rounding")),
    "digits": DIGITS_ALSO,
    "sa1 digits": tuple(SA1_PREFIX + name for name in DIGITS_ALSO),
}
"""Modules with routines that only some models of a kind have."""

LONG_CASES = {"snes9x": 60, "bsnes": 16}
"""Where a case is long."""

ONE_EMULATOR = ("groups of 4, 140 positions", "groups of 2 of 8 heads, 3 parts, 200 positions")


@dataclass(frozen=True)
class Run:
    """A cartridge in a core: which routines it has, its shape."""

    cartridge: str
    shape: str
    core: str

    @property
    def count(self) -> int:
        """How many random cases a routine gets."""
        long = self.cartridge.endswith("digits") and "140 positions" in self.shape
        return (LONG_CASES if long else RANDOM_CASES[self.cartridge])[self.core]

    def __str__(self) -> str:
        return f"{self.cartridge} {self.shape} {self.core}"


RUNS = [
    Run(cartridge, shape, core)
    for cartridge, shapes in CARTRIDGES.items()
    for shape in shapes
    for core in (("snes9x",) if shape in ONE_EMULATOR else ("snes9x", "bsnes"))
]
CALLED = [(run, routine) for run in RUNS for routine, twin in TWINS.items() if run.cartridge in twin.cartridges]


@pytest.fixture(scope="module")
def console(request: pytest.FixtureRequest) -> Iterator[RoutineConsole]:
    run: Run = request.param
    rom = build_routines(CARTRIDGES[run.cartridge][run.shape](), also=ALSO.get(run.cartridge, ()))
    with Console(rom.image, run.core) as opened:
        yield RoutineConsole(opened, rom)


@pytest.mark.parametrize(
    ("console", "run", "routine"),
    [(run, run, routine) for run, routine in CALLED],
    indirect=["console"],
    ids=[f"{run} {routine}" for run, routine in CALLED],
)
def test_a_routine_equals_its_twin(console: RoutineConsole, run: Run, routine: str) -> None:
    twin = TWINS[routine]
    calls = twin.calls(console.memory, np.random.default_rng(1), run.count)
    assert calls
    for label, call in calls.items():
        assert console.check(label, call, header=routine) >= twin.least(run.count)


@pytest.mark.parametrize("core", ["snes9x", "bsnes"])
def test_an_attention_in_pieces_equals_its_twin(core: str) -> None:
    """One that is larger than a bank: here banks are small."""
    rom = build_routines(CARTRIDGES["sa1 windows"]["64 dimensions, 100 positions"](), target=SMALL_BANKS)
    assert max(code.pieces for code in rom.memory.layout.templates_of(MacAttentionCode)) > 1
    with Console(rom.image, core) as opened:
        for label, call in TWINS["sa1 block.entry"].calls(rom.memory, np.random.default_rng(1), 20).items():
            assert RoutineConsole(opened, rom).check(label, call, header="sa1 block.entry") == 20


def test_the_shapes_of_the_sa1_need_every_kind_of_code() -> None:
    """Or the tests above would not see it."""
    shapes = [make for name, shapes in CARTRIDGES.items() if name.startswith(SA1) for make in shapes.values()]
    codes = [code for make in shapes for code in plan(prove(make())).templates_of(MacAttentionCode)]
    assert {len(code.chunks) for code in codes} == {1, 2, 3}
    windowed = {(code.chunked, any(head.windowed for head in code.heads)) for code in codes}
    assert windowed == {*product((False, True), repeat=2)}
    assert {code.score_drop for code in codes} == {*SHIFTS}
    assert {code.mean_shift for code in codes} == {0, 1, 2, 3, 4, 5}
    for kind in ("short_loop", "long_sums", "max_sums", "mean_to_slot"):
        assert {bool(getattr(code, kind)) for code in codes} == {False, True}, kind
    ends = {span.compare[:5] for code in codes for head in code.heads for span in head.spans}
    assert ends == {"", "cpy #", "cpy a"}


def test_the_llamas_need_every_kind_of_code() -> None:
    """Or the tests above would not see it."""
    layouts = [plan(prove(make())) for make in CARTRIDGES["llama"].values()]
    sums = [routine for layout in layouts for routine in layout.templates_of(CutSumCode)]
    assert {(routine.doublings, routine.far > 0) for routine in sums} >= {
        (0, False),
        (0, True),
        (1, False),
        (1, True),
    }
    assert {routine.doublings for routine in sums} == {0, 1, 2, 3}
    assert {routine.bits for routine in sums} == {11, 12, 13}
    assert {routine.score_drop for layout in layouts for routine in layout.templates_of(AttentionCode)} == set(
        SHIFTS
    )
    assert {norm.bits + norm.doublings for layout in layouts for norm in layout.templates_of(TableNormCode)} == {
        MAX_BITS
    }
    assert {norm.bits for layout in layouts for norm in layout.templates_of(TableNormCode)} == {11, 12, 13}
    gates = [routine for layout in layouts for routine in layout.templates_of(GateCode)]
    assert len({gate.units for gate in gates}) > 3 and {False, True} == {gate.cuts for gate in gates}
    assert {1, 2} == {len(turns.angles) for layout in layouts for turns in layout.templates_of(TurnCode)}
    assert {routine.shift for routine in gates} == {2, 3} and max(routine.bits for routine in gates) > 12
    assert any(
        head.to_keys
        for layout in layouts
        for routine in layout.templates_of(AttentionCode)
        for head in routine.stretches[-1].heads
    )
