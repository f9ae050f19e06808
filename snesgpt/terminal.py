"""What commands print. Text of a file may hold anything: the terminal gets only what it can show."""

from __future__ import annotations

import click


def say(text: object, *, err: bool = False) -> None:
    """A line, or several, on stdout; err: on stderr."""
    click.echo(printable(str(text)), err=err)


def printable(text: str) -> str:
    """The same with every character that a terminal obeys, or cannot show, as its escape."""
    shown = (letter if letter.isprintable() or letter == "\n" else ascii(letter)[1:-1] for letter in text)
    return "".join(shown)
