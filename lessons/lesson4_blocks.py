"""Lesson 4: several heads, and what lets blocks be stacked: residuals, RMSNorm, an MLP of its own."""

from __future__ import annotations

import argparse
import gc
import math
import random
from collections.abc import Sequence
from itertools import pairwise
from operator import mul
from pathlib import Path

NAMES = Path(__file__).parent.parent / "trainer" / "data" / "names.txt"
LETTERS = "abcdefghijklmnopqrstuvwxyz"
END = 26  # one more token: it begins and ends every name
CONTEXT, WIDTH, HEAD, HIDDEN = 16, 16, 4, 64
SPREAD, BATCH, RATE = 0.15, 4, 0.4  # of the first weights; names a step; length of a step


def read_names() -> tuple[list[str], list[str]]:
    """Names to learn from, shuffled; and every twentieth of the file, held out to judge by."""
    names = NAMES.read_text().split()
    learn = [name for number, name in enumerate(names) if number % 20]
    random.Random(0).shuffle(learn)
    return learn, names[::20]


def encode(name: str) -> list[int]:
    return [END, *map(LETTERS.index, name), END]


class Value:
    """A number that remembers which numbers it was made from, and its slope towards each of them."""

    __slots__ = ("data", "grad", "parents", "slopes")

    def __init__(self, data: float, parents: Sequence[Value] = (), slopes: Sequence[float] = ()) -> None:
        self.data = data
        self.grad = 0.0
        self.parents = parents
        self.slopes = slopes

    def __add__(self, other: Value) -> Value:
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other: Value) -> Value:
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, exponent: float) -> Value:
        return Value(self.data**exponent, (self,), (exponent * self.data ** (exponent - 1),))

    def exp(self) -> Value:
        result = math.exp(self.data)
        return Value(result, (self,), (result,))

    def log(self) -> Value:
        return Value(math.log(self.data), (self,), (1 / self.data,))

    def relu(self) -> Value:
        return Value(max(self.data, 0.0), (self,), (float(self.data > 0),))

    def origins(self, found: dict[Value, None]) -> None:
        """Add every number that this one was made from, each behind its own origins, and last itself."""
        for parent in self.parents:
            if parent not in found:
                parent.origins(found)
        found[self] = None

    def backward(self) -> None:
        """Add to the grad of every number that this one was made from: by how much this one grows with it."""
        found: dict[Value, None] = {}
        self.origins(found)
        self.grad = 1.0
        for value in reversed(found):
            grad = value.grad
            for parent, slope in zip(value.parents, value.slopes, strict=True):
                parent.grad += slope * grad


Vector = list[Value]
Matrix = list[Vector]
Weights = dict[str, Matrix]


def total(x: Vector) -> Value:
    return Value(sum(value.data for value in x), x, [1.0] * len(x))


def dot(a: Vector, b: Vector) -> Value:
    """Σ a·b in one Value, for speed: the slope towards a factor is the other factor."""
    left, right = [value.data for value in a], [value.data for value in b]
    return Value(sum(map(mul, left, right)), a + b, right + left)


def linear(matrix: Matrix, x: Vector) -> Vector:
    return [dot(row, x) for row in matrix]


def add(a: Vector, b: Vector) -> Vector:
    return [x + y for x, y in zip(a, b, strict=True)]


def relu(x: Vector) -> Vector:
    return [value.relu() for value in x]


def softmax(x: Vector) -> Vector:
    """Scores as probabilities: e to each, divided by the sum. The largest is taken off, or exp could overflow."""
    largest = Value(-max(value.data for value in x))
    powers = [(value + largest).exp() for value in x]
    share = total(powers) ** -1
    return [power * share for power in powers]


def rmsnorm(x: Vector) -> Vector:
    """The same direction, entries of size about one: divided by the root of the mean square."""
    mean = dot(x, x) * Value(1 / len(x))
    scale = (mean + Value(1e-5)) ** -0.5
    return [value * scale for value in x]


