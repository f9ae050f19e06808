"""The integer model: the norm that the ROM equals bit for bit, vectorised over independent streams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from quantize.blocks import (
    ACTIVATIONS,
    add_cut,
    attend,
    attend_ppu,
    attention_scores,
    attention_scores_ppu,
    gated,
    narrow,
    rmsnorm,
    rmsnorm_table,
    rotate,
    softmax_weights,
    softmax_weights_ppu,
)
from quantize.fixed import Ints, from_q88, round_shift
from quantize.kernels import KERNELS, Digits, LinearKernel
from quantize.model import IntegerModel
from quantize.schedule import Activation, Add, Attention, Embed, Gate, Linear, Norm, Rotary, schedule

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


class Executor:
    """Runs a IntegerModel one position at a time, many streams at once."""

    def __init__(self, model: IntegerModel) -> None:
        self.model = model
        self.config = model.config
        self._schedule = schedule(model.config)
        self._linear = {block.name: self._kernel(block) for block in self._schedule if isinstance(block, Linear)}

    def start(self, batch: int) -> Streams:
        """B streams at position 0."""
        shape = (batch, self.config.block_size, self.config.kv_dim)
        names = [
            name for block in self._schedule if isinstance(block, Attention) for name in (block.keys, block.values)
        ]
        return Streams(np.zeros(batch, np.int64), {name: np.zeros(shape, np.int64) for name in names})

    def step(self, streams: Streams, tokens: Ints, trace: Trace | None = None) -> Ints:
        """Advance every stream by one token.

        tokens (B,); returns logits (B, vocab) Q8.8; `trace` receives every intermediate.
        """
        buffers: dict[str, Ints] = {}
        for block in self._schedule:
            match block:
                case Embed():
                    result = self.model.tensors["wte"][tokens]
                    if block.positions:
                        result = result + self.model.tensors["wpe"][streams.position]
                    buffers[block.out] = result
                case Norm():
                    buffers[block.out] = result = self._norm(block, buffers[block.source])
                case Linear():
                    first, end = block.inputs or (0, None)
                    result = self._linear[block.name](self._clamped(block, buffers[block.source][:, first:end]))
                    if block.cached:
                        streams.caches[block.out][np.arange(len(tokens)), streams.position] = result
                    buffers[block.out] = result
                case Rotary():
                    result = self._rotated(block, buffers, streams)
                case Attention():
                    buffers[block.out] = result = self._attention(block, buffers, streams, trace)
                case Activation():
                    buffers[block.buffer] = result = ACTIVATIONS[block.kind](buffers[block.buffer])
                case Gate():
                    buffers[block.out] = result = self._gated(block, buffers)
                case Add():
                    buffers[block.out] = result = self._sum(block, buffers[block.out], buffers[block.source])
            if trace is not None:
                trace[block.name] = result
        streams.position += 1
        return buffers["logits"]

    def _kernel(self, block: Linear) -> LinearKernel:
        """Of a matrix, or of the columns of it that take part."""
        first, end = block.inputs or (0, None)
        tensor, kernel = self.model.tensors[block.weight][:, first:end], self.model.kernels[block.weight]
        if kernel == "digits":
            return Digits(tensor, self.model.finest(block.weight), unbiased=self.model.unbiased)
        return KERNELS[kernel](tensor, self.model.finest(block.weight))

    def _rotated(self, block: Rotary, buffers: dict[str, Ints], streams: Streams) -> Ints:
        """The turned query and key, side by side; keys are kept as what they have on top of their centre."""
        config, width = self.config, self.config.head_dim
        turned = []
        for name in (block.query, block.key):
            heads = buffers[name].reshape(len(streams.position), -1, width)
            turned.append(
                rotate(heads, streams.position, config.rope_base, config.block_size).reshape(len(heads), -1)
            )
        buffers[block.query], key = turned
        centre = self.model.tensors[f"{block.name.rpartition('.')[0]}.key_centre"]
        streams.caches[block.keys][np.arange(len(key)), streams.position] = key - centre
        return np.concatenate(turned, axis=1)

    def _gated(self, block: Gate, buffers: dict[str, Ints]) -> Ints:
        numbers = (self.model.parameters[f"{block.name}.{number}"] for number in ("bits", "limit", "shift"))
        return gated(buffers[block.gate], buffers[block.up], *numbers)

    def _sum(self, block: Add, x: Ints, y: Ints) -> Ints:
        if not block.weight:
            return x + y
        return add_cut(x, y, self.model.out_shift(block.weight), self.model.parameters[f"{block.weight}.cut_bits"])

    def _attention(self, block: Attention, buffers: dict[str, Ints], streams: Streams, trace: Trace | None) -> Ints:
        heads, width = self.config.n_head, self.config.head_dim
        seen, group = int(streams.position.max()) + 1, self.config.n_head // self.config.kv_heads
        query = buffers[block.query].reshape(-1, heads, width)
        keys, values = (
            streams.caches[name][:, :seen].reshape(-1, seen, heads // group, width)
            for name in (block.keys, block.values)
        )
        if self.model.kernel_of(block.name) == "ppu":
            key_shift = self.model.parameters[f"{block.name}.key_shift"]
            value_shift = self.model.parameters[f"{block.name}.value_shift"]
            query_shift = self.model.query_shift(block.name)
            keys, values = narrow(keys, key_shift), narrow(values, value_shift)
            if trace is not None:
                now = np.arange(len(query)), streams.position
                trace[f"{block.name}.query"] = (query << query_shift).reshape(-1, heads * width)
                trace[f"{block.name}.packed"] = ((values << 8) | (keys & 0xFF))[now].reshape(len(query), -1)
            keys, values = keys.repeat(group, 2), values.repeat(group, 2)
            scores = attention_scores_ppu(query, keys, query_shift)
            weights = softmax_weights_ppu(scores, streams.position, self.model.score_bits(block.name))
            attended = attend_ppu(weights, values, value_shift)
            scores_as_kept = (scores & 0xFFFF) - SCORE_OFFSET
        else:
            keys, values = keys.repeat(group, 2), values.repeat(group, 2)
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
            doublings = self.model.parameters.get(f"{block.name}.doublings", 0)
            return rmsnorm_table(x, self.model.parameters[f"{block.name}.bits"], doublings)
        return rmsnorm(x)

    def _clamped(self, block: Linear, x: Ints) -> Ints:
        """An input that no norm bounds is cut, and if need be halved, where the kernel's sums need a bound."""
        clamp = self.model.parameters.get(f"{block.weight}.clamp")
        if clamp is None:
            return x
        return round_shift(np.clip(x, -clamp, clamp), self.model.parameters[f"{block.weight}.shift"])


def loss(model: Executor, documents: Sequence[Sequence[int]], batch: int = 2048) -> float:
    """Mean of −log softmax(logits)[next], in nats per predicted token.

    documents are token sequences BOS c1 … cn BOS; each is cut to the model's context.
    """
    total, count = 0.0, 0
    ordered = sorted(documents, key=len)
    for start in range(0, len(ordered), batch):
        nats, tokens = _batch_loss(model, ordered[start : start + batch])
        total, count = total + nats, count + tokens
    return total / max(count, 1)


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
