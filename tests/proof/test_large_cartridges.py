"""Models at the limits of every size: each logit in both emulators, every byte and the speed as predicted."""

from __future__ import annotations

import numpy as np
import pytest

from asm.build import Rom, build_rom, symbols
from asm.cartridge.transcript import transcript
from asm.cost.long_run import long_run
from asm.cost.predict import predict
from quantize.convert import quantize
from quantize.executor import Executor
from quantize.kernel import SA1
from quantize.model import IntegerModel
from quantize.sampler import Request
from snesgpt.bench.names_screen import NamesPage
from snesgpt.bench.representative_text import typical_text
from snesgpt.bench.speed import MIN_SKIPPED, measure_speed
from snesgpt.emulator.console import Console
from snesgpt.verify.host import Host
from snesgpt.verify.parity import verify
from tests.support.models import MATRICES, digit_weights
from tests.support.self_tests import offset, outcome
from trainer.config import ModelConfig

SHAPES = {
    "6 layers, 255 symbols": ModelConfig(255, 24, 16, 2, 6, 16),
    "128 dimensions, 256 positions": ModelConfig(20, 256, 128, 16, 1, 8),
    "512 symbols of one and two characters": ModelConfig(512, 40, 16, 4, 1, 16),
}
FULL, DENSE = ModelConfig(341, 8, 128, 4, 2, 416), 25
"""A shape, and a seed of digit_weights with hardly a weight at zero."""

BEYOND = ModelConfig(341, 18, 128, 4, 1, 16)
"""A front table of 4.5 MiB."""

SUM_FRAMES = 8000
"""More than a self-test of 8 MiB takes."""

MIB = 1 << 20
TOLERANCE = 0.03
"""The largest error of the predicted speed, as a share of it."""


def cartridge(config: ModelConfig, seed: int, scale: float) -> tuple[IntegerModel, Rom]:
    """Random digits, matrices small enough for the proof at once."""
    weights = digit_weights(config, seed, **dict.fromkeys(MATRICES, scale))
    model = quantize(weights, "digits")
    return model, build_rom(model)


def check_bytes(rom: Rom) -> None:
    assert len(rom.image) == rom.layout.image_bytes
    banks = {name: size for name, size in rom.segments.items() if name.startswith("BANK")}
    assert rom.layout.bank_bytes == banks


def check_logits(model: IntegerModel, rom: Rom, core: str, prompt: int, requests: int) -> None:
    """A document through a prompt of `prompt` tokens, and others without."""
    config, random = model.config, np.random.default_rng(3)
    whole = tuple(random.integers(0, config.bos, prompt).tolist())
    batch = [Request(7, 10, 1, whole), *(Request(seed, 10, 1) for seed in range(1, requests))]
    with Console(rom.image, core) as console:
        found = verify(Host(console, model), Executor(model), [batch])
    assert (found.mismatches, found.first) == (0, None)
    assert found.tokens > prompt and found.values > found.tokens * config.vocab_size


def check_speed(model: IntegerModel, rom: Rom, tokens: int) -> None:
    addresses, prediction = symbols(rom.debug), predict(rom.layout)
    text = typical_text(model, long_run(model), tokens, addresses["NAMES"], MIN_SKIPPED)
    with Console(rom.image) as console:
        speed = measure_speed(NamesPage(console, addresses, seed=text.seed), text.tokens, skipped=text.skipped)
    assert prediction and abs(prediction.clocks_per_token / speed.clocks_per_token - 1) < TOLERANCE


def test_nearly_four_megabytes_are_what_was_predicted() -> None:
    """A front table of 2 MiB, and code for two layers of 128 dimensions, fc2 in columns."""
    model, rom = cartridge(FULL, DENSE, 1 / 4)
    assert len(rom.image) == 4 * MIB and sum(rom.layout.bank_bytes.values()) > 3.5 * MIB
    check_bytes(rom)
    check_logits(model, rom, "snes9x", FULL.block_size - 1, 6)
    check_logits(model, rom, "bsnes", FULL.block_size - 1, 1)
    check_speed(model, rom, 50)


def test_an_sa1_of_more_than_four_megabytes_is_exact_and_tests_all_of_itself() -> None:
    weights = digit_weights(BEYOND, 1, **dict.fromkeys(MATRICES, 1 / 4))
    model = quantize(weights, "digits", target=SA1, front_table=True)
    rom, passed = build_rom(model), f"PASS {transcript(model).tokens} tokens"
    assert len(rom.image) == 8 * MIB and sum(rom.layout.bank_bytes.values()) > 4.5 * MIB
    assert offset(rom, "front") < 4 * MIB
    check_bytes(rom)
    check_logits(model, rom, "snes9x", BEYOND.block_size - 1, 6)
    check_logits(model, rom, "bsnes", BEYOND.block_size - 1, 1)
    assert outcome(rom, rom.image, limit=SUM_FRAMES) == ("PASS", passed)
    for at in (4 * MIB - 1, len(rom.image) - 1):
        spoilt = rom.image[:at] + bytes([rom.image[at] ^ 1]) + rom.image[at + 1 :]
        assert outcome(rom, spoilt, limit=SUM_FRAMES)[0] == "FAIL"


@pytest.mark.parametrize("config", SHAPES.values(), ids=SHAPES)
def test_a_large_shape_is_what_was_predicted(config: ModelConfig) -> None:
    model, rom = cartridge(config, 1, 1 / 4)
    check_bytes(rom)
    check_logits(model, rom, "snes9x", config.block_size - 1, 3)
    check_logits(model, rom, "bsnes", min(config.block_size - 1, 140), 1)
    check_speed(model, rom, 100)
