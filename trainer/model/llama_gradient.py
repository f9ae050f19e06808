"""The gradient of the Llama decoder, by hand, over windows of one length.

The forward pass is trainer.model.llama's own: its observer keeps what the gradient needs. As there, every
activation is (features, N); the columns are those of window after window. In a gradient, dx means ∂loss/∂x.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from trainer.config import ModelConfig
from trainer.files import Array
from trainer.model.attention import mask
from trainer.model.blocks import Loss, Outer, product, rmsnorm_gradient, sum_columns
from trainer.model.llama import decode, rotated, turns

Tensors = Mapping[str, Array]


def gradient(
    tensors: Tensors, config: ModelConfig, tokens: Array, loss: Loss, outer: Outer = product
) -> tuple[float, dict[str, Array]]:
    """The loss of windows tokens (windows, T), T ≤ block_size, and its gradient by tensor name, in file order.

    Computed in the type of the tensors. outer: what becomes of a matrix; the embedding always gets its gradient.
    """
    trace, attention = _Trace({}), _Attention(config, tokens.shape, tensors["wte"].dtype)
    flat, positions = tokens.reshape(-1), np.tile(np.arange(tokens.shape[1]), len(tokens))
    logits = decode(tensors, config, flat, positions, attention, trace.keep)
    value, dlogits = loss(logits)
    read, factor = (trace.values[name, config.n_layer - 1] for name in ("logits_input", "logits_factor"))
    grads = {"lm_head": outer(dlogits, read)}
    dx = rmsnorm_gradient(tensors["lm_head"].T @ dlogits, read, factor[0])
    angles = turns(config, positions, dx.dtype)
    for layer in reversed(range(config.n_layer)):
        own = {name: tensors[f"layer{layer}.{name}"] for name in ("wq", "wk", "wv", "wo", "fc1", "fc3", "fc2")}
        dx, mlp = _mlp(dx, trace, layer, own, outer)
        dx, attended = _attention(dx, trace, layer, own, outer, attention, angles)
        grads |= {f"layer{layer}.{name}": grad for name, grad in (mlp | attended).items()}
    grads["wte"] = sum_columns(dx, flat, config.vocab_size)
    return value, {name: grads[name] for name in config.tensor_shapes()}


@dataclass(frozen=True)
class _Trace:
    """Every intermediate of a forward pass by name and layer, (elements, N)."""

    values: dict[tuple[str, int], Array]

    def keep(self, name: str, layer: int, values: Array) -> None:
        self.values[name, layer] = values

    def of(self, layer: int, *names: str) -> list[Array]:
        return [self.values[name, layer] for name in names]


def _mlp(dx: Array, trace: _Trace, layer: int, own: Tensors, outer: Outer) -> tuple[Array, dict[str, Array]]:
    """∂loss/∂(residual before the MLP) of that after it, dx (d, N), and what becomes of its matrices."""
    read, factor, gate, up, hidden = trace.of(layer, "mlp_input", "mlp_factor", "gate", "up", "hidden")
    found = {"fc2": outer(dx, hidden)}
    dhidden = own["fc2"].T @ dx
    share = 0.5 * gate  # σ(gate), as silu computes it
    np.tanh(share, out=share)
    share *= 0.5
    share += 0.5
    dup = gate * share
    dgate = share - dup * share  # silu' = σ + silu (1 − σ)
    dgate += dup
    dgate *= up
    dgate *= dhidden
    dup *= dhidden
    found |= {"fc1": outer(dgate, read), "fc3": outer(dup, read)}
    dread = own["fc1"].T @ dgate
    dread += own["fc3"].T @ dup
    return dx + rmsnorm_gradient(dread, read, factor[0]), found


def _attention(
    dx: Array,
    trace: _Trace,
    layer: int,
    own: Tensors,
    outer: Outer,
    attention: _Attention,
    angles: tuple[Array, Array],
) -> tuple[Array, dict[str, Array]]:
    """The same of attention."""
    read, factor, attended = trace.of(layer, "attention_input", "attention_factor", "attended")
    found, (cos, sin) = {"wo": outer(dx, attended)}, angles
    dquery, dkey, dvalue = attention.gradient(layer, own["wo"].T @ dx)
    turned = {"wq": rotated(dquery, cos, -sin), "wk": rotated(dkey, cos, -sin), "wv": dvalue}
    found |= {name: outer(dy, read) for name, dy in turned.items()}
    dread = sum(own[name].T @ dy for name, dy in turned.items())
    return dx + rmsnorm_gradient(dread, read, factor[0]), found


class _Attention:
    """Causal attention in windows, (keys, queries) in every head; keeps what its gradient needs.

    The weights are kept as exp(score − largest), and their sums apart: what is divided by the sums is the short
    vectors on either side.
    """

    def __init__(self, config: ModelConfig, shape: tuple[int, ...], dtype: np.dtype[np.floating]) -> None:
        self._windows, self._length = shape
        self._groups, self._width = (config.kv_heads, config.n_head // config.kv_heads), config.head_dim
        places = np.arange(self._length)
        self._masks = [
            mask(places - places[:, None], config.seen(layer), dtype).reshape(
                config.kv_heads, -1, 1, self._length, self._length
            )
            for layer in range(config.n_layer)
        ]
        self._kept: dict[int, tuple[Array, ...]] = {}

    def __call__(self, layer: int, q: Array, k: Array, v: Array) -> Array:
        """q (d, N), k and v (kv_dim, N) → (d, N)."""
        queries, keys, values = self._heads(q * q.dtype.type(self._width**-0.5)), self._heads(k), self._heads(v)
        weights = keys.swapaxes(-1, -2) @ queries
        weights += self._masks[layer]
        weights -= weights.max(-2, keepdims=True)
        np.exp(weights, out=weights)
        sums = weights.sum(-2, keepdims=True)
        out = np.empty_like(q)
        np.divide(values @ weights, sums, out=(heads := self._heads(out)))
        self._kept[layer] = queries, keys, values, weights, sums, heads
        return out

    def gradient(self, layer: int, dout: Array) -> tuple[Array, Array, Array]:
        """∂loss/∂(q, k, v), of ∂loss/∂out (d, N)."""
        queries, keys, values, weights, sums, out = self._kept.pop(layer)
        dheads = self._heads(dout) / sums
        dscores = values.swapaxes(-1, -2) @ dheads
        dscores -= (dheads * out).sum(-2, keepdims=True)
        dscores *= weights
        dq = keys @ dscores
        dq *= dq.dtype.type(self._width**-0.5)
        dk = queries @ dscores.swapaxes(-1, -2)
        dv = dheads @ weights.swapaxes(-1, -2)
        return self._columns(dq), self._columns(dk.sum(1, keepdims=True)), self._columns(dv.sum(1, keepdims=True))

    def _heads(self, x: Array) -> Array:
        """(heads · head_dim, N) → a view (kv_heads, heads that share, windows, head_dim, T)."""
        parts = x.reshape(self._groups[0], -1, self._width, self._windows, self._length)
        return parts.swapaxes(2, 3)

    def _columns(self, heads: Array) -> Array:
        """Inverse of `_heads`."""
        return heads.swapaxes(2, 3).reshape(-1, self._windows * self._length)
