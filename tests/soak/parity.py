"""Random models of any shape, on either kernel, as cartridges: every intermediate in both emulators."""

from __future__ import annotations

import sys
import time
from collections import Counter
from random import Random

from asm.build import build
from asm.layout import plan
from quantize.convert import convert
from quantize.kernel import TARGETS
from quantize.ranges import ProvedModel, prove
from tests.support.models import MATRICES, digit_weights, for_target, llama_config, llama_model, random_model
from tests.support.shape_parity import parity
from trainer.config import ModelConfig
from trainer.errors import InputError

CORES = ("snes9x", "snes9x", "bsnes")
"""bsnes takes ten times as long: it gets every third."""

MAX_WORK = 60_000
"""Weights: a larger cartridge takes minutes in bsnes."""


def microgpt(chance: Random) -> ModelConfig:
    """A shape of up to MAX_WORK weights."""
    width = chance.choice([8, 16, 24, 32, 40, 64])
    heads = chance.choice([h for h in (1, 2, 4, 8) if width % h == 0])
    hidden, vocab = 8 * chance.randint(1, 16), chance.randint(3, 200)
    layers = max(1, min(chance.randint(1, 3), MAX_WORK // (width * (4 * width + 2 * hidden))))
    return ModelConfig(vocab, chance.randint(2, 40), width, heads, layers, hidden, chance.choice(["relu", "relu2"]))


def llama(chance: Random) -> ModelConfig:
    """The same of a llama."""
    heads, shared = chance.choice([(2, 1), (4, 2), (4, 4), (8, 2)])
    width = heads * chance.choice([4, 8])
    vocab, context, hidden = chance.randint(4, 120), chance.randint(2, 40), chance.randint(4, 120)
    return llama_config(vocab, context, width, (heads, shared), chance.randint(1, 2), hidden)


def random_proved(chance: Random, seed: int) -> tuple[str, ProvedModel]:
    """A model of random weights, and what it is. Raises InputError where its ranges cannot be proved."""
    kind = chance.choice(["schoolbook", "digits", "llama"])
    if kind == "schoolbook":
        target = chance.choice(TARGETS)
        return f"{kind} for {target}", prove(for_target(random_model(microgpt(chance), seed), target))
    if kind == "llama":
        return kind, prove(llama_model(llama(chance), seed))
    scales = dict.fromkeys(MATRICES, chance.choice([1.0, 0.5, 0.25, 0.1]))
    return kind, convert(digit_weights(microgpt(chance), seed, chance.choice([0.1, 0.6]), **scales), "digits")


def run(seconds: float, seed: int) -> str:
    """Models compared, until the time is over. Raises AssertionError at the first difference, naming the model."""
    chance, found, end = Random(seed), Counter[str](), time.monotonic() + seconds
    while time.monotonic() < end:
        own, core = chance.randrange(1 << 30), CORES[sum(found.values()) % len(CORES)]
        try:
            kind, proved = random_proved(Random(own), own)
            rom = build(plan(proved, traced=True))
        except InputError:
            found["refused"] += 1
            continue
        try:
            same = parity(proved.model, rom, core, 2)
        except AssertionError as error:
            raise AssertionError(f"{kind} of seed {own} in {core}: {error}") from error
        found[f"{kind} in {core}"] += 1
        found["values"] += same.values
    values = found.pop("values")
    models = ", ".join(f"{count} {name}" for name, count in sorted(found.items()))
    return f"{models}; {values:,} values, 0 differences"


if __name__ == "__main__":
    print(run(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0))
