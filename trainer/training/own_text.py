"""Text that a model writes itself, to teach another one by: no corpus is needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from trainer.config import ModelConfig
from trainer.files import Array
from trainer.model.decoder import batch_decoder
from trainer.model.generate import chosen
from trainer.training.packing import Documents

TEMPERATURES = (1.0, 1.0, 1.0, 1.0, 0.8, 1.2)
"""Of the windows in turn: mostly what the model would say, and some that is surer and some that is wilder."""


@dataclass(frozen=True)
class OwnText:
    """Windows as long as the context. tokens (windows, T + 1); read (windows, d, T) float32: what lm_head reads.

    lengths (windows,): the positions of each that count; what was drawn after them is nobody's text.
    From `read`, the logits of every position are a product with lm_head: to keep them all would take eight times
    the room.
    """

    tokens: Array
    lengths: Array
    read: Array

    def __len__(self) -> int:
        return len(self.tokens)

    @cached_property
    def documents(self) -> Documents:
        """The windows as far as they count."""
        return Documents(
            (row[: length + 1] for row, length in zip(self.tokens, self.lengths, strict=True)), self.read.shape[2]
        )

    @property
    def counted(self) -> Array:
        """The positions that count, (windows, T)."""
        counted: Array = np.arange(self.read.shape[2]) < self.lengths[:, None]
        return counted

    def logits(self, lm_head: Array) -> Array:
        """Of the model that wrote it, (V, N), N the positions that count of one window after another."""
        read = self.read.swapaxes(0, 1).reshape(self.read.shape[1], -1)
        logits: Array = lm_head @ read[:, self.counted.reshape(-1)]
        return logits

    def some(self, windows: Array) -> OwnText:
        """The windows with these numbers."""
        return OwnText(self.tokens[windows], self.lengths[windows], self.read[windows])

    @classmethod
    def joined(cls, parts: list[OwnText]) -> OwnText:
        """All windows of several."""
        columns = zip(*((part.tokens, part.lengths, part.read) for part in parts), strict=True)
        return cls(*map(np.concatenate, columns))


def own_text(
    tensors: Mapping[str, Array],
    config: ModelConfig,
    half: int,
    random: np.random.Generator,
    temperatures: tuple[float, ...] = TEMPERATURES,
) -> OwnText:
    """Of a llama: `half` windows from BOS, and as many that go on from the second half of those.

    Of a microgpt: twice `half` documents from BOS. What it was trained on began so, windows of a running text too.
    """
    if config.learned_positions:
        return _written(tensors, config, np.full((2 * half, 1), config.bos), temperatures, random)
    begun = _written(tensors, config, np.full((half, 1), config.bos), temperatures, random)
    going_on = _written(tensors, config, begun.tokens[:, config.block_size // 2 : -1], temperatures, random)
    return OwnText.joined([begun, going_on])


def _written(
    tensors: Mapping[str, Array],
    config: ModelConfig,
    prompts: Array,
    temperatures: tuple[float, ...],
    random: np.random.Generator,
) -> OwnText:
    """A window for each of the prompts (n, 1 …).

    A llama's text that ends is followed by another, as BOS asks for; a microgpt's positions begin at each BOS, and
    so a window ends with its document.
    """
    n, given = prompts.shape
    warmth = np.resize(np.array(temperatures, np.float32), n)[:, None]
    tokens = np.zeros((n, config.block_size + 1), np.int64)
    read = np.zeros((n, config.n_embd, config.block_size), np.float32)
    tokens[:, :given] = prompts

    def keep(name: str, _layer: int, values: Array) -> None:
        if name == "logits_input":
            read[:, :, position] = values.T

    decoder = batch_decoder(tensors, config, n, keep)
    for position in range(config.block_size):
        logits = decoder.step(tokens[:, position])
        if position + 1 >= given:
            tokens[:, position + 1] = chosen(logits / warmth, random)
    lengths = np.full(n, config.block_size)
    if config.learned_positions:
        ends = tokens[:, 1:] == config.bos
        lengths = np.where(ends.any(1), ends.argmax(1) + 1, lengths)
    return OwnText(tokens, lengths, read)
