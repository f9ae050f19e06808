"""A little model of every kind, for a game's library."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from quantize.convert import quantize
from quantize.model import IntegerModel
from tests.support.models import (
    digit_model,
    gpt2_config,
    gpt2_model,
    llama_config,
    llama_model,
    remembering,
    trained_weights,
    windowed,
)
from tests.support.story_models import story_config, story_model
from trainer.config import ModelConfig
from trainer.text.bpe import learn_pairs

SMALL = ModelConfig(13, 12, n_embd=8, n_head=2, n_hidden=16)


def trained(target: str) -> IntegerModel:
    """A little model of names."""
    return quantize(trained_weights()[0], "digits", target=target)


def in_pairs(target: str) -> IntegerModel:
    """One whose characters are joined into tokens."""
    tokenizer = learn_pairs(["anna banana", "hannah and anna", "nan had a band", "an ant"], "\n abdhnt", 20)
    config = replace(SMALL, vocab_size=len(tokenizer.symbols) + 1, block_size=16)
    model = digit_model(config, 3, target=target)
    return replace(model, symbols=tuple(tokenizer.symbols), merges=tuple(tokenizer.merges))


def running(target: str) -> IntegerModel:
    """One whose text goes on where its context is full."""
    return replace(digit_model(SMALL, 4, target=target), info={"documents": "stream"})


MODELS: Mapping[str, Callable[[str], IntegerModel]] = {
    "names": trained,
    "pairs": in_pairs,
    "running": running,
    "memory": lambda target: digit_model(remembering(SMALL, 2, 3), 1, target=target),
    "llama": lambda target: llama_model(llama_config(21, 10, 8, (2, 1), 2, 12), 2, target=target),
    "windows": lambda target: llama_model(
        windowed(llama_config(21, 10, 16, (4, 2), 1, 24), 3, 10, 3, 5), target=target
    ),
    "gpt2": lambda target: gpt2_model(gpt2_config(15, 9, 8, 2, 1, 32), target=target),
    "stories": lambda target: story_model(story_config(20), target=target),
}
