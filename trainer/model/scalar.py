"""The whole of training, one number at a time, with nothing but Python: the model to read first.

A transformer and its learning rule, small enough to follow by hand. `Value` remembers how every number was
made, so the chain rule can walk back from the loss to each weight; below it are the blocks of the decoder,
then the model, then Adam. trainer/model/decoder.py computes the same numbers thousands of times faster, and
the tests hold its gradients to these. In the spirit of Karpathy's micrograd and microgpt.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence

from trainer.config import ModelConfig

Vector = list["Value"]
Matrix = list[Vector]

EPSILON = 1e-5


class Value:
    """A number that knows which numbers it was made from, and the slope towards each of them."""

    __slots__ = ("data", "grad", "parents", "slopes")

    def __init__(self, data: float, parents: tuple[Value, ...] = (), slopes: tuple[float, ...] = ()) -> None:
        self.data = data
        self.grad = 0.0
        self.parents = parents
        self.slopes = slopes

    def __add__(self, other: Value) -> Value:
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other: Value) -> Value:
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def shift(self, constant: float) -> Value:
        """The number plus a constant."""
        return Value(self.data + constant, (self,), (1.0,))

    def scale(self, constant: float) -> Value:
        """The number times a constant."""
        return Value(self.data * constant, (self,), (constant,))

    def power(self, exponent: float) -> Value:
        """The number to a constant power."""
        return Value(self.data**exponent, (self,), (exponent * self.data ** (exponent - 1),))

    def exp(self) -> Value:
        """e to the number; its own slope."""
        result = math.exp(self.data)
        return Value(result, (self,), (result,))

    def log(self) -> Value:
        """The natural logarithm."""
        return Value(math.log(self.data), (self,), (1 / self.data,))

    def relu(self) -> Value:
        """The number if it is positive, else zero."""
        return Value(self.data, (self,), (1.0,)) if self.data > 0 else Value(0.0, (self,), (0.0,))

    def backward(self) -> None:
        """Add ∂self/∂v to the grad of every number v that self was made from.

        A number passes its grad on only when all that was made from it has reported: parents before children
        in `order`, then back through it.
        """
        order: list[Value] = []
        seen: set[Value] = set()
        waiting = [(self, False)]
        while waiting:
            value, parents_done = waiting.pop()
            if parents_done:
                order.append(value)
            elif value not in seen:
                seen.add(value)
                waiting.append((value, True))
                waiting.extend((parent, False) for parent in value.parents)
        self.grad = 1.0
        for value in reversed(order):
            for parent, slope in zip(value.parents, value.slopes, strict=True):
                parent.grad += slope * value.grad


def total(values: Sequence[Value]) -> Value:
    """Their sum."""
    result = values[0]
    for value in values[1:]:
        result = result + value
    return result


def dot(a: Vector, b: Vector) -> Value:
    """Σ a_i b_i."""
    return total([x * y for x, y in zip(a, b, strict=True)])


def linear(weights: Matrix, x: Vector) -> Vector:
    """y = W x: each output is one row of W times x."""
    return [dot(row, x) for row in weights]


def add(a: Vector, b: Vector) -> Vector:
    """Element by element."""
    return [x + y for x, y in zip(a, b, strict=True)]


def rmsnorm(x: Vector) -> Vector:
    """x / sqrt(mean(x²) + ε): the same direction, entries of size about one."""
    factor = dot(x, x).scale(1 / len(x)).shift(EPSILON).power(-0.5)
    return [value * factor for value in x]


def softmax(scores: Vector) -> Vector:
    """Positive numbers that sum to one. Subtracting the largest changes nothing but keeps exp in range."""
    largest = max(score.data for score in scores)
    powers = [score.shift(-largest).exp() for score in scores]
    scale = total(powers).power(-1)
    return [power * scale for power in powers]


def attention(q: Vector, keys: Matrix, values: Matrix, n_head: int) -> Vector:
    """The mix of values that this position receives from itself and those before it.

    Each head compares its part of the query with its part of every key, and mixes the values in proportion.
    """
    width = len(q) // n_head
    out: Vector = []
    for start in range(0, len(q), width):
        part = slice(start, start + width)
        shares = softmax([dot(q[part], key[part]).scale(width**-0.5) for key in keys])
        out += [dot(shares, [value[i] for value in values]) for i in range(start, start + width)]
    return out


class ScalarGPT:
    """The model and its learning rule. weights maps a tensor's name to its rows of Values."""

    def __init__(self, config: ModelConfig, weights: Mapping[str, Sequence[Sequence[float]]]) -> None:
        self.config = config
        self.weights: dict[str, Matrix] = {
            name: [[Value(float(number)) for number in row] for row in weights[name]]
            for name in config.tensor_shapes()
        }
        self.parameters = [value for rows in self.weights.values() for row in rows for value in row]
        self.m = [0.0] * len(self.parameters)
        self.v = [0.0] * len(self.parameters)
        self.updates = 0

    def logits(self, token: int, position: int, keys: list[Matrix], values: list[Matrix]) -> Vector:
        """A score for each token that may come next. keys, values: per layer, what earlier positions said."""
        weights = self.weights
        x = rmsnorm(add(weights["wte"][token], weights["wpe"][position]))
        for layer in range(self.config.n_layer):
            name = f"layer{layer}."
            normed = rmsnorm(x)
            keys[layer].append(linear(weights[name + "wk"], normed))
            values[layer].append(linear(weights[name + "wv"], normed))
            query = linear(weights[name + "wq"], normed)
            heard = attention(query, keys[layer], values[layer], self.config.n_head)
            x = add(x, linear(weights[name + "wo"], heard))
            hidden = [value.relu() for value in linear(weights[name + "fc1"], rmsnorm(x))]
            if self.config.activation == "relu2":
                hidden = [value * value for value in hidden]
            x = add(x, linear(weights[name + "fc2"], hidden))
        return linear(weights["lm_head"], x)

    def losses(self, document: Sequence[int]) -> Vector:
        """−log probability of each true next token of BOS c1 … cn BOS, as far as the context reaches."""
        keys: list[Matrix] = [[] for _ in range(self.config.n_layer)]
        values: list[Matrix] = [[] for _ in range(self.config.n_layer)]
        losses = []
        for position in range(min(len(document) - 1, self.config.block_size)):
            probabilities = softmax(self.logits(document[position], position, keys, values))
            losses.append(probabilities[document[position + 1]].log().scale(-1))
        return losses

    def loss(self, documents: Sequence[Sequence[int]]) -> Value:
        """Mean nats per predicted token."""
        losses = [loss for document in documents for loss in self.losses(document)]
        return total(losses).scale(1 / len(losses))

    def train(self, document: Sequence[int], learning_rate: float) -> float:
        """Learn from one document: predict it, ask each weight for its share of the loss, move it. Its loss."""
        loss = self.loss([document])
        loss.backward()
        self.adam(learning_rate)
        return loss.data

    def adam(self, learning_rate: float, beta1: float = 0.9, beta2: float = 0.99, epsilon: float = 1e-8) -> None:
        """Step against the averaged gradient, in units of its own usual size; then forget the gradient."""
        self.updates += 1
        for i, parameter in enumerate(self.parameters):
            self.m[i] = beta1 * self.m[i] + (1 - beta1) * parameter.grad
            self.v[i] = beta2 * self.v[i] + (1 - beta2) * parameter.grad**2
            m_hat = self.m[i] / (1 - beta1**self.updates)
            v_hat = self.v[i] / (1 - beta2**self.updates)
            parameter.data -= learning_rate * m_hat / (math.sqrt(v_hat) + epsilon)
            parameter.grad = 0.0


def initial_weights(config: ModelConfig, seed: int, deviation: float = 0.08) -> dict[str, list[list[float]]]:
    """Every weight drawn from a bell curve around zero."""
    bell = random.Random(seed)
    return {
        name: [[bell.gauss(0, deviation) for _ in range(columns)] for _ in range(rows)]
        for name, (rows, columns) in config.tensor_shapes().items()
    }
