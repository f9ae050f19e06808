"""Which digits are worth their adds: how much the text's distribution changes when a weight moves.

A squared change of weight (i, j) of a matrix is taken to cost s · E[x_j²]: the second moment of what column j
reads, times one number a matrix, measured as the Kullback-Leibler divergence from the float model that rounding
this matrix alone brings. Digits then go, of all matrices' weights, where an add takes most of that cost off.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from quantize.calibration import Text
from quantize.fixed import FRACTION_BITS
from trainer.config import ModelConfig
from trainer.errors import InputError
from trainer.files import Array
from trainer.model.llama import Decoder
from trainer.training.digit_projection import LARGEST, allocate, nearest, query_scale

PROBE_DIGITS = 1.5
"""Digits per weight that a matrix is rounded to when its sensitivity is measured."""

PROBE_TEXTS, PROBE_LENGTH = 24, 96

READS = {"wq": "attention_input", "wk": "attention_input", "wv": "attention_input", "wo": "attended"}
READS |= {"fc1": "mlp_input", "fc3": "mlp_input", "fc2": "hidden", "lm_head": "logits_input"}
"""What each matrix reads, as the float model's observers call it."""


@dataclass(frozen=True)
class Sensitivity:
    """Matrix → what a squared change of a weight costs, nats a token: (1, inputs), for all rows alike."""

    costs: Mapping[str, Array]


def sensitivities(
    config: ModelConfig,
    tensors: Mapping[str, Array],
    text: Text,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Sensitivity:
    """Of every matrix. tensors: as the integer model uses them, in float. progress(done, of) is told."""
    moments: dict[str, list[Array]] = {}

    def observe(name: str, layer: int, values: Array) -> None:
        moments.setdefault(f"{name}{layer}", []).append((values.astype(np.float64) ** 2).mean(1))

    tokens = text.tokens[:PROBE_TEXTS, :PROBE_LENGTH]
    exact = _log_shares(tensors, config, tokens, observe)
    names = [name for name in config.tensor_shapes() if name != "wte"]
    costs: dict[str, Array] = {}
    for number, name in enumerate(names):
        progress(number, len(names))
        weights = tensors[name].astype(np.float32)
        rounded = rounding(weights, PROBE_DIGITS * weights.size, FRACTION_BITS)
        changed = _log_shares({**tensors, name: rounded}, config, tokens)
        divergence = float((np.exp(exact) * (exact - changed)).sum(-1).mean())
        layer = int(name[5 : name.index(".")]) if "." in name else config.n_layer - 1
        moment = np.mean(moments[READS[name.rpartition(".")[2]] + str(layer)], axis=0)
        change = float((((rounded - weights).astype(np.float64) ** 2) * moment).sum())
        costs[name] = (max(divergence, 1e-9) / max(change, 1e-12) * moment)[None]
    return Sensitivity(costs)


def rounding(weights: Array, digits: float, grid: int) -> Array:
    """A matrix in so many digits, spread over its weights where they take off most squared error."""
    flat = weights.reshape(-1)
    return nearest(flat, allocate(flat, np.ones(len(flat)), digits, grid), grid).reshape(weights.shape)


def spread(
    tensors: Mapping[str, Array], sensitivity: Sensitivity, digits: float, grids: Mapping[str, int]
) -> dict[str, Array]:
    """The matrices in `digits` signed powers of two in all, where they are worth most. grids: finest, 2^-grid.

    Raises InputError when a weight is larger than digits can be.
    """
    names = list(sensitivity.costs)
    for name in names:
        if np.abs(tensors[name]).max() > LARGEST:
            raise InputError(f"{name} has a weight beyond ±{LARGEST}: digits reach no farther")
    flat = np.concatenate([tensors[name].reshape(-1) for name in names]).astype(np.float32)
    worth = np.concatenate([np.broadcast_to(sensitivity.costs[n], tensors[n].shape).reshape(-1) for n in names])
    grid = np.repeat([grids[name] for name in names], [tensors[name].size for name in names])
    granted = allocate(flat, np.ones(len(flat)), digits, grid, worth)
    rounded, start, result = nearest(flat, granted, grid), 0, {}
    for name in names:
        result[name] = rounded[start : start + tensors[name].size].reshape(tensors[name].shape)
        start += tensors[name].size
    return result


def _log_shares(
    tensors: Mapping[str, Array],
    config: ModelConfig,
    tokens: Array,
    observe: Callable[[str, int, Array], None] = lambda *_: None,
) -> Array:
    """log softmax of every next token, (steps, texts, vocab)."""
    unfolded = {n: (t / query_scale(n, config)).astype(np.float32) for n, t in tensors.items()}
    decoder = Decoder(unfolded, config, len(tokens), observe)
    logits = np.stack([decoder.step(tokens[:, step]) for step in range(tokens.shape[1])]).astype(np.float64)
    logits -= logits.max(-1, keepdims=True)
    shares: Array = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    return shares
