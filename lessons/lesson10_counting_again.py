"""Lesson 10: counting, again. Tables of the last one, two, three … letters, each corrected by the shorter one."""

from __future__ import annotations

import argparse
import math
import random

from lesson0_counts import CONTEXT, END, LETTERS, encode, read_names

TOKENS = END + 1
Tables = list[dict[tuple[int, ...], list[int]]]


def count(names: list[str], longest: int) -> Tables:
    """tables[n][last n tokens][following]: how many times it followed. Before a name END comes again and again."""
    tables: Tables = [{} for _ in range(longest + 1)]
    for name in names:
        tokens = [END] * (longest - 1) + encode(name)
        for place in range(longest, len(tokens)):
            for length, table in enumerate(tables):
                row = table.setdefault(tuple(tokens[place - length : place]), [0] * TOKENS)
                row[tokens[place]] += 1
    return tables


def predict(tables: Tables, last: tuple[int, ...], trust: float) -> list[float]:
    """The probability of each next token: what the shorter context says counts as much as `trust` letters seen."""
    chances = [1 / TOKENS] * TOKENS
    for length, table in enumerate(tables):
        row = table.get(last[len(last) - length :])
        if row is None:
            break  # the longer ones are not known either
        total = sum(row) + trust
        chances = [(seen + trust * chance) / total for seen, chance in zip(row, chances, strict=True)]
    return chances


def loss(tables: Tables, names: list[str], trust: float) -> float:
    """−log of the probability of what came, averaged over every letter and END of the names."""
    longest, logs = len(tables) - 1, []
    for name in names:
        tokens = [END] * (longest - 1) + encode(name)
        for place in range(longest, len(tokens)):
            chances = predict(tables, tuple(tokens[place - longest : place]), trust)
            logs.append(math.log(chances[tokens[place]]))
    return -sum(logs) / len(logs)


def sample(tables: Tables, chance: random.Random, trust: float) -> str:
    """A name, letter by letter."""
    longest, tokens = len(tables) - 1, [END] * (len(tables) - 1)
    while len(tokens) < longest + CONTEXT:
        last = tuple(tokens[len(tokens) - longest :])
        tokens += chance.choices(range(TOKENS), predict(tables, last, trust))
        if tokens[-1] == END:
            break
    return "".join(LETTERS[token] for token in tokens[longest:] if token != END)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", type=int, default=4000, help="how many names to learn from  [4000]")
    parser.add_argument(
        "--trust", type=float, default=5, help="letters seen that the shorter context is worth  [5]"
    )
    options = parser.parse_args()
    learn, held_out = read_names()
    if not 1 <= options.names <= len(learn):
        parser.error(f"--names must be 1 to {len(learn)}")
    if not 0 < options.trust < math.inf:
        parser.error("--trust must be above 0")
    learn, made = learn[: options.names], 500
    for longest in range(1, 6):
        tables, chance = count(learn, longest), random.Random(2)
        names = [sample(tables, chance, options.trust) for _ in range(made)]
        learned = sum(name in set(learn) for name in names) / made
        print(
            f"last {longest}: loss {loss(tables, learn[:500], options.trust):.4f} on names that were learned, "
            f"{loss(tables, held_out, options.trust):.4f} on others; "
            f"{learned:.0%} of {made} names made were learned ones, such as {', '.join(names[:3])}"
        )


if __name__ == "__main__":
    main()
