"""The blocks of a decoder but for attention, each a forward function and its hand-written gradient.

Every activation is (features, N): a column is one position of one document, so y = W x is one matrix product
and every sum over features is a sum of long rows. In a gradient, dx means ∂loss/∂x and has the shape of x.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from trainer.files import Array

EPSILON = 1e-5

Loss = Callable[[Array], tuple[float, Array]]
"""Logits (V, N) → the loss, and its gradient at the logits (V, N)."""

Outer = Callable[[Array, Array], Array]
"""∂loss/∂y (outputs, N) and x (inputs, N) of y = W x → what is wanted of W (outputs, inputs)."""


def product(dy: Array, x: Array) -> Array:
    """∂loss/∂W of y = W x."""
    grad: Array = dy @ x.T
    return grad


def product_of_squares(dy: Array, x: Array) -> Array:
    """Σ ∂loss/∂y_i² x_j² over columns: with labels that the model draws, the Fisher information of each weight."""
    return product(np.square(dy), np.square(x))


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


def sum_columns(dx: Array, index: Array, n: int) -> Array:
    """∂loss/∂(n rows) that columns were looked up from: row r is the sum of the columns whose index is r.

    dx (d, N); index (N,); returns (n, d).
    """
    chosen = np.zeros((n, len(index)), dx.dtype)
    chosen[index, np.arange(len(index))] = 1
    rows: Array = chosen @ dx.T
    return rows


@dataclass(frozen=True)
class Activation:
    """An elementwise function of arrays of any shape, and its gradient.

    forward: x → y; may overwrite x. gradient: (dy, y, inputs) → dx; may overwrite dy. inputs() computes x again: a
    matrix product that an activation whose slope follows from y does without.
    """

    forward: Callable[[Array], Array]
    gradient: Callable[[Array, Array, Callable[[], Array]], Array]


def relu(x: Array) -> Array:
    """max(0, x); overwrites x."""
    return np.maximum(x, 0, out=x)


def relu_gradient(dy: Array, y: Array, inputs: Callable[[], Array]) -> Array:
    """dy where y > 0, and 0 elsewhere; overwrites dy."""
    dy *= y > 0
    return dy


def relu2(x: Array) -> Array:
    """max(0, x)²; overwrites x."""
    return np.square(relu(x), out=x)


def relu2_gradient(dy: Array, y: Array, inputs: Callable[[], Array]) -> Array:
    """dy · 2·sqrt(y); overwrites dy."""
    dy *= 2 * np.sqrt(y)
    return dy


ACTIVATIONS = {"relu": Activation(relu, relu_gradient), "relu2": Activation(relu2, relu2_gradient)}
"""Of microgpt's MLP, by the name in a model's config."""


def dropout(shape: tuple[int, ...], share: float, random: np.random.Generator) -> Array:
    """The factors of activations: 0 for a random `share` of them, 1 / (1 − share) for the rest.

    Returns float32 of this shape, mean 1. Srivastava et al. 2014, JMLR 15, scaled while training.
    """
    kept: Array = (random.random(shape, np.float32) >= share).astype(np.float32)
    kept /= np.float32(1 - share)
    return kept


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


def surprise(targets: Array) -> Loss:
    """The mean cross entropy of targets (N,), in nats."""

    def loss(logits: Array) -> tuple[float, Array]:
        nats, dlogits = cross_entropy(logits, targets)
        return float(nats.mean()), dlogits

    return loss


def divergence(taught: Array, logits: Array) -> tuple[Array, Array]:
    """Kullback-Leibler divergence Σ p log(p / q) of each column, p = softmax(taught), q = softmax(logits).

    taught, logits (V, N); returns nats (N,) and the gradient of their mean at the logits (V, N).
    """
    p, q = log_shares(taught), log_shares(logits)
    shares = np.exp(p)
    p -= q
    nats = np.einsum("vn,vn->n", shares, p)
    np.exp(q, out=q)
    q -= shares
    q /= q.dtype.type(q.shape[1])
    return nats, q


def distance(taught: Array) -> Loss:
    """The mean divergence from a teacher's logits (V, N), in nats."""

    def loss(logits: Array) -> tuple[float, Array]:
        nats, dlogits = divergence(taught, logits)
        return float(nats.mean()), dlogits

    return loss


def log_shares(logits: Array) -> Array:
    """log softmax of each column of logits (V, N)."""
    shifted: Array = logits - logits.max(0)
    shifted -= np.log(np.exp(shifted).sum(0))
    return shifted
