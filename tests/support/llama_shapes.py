"""Llamas of any shape and with any weights: refused in one line with its sizes, or a cartridge that is exact."""

from __future__ import annotations

import re

import numpy as np

from asm.build import Rom, build
from asm.layout import Layout, plan
from quantize.convert import convert
from quantize.executor import Executor
from quantize.kernel import STOCK
from quantize.model import IntegerModel
from quantize.ranges import ProvedModel
from quantize.sampler import Request
from snesgpt.emulator.console import Console
from snesgpt.selection.room import check_room
from snesgpt.verify.host import Host
from snesgpt.verify.parity import Parity, verify
from tests.support.models import llama_config, llama_weights, windowed
from trainer.config import MAX_WINDOWED, ModelConfig
from trainer.errors import InputError
from trainer.weights import Weights

Random = np.random.Generator

WIDTHS = [
    (n_head, head_dim) for n_head in range(1, 65) for head_dim in range(2, 129, 2) if 4 <= n_head * head_dim <= 128
]
"""Every number of heads that a llama can have, and their width."""

DENSE = 1 << 30


def between(random: Random, least: int, most: int) -> int:
    """A whole number, an end of the range as often as any other."""
    anything = int(random.integers(least, most + 1))
    return (least, most, anything, anything)[random.integers(4)]


def any_shape(random: Random) -> ModelConfig:
    """Over the whole range of ModelConfig; half of those that may have windows have up to four different ones."""
    n_head, head_dim = WIDTHS[random.integers(len(WIDTHS))]
    divisors = [n for n in range(1, n_head + 1) if n_head % n == 0]
    config = llama_config(
        between(random, 2, 1024),
        between(random, 2, 256),
        n_head * head_dim,
        (n_head, divisors[random.integers(len(divisors))]),
        between(random, 1, 6),
        between(random, 4, 512),
        float(10 ** random.uniform(0.1, 6)),
    )
    if config.block_size > MAX_WINDOWED or random.random() < 0.5:
        return config
    windows = [between(random, 1, config.block_size) for _ in range(4)]
    return windowed(config, *random.choice(windows, config.n_layer * n_head).tolist())


def any_weights(config: ModelConfig, random: Random, most: int = DENSE, loudness: float = 1.0) -> Weights:
    """Every tensor as loud as it likes, up to 2^loudness times the usual; at most about `most` weights not zero."""
    names = {name.rpartition(".")[2] for name in config.tensor_shapes()} - {"wte"}
    scales = {name: float(2 ** random.uniform(-3, loudness)) for name in sorted(names)}
    weights = llama_weights(config, int(random.integers(1 << 30)), **scales)
    for name, tensor in weights.tensors.items():
        if name != "wte":
            tensor *= random.random(tensor.shape) < most / config.n_params
    return weights


def laid_out(weights: Weights, target: str = STOCK) -> Layout | None:
    """The plan of its cartridge; None where a line with numbers refuses it: the same line at once, if RAM is the
    reason.
    """
    refusal = ""
    try:
        check_room(weights, (target,))
    except InputError as error:
        refusal = str(error)
        ram = "work RAM" if target == STOCK else "BW-RAM"
        assert re.fullmatch(rf".*take [\d,]+ bytes of {ram}.*[\d,]+.*: use (fewer|a smaller) .*", refusal), refusal
        return None
    try:
        return plan(convert(weights, "digits", target=target))
    except InputError as error:
        refusal = str(error)
    assert re.search(r"\d", refusal) and "\n" not in refusal and "RAM" not in refusal, refusal
    assert not re.search(r"use another kernel|quantize again|does not fit a bank", refusal), refusal
    return None


def rom_of(proved: ProvedModel) -> Rom:
    """The cartridge, with a trace where RAM has room for one."""
    try:
        return build(plan(proved, traced=True))
    except InputError as error:
        assert "RAM" in str(error)
        return build(plan(proved))


def exact(model: IntegerModel, rom: Rom, core: str, batches: list[list[Request]]) -> Parity:
    """Nothing differs from the integer model: every intermediate if the cartridge has a trace, else logits."""
    with Console(rom.image, core) as console:
        found = verify(Host(console, model), Executor(model), batches)
    assert (found.mismatches, found.first) == (0, None)
    return found


def requests(config: ModelConfig, tokens: int, seed: int = 0) -> list[list[Request]]:
    """A document of its own, and one prompted with this many tokens at most."""
    random = np.random.default_rng(seed)
    prompt = tuple(random.integers(0, config.bos, min(tokens, config.block_size - 1)).tolist())
    return [[Request(seed, 10, 1, prompt)], [Request(seed + 1, 5, 1, prompt[: max(config.block_size - 4, 0)])]]
