"""Random llamas, for as long as one likes: any shape is a cartridge that is exact, or refused with its sizes."""

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
OUTLIERS = 3
"""Small models with outliers for every large one."""


def run(seconds: float, seed: int) -> str:
    """Until the time is over, and once at least: the counts. Raises AssertionError at the first difference."""
    random, counts, end = np.random.default_rng(seed), Counter[str](), time.monotonic() + seconds
    while not counts or time.monotonic() < end:
        counts[_shape(random)] += 1
        with TemporaryDirectory() as folder:
            for number in range(OUTLIERS):
                family = sorted(CONFIGS)[number % len(CONFIGS)]
                built = built_or_refused(with_outliers(family, random), Path(folder))
                counts[f"{family}s with outliers {'built' if built else 'refused'}"] += 1
    return "llamas: " + ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))


def _shape(random: np.random.Generator) -> str:
    config = any_shape(random)
    weights = any_weights(config, random, (FEW, MANY)[random.integers(2)])
    if (layout := laid_out(weights)) is None:
        return "shapes refused with their sizes"
    rom = rom_of(layout.proved)
    core = ("snes9x", "bsnes")[int(random.random() < 0.2)]
    found = exact(layout.proved.model, rom, core, requests(config, TOKENS, int(random.integers(1 << 15))))
    return f"shapes exact in {core}{', every intermediate' if found.traced else ''}"
