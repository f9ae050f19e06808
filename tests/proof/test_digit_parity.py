"""Link 4 for the fast kernels: any small shape, every intermediate of every token, in both emulators."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from asm.build import Rom, build_rom
from asm.memory.log_record import RecordLayout
from quantize.executor import Executor
from quantize.kernel import SA1, STOCK, TARGETS
from quantize.model import IntegerModel
from quantize.sampler import Request
from snesgpt.emulator.console import Console
from snesgpt.verify.host import Host
from snesgpt.verify.parity import verify
from tests.support.models import digit_model, digit_rom, has_front_table
from tests.support.screens import missing
from tests.support.shape_parity import batches, liveliness, parity
from trainer.config import ModelConfig
from trainer.errors import InputError

COLUMNS, ROWS = 0.1, 0.9
"""Shares of active hidden units that make the second MLP matrix run by columns, or by rows."""

SHAPES = {
    "8 wide, 3 layers, relu2": (ModelConfig(20, 4, 8, 1, 3, 8, "relu2"), COLUMNS),
    "8 heads of 1": (ModelConfig(9, 5, 8, 8, 2, 16), ROWS),
    "32 positions, relu2, columns": (ModelConfig(12, 32, 24, 3, 2, 32, "relu2"), COLUMNS),
    "32 positions, rows": (ModelConfig(5, 32, 16, 2, 1, 24), ROWS),
    "microgpt": (ModelConfig(27, 16, 16, 4, 1, 64), COLUMNS),
    "64 wide, 3 layers, 8 heads": (ModelConfig(10, 8, 64, 8, 3, 64), COLUMNS),
    "40 wide, sums in a page of their own": (ModelConfig(6, 7, 40, 5, 1, 24), COLUMNS),
    "6 layers, 3 heads": (ModelConfig(8, 5, 24, 3, 6, 40), COLUMNS),
    "128 wide, 16 heads, 4 units in columns": (ModelConfig(4, 4, 128, 16, 1, 8), COLUMNS),
    "200 positions": (ModelConfig(9, 200, 16, 2, 1, 8), ROWS),
    "64 wide, relu2, rows": (ModelConfig(6, 6, 64, 2, 2, 40, "relu2"), ROWS),
}
IN_BSNES = ("8 wide, 3 layers, relu2", "microgpt", "64 wide, relu2, rows")
ON_SA1 = (
    *IN_BSNES[:2],
    "8 heads of 1",
    "32 positions, rows",
    "40 wide, sums in a page of their own",
    "200 positions",
)
"""Rows and columns are the stock console's: these are what attention and memory have of different."""


def random_shape(seed: int) -> tuple[ModelConfig, float]:
    """Any shape of the property: 8 … 64 wide, 1 … 3 layers, 1 … 8 heads, 4 … 32 positions."""
    random = np.random.default_rng(seed)
    width = 8 * int(random.integers(1, 9))
    heads = int(random.choice([h for h in range(1, 9) if width % h == 0]))
    layers, context, vocab = random.integers((1, 4, 2), (4, 33, 30)).tolist()
    hidden, activation = 8 * int(random.integers(1, 9)), ("relu", "relu2")[int(random.integers(2))]
    return ModelConfig(vocab, context, width, heads, layers, hidden, activation), (COLUMNS, ROWS)[seed % 2]


@pytest.mark.parametrize(
    ("name", "target"), [*((name, STOCK) for name in SHAPES), *((name, SA1) for name in ON_SA1)]
)
def test_every_intermediate_equals_the_integer_model(name: str, target: str) -> None:
    config, active = SHAPES[name]
    model, rom = digit_rom(config, 1, active, target=target)
    live = liveliness(model)
    assert min(live[name] for name in live if not name.endswith("activation")) > 0.1
    parity(model, rom, "snes9x", 2)


@pytest.mark.parametrize(
    ("name", "target"), [*((name, STOCK) for name in IN_BSNES), *((name, SA1) for name in IN_BSNES[:2])]
)
def test_every_intermediate_in_the_exact_emulator(name: str, target: str) -> None:
    config, active = SHAPES[name]
    parity(*digit_rom(config, 2, active, target=target), "bsnes", 1)


SMALL_WEIGHTS: dict[str, tuple[int, dict[str, Any]]] = {
    "wo 4, fc2 3, fc1, wk and lm_head 2": (
        7,
        {"wk": 0.3, "wv": 0.5, "wo": 0.06, "fc1": 0.3, "fc2": 0.12, "lm_head": 0.3},
    ),
    "fc2 4, wq and fc1 1": (7, {"wq": 0.25, "fc1": 0.5, "fc2": 0.05}),
    "wo 3, fc2 2": (5, {"wk": 0.3, "wo": 0.06, "fc1": 0.3, "fc2": 0.12}),
}
"""Models whose matrices are kept in units of 2^-9 to 2^-12: the largest exponents → seed, scales."""


