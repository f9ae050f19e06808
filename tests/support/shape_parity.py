"""Parity of a traced cartridge at every temperature and position, and whether its model is lively enough."""

from __future__ import annotations

import numpy as np

from asm.build import Rom
from quantize.executor import Executor, Trace
from quantize.model import IntegerModel
from quantize.sampler import Request
from snesgpt.emulator.console import Console
from snesgpt.verify.host import Host
from snesgpt.verify.parity import Parity, verify
from trainer.config import ModelConfig

TENTHS = (0, 5, 20)


def batches(config: ModelConfig, seeds: int) -> list[list[Request]]:
    """For every temperature: free documents, and one prompted to the end of the context, so that all is seen."""
    random = np.random.default_rng(3)
    whole = tuple(random.integers(0, config.bos, config.block_size).tolist())
    return [
        [
            *(Request(257 * tenths + seed, tenths, 1) for seed in range(seeds)),
            Request(tenths, tenths, 1, whole[: config.block_size - 1]),
        ]
        for tenths in TENTHS
    ]


def parity(model: IntegerModel, rom: Rom, core: str, seeds: int) -> Parity:
    """Nothing differs, enough was compared, and the banks hold what the size report says."""
    assert rom.layout.bank_bytes == {n: size for n, size in rom.segments.items() if n.startswith("BANK")}
    with Console(rom.image, core) as console:
        found = verify(Host(console, model), Executor(model), batches(model.config, seeds))
    assert (found.mismatches, found.first) == (0, None)
    assert found.traced and found.tokens >= len(TENTHS) * (seeds + model.config.block_size)
    return found


def liveliness(model: IntegerModel) -> dict[str, float]:
    """Share of values that are not zero, by block, in random documents: a test of zeros would prove nothing."""
    integer, config = Executor(model), model.config
    streams, random = integer.start(16), np.random.default_rng(0)
    trace: Trace = {}
    for _ in range(config.block_size):
        integer.step(streams, random.integers(0, config.vocab_size, 16), trace)
    return {name: float((values != 0).mean()) for name, values in trace.items()}
