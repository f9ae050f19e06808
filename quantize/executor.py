"""Runs an integer model: the norm that the ROM equals bit for bit, vectorised over independent streams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quantize.fixed import Ints, from_q88
from quantize.kernel import State, Trace
from quantize.model import IntegerModel
from quantize.program import leaves
from quantize.schedule import LOGITS
from trainer.config import LONGEST
from trainer.progress import Tell, nobody

__all__ = ["Executor", "Streams", "Trace", "loss", "window_logits"]


@dataclass
class Streams:
    """B documents under way: position (B,) of the next token, last (B, LONGEST) tokens of each, the newest last,
    caches name → (B, T, d).
    """

    position: Ints
    last: Ints
    caches: dict[str, Ints]

    def restart(self, which: Ints) -> None:
        """Begin new documents in the streams `which`: what their caches hold is never read again."""
        self.position[which] = 0


class Executor:
    """Runs an IntegerModel one position at a time, many streams at once."""

    def __init__(self, model: IntegerModel) -> None:
        self.model = model
        self.config = model.config
        self._steps = [kernel.bind(model) for kernel in model.program]

    def start(self, batch: int) -> Streams:
        """B streams at position 0."""
        caches: dict[str, Ints] = {}
        for kernel in leaves(self.model.program):
            caches |= kernel.caches(self.config, batch)
        return Streams(np.zeros(batch, np.int64), np.full((batch, LONGEST), self.config.bos), caches)

    def step(self, streams: Streams, tokens: Ints, trace: Trace | None = None) -> Ints:
        """Advance every stream by one token.

        tokens (B,); returns logits (B, vocab) Q8.8; `trace` receives every intermediate.
        """
        streams.last[streams.position == 0] = self.config.bos
        streams.last = np.concatenate([streams.last[:, 1:], tokens[:, None]], axis=1)
        state = State(streams.last, streams.position, streams.caches, trace)
        for step in self._steps:
            step(state)
        streams.position += 1
        return state.buffers[LOGITS]


def loss(model: Executor, documents: Sequence[Sequence[int]], batch: int = 2048, tell: Tell = nobody) -> float:
    """Mean of −log softmax(logits)[next], in nats per predicted token.

    documents are token sequences BOS c1 … cn BOS; each is cut to the model's context. tell: is told how many are
    done.
    """
    total, count = 0.0, 0
    ordered = sorted(documents, key=len)
    for start in range(0, len(ordered), batch):
        nats, tokens = _batch_loss(model, ordered[start : start + batch])
        total, count = total + nats, count + tokens
        tell(start + batch)
    return total / max(count, 1)


def window_logits(model: Executor, tokens: Ints, tell: Tell = nobody) -> NDArray[np.float32]:
    """Logits of every token of windows (n, T), in nats: (vocab, n · T), the columns window after window."""
    streams, (n, length) = model.start(len(tokens)), tokens.shape
    logits = np.empty((model.config.vocab_size, n, length), np.float32)
    for position in range(length):
        tell(position)
        logits[:, :, position] = from_q88(model.step(streams, tokens[:, position])).T
    logits *= np.float32(2**model.model.logit_exponent)
    return logits.reshape(-1, n * length)


def _batch_loss(model: Executor, documents: Sequence[Sequence[int]]) -> tuple[float, int]:
    length = min(max(len(document) for document in documents) - 1, model.config.block_size)
    padded = np.full((len(documents), length + 1), -1, np.int64)
    for row, document in zip(padded, documents, strict=True):
        text = document[: length + 1]
        row[: len(text)] = text
    streams = model.start(len(documents))
    scale = 2**model.model.logit_exponent
    total, count = 0.0, 0
    for position in range(length):
        targets = padded[:, position + 1]
        logits = from_q88(model.step(streams, np.maximum(padded[:, position], 0))) * scale
        rows = np.flatnonzero(targets >= 0)
        shifted = logits[rows] - logits[rows].max(-1, keepdims=True)
        log_sum = np.log(np.exp(shifted).sum(-1))
        total += float((log_sum - shifted[np.arange(len(rows)), targets[rows]]).sum())
        count += len(rows)
    return total, count