@pytest.mark.parametrize(("core", "target"), [("snes9x", STOCK), ("bsnes", STOCK), ("snes9x", SA1)])
@pytest.mark.parametrize("active", [COLUMNS, ROWS], ids=["columns", "rows"])
@pytest.mark.parametrize(("seed", "scales"), SMALL_WEIGHTS.values(), ids=SMALL_WEIGHTS)
def test_matrices_of_small_weights_on_grids_of_their_own(
    seed: int, scales: dict[str, Any], active: float, core: str, target: str
) -> None:
    model, rom = digit_rom(ModelConfig(9, 6, 16, 2, 2, 24), seed, active, target=target, **scales)
    assert len({model.exponent(name) for name in model.config.matrices}) >= 3
    assert min(liveliness(model).values()) > 0.05
    parity(model, rom, core, 1)


@pytest.mark.parametrize(("seed", "target"), [*((seed, STOCK) for seed in range(8)), (0, SA1), (1, SA1), (5, SA1)])
def test_any_shape_equals_the_integer_model(seed: int, target: str) -> None:
    config, active = random_shape(seed)
    parity(*digit_rom(config, seed, active, target=target), "snes9x", 1)


def test_code_over_four_banks_and_more() -> None:
    model, rom = digit_rom(ModelConfig(30, 12, 64, 4, 1, 128), 3, COLUMNS)
    assert len({part.bank for part in rom.layout.code}) >= 4
    rows = [part.label for part in rom.layout.code if part.end.startswith("jml") and part.label.endswith("mlp")]
    assert rows, "no chain of rows goes on in another bank"
    for core in ("snes9x", "bsnes"):
        parity(model, rom, core, 1)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("core", ["snes9x", "bsnes"])
def test_without_a_front_table_the_first_layer_runs_like_the_others(core: str, target: str) -> None:
    model, rom = digit_rom(ModelConfig(12, 6, 16, 2, 1, 24), 2, COLUMNS, front=False, target=target)
    assert not has_front_table(model)
    assert {"embed", "embed_norm", "layer0.attention_norm"} <= set(RecordLayout(model, traced=True).entries)
    assert min(liveliness(model).values()) > 0.05
    parity(model, rom, core, 1)


LONG = ModelConfig(6, 256, 64, 2, 2, 8)
"""Positions beyond the first half of the context, where an index of 8 bits has come round."""


def long_text(model: IntegerModel, rom: Rom, core: str) -> None:
    whole = tuple(np.random.default_rng(3).integers(0, 5, 255).tolist())
    with Console(rom.image, core) as console:
        found = verify(Host(console, model), Executor(model), [[Request(1, 10, 1, whole)]])
    assert (found.mismatches, found.first) == (0, None)
    assert found.tokens == 256


def test_caches_in_both_banks_of_work_ram() -> None:
    model, rom = digit_rom(LONG, 2, ROWS)
    assert "layer1_values" in [area.name for area in rom.layout.wram.bank_7f]
    assert len(rom.image) == rom.layout.image_bytes
    long_text(model, rom, "snes9x")


def test_caches_in_both_banks_of_bwram() -> None:
    """Snes9x does not show a program the second one, but for its long addresses: the cartridge says so there."""
    model, rom = digit_rom(LONG, 2, ROWS, traced=False, target=SA1)
    assert any(area.name.startswith("layer1_keys") for area in rom.layout.wram.bank_7f)
    long_text(model, rom, "bsnes")
    with Console(rom.image) as console:
        assert (
            missing(console)
            == "This cartridge needs the SA-1 with 128 KiB. This emulator does not have it: README.md"
        )
        with pytest.raises(InputError, match="its screen says what it needs"):
            Host(console, model)


@pytest.mark.parametrize("target", TARGETS)
def test_the_cartridge_without_trace_makes_the_same_logits_and_letters(target: str) -> None:
    model = digit_model(SHAPES["microgpt"][0], 4, target=target)
    with Console(build_rom(model).image) as console:
        found = verify(Host(console, model), Executor(model), batches(model.config, 4))
    assert (found.mismatches, found.first) == (0, None)


@pytest.mark.parametrize("target", TARGETS)
def test_halved_logits_are_sampled_at_their_full_height(target: str) -> None:
    model = replace(digit_model(ModelConfig(9, 5, 8, 2, 1, 16), 5, target=target), logit_shift=3)
    with Console(build_rom(model).image) as console:
        found = verify(Host(console, model), Executor(model), batches(model.config, 4))
    assert (found.mismatches, found.first) == (0, None)
