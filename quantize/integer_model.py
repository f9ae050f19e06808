"""The integer model: the norm that the ROM equals bit for bit, vectorised over independent streams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from quantize.blocks import (
    ACTIVATIONS,
    attend,
    attend_ppu,
    attention_scores,
    attention_scores_ppu,
    narrow,
    rmsnorm,
    rmsnorm_table,
    softmax_weights,
    softmax_weights_ppu,
)
from quantize.fixed import Ints, from_q88, round_shift
from quantize.kernels import KERNELS
from quantize.quantized import QuantizedModel
from quantize.schedule import Activation, Add, Attention, Embed, Linear, Norm, microgpt

SCORE_OFFSET = 1 << 15
"""The fast attention keeps scores with 2^15 added, for unsigned comparison; a trace reads them as signed words."""

Trace = dict[str, Ints]
"""Block name → what it computed, (B, …), in the order of `trace_entries`."""


@dataclass
class Streams:
    """B documents under way: position (B,) of the next token, caches name → (B, T, d) Q8.8."""

    position: Ints
    caches: dict[str, Ints]

    def restart(self, which: Ints) -> None:
        """Begin new documents in the streams `which`: what their caches hold is never read again."""
        self.position[which] = 0


class IntegerModel:
    """Runs a QuantizedModel one position at a time, many streams at once."""

    def __init__(self, model: QuantizedModel) -> None:
        self.model = model
        self.config = model.config
        self._schedule = microgpt(model.config)
        self._linear = {
            name: KERNELS[model.kernels[name]](model.tensors[name], model.exponent(name))
            for name in model.linear_names()
        }

    def start(self, batch: int) -> Streams:
        """B streams at position 0."""
        shape = (batch, self.config.block_size, self.config.n_embd)
        names = [block.out for block in self._schedule if isinstance(block, Linear) and block.cached]
        return Streams(np.zeros(batch, np.int64), {name: np.zeros(shape, np.int64) for name in names})

    def step(self, streams: Streams, tokens: Ints, trace: Trace | None = None) -> Ints:
        """Advance every stream by one token.

        tokens (B,); returns logits (B, vocab) Q8.8; `trace` receives every intermediate.
        """
        buffers: dict[str, Ints] = {}
        for block in self._schedule:
            match block:
                case Embed():
                    wte, wpe = self.model.tensors["wte"], self.model.tensors["wpe"]
                    buffers[block.out] = result = wte[tokens] + wpe[streams.position]
                case Norm():
                    buffers[block.out] = result = self._norm(block, buffers[block.source])
                case Linear():
                    result = self._linear[block.weight](self._clamped(block, buffers[block.source]))
                    if block.cached:
                        streams.caches[block.out][np.arange(len(tokens)), streams.position] = result
                    buffers[block.out] = result
                case Attention():
                    buffers[block.out] = result = self._attention(block, buffers, streams, trace)
                case Activation():
                    buffers[block.buffer] = result = ACTIVATIONS[block.kind](buffers[block.buffer])
                case Add():
                    buffers[block.out] = result = buffers[block.out] + buffers[block.source]
            if trace is not None:
                trace[block.name] = result
        streams.position += 1
        return buffers["logits"]

    def _attention(self, block: Attention, buffers: dict[str, Ints], streams: Streams, trace: Trace | None) -> Ints:
        heads, width = self.config.n_head, self.config.head_dim
        seen = int(streams.position.max()) + 1
        query = buffers[block.query].reshape(-1, heads, width)
        keys = streams.caches[block.keys][:, :seen].reshape(-1, seen, heads, width)
        values = streams.caches[block.values][:, :seen].reshape(-1, seen, heads, width)
        if self.model.kernel_of(block.name) == "ppu":
            key_shift = self.model.parameters[f"{block.name}.key_shift"]
            value_shift = self.model.parameters[f"{block.name}.value_shift"]
            keys, values = narrow(keys, key_shift), narrow(values, value_shift)
            scores = attention_scores_ppu(query, keys, key_shift)
            weights = softmax_weights_ppu(scores, streams.position)
            attended = attend_ppu(weights, values, value_shift)
            if trace is not None:
                now = np.arange(len(query)), streams.position
                trace[f"{block.name}.query"] = (query << key_shift).reshape(-1, heads * width)
                trace[f"{block.name}.packed"] = ((values << 8) | (keys & 0xFF))[now].reshape(-1, heads * width)
            scores_as_kept = (scores & 0xFFFF) - SCORE_OFFSET
        else:
            scores = attention_scores(query, keys)
            weights = softmax_weights(scores, streams.position)
            attended = attend(weights, values)
            scores_as_kept = scores
        if trace is not None:
            trace[f"{block.name}.scores"] = scores_as_kept
            trace[f"{block.name}.weights"] = weights
        return attended.reshape(-1, heads * width)

    def _norm(self, block: Norm, x: Ints) -> Ints:
        if self.model.kernel_of(block.name) == "table":
            return rmsnorm_table(x, self.model.parameters[f"{block.name}.bits"])
        return rmsnorm(x)

    def _clamped(self, block: Linear, x: Ints) -> Ints:
        """An input that no norm bounds is cut, and if need be halved, where the kernel's sums need a bound."""
        clamp = self.model.parameters.get(f"{block.weight}.clamp")
        if clamp is None:
            return x
        return round_shift(np.clip(x, -clamp, clamp), self.model.parameters[f"{block.weight}.shift"])


def loss(model: IntegerModel, documents: Sequence[Sequence[int]], batch: int = 2048) -> float:
    """Mean of −log softmax(logits)[next], in nats per predicted token.

    documents are token sequences BOS c1 … cn BOS; each is cut to the model's context.
    """
    total, count = 0.0, 0
    ordered = sorted(documents, key=len)
    for start in range(0, len(ordered), batch):
        nats, tokens = _batch_loss(model, ordered[start : start + batch])
        total, count = total + nats, count + tokens
    return total / max(count, 1)


def _batch_loss(model: IntegerModel, documents: Sequence[Sequence[int]]) -> tuple[float, int]:
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
