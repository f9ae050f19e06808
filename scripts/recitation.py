"""How many of the texts on standard input were learned by heart: compared with held-out texts of like length."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import click

from trainer.text.corpus import read_corpus, split
from trainer.text.splitting import KINDS, Reading

HELD_OUT = 0.1
"""The share that `snesgpt train` holds out."""


@dataclass(frozen=True)
class Recited:
    """Of made-up texts: how many there are, how many of these were learned, and how many are held-out ones.

    expected: how many held-out ones there would be if each came as often as a learned one of its length.
    """

    total: int
    learned: int
    held_out: int
    expected: float


def recited(made: Iterable[str], learned: Iterable[str], held_out: Iterable[str]) -> Recited:
    """Where a model knows the learned texts by heart, held-out ones come less often than expected."""
    counts, known, kept = Counter(made), set(learned), set(held_out)
    lengths, found = Counter(map(len, known)), Counter[int]()
    for text in known & set(counts):
        found[len(text)] += counts[text]
    expected = sum(found[len(text)] / lengths[len(text)] for text in kept if len(text) in lengths)
    return Recited(counts.total(), found.total(), sum(counts[text] for text in kept), expected)


@click.command()
@click.argument("text", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--documents", type=click.Choice(list(KINDS)), default="lines", help="As in training.")
def command(text: Path, documents: str) -> None:
    """Judge made-up texts, a line each, by the TEXT that the model was trained on."""
    corpus = read_corpus(text, Reading(documents, False))
    learned, held_out = split(corpus.documents, HELD_OUT, corpus.reading)
    found = recited((line.rstrip("\n") for line in sys.stdin), learned, held_out)
    if not found.expected:
        raise click.ClickException("none of these texts was learned: give more, or the text of this model")
    rate = found.held_out / found.expected
    shares = f"{found.learned / found.total:.1%} learned ones, {found.held_out / found.total:.2%} held-out ones"
    click.echo(
        f"{found.total:,} texts: {shares}: {rate:.2f} times as many as if each came as often as a learned one"
    )


if __name__ == "__main__":
    command()
