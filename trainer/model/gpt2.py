"""The GPT-2 decoder in float: learned positions, biases, an MLP with GELU. Forward, and its gradient by hand.

Radford et al. 2019, "Language models are unsupervised multitask learners". Its LayerNorms are norms without gain
here: gains and biases are in the matrices that follow them, and all that is added to the residual stream has mean
zero (trainer.formats.gpt2_checkpoint).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from trainer.config import ModelConfig, bias_of
from trainer.files import Array
from trainer.model import llama
from trainer.model.attention import Padded, Sliding, attention_over
from trainer.model.blocks import Loss, Outer, product, rmsnorm, rmsnorm_gradient, sum_columns
from trainer.model.llama import Attend, Observe, nobody_looks
from trainer.training.packing import Batch

Tensors = Mapping[str, Array]

TANH_SCALE, TANH_CUBE = math.sqrt(2 / math.pi), 0.044715
ERF = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)
ERF_FALL = 0.3275911
"""Abramowitz and Stegun 1964, formula 7.1.26: erf to 1.5e-7."""


def erf(x: Array) -> Array:
    """The error function, to 1.5e-7."""
    t = 1 / (1 + ERF_FALL * np.abs(x))
    series = np.zeros_like(t)
    for factor in reversed(ERF):
        series = (series + x.dtype.type(factor)) * t
    result: Array = np.copysign(1 - series * np.exp(-x * x), x)
    return result


def below(x: Array, activation: str) -> Array:
    """The share of x that GELU lets pass: the chance that a normal number is below x, or its tanh form."""
    share: Array
    if activation == "gelu":
        share = erf(x * x.dtype.type(math.sqrt(0.5)))
    else:
        share = np.tanh(x.dtype.type(TANH_SCALE) * (x + x.dtype.type(TANH_CUBE) * x * x * x))
    return 0.5 + 0.5 * share


def gelu(x: Array, activation: str) -> Array:
    """x times the share that passes. Hendrycks & Gimpel 2016, arXiv:1606.08415."""
    return x * below(x, activation)


def gelu_slope(x: Array, activation: str) -> Array:
    """The derivative of `gelu`."""
    share, slope = below(x, activation), np.empty_like(x)
    if activation == "gelu":
        slope = x * np.exp(-0.5 * x * x) * x.dtype.type(1 / math.sqrt(2 * math.pi))
    else:
        slope = 2 * x * share * (1 - share) * x.dtype.type(TANH_SCALE)
        slope *= 1 + x.dtype.type(3 * TANH_CUBE) * x * x
    result: Array = share + slope
    return result


def decode(
    tensors: Tensors,
    config: ModelConfig,
    tokens: Array,
    positions: Array,
    attend: Attend,
    observe: Observe = nobody_looks,
) -> Array:
    """x = wte[token] + wpe[position];  per layer x += wo attention(norm(x)), x += fc2 gelu(fc1 norm(x));
    logits (V, N) = lm_head norm(x); a matrix with a bias adds it.
    """
    x = tensors["wte"].T.take(tokens, axis=1)
    x += tensors["wpe"].T.take(positions, axis=1)

    def linear(name: str, read: Array) -> Array:
        result: Array = tensors[name] @ read
        if bias_of(name) in tensors:
            result += tensors[bias_of(name)]
        return result

    for layer in range(config.n_layer):
        own = f"layer{layer}"
        normed, factor = rmsnorm(x)
        query, key, value = (linear(f"{own}.{name}", normed) for name in ("wq", "wk", "wv"))
        observe("attention_input", layer, normed)
        observe("attention_factor", layer, factor[None])
        observe("query", layer, query)
        observe("key", layer, key)
        observe("value", layer, value)
        attended = attend(layer, query, key, value)
        observe("attended", layer, attended)
        x = x + linear(f"{own}.wo", attended)
        observe("attention_residual", layer, x)
        normed, factor = rmsnorm(x)
        observe("mlp_input", layer, normed)
        observe("mlp_factor", layer, factor[None])
        units = linear(f"{own}.fc1", normed)
        observe("units", layer, units)
        hidden = gelu(units, config.activation)
        observe("hidden", layer, hidden)
        x = x + linear(f"{own}.fc2", hidden)
        observe("mlp_residual", layer, x)
    normed, factor = rmsnorm(x)
    observe("logits_input", config.n_layer - 1, normed)
    observe("logits_factor", config.n_layer - 1, factor[None])
    return linear("lm_head", normed)


def forward(tensors: Tensors, config: ModelConfig, batch: Batch) -> Array:
    """Logits (V, N) of every column of a batch."""
    attention = attention_over(batch, config.n_head, tensors["wte"].dtype)

    def attend(layer: int, query: Array, key: Array, value: Array) -> Array:
        return attention(np.concatenate([query, key, value]))[0]

    return decode(tensors, config, batch.tokens, batch.positions, attend)


class Decoder(llama.Decoder):
    """The same, text by text and token by token."""

    decode = staticmethod(decode)


def gradient(
    tensors: Tensors, config: ModelConfig, batch: Batch, loss: Loss, outer: Outer = product
) -> tuple[float, dict[str, Array]]:
    """The loss of a batch's columns, and its gradient by tensor name, in file order.

    Computed in the type of the tensors. outer: what becomes of a matrix, or of a bias, whose input is 1; the
    embeddings always get their gradient.
    """
    seen: dict[tuple[str, int], Array] = {}
    attention = attention_over(batch, config.n_head, tensors["wte"].dtype)
    probabilities = dict[int, Array]()

    def attend(layer: int, query: Array, key: Array, value: Array) -> Array:
        heads, probabilities[layer] = attention(np.concatenate([query, key, value]))
        return heads

    def keep(name: str, layer: int, values: Array) -> None:
        seen[name, layer] = values

    logits = decode(tensors, config, batch.tokens, batch.positions, attend, keep)
    value, dlogits = loss(logits)
    back = _Back(tensors, seen, outer)
    last = config.n_layer - 1
    dx = back.norm(back.linear("lm_head", dlogits, "logits_input", last), "logits", last)
    for layer in reversed(range(config.n_layer)):
        dx = dx + _mlp(dx, back, layer, config.activation)
        dx = dx + _attention(dx, back, layer, attention, probabilities[layer])
    back.found["wte"] = sum_columns(dx, batch.tokens, config.vocab_size)
    back.found["wpe"] = sum_columns(dx, batch.positions, config.block_size)
    return value, {name: back.found[name] for name in config.tensor_shapes()}


class _Back:
    """The way back through a forward pass. found: what becomes of each tensor."""

    def __init__(self, tensors: Tensors, seen: Mapping[tuple[str, int], Array], outer: Outer) -> None:
        self.tensors, self.seen, self.outer = tensors, seen, outer
        self.found: dict[str, Array] = {}

    def linear(self, name: str, dy: Array, read: str, layer: int) -> Array:
        """∂loss/∂input of a matrix that read this vector; dy (outputs, N)."""
        self.found[name] = self.outer(dy, self.seen[read, layer])
        if bias_of(name) in self.tensors:
            self.found[bias_of(name)] = self.outer(dy, np.ones((1, dy.shape[1]), dy.dtype))
        dx: Array = self.tensors[name].T @ dy
        return dx

    def norm(self, dy: Array, name: str, layer: int) -> Array:
        """∂loss/∂(residual stream) of what a norm made of it."""
        return rmsnorm_gradient(dy, self.seen[f"{name}_input", layer], self.seen[f"{name}_factor", layer][0])


def _mlp(dx: Array, back: _Back, layer: int, activation: str) -> Array:
    """The part of ∂loss/∂(residual stream before an MLP) that goes through it; dx: of the stream after it."""
    own = f"layer{layer}"
    dunits = back.linear(f"{own}.fc2", dx, "hidden", layer)
    dunits *= gelu_slope(back.seen["units", layer], activation)
    return back.norm(back.linear(f"{own}.fc1", dunits, "mlp_input", layer), "mlp", layer)


def _attention(dx: Array, back: _Back, layer: int, attention: Sliding | Padded, probabilities: Array) -> Array:
    """The same of attention."""
    own = f"layer{layer}"
    qkv = np.concatenate([back.seen[name, layer] for name in ("query", "key", "value")])
    dqkv = attention.gradient(back.linear(f"{own}.wo", dx, "attended", layer), qkv, probabilities)
    parts = zip(("wq", "wk", "wv"), np.split(dqkv, 3), strict=True)
    dread = sum(back.linear(f"{own}.{name}", part, "attention_input", layer) for name, part in parts)
    return back.norm(np.asarray(dread), "attention", layer)
