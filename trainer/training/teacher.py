"""A float model as a teacher: the text it writes, and what errors in its weights or narrower windows cost there."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from trainer.config import ModelConfig
from trainer.files import Array
from trainer.model.blocks import cross_entropy, divergence
from trainer.model.decoder import batch_logits
from trainer.model.fisher import fisher_information
from trainer.progress import Bar, no_bar
from trainer.training.own_text import TEMPERATURES, OwnText, own_text

ROUND, ROUNDS, MOST_ROUNDS = 1 << 16, 8, 24
"""Tokens that are written at a time, and how often: more than ROUNDS for steps that would meet them too often."""
MEETINGS = 5
APART = 1 << 13
"""Tokens kept apart, at temperature 1."""
INFORMATION = 1 << 15
"""Tokens that the Fisher information is measured on."""
PROBE = 1 << 11
"""Tokens that the cost of a window is measured on."""


def rounds_for(tokens: int) -> int:
    """How many rounds of text serve a run of this number of tokens: new text for all, or met MEETINGS times."""
    all_new = -(-tokens // ROUND)
    return min(all_new, max(ROUNDS, -(-all_new // MEETINGS)), MOST_ROUNDS)


class Teacher:
    """A model's tensors, and its own text. The same seed gives the same text.

    apart: what is kept apart; loss: the teacher's own there, nats a token. text: what is taught by.
    """

    def __init__(self, tensors: Mapping[str, Array], config: ModelConfig, seed: int, bar: Bar = no_bar) -> None:
        self.tensors = {name: tensors[name].astype(np.float32) for name in config.tensor_shapes()}
        self.config, self.seed, self.bar = config, seed, bar
        self.text: OwnText
        self.apart = self._text(0, self._half(APART), 1.0)
        self._apart_logits = self.apart.logits(self.tensors["lm_head"])
        self.loss = self._loss(self._apart_logits)

    def _loss(self, logits: Array) -> float:
        nats, _ = cross_entropy(logits, self.apart.tokens[:, 1:][self.apart.counted])
        return float(nats.mean(dtype=np.float64))

    def judge(self, logits: Array) -> tuple[float, float]:
        """Of logits (V, N) where the text kept apart counts: the loss above the teacher's, and the divergence."""
        away, _ = divergence(self._apart_logits, logits)
        return self._loss(logits) - self.loss, float(away.mean(dtype=np.float64))

    @property
    def rounds(self) -> int:
        """How much text there is."""
        return len(self.text) // (2 * self._half(ROUND))

    def write(self, rounds: int, until: float = math.inf) -> None:
        """Some rounds of text; none that would begin after a moment, but for the first."""
        show, parts = self.bar("text", rounds), list[OwnText]()
        while len(parts) < rounds and (not parts or time.perf_counter() < until):
            show(len(parts))
            parts.append(self._text(1 + len(parts), self._half(ROUND)))
        self.text = OwnText.joined(parts)

    def _half(self, tokens: int) -> int:
        """Of the windows that have this many tokens."""
        return max(tokens // 2 // self.config.block_size, 1)

    def _text(self, number: int, half: int, *temperatures: float) -> OwnText:
        """The windows with this number, always the same."""
        random = np.random.default_rng([self.seed, number])
        return own_text(self.tensors, self.config, half, random, temperatures or TEMPERATURES)

    def information(self) -> dict[str, Array]:
        """`fisher_information` of its weights, on the first round of its text."""
        random = np.random.default_rng([self.seed, ROUNDS + 1])
        text = self._mixed(INFORMATION)
        return fisher_information(self.tensors, self.config, text.documents, random, bar=self.bar)

    def _mixed(self, tokens: int) -> OwnText:
        """Windows of the first round, room for this many tokens: every kind of them."""
        first = min(2 * self._half(ROUND), len(self.text))
        windows = min(max(tokens // self.config.block_size, 1), first)
        return self.text.some(np.arange(windows) * first // windows)

    def window_costs(self, windows: Sequence[int]) -> Array:
        """What it costs to cut one head's past to a window, nats a token: (layers, heads, windows)."""
        config, text = self.config, self._mixed(PROBE)
        costs = np.zeros((config.n_layer, config.n_head, len(windows)))
        taught, show = text_logits(self.tensors, config, text), self.bar("windows", costs.size)
        for done, (layer, head, which) in enumerate(np.ndindex(costs.shape)):
            show(done)
            seen = np.array([config.seen(number) for number in range(config.n_layer)])
            seen[layer, head] = min(seen[layer, head], windows[which])
            cut = replace(config, windows=tuple(seen.reshape(-1).tolist()))
            nats, _ = divergence(taught, text_logits(self.tensors, cut, text))
            costs[layer, head, which] = nats.mean(dtype=np.float64)
        return costs


def text_logits(tensors: Mapping[str, Array], config: ModelConfig, text: OwnText) -> Array:
    """Logits (V, N) of a model where a text counts, one window after another."""
    return batch_logits(tensors, config, text.documents.batch(np.arange(len(text))))