def attention(query: Vector, keys: Matrix, values: Matrix) -> Vector:
    """The values of all letters so far, mixed by how well their keys fit the query: each head a part of its own."""
    mixed: Vector = []
    scale = Value(HEAD**-0.5)
    for start in range(0, WIDTH, HEAD):
        part = slice(start, start + HEAD)
        shares = softmax([dot(query[part], key[part]) * scale for key in keys])
        mixed += [dot(shares, list(column)) for column in zip(*(value[part] for value in values), strict=True)]
    return mixed


def initial_weights() -> Weights:
    bell = random.Random(1)
    shapes = {
        "wte": (END + 1, WIDTH),
        "wpe": (CONTEXT, WIDTH),
        "wq": (WIDTH, WIDTH),
        "wk": (WIDTH, WIDTH),
        "wv": (WIDTH, WIDTH),
        "wo": (WIDTH, WIDTH),
        "fc1": (HIDDEN, WIDTH),
        "fc2": (WIDTH, HIDDEN),
        "lm_head": (END + 1, WIDTH),
    }
    return {
        name: [[Value(bell.gauss(0, SPREAD)) for _ in range(columns)] for _ in range(rows)]
        for name, (rows, columns) in shapes.items()
    }


def predict(weights: Weights, token: int, position: int, keys: Matrix, values: Matrix) -> Vector:
    """The probability of each next token. keys, values: of the letters so far; this letter's are added."""
    x = rmsnorm(add(weights["wte"][token], weights["wpe"][position]))
    normed = rmsnorm(x)
    keys.append(linear(weights["wk"], normed))
    values.append(linear(weights["wv"], normed))
    heard = attention(linear(weights["wq"], normed), keys, values)
    x = add(x, linear(weights["wo"], heard))
    hidden = relu(linear(weights["fc1"], rmsnorm(x)))
    x = add(x, linear(weights["fc2"], hidden))
    return softmax(linear(weights["lm_head"], x))


def loss(weights: Weights, names: list[str]) -> Value:
    """−log of the probability of what came, averaged over every letter and END of the names."""
    logs: Vector = []
    for name in names:
        keys: Matrix = []
        values: Matrix = []
        for position, (token, following) in enumerate(pairwise(encode(name))):
            logs.append(predict(weights, token, position, keys, values)[following].log())
    return total(logs) * Value(-1 / len(logs))


def train(names: list[str]) -> Weights:
    weights = initial_weights()
    parameters = [value for matrix in weights.values() for row in matrix for value in row]
    steps = len(names) // BATCH
    for step in range(steps):
        now = loss(weights, names[step * BATCH : (step + 1) * BATCH])
        now.backward()
        for parameter in parameters:
            parameter.data -= RATE * parameter.grad
            parameter.grad = 0.0
        if step % 100 == 0:
            print(f"step {step} of {steps}: loss {now.data:.2f}", flush=True)
    return weights


def held_out_loss(weights: Weights, names: list[str]) -> float:
    """The loss over all the names, a few at a time: each leaves a lot of Values behind."""
    nats = letters = 0.0
    for name in names:
        nats += loss(weights, [name]).data * (len(name) + 1)
        letters += len(name) + 1
    return nats / letters


def sample(weights: Weights, chance: random.Random) -> str:
    """A new name, letter by letter."""
    name, token = "", END
    keys: Matrix = []
    values: Matrix = []
    for position in range(CONTEXT):
        probabilities = predict(weights, token, position, keys, values)
        (token,) = chance.choices(range(END + 1), [value.data for value in probabilities])
        if token == END:
            break
        name += LETTERS[token]
    return name


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", type=int, default=4000, help="how many names to learn from  [4000]")
    count = parser.parse_args().names
    learn, held_out = read_names()
    if not BATCH <= count <= len(learn):
        parser.error(f"--names must be {BATCH} to {len(learn)}")
    gc.disable()  # Values form no cycles, and the search for some would take a quarter of the time
    weights = train(learn[:count])
    chance = random.Random(2)
    print("\n".join(sample(weights, chance) for _ in range(10)))
    print(f"held-out loss: {held_out_loss(weights, held_out):.4f} nats a character")


if __name__ == "__main__":
    main()
