"""The Llama decoder in float: rotary positions, keys and values shared by groups of heads, a gated MLP.

Touvron et al. 2023, arXiv:2307.09288. The gains of its norms are in the matrices that follow them. Its
gradient is in trainer.model.llama_gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from trainer.config import ModelConfig
from trainer.files import Array
from trainer.model.attention import attention_over, mask
from trainer.model.blocks import rmsnorm
from trainer.training.packing import Batch

Tensors = Mapping[str, Array]
Attend = Callable[[int, Array, Array, Array], Array]
"""layer, queries (d, N), keys and values (kv_dim, N) → out (d, N)."""

Observe = Callable[[str, int, Array], None]
"""Is told every intermediate of a layer, each (elements, N): what its matrices read, the factors of its norms
(1, N), query and key as turned, gate and up as they come from fc1 and fc3, its residuals."""


def nobody_looks(name: str, layer: int, values: Array) -> None:
    """Nobody looks."""


def forward(tensors: Tensors, config: ModelConfig, batch: Batch) -> Array:
    """Logits (V, N) of every column of a batch."""
    dtype = tensors["wte"].dtype
    attention = {
        windows: attention_over(batch, config.n_head, dtype, windows)
        for windows in {config.seen(layer) for layer in range(config.n_layer)}
    }

    def attend(layer: int, q: Array, k: Array, v: Array) -> Array:
        out, _probabilities = attention[config.seen(layer)](
            np.concatenate([q, _for_every_head(k, config), _for_every_head(v, config)])
        )
        return out

    return decode(tensors, config, batch.tokens, batch.positions, attend)


def decode(
    tensors: Tensors,
    config: ModelConfig,
    tokens: Array,
    positions: Array,
    attend: Attend,
    observe: Observe = nobody_looks,
) -> Array:
    """x = wte[token];  per layer x += wo attention(norm(x)), x += fc2 (silu(fc1 norm(x)) · fc3 norm(x));
    logits (V, N) = lm_head norm(x).
    """
    x = tensors["wte"].T.take(tokens, axis=1)
    cos, sin = turns(config, positions, x.dtype)
    for layer in range(config.n_layer):
        wq, wk, wv, wo, fc1, fc3, fc2 = (tensors[f"layer{layer}.{name}"] for name in MATRICES)
        normed, factor = rmsnorm(x)
        query, key, value = rotated(wq @ normed, cos, sin), rotated(wk @ normed, cos, sin), wv @ normed
        observe("attention_input", layer, normed)
        observe("attention_factor", layer, factor[None])
        observe("query", layer, query)
        observe("key", layer, key)
        observe("value", layer, value)
        attended = attend(layer, query, key, value)
        observe("attended", layer, attended)
        x = x + wo @ attended
        observe("attention_residual", layer, x)
        normed, factor = rmsnorm(x)
        observe("mlp_input", layer, normed)
        observe("mlp_factor", layer, factor[None])
        gate, up = fc1 @ normed, fc3 @ normed
        observe("gate", layer, gate)
        observe("up", layer, up)
        hidden = silu(gate) * up
        observe("hidden", layer, hidden)
        x = x + fc2 @ hidden
        observe("mlp_residual", layer, x)
    normed, factor = rmsnorm(x)
    observe("logits_input", config.n_layer - 1, normed)
    observe("logits_factor", config.n_layer - 1, factor[None])
    logits: Array = tensors["lm_head"] @ normed
    return logits


class Decoder:
    """Texts computed token by token, n at once, with the keys and values of what they have read."""

    decode = staticmethod(decode)
    """The forward pass of a column."""

    def __init__(self, tensors: Tensors, config: ModelConfig, n: int, observe: Observe = nobody_looks) -> None:
        self.tensors, self.config, self.position, self.observe = tensors, config, 0, observe
        shape = (config.n_layer, n, config.kv_heads, config.block_size, config.head_dim)
        self._keys, self._values = np.zeros((2, *shape), tensors["wte"].dtype)

    def step(self, tokens: Array) -> Array:
        """Logits (n, V) after one more token of each text (n,). Raises IndexError beyond the context."""
        positions = np.full(len(tokens), self.position)
        logits = self.decode(self.tensors, self.config, tokens, positions, self._attend, self.observe)
        self.position += 1
        return logits.T

    def _attend(self, layer: int, q: Array, k: Array, v: Array) -> Array:
        n, _, _, width = (keys := self._keys[layer]).shape[:4]
        shape, now = (n, self.config.kv_heads, -1, width), slice(self.position, self.position + 1)
        values, past = self._values[layer], slice(self.position + 1)
        keys[:, :, now], values[:, :, now] = k.T.reshape(shape), v.T.reshape(shape)
        scores = q.T.reshape(shape) @ keys[:, :, past].swapaxes(2, 3) * q.dtype.type(width**-0.5)
        distance = np.arange(self.position, -1, -1)
        scores += mask(distance, self.config.seen(layer), q.dtype).reshape(self.config.kv_heads, -1, len(distance))
        scores = np.exp(scores - scores.max(3, keepdims=True))
        out: Array = (scores / scores.sum(3, keepdims=True)) @ values[:, :, past]
        return out.reshape(n, -1).T


MATRICES = ("wq", "wk", "wv", "wo", "fc1", "fc3", "fc2")


def silu(x: Array) -> Array:
    """x / (1 + exp(−x)), which tanh gives without overflow."""
    return x * (0.5 + 0.5 * np.tanh(0.5 * x))


def rotated(x: Array, cos: Array, sin: Array) -> Array:
    """Each pair of dimensions (2i, 2i + 1) of every head turned by the angle of its position.

    x (heads · head_dim, N); cos, sin (head_dim / 2, N).
    """
    pairs = x.reshape(-1, len(cos), 2, x.shape[-1])
    even, odd = pairs[:, :, 0], pairs[:, :, 1]
    return np.stack([even * cos - odd * sin, even * sin + odd * cos], axis=2).reshape(x.shape)


def turns(config: ModelConfig, positions: Array, dtype: np.dtype[np.floating]) -> tuple[Array, Array]:
    """cos and sin (head_dim / 2, N) of position · rope_base^(−2i / head_dim)."""
    frequencies = config.rope_base ** (-np.arange(0, config.head_dim, 2) / config.head_dim)
    angles = frequencies[:, None] * positions
    return np.cos(angles).astype(dtype), np.sin(angles).astype(dtype)


def _for_every_head(x: Array, config: ModelConfig) -> Array:
    """Keys or values (kv_dim, N) once for every head that reads them (d, N)."""
    heads = x.reshape(config.kv_heads, config.head_dim, -1)
    return heads.repeat(config.n_head // config.kv_heads, axis=0).reshape(config.n_embd, -1)
