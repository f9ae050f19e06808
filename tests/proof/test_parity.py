"""Link 4: the cartridge equals the integer model, every intermediate of every token, in both emulators."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from asm.build import build_rom
from asm.layout import plan
from quantize.executor import Executor
from quantize.kernel import STOCK, TARGETS
from quantize.ranges import prove
from quantize.sampler import Request, run
from snesgpt.emulator.console import Console
from snesgpt.verify.host import Host
from snesgpt.verify.parity import Parity, verify
from tests.support.models import for_target, largest_value, random_model
from trainer.config import ModelConfig

SHAPES = {
    "microgpt, smaller": ModelConfig(27, block_size=6, n_embd=8, n_head=2, n_hidden=16),
    "relu2, 2 layers, 1 head": ModelConfig(7, 5, n_embd=12, n_head=1, n_layer=2, n_hidden=20, activation="relu2"),
    "12 wide, 3 heads, odd sizes": ModelConfig(23, block_size=5, n_embd=12, n_head=3, n_hidden=9),
    "3 layers, heads of 1": ModelConfig(5, block_size=3, n_embd=4, n_head=4, n_layer=3, n_hidden=5),
    "the smallest": ModelConfig(2, block_size=2, n_embd=4, n_head=1, n_hidden=4, activation="relu2"),
}
TENTHS = (0, 1, 5, 13, 20)
ON_TARGETS = pytest.mark.parametrize("target", TARGETS)


def random_shape(seed: int) -> ModelConfig:
    """Any small shape."""
    random = np.random.default_rng(seed)
    heads, layers, vocab, context, hidden = random.integers((1, 1, 2, 2, 4), (4, 3, 40, 8, 24)).tolist()
    width = heads * int(random.integers(max(4 // heads, 1) + 1, 9))
    activation = ("relu", "relu2")[int(random.integers(2))]
    return ModelConfig(vocab, context, width, heads, layers, hidden, activation)


def batches(config: ModelConfig, seeds: int, count: int) -> list[list[Request]]:
    """For every temperature some seeds, `count` names each; every second one begins with a prompt of its own."""
    random = np.random.default_rng(7)
    prompts = [random.integers(0, config.bos, seed % 2 * (1 + seed % config.block_size)) for seed in range(seeds)]
    return [
        [
            Request(257 * tenths + seed, tenths, count, tuple(prompt[: config.block_size].tolist()))
            for seed, prompt in enumerate(prompts)
        ]
        for tenths in TENTHS
    ]


def parity(
    config: ModelConfig,
    core: str,
    requests: list[list[Request]],
    *,
    traced: bool = True,
    target: str = STOCK,
) -> Parity:
    """The check on a random model of a shape that stays within its words."""
    model = for_target(random_model(config, fc2=0.25 if config.activation == "relu2" else 1.0), target)
    assert largest_value(model) <= 0x7FFF
    with Console(build_rom(model, traced=traced).image, core) as console:
        return verify(Host(console, model), Executor(model), requests)


def assert_equal(found: Parity, requests: list[list[Request]]) -> None:
    assert (found.mismatches, found.first) == (0, None)
    assert found.tokens >= sum(request.count for batch in requests for request in batch)


@pytest.mark.parametrize("config", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize(("core", "seeds"), [("snes9x", 3), ("bsnes", 1)])
@ON_TARGETS
def test_every_intermediate_equals_the_integer_model(
    config: ModelConfig, core: str, seeds: int, target: str
) -> None:
    requests = batches(config, seeds, count=2 if core == "snes9x" else 1)
    found = parity(config, core, requests, target=target)
    assert_equal(found, requests)
    assert found.traced and found.values > 20 * found.tokens


@pytest.mark.parametrize("seed", range(6))
@ON_TARGETS
def test_any_shape_equals_the_integer_model(seed: int, target: str) -> None:
    config = random_shape(seed)
    requests = batches(config, seeds=1, count=2)
    assert_equal(parity(config, "snes9x", requests, target=target), requests)


@pytest.mark.parametrize("core", ["snes9x", "bsnes"])
@ON_TARGETS
def test_the_cartridge_without_trace_makes_the_same_logits_and_letters(core: str, target: str) -> None:
    config = SHAPES["microgpt, smaller"]
    requests = batches(config, seeds=1, count=2 if core == "snes9x" else 1)
    found = parity(config, core, requests, traced=False, target=target)
    assert_equal(found, requests)
    assert not found.traced
    assert found.values == found.tokens * (config.vocab_size + 5)


def test_names_that_overflow_the_log_are_read_in_pieces() -> None:
    config = SHAPES["relu2, 2 layers, 1 head"]
    capacity = plan(prove(random_model(config)), traced=True).log_capacity
    requests = [[Request(1, 20, capacity // 2)]]
    found = parity(config, "snes9x", requests)
    assert_equal(found, requests)
    assert found.tokens > capacity


def test_every_bit_of_a_seed_counts() -> None:
    config = SHAPES["the smallest"]
    requests = [[Request(seed, 10, 1) for seed in (0, *(1 << bit for bit in range(16)), 0xFFFF)]]
    assert_equal(parity(config, "snes9x", requests), requests)


@ON_TARGETS
def test_weights_over_three_banks_with_a_matrix_across_two(target: str) -> None:
    config = ModelConfig(3, block_size=160, n_embd=64, n_head=4, n_hidden=64)
    model = for_target(random_model(config), target)
    rom = build_rom(model, traced=True)
    assert {part.bank for part in rom.layout.parts} >= {1, 2, 3}
    assert any(part.first_row for part in rom.layout.parts if part.tensor.startswith("layer0."))
    integer = Executor(model)
    candidates = [Request(seed, 20, 1) for seed in range(30)]
    lengths = [len(tokens) for tokens in run(integer, candidates)]
    request = candidates[lengths.index(3)]
    for core in ("snes9x", "bsnes"):
        with Console(rom.image, core) as console:
            found = verify(Host(console, model), integer, [[request]])
        assert (found.tokens, found.mismatches, found.first) == (3, 0, None)


def test_halved_logits_are_sampled_at_their_full_height() -> None:
    model = replace(random_model(SHAPES["microgpt, smaller"], lm_head=0.1), logit_shift=3)
    requests = batches(model.config, seeds=2, count=2)
    with Console(build_rom(model).image) as console:
        assert_equal(verify(Host(console, model), Executor(model), requests), requests)
