"""The blocks of a decoder, each a forward function and its hand-written gradient.

Every activation is (features, N): a column is one position of one document, so y = W x is one matrix product
and every sum over features is a sum of long rows. In a gradient, dx means ∂loss/∂x and has the shape of x.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from trainer.batch import Batch
from trainer.files import Array

EPSILON = 1e-5


def rmsnorm(x: Array) -> tuple[Array, Array]:
    """x / sqrt(mean(x²) + ε), over features, without gain.

    x (d, N); returns y (d, N) and the factor (N,). Zhang & Sennrich 2019, arXiv:1910.07467.
    """
    scale = np.einsum("dn,dn->n", x, x)
    scale /= len(x)
    scale += EPSILON
    np.sqrt(scale, out=scale)
    np.reciprocal(scale, out=scale)
    return x * scale, scale


def rmsnorm_gradient(dy: Array, y: Array, scale: Array) -> Array:
    """dx = scale · (dy − y · mean(dy · y)).

    dy, y (d, N); scale (N,); returns dx (d, N).
    """
    mean = np.einsum("dn,dn->n", dy, y)
    mean /= len(y)
    dx: Array = y * mean
    np.subtract(dy, dx, out=dx)
    dx *= scale
    return dx


def activate(x: Array, activation: str) -> Array:
    """max(0, x), squared for `relu2`. Elementwise, any shape; overwrites x and returns it."""
    np.maximum(x, 0, out=x)
    if activation == "relu2":
        np.square(x, out=x)
    return x


def activate_gradient(dy: Array, y: Array, activation: str) -> Array:
    """dx from the activation's output y: dy where y > 0, and 0 elsewhere; dy · 2·sqrt(y) for `relu2`.

    Overwrites dy and returns it.
    """
    dy *= 2 * np.sqrt(y) if activation == "relu2" else y > 0
    return dy


def past(x: Array, reach: int) -> Array:
    """Each column's recent past, oldest first: […, j, n] = x[…, n − (reach − 1 − j)], zero before column 0.

    x (…, N); returns a read-only view (…, reach, N). Columns may belong to an earlier document: see `mask`.
    """
    padded = np.zeros((*x.shape[:-1], x.shape[-1] + reach - 1), x.dtype)
    padded[..., reach - 1 :] = x
    return sliding_window_view(padded, x.shape[-1], axis=-1)


def future(x: Array, reach: int) -> Array:
    """The mirror of `past`: […, j, n] = x[…, n + (reach − 1 − j)], zero after the last column."""
    padded = np.zeros((*x.shape[:-1], x.shape[-1] + reach - 1), x.dtype)
    padded[..., : x.shape[-1]] = x
    return sliding_window_view(padded, x.shape[-1], axis=-1)[..., ::-1, :]


def by_key(pairs: Array) -> Array:
    """Re-index (query, key) pairs: column n holds the pairs in which n is the query; then, n is the key.

    pairs (heads, reach, N) as slot j of `past`; returns the same shape, slot j as in `future`.
    """
    n, reach = pairs.shape[-1], pairs.shape[-2]
    moved = np.zeros_like(pairs)
    for slot in range(reach):
        distance = reach - 1 - slot
        moved[:, slot, : n - distance] = pairs[:, slot, distance:]
    return moved


def mask(batch: Batch, dtype: np.dtype[np.floating]) -> Array:
    """0 where slot j of `past` is a position of the same document, −∞ where it is not.

    Returns (longest, N).
    """
    distance = np.arange(batch.longest)[::-1, None]
    return np.where(distance <= batch.positions, 0, -np.inf).astype(dtype)


def attention(qkv: Array, n_head: int, bias: Array) -> tuple[Array, Array]:
    """Causal multi-head attention: softmax(q·k / sqrt(head_dim)) · v, in every document by itself.

    qkv (3d, N): queries, keys, values, heads one after another in each; bias (reach, N) from `mask`.
    Returns out (d, N) and the probabilities (heads, reach, N). Vaswani et al. 2017, arXiv:1706.03762, 3.2.
    """
    heads = qkv.reshape(3, n_head, -1, qkv.shape[-1])
    q, (k, v) = heads[0], past(heads[1:], len(bias))
    scores = _dot(q * q.dtype.type(q.shape[1] ** -0.5), k)
    scores += bias
    scores -= scores.max(1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(1, keepdims=True)
    return _weighted(scores, v, out=np.empty_like(q)).reshape(-1, qkv.shape[-1]), scores


def attention_gradient(dout: Array, qkv: Array, probabilities: Array) -> Array:
    """d(qkv) of `attention`.

    dout (d, N); qkv (3d, N) and probabilities (heads, reach, N) as they went in and came out; returns (3d, N).
    """
    n_head, reach, n = probabilities.shape
    heads = qkv.reshape(3, n_head, -1, n)
    q, (k, v) = heads[0], past(heads[1:], reach)
    dout = dout.reshape(n_head, -1, n)
    dscores = _dot(dout, v)
    dscores *= probabilities
    dscores -= probabilities * dscores.sum(1, keepdims=True)
    dscores *= dscores.dtype.type(q.shape[1] ** -0.5)
    dqkv = np.empty_like(heads)
    _weighted(dscores, k, out=dqkv[0])
    _weighted(by_key(dscores), future(q, reach), out=dqkv[1])
    _weighted(by_key(probabilities), future(dout, reach), out=dqkv[2])
    return dqkv.reshape(-1, n)


def cross_entropy(logits: Array, targets: Array) -> tuple[Array, Array]:
    """−log softmax(logits)[target], per column, and the gradient of its mean over columns.

    logits (V, N); targets (N,); returns nats (N,) and dlogits (V, N).
    """
    columns = np.arange(len(targets))
    shifted = logits - logits.max(0)
    true = shifted[targets, columns]
    np.exp(shifted, out=shifted)
    total = shifted.sum(0)
    shifted /= total * len(targets)
    shifted[targets, columns] -= shifted.dtype.type(1 / len(targets))
    return np.log(total) - true, shifted


def _dot(x: Array, window: Array) -> Array:
    """Σ_e x[h, e, n] · window[h, e, j, n] → (heads, reach, N)."""
    total: Array = x[:, 0, None] * window[:, 0]
    product = np.empty_like(total)
    for element in range(1, x.shape[1]):
        total += np.multiply(x[:, element, None], window[:, element], out=product)
    return total


def _weighted(weights: Array, window: Array, out: Array) -> Array:
    """Σ_j weights[h, j, n] · window[h, e, j, n] → out (heads, head_dim, N)."""
    product = np.empty_like(weights)
    for element in range(window.shape[1]):
        np.multiply(weights, window[:, element], out=product).sum(1, out=out[:, element])
    return out
