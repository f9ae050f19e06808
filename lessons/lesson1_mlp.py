"""Lesson 1: a small network instead of the table, and the gradient that teaches it, worked out by hand."""

from __future__ import annotations

import argparse
import math
import random
from itertools import pairwise
from operator import mul
from pathlib import Path

NAMES = Path(__file__).parent.parent / "trainer" / "data" / "names.txt"
LETTERS = "abcdefghijklmnopqrstuvwxyz"
END = 26  # one more token: it begins and ends every name
CONTEXT, WIDTH, HIDDEN = 16, 16, 16
SPREAD, BATCH, RATE = 0.15, 4, 0.4  # of the first weights; names a step; length of a step


def read_names() -> tuple[list[str], list[str]]:
    """Names to learn from, shuffled; and every twentieth of the file, held out to judge by."""
    names = NAMES.read_text().split()
    learn = [name for number, name in enumerate(names) if number % 20]
    random.Random(0).shuffle(learn)
    return learn, names[::20]


def encode(name: str) -> list[int]:
    return [END, *map(LETTERS.index, name), END]


Vector = list[float]
Matrix = list[Vector]
Weights = dict[str, Matrix]


def dot(a: Vector, b: Vector) -> float:
    return float(sum(map(mul, a, b)))


def linear(matrix: Matrix, x: Vector) -> Vector:
    return [dot(row, x) for row in matrix]


def add(a: Vector, b: Vector) -> Vector:
    return [x + y for x, y in zip(a, b, strict=True)]


def relu(x: Vector) -> Vector:
    return [max(value, 0.0) for value in x]


def softmax(x: Vector) -> Vector:
    """Scores as probabilities: e to each, divided by the sum. The largest is taken off, or exp could overflow."""
    largest = max(x)
    powers = [math.exp(value - largest) for value in x]
    share = sum(powers) ** -1
    return [power * share for power in powers]


def initial_weights() -> Weights:
    bell = random.Random(1)
    shapes = {
        "wte": (END + 1, WIDTH),
        "wpe": (CONTEXT, WIDTH),
        "fc1": (HIDDEN, WIDTH),
        "lm_head": (END + 1, HIDDEN),
    }
    return {
        name: [[bell.gauss(0, SPREAD) for _ in range(columns)] for _ in range(rows)]
        for name, (rows, columns) in shapes.items()
    }


def forward(weights: Weights, token: int, position: int) -> tuple[Vector, Vector, Vector]:
    """The letter and its place as one vector, the hidden units, the probability of each next token."""
    x = add(weights["wte"][token], weights["wpe"][position])
    hidden = relu(linear(weights["fc1"], x))
    return x, hidden, softmax(linear(weights["lm_head"], hidden))


def predict(weights: Weights, token: int, position: int) -> Vector:
    return forward(weights, token, position)[-1]


def loss(weights: Weights, names: list[str]) -> float:
    """−log of the probability of what came, averaged over every letter and END of the names."""
    logs: Vector = []
    for name in names:
        for position, (token, following) in enumerate(pairwise(encode(name))):
            logs.append(math.log(predict(weights, token, position)[following]))
    return sum(logs) * (-1 / len(logs))


def gradient(weights: Weights, names: list[str]) -> Weights:
    """By how much the loss grows with each weight: `forward` backwards, line by line."""
    grads = {name: [[0.0] * len(row) for row in matrix] for name, matrix in weights.items()}
    letters = sum(len(name) + 1 for name in names)
    for name in names:
        for position, (token, following) in enumerate(pairwise(encode(name))):
            x, hidden, probabilities = forward(weights, token, position)
            dlogits = [probability / letters for probability in probabilities]
            dlogits[following] -= 1 / letters
            dhidden = linear_gradient(weights["lm_head"], hidden, dlogits, grads["lm_head"])
            dhidden = [slope if value > 0 else 0.0 for slope, value in zip(dhidden, hidden, strict=True)]
            dx = linear_gradient(weights["fc1"], x, dhidden, grads["fc1"])
            grads["wte"][token] = add(grads["wte"][token], dx)
            grads["wpe"][position] = add(grads["wpe"][position], dx)
    return grads


def linear_gradient(matrix: Matrix, x: Vector, dy: Vector, grads: Matrix) -> Vector:
    """For y = matrix · x: the slopes towards x out of those towards y; those towards the matrix go to grads."""
    for row, slope in zip(grads, dy, strict=True):
        for column, value in enumerate(x):
            row[column] += slope * value
    return linear(list(map(list, zip(*matrix, strict=True))), dy)


def train(names: list[str]) -> Weights:
    weights = initial_weights()
    steps = len(names) // BATCH
    for step in range(steps):
        batch = names[step * BATCH : (step + 1) * BATCH]
        if step % 100 == 0:
            print(f"step {step} of {steps}: loss {loss(weights, batch):.2f}", flush=True)
        for name, grads in gradient(weights, batch).items():
            for row, slopes in zip(weights[name], grads, strict=True):
                for column, slope in enumerate(slopes):
                    row[column] -= RATE * slope
    return weights


def sample(weights: Weights, chance: random.Random) -> str:
    """A new name, letter by letter."""
    name, token = "", END
    for position in range(CONTEXT):
        (token,) = chance.choices(range(END + 1), predict(weights, token, position))
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
    weights = train(learn[:count])
    chance = random.Random(2)
    print("\n".join(sample(weights, chance) for _ in range(10)))
    print(f"held-out loss: {loss(weights, held_out):.4f} nats a character")


if __name__ == "__main__":
    main()
