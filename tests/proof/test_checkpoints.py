"""The ready models: each becomes a cartridge of its preset's shape that computes what it should."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from asm.build import build_rom
from asm.cartridge.transcript import documents as golden
from asm.layout import plan
from quantize.contexts import contexts_of
from quantize.executor import Executor
from quantize.model import IntegerModel
from quantize.ranges import prove
from quantize.sampler import Request, documents, run
from snesgpt.emulator.console import Console
from snesgpt.emulator.cores import KNOWN
from snesgpt.selection.digit_choice import digits_per_weight
from snesgpt.selection.kernel_choice import choose
from snesgpt.verify.host import Host
from snesgpt.verify.parity import requests, verify
from trainer.data.tavern import coherence, lines
from trainer.presets import PRESETS
from trainer.weights import load_weights

FOLDER = Path(__file__).parents[2] / "checkpoints"
NAMES = ("microgpt", "small", "large", "tavern", "memory", "memory-tavern", "stories")
LARGEST = 448 * 1024
ROM_KIB = 4096


@cache
def model(name: str) -> IntegerModel:
    return choose(load_weights(FOLDER / f"{name}.npz"), "digits", ROM_KIB).model


def test_there_are_those_that_are_named_and_none_is_large() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.npz")) == sorted(NAMES)
    assert max(path.stat().st_size for path in FOLDER.glob("*.npz")) <= LARGEST


@pytest.mark.parametrize("name", NAMES)
def test_a_ready_model_becomes_a_cartridge_of_its_shape_and_of_the_bytes_foretold(name: str) -> None:
    integers = model(name)
    if name in PRESETS:
        assert replace(integers.config, memory=None) == PRESETS[name].config(integers.config.vocab_size)
    rom, layout = build_rom(integers), plan(prove(integers))
    assert len(rom.image) == layout.image_bytes
    assert {bank: rom.segments[bank] for bank in layout.bank_bytes} == layout.bank_bytes
    for core in KNOWN:
        with Console(rom.image, core) as console:
            found = verify(Host(console, integers), Executor(integers), requests(integers, 12), tokens=12)
        assert (found.mismatches, found.first) == (0, None)
        assert found.tokens >= 12


def test_the_stories_model_says_where_it_is_from_and_is_made_of_few_digits() -> None:
    weights = load_weights(FOLDER / "stories.npz")
    assert "karpathy/tinyllamas (MIT)" in weights.info["origin"]
    assert digits_per_weight(model("stories")) < 1.2
    assert min(weights.config.windows) < weights.config.block_size


def test_the_tavern_talks_sense_and_not_by_heart() -> None:
    made = documents(Executor(model("tavern")), Request(1, 5, 100))
    found = coherence(made, lines(50_000, 0))
    assert found.parsed >= 0.9 * len(made)
    assert found.new >= 0.5 * found.parsed


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("memory")])
def test_the_self_test_looks_up_contexts_of_every_length(name: str) -> None:
    config = model(name).config
    assert config.memory is not None
    contexts, longest = contexts_of(config, config.memory.longest), config.memory.longest
    read = [
        ([config.bos] * longest + [token.token for token in text])[end - longest : end]
        for text in run(Executor(model(name)), golden(config))
        for end in range(longest + 1, longest + 1 + len(text))
    ]
    lengths = np.searchsorted(contexts.first, contexts.find(np.array(read)), "right")
    assert min(np.bincount(lengths, minlength=longest + 1)[1:]) > 20
