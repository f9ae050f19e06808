"""Causal multi-head attention over packed documents, forward and gradient, in two layouts of the same sums.

    softmax(q·k / sqrt(head_dim)) · v, in every document by itself.    Vaswani et al. 2017, arXiv:1706.03762, 3.2.

Short documents are quickest as elementwise sums over each column's past (`Sliding`), long ones as one matrix
product a document and head (`Padded`). Both take qkv (3d, N): queries, keys, values, heads one after another in
each; both return (d, N) and the probabilities, whose layout is their own.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from trainer.files import Array
from trainer.training.packing import Batch

LONG = 32
"""Columns of the longest document from which `Padded` is the quicker one, whatever the width of a head."""


def attention_over(
    batch: Batch, n_head: int, dtype: np.dtype[np.floating], windows: Sequence[int] = ()
) -> Sliding | Padded:
    """The quicker layout for a batch. windows (n_head,): as `mask` takes them; none: all positions are seen."""
    layout = Padded if batch.longest >= LONG else Sliding
    return layout(batch, n_head, dtype, windows)


def mask(distance: Array, windows: Sequence[int], dtype: np.dtype[np.floating]) -> Array:
    """0 where a head sees a position at a distance, −∞ where that is later or outside the head's window.

    distance (…): positions from the key to the query; windows (heads,): positions seen, the query's own included.
    Returns (heads, …); (1, …) without windows.
    """
    if not windows or min(windows) > distance.max():  # one for all, which stays in the processor's cache
        shared = np.where(distance >= 0, 0, -np.inf).astype(dtype)
        return np.broadcast_to(shared, (max(len(windows), 1), *distance.shape))
    ends = np.array(windows).reshape(-1, *(1,) * distance.ndim)
    return np.where((distance >= 0) & (distance < ends), 0, -np.inf).astype(dtype)


class Sliding:
    """Attention as sums over each column's recent past. Probabilities (heads, reach, N), slot j as in `past`."""

    def __init__(
        self, batch: Batch, n_head: int, dtype: np.dtype[np.floating], windows: Sequence[int] = ()
    ) -> None:
        self.n_head, self.reach = n_head, batch.longest
        distance = np.arange(batch.longest)[::-1, None]
        own = np.where(distance <= batch.positions, distance, -1)  # an earlier document's columns are not seen
        self.bias = mask(own, windows, dtype)

    def __call__(self, qkv: Array) -> tuple[Array, Array]:
        """qkv (3d, N) → out (d, N), probabilities (heads, reach, N)."""
        heads = qkv.reshape(3, self.n_head, -1, qkv.shape[-1])
        q, (k, v) = heads[0], past(heads[1:], self.reach)
        scores = _dot(q * q.dtype.type(q.shape[1] ** -0.5), k)
        scores += self.bias
        _softmax(scores, 1)
        return _weighted(scores, v, out=np.empty_like(q)).reshape(-1, qkv.shape[-1]), scores

    def gradient(self, dout: Array, qkv: Array, probabilities: Array) -> Array:
        """d(qkv) (3d, N); dout (d, N), qkv and probabilities as they went in and came out."""
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


class Padded:
    """Attention as matrix products over documents filled up with zeros to the longest.

    Probabilities (heads, documents, T, T), T = longest: row = query, column = key. No real query sees a filled
    position, for those come last in their document; what filled queries see, nobody reads.
    """

    def __init__(
        self, batch: Batch, n_head: int, dtype: np.dtype[np.floating], windows: Sequence[int] = ()
    ) -> None:
        document = np.cumsum(batch.positions == 0) - 1
        self.slots = document * batch.longest + batch.positions
        self.shape = (int(document[-1]) + 1, batch.longest, n_head)
        places = np.arange(batch.longest)
        self.bias = mask(places[:, None] - places, windows, dtype)[:, None]

    def __call__(self, qkv: Array) -> tuple[Array, Array]:
        """qkv (3d, N) → out (d, N), probabilities (heads, documents, T, T)."""
        q, k, v = self._padded(qkv, 3)
        scores = (q * q.dtype.type(q.shape[-1] ** -0.5)) @ k.swapaxes(-1, -2)
        scores += self.bias
        _softmax(scores, -1)
        out = self._empty(1, q)
        np.matmul(scores, v, out=out[0])
        return self._packed(out), scores

    def gradient(self, dout: Array, qkv: Array, probabilities: Array) -> Array:
        """d(qkv) (3d, N); dout (d, N), qkv and probabilities as they went in and came out."""
        q, k, v = self._padded(qkv, 3)
        (dout,) = self._padded(dout, 1)
        dscores = dout @ v.swapaxes(-1, -2)
        dscores -= np.einsum("hbqk,hbqk->hbq", dscores, probabilities)[..., None]
        dscores *= probabilities
        dscores *= dscores.dtype.type(q.shape[-1] ** -0.5)
        dqkv = self._empty(3, q)
        np.matmul(dscores, k, out=dqkv[0])
        np.matmul(dscores.swapaxes(-1, -2), q, out=dqkv[1])
        np.matmul(probabilities.swapaxes(-1, -2), dout, out=dqkv[2])
        return self._packed(dqkv)

    def _empty(self, parts: int, like: Array) -> Array:
        """Room for (parts, heads, documents, T, head_dim), laid out as `_packed` reads it."""
        documents, longest, n_head = self.shape
        room: Array = np.empty((documents, longest, parts, n_head, like.shape[-1]), like.dtype)
        return room.transpose(2, 3, 0, 1, 4)

    def _padded(self, columns: Array, parts: int) -> Array:
        """(parts · d, N) → (parts, heads, documents, T, head_dim), zero where a document has no column."""
        documents, longest, n_head = self.shape
        filled = np.zeros((documents * longest, len(columns)), columns.dtype)
        filled[self.slots] = columns.T
        return filled.reshape(documents, longest, parts, n_head, -1).transpose(2, 3, 0, 1, 4)

    def _packed(self, padded: Array) -> Array:
        """Inverse of `_padded`, dropping what was filled up."""
        documents, longest, _ = self.shape
        rows = padded.transpose(2, 3, 0, 1, 4).reshape(documents * longest, -1)
        packed: Array = rows[self.slots].T
        return packed


def past(x: Array, reach: int) -> Array:
    """Each column's recent past, oldest first: […, j, n] = x[…, n − (reach − 1 − j)], zero before column 0.

    x (…, N); returns a read-only view (…, reach, N). Columns may belong to an earlier document: see `Sliding`.
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


def _softmax(scores: Array, axis: int) -> None:
    """In place, along an axis."""
    scores -= scores.max(axis, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis, keepdims=True)


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
