"""Which digits are worth their adds: how much the text's distribution changes when a weight moves.

A squared change of weight (i, j) of a matrix is taken to cost s · E[x_j²]: the second moment of what column j
reads, times one number a matrix, measured as the Kullback-Leibler divergence from the float model that rounding
this matrix alone brings. Digits then go, of all matrices' weights, where an add takes most of that cost off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from quantize.calibration import Text
from quantize.fixed import FRACTION_BITS
from trainer.config import ModelConfig
from trainer.errors import InputError
from trainer.files import Array
from trainer.model.llama import Decoder
from trainer.progress import Bar, no_bar
from trainer.training.digit_projection import LARGEST, allocate, nearest, query_scale

PROBE_DIGITS = 1.5
"""Digits per weight that a matrix is rounded to when its sensitivity is measured."""

PROBE_TEXTS, PROBE_LENGTH = 24, 96

READS = {"wq": "attention_input", "wk": "attention_input", "wv": "attention_input", "wo": "attended"}
READS |= {"fc1": "mlp_input", "fc3": "mlp_input", "fc2": "hidden", "lm_head": "logits_input"}
"""The input of each matrix, by the name that the float model's observers use."""


@dataclass(frozen=True)
class Sensitivity:
    """Matrix → what a squared change of a weight costs, nats a token: (1, inputs), for all rows alike."""

    costs: Mapping[str, Array]


def sensitivities(config: ModelConfig, tensors: Mapping[str, Array], text: Text, bar: Bar = no_bar) -> Sensitivity:
    """Every matrix's sensitivity. tensors: as the integer model uses them, in float."""
    plain, tokens = unfolded(tensors, config), text.tokens[:PROBE_TEXTS, :PROBE_LENGTH]
    moments: dict[str, list[Array]] = {}
    streams = {-1: list(plain["wte"][tokens.T])}

    def observe(name: str, layer: int, values: Array) -> None:
        moments.setdefault(f"{name}{layer}", []).append((values.astype(np.float64) ** 2).mean(1))
        if name == "mlp_residual":
            streams.setdefault(layer, []).append(values.T)

    exact = _log_shares(_logits(plain, config, tokens, observe))
    shares = np.exp(exact)
    matrices = [name for name in config.tensor_shapes() if name != "wte"]
    costs: dict[str, Array] = {}
    tell = bar("sensitivity", len(matrices))
    for layer in range(config.n_layer):
        tell(len(costs))
        weights = {n: tensors[n].astype(np.float32) for n in matrices if _layer(n, config) == layer}
        rounded = {n: rounding(w, PROBE_DIGITS * w.size, FRACTION_BITS) for n, w in weights.items()}
        below = np.stack(streams[layer - 1])
        for name, changed in zip(rounded, _probes(plain, config, below, layer, rounded), strict=True):
            divergence = float((shares * (exact - changed)).sum(-1).mean())
            moment = np.mean(moments[READS[name.rpartition(".")[2]] + str(layer)], axis=0)
            change = float((((rounded[name] - weights[name]).astype(np.float64) ** 2) * moment).sum())
            costs[name] = (max(divergence, 1e-9) / max(change, 1e-12) * moment)[None]
    return Sensitivity(costs)


def rounding(weights: Array, digits: float, grid: int) -> Array:
    """A matrix in `digits` digits in all, spread over its weights where they take off most squared error."""
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


def _layer(name: str, config: ModelConfig) -> int:
    """Whose matrix it is; lm_head is the last layer's."""
    return int(name[5 : name.index(".")]) if "." in name else config.n_layer - 1


def unfolded(tensors: Mapping[str, Array], config: ModelConfig) -> dict[str, Array]:
    """As the float model uses them."""
    return {name: (tensor / query_scale(name, config)).astype(np.float32) for name, tensor in tensors.items()}


def _logits(
    tensors: Mapping[str, Any],
    config: ModelConfig,
    tokens: Array,
    observe: Callable[[str, int, Array], None] = lambda *_: None,
) -> Array:
    """(steps, texts, vocab)."""
    decoder = Decoder(tensors, config, len(tokens), observe)
    return np.stack([decoder.step(tokens[:, step]) for step in range(tokens.shape[1])])


def _log_shares(logits: Array) -> Array:
    """log softmax of every next token, in float64."""
    logits = logits.astype(np.float64)
    logits -= logits.max(-1, keepdims=True)
    shares: Array = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    return shares


@dataclass(frozen=True)
class _Probed:
    """A matrix in one of several probes side by side; `rounded` is what probe number `own` has instead, if any."""

    exact: Array
    probes: int
    rounded: Array | None = None
    own: int = 0

    def __matmul__(self, x: Array) -> Array:
        """x (inputs, probes · texts) → (outputs, probes · texts)."""
        parts = x.reshape(len(x), self.probes, -1).swapaxes(0, 1)
        product = np.matmul(self.exact, parts)
        if self.rounded is not None:
            product[self.own] = self.rounded @ parts[self.own]
        joined: Array = product.swapaxes(0, 1).reshape(-1, x.shape[1])
        return joined


def _probes(
    plain: Mapping[str, Array], config: ModelConfig, below: Array, layer: int, rounded: Mapping[str, Array]
) -> Iterator[Array]:
    """`_log_shares` with each of the matrices of a layer rounded alone, one after the other.

    plain: the model, unfolded; below (steps, texts, d): the residual stream that comes into the layer. The layers
    from there on are a model whose symbols are these vectors, and the texts of all probes go through it side by
    side. A product is as large as with one probe, and so the same to the bit.
    """
    steps, texts, width = below.shape
    model: dict[str, Any] = {"wte": below.reshape(-1, width)}
    order = {name: (tensor, number) for number, (name, tensor) in enumerate(unfolded(rounded, config).items())}
    for name in config.tensor_shapes():
        if name != "wte" and (own := _layer(name, config)) >= layer:
            here = name.replace(f"layer{own}", f"layer{own - layer}")
            model[here] = _Probed(plain[name], len(order), *order.get(name, ()))
    tokens = np.tile(np.arange(steps * texts).reshape(steps, texts).T, (len(order), 1))
    logits = _logits(model, replace(config, n_layer=config.n_layer - layer), tokens)
    for probe in np.split(logits, len(order), axis=1):
        yield _log_shares(probe)
