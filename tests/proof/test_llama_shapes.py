"""Every shape within a llama's limits becomes a cartridge, or is refused at once with its sizes."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asm.build import Rom, symbols
from asm.kernels.gate import GateCode
from asm.kernels.ppu_attention import AttentionCode
from asm.kernels.rotary import TurnCode
from quantize.convert import convert
from quantize.kernel import SA1, STOCK, TARGETS
from quantize.kernels.digit_rows import DigitRows
from quantize.model import IntegerModel
from quantize.program import leaves
from snesgpt.selection.room import check_room
from tests.support.llama_shapes import any_shape, any_weights, exact, laid_out, requests, rom_of
from tests.support.models import llama_config, llama_weights, thinned, windowed
from trainer.config import ModelConfig
from trainer.errors import InputError

SPARSE = 5_000
"""Weights that are not zero, so that a plan takes a second."""


@given(st.integers(0, 1 << 32))
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_shape_is_laid_out_or_refused_at_once_with_its_sizes(seed: int) -> None:
    random = np.random.default_rng(seed)
    shape = any_shape(random)
    config = windowed(replace(shape, n_layer=int(random.integers(1, 3)), windows=()), *shape.windows)
    weights = any_weights(config, random, SPARSE, 0.0)
    for target in TARGETS:
        laid_out(weights, target)


CORNERS: dict[str, tuple[ModelConfig, int, dict[str, float]]] = {
    "128 wide, 512 hidden, dense": (llama_config(30, 9, 128, (8, 2), 1, 512), 1, {}),
    "128 wide, 344 hidden, in eight parts": (llama_config(30, 9, 128, (8, 4), 2, 344), 3, {}),
    "126 wide, 345 hidden": (llama_config(31, 11, 126, (7, 1), 1, 345), 3, {}),
    "96 wide, dense and loud": (llama_config(20, 7, 96, (6, 3), 1, 40), 1, {"wo": 4.0, "wq": 8.0, "fc3": 3.0}),
    "a head of 128, 130 positions, 400 hidden": (llama_config(9, 130, 128, (1, 1), 1, 400), 20, {"fc1": 5.0}),
    "1,024 pieces, 512 hidden": (llama_config(1024, 12, 128, (4, 1), 1, 512), 20, {}),
    "6 layers of 64 heads": (llama_config(9, 20, 128, (64, 1), 6, 4), 20, {}),
    "16 heads, as many windows": (windowed(llama_config(9, 40, 128, (16, 4), 1, 8), *range(6, 38, 2)), 20, {}),
}
"""A shape, the share of weights that are zero in as many, what makes its tensors louder."""

EVERY_SECOND_BIT = 0b01010101 / 256
"""No other digits make a row's sum larger on its way."""

IN_BSNES = (
    "128 wide, 512 hidden, dense",
    "128 wide, 344 hidden, in eight parts",
    "126 wide, 345 hidden",
    "96 wide, dense and loud",
)


ON_EITHER = [(name, target) for target in TARGETS for name in CORNERS]


@cache
def corner(name: str, target: str = STOCK) -> tuple[IntegerModel, Rom]:
    config, one_in, scales = CORNERS[name]
    weights = thinned(llama_weights(config, 1, **scales), one_in)
    if one_in == 1:
        weights.tensors["lm_head"][:] = np.copysign(EVERY_SECOND_BIT, weights.tensors["lm_head"])
    proved = convert(weights, "digits", target=target)
    return proved.model, rom_of(proved)


@pytest.mark.parametrize(("name", "target"), ON_EITHER)
def test_a_corner_of_the_range_equals_the_integer_model(name: str, target: str) -> None:
    model, rom = corner(name, target)
    beyond_snes9x = target == SA1 and rom.layout.wram.caches_apart
    found = exact(model, rom, "bsnes" if beyond_snes9x else "snes9x", requests(model.config, 129))
    assert found.tokens >= model.config.block_size and found.traced


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", IN_BSNES)
def test_a_corner_of_the_range_in_the_exact_emulator(name: str, target: str) -> None:
    model, rom = corner(name, target)
    assert exact(model, rom, "bsnes", requests(model.config, 4)[:1]).traced


def test_the_corners_need_every_kind_of_code() -> None:
    """Or those tests would not see it: rows in sections, code and tables in several banks, gates that are cut."""
    made = [corner(*each) for each in ON_EITHER]
    kernels = [kernel for model, _ in made for kernel in leaves(model.program) if isinstance(kernel, DigitRows)]
    assert {kernel.sections for kernel in kernels} == {1, 2, 3}
    assert {kernel.name for kernel in kernels if kernel.sections > 1} >= {"layer0.o", "logits"}
    gates = [gate for _, rom in made for gate in rom.layout.templates_of(GateCode)]
    assert {gate.cuts for gate in gates} == {False, True}
    assert {len(turns.angles) for _, rom in made for turns in rom.layout.templates_of(TurnCode)} == {1, 2}
    assert {symbols(rom.debug)["SAMPLER_APART"] for _, rom in made} == {0, 1}
    attentions = [code for _, rom in made for code in rom.layout.templates_of(AttentionCode)]
    assert {code.is_apart for code in attentions} == {False, True}


def test_keys_and_values_beyond_work_ram_are_refused_with_the_context_that_fits() -> None:
    weights = llama_weights(llama_config(20, 128, 64, (8, 8), 6, 8))
    with pytest.raises(
        InputError, match=r"128 positions, 64 dimensions.* take 10\d,\d{3} bytes of work RAM"
    ) as refused:
        check_room(weights)
    fitting = int(str(refused.value).partition("--context ")[2].split("`")[0])
    check_room(replace(weights, config=replace(weights.config, block_size=fitting)))
    with pytest.raises(InputError):
        check_room(replace(weights, config=replace(weights.config, block_size=fitting + 1)))
