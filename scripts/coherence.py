"""How many lines on standard input are in the tavern's grammar, and how many of those a training text has not."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from trainer.data.tavern import coherence


@click.command()
@click.argument("training", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def command(training: Path) -> None:
    """Judge made-up lines against the grammar and the TRAINING text."""
    known = set(training.read_text(encoding="ascii").splitlines())
    found = coherence([line.rstrip("\n") for line in sys.stdin], known)
    click.echo(f"{found.total} lines: {found.parsed} in the grammar, {found.new} of them new")


if __name__ == "__main__":
    command()
