"""Llamas of any shape: exact cartridges, or refused with sizes; and small models with weights of any size."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from tests.support.llama_shapes import any_shape, any_weights, exact, laid_out, requests, rom_of
from tests.support.outliers import CONFIGS, built_or_refused, with_outliers

FEW, MANY = 20_000, 300_000
"""Weights that are not zero: a dense model of a small shape, or a large one."""

TOKENS = 12
IN_BSNES = 0.2
"""The share of the cartridges that run there, where it takes ten times as long."""


def run(seconds: float, seed: int) -> str:
    """The counts, when the time is over. Raises AssertionError at the first difference, naming the seed."""
    found, end = Counter[str](), time.monotonic() + seconds
    hunts = [_shape, *(lambda random, family=family: _outliers(random, family) for family in CONFIGS)]
    own = seed << 20
    while not found or time.monotonic() < end:
        own += 1
        try:
            found[hunts[own % len(hunts)](np.random.default_rng(own))] += 1
        except AssertionError as error:
            raise AssertionError(f"seed {own}: {error}") from error
    return ", ".join(f"{count} {what}" for what, count in sorted(found.items()))


def _shape(random: np.random.Generator) -> str:
    config = any_shape(random)
    weights = any_weights(config, random, (FEW, MANY)[random.integers(2)])
    if (layout := laid_out(weights)) is None:
        return "shapes refused with their sizes"
    rom, core = rom_of(layout.proved), "bsnes" if random.random() < IN_BSNES else "snes9x"
    found = exact(layout.proved.model, rom, core, requests(config, TOKENS, int(random.integers(1 << 15))))
    return f"shapes exact in {core}, {'every intermediate' if found.traced else 'logits'}"


def _outliers(random: np.random.Generator, family: str) -> str:
    with TemporaryDirectory() as folder:
        built = built_or_refused(with_outliers(family, random), Path(folder))
    return f"{family}s with outliers {'built' if built else 'refused'}"
