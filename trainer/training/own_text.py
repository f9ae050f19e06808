"""Text that a llama writes itself, to teach another one by: no corpus is needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from trainer.config import ModelConfig
from trainer.files import Array
from trainer.model.generate import chosen
from trainer.model.llama import Decoder

TEMPERATURES = (1.0, 1.0, 1.0, 1.0, 0.8, 1.2)
"""Of the windows in turn: mostly what the model would say, and some that is surer and some that is wilder."""


@dataclass(frozen=True)
class OwnText:
    """Windows as long as the context. tokens (windows, T + 1); read (windows, d, T) float32: what lm_head reads.

    From `read`, the logits of every position are a product with lm_head: to keep them all would take eight times
    the room.
    """

    tokens: Array
    read: Array

    def logits(self, windows: Array, lm_head: Array) -> Array:
        """Of the model that wrote it, (V, N), N the positions of some windows one after another."""
        read = self.read[windows].swapaxes(0, 1).reshape(self.read.shape[1], -1)
        logits: Array = lm_head @ read
        return logits

    @classmethod
    def joined(cls, parts: list[OwnText]) -> OwnText:
        """All windows of several."""
        return cls(np.concatenate([part.tokens for part in parts]), np.concatenate([part.read for part in parts]))


def own_text(
    tensors: Mapping[str, Array],
    config: ModelConfig,
    half: int,
    random: np.random.Generator,
    temperatures: tuple[float, ...] = TEMPERATURES,
) -> OwnText:
    """`half` windows from BOS, and as many that go on from the second half of those, as the console does."""
    warmth = np.resize(np.array(temperatures, np.float32), half)[:, None]
    begun = _written(tensors, config, np.full((half, 1), config.bos), warmth, random)
    middle = config.block_size // 2
    going_on = _written(tensors, config, begun.tokens[:, middle:-1], warmth, random)
    return OwnText.joined([begun, going_on])


def _written(
    tensors: Mapping[str, Array], config: ModelConfig, prompts: Array, warmth: Array, random: np.random.Generator
) -> OwnText:
    """A window for each of the prompts (n, 1 …). A text that ends is followed by another, as BOS asks for."""
    n, given = prompts.shape
    tokens = np.zeros((n, config.block_size + 1), np.int64)
    read = np.zeros((n, config.n_embd, config.block_size), np.float32)
    tokens[:, :given] = prompts

    def keep(name: str, _layer: int, values: Array) -> None:
        if name == "logits_input":
            read[:, :, position] = values.T

    decoder = Decoder(tensors, config, n, keep)
    for position in range(config.block_size):
        logits = decoder.step(tokens[:, position])
        if position + 1 >= given:
            tokens[:, position + 1] = chosen(logits / warmth, random)
    return OwnText(tokens, read)
