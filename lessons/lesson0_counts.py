"""Lesson 0: count which letter follows which."""

from __future__ import annotations

import argparse
import math
import random
from itertools import pairwise
from pathlib import Path

NAMES = Path(__file__).parent.parent / "trainer" / "data" / "names.txt"
LETTERS = "abcdefghijklmnopqrstuvwxyz"
END = 26  # one more token: it begins and ends every name
CONTEXT = 16


def read_names() -> tuple[list[str], list[str]]:
    """Names to learn from, shuffled; and every twentieth of the file, held out to judge by."""
    names = NAMES.read_text().split()
    learn = [name for number, name in enumerate(names) if number % 20]
    random.Random(0).shuffle(learn)
    return learn, names[::20]


def encode(name: str) -> list[int]:
    return [END, *map(LETTERS.index, name), END]


Weights = list[list[float]]


def initial_weights() -> Weights:
    return [[1.0] * (END + 1) for _ in range(END + 1)]  # as if each pair had been seen once: none is impossible


def predict(weights: Weights, token: int) -> list[float]:
    """The probability of each next token: its share of what followed this one."""
    return [count / sum(weights[token]) for count in weights[token]]


def loss(weights: Weights, names: list[str]) -> float:
    """−log of the probability of what came, averaged over every letter and END of the names."""
    logs = []
    for name in names:
        for token, following in pairwise(encode(name)):
            logs.append(math.log(predict(weights, token)[following]))
    return -sum(logs) / len(logs)


def train(names: list[str]) -> Weights:
    weights = initial_weights()
    for name in names:
        for token, following in pairwise(encode(name)):
            weights[token][following] += 1
    return weights


def sample(weights: Weights, chance: random.Random) -> str:
    """A new name, letter by letter."""
    name, token = "", END
    for _ in range(CONTEXT):
        (token,) = chance.choices(range(END + 1), predict(weights, token))
        if token == END:
            break
        name += LETTERS[token]
    return name


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", type=int, default=4000, help="how many names to learn from  [4000]")
    count = parser.parse_args().names
    learn, held_out = read_names()
    if not 1 <= count <= len(learn):
        parser.error(f"--names must be 1 to {len(learn)}")
    weights = train(learn[:count])
    chance = random.Random(2)
    print("\n".join(sample(weights, chance) for _ in range(10)))
    print(f"held-out loss: {loss(weights, held_out):.4f} nats a character")


if __name__ == "__main__":
    main()
