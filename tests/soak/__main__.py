"""Every hunt in turn, for an hour in all: `make soak`, `make soak MINUTES=5 SEED=7`."""

from __future__ import annotations

import importlib
import pkgutil
import time

import click

import tests.soak
from snesgpt.terminal import say

HUNTS = tuple(module.name for module in pkgutil.iter_modules(tests.soak.__path__) if module.name != "__main__")


@click.command()
@click.option("--minutes", type=click.FloatRange(0, min_open=True), default=60.0, help="For all hunts together.")
@click.option("--seed", type=int, default=None, help="[default: the clock's]")
@click.argument("hunts", nargs=-1, type=click.Choice(HUNTS))
def command(minutes: float, seed: int | None, hunts: tuple[str, ...]) -> None:
    """Hunt for inputs that break something, and print what was tried."""
    chosen, seed = hunts or HUNTS, int(time.time()) % 1_000_000 if seed is None else seed
    say(f"seed {seed}, {60 * minutes / len(chosen):.0f} s for each of {', '.join(chosen)}")
    for name in chosen:
        begun = time.monotonic()
        counts = importlib.import_module(f"tests.soak.{name}").run(60 * minutes / len(chosen), seed)
        say(f"{name}: {counts} ({time.monotonic() - begun:.0f} s)")


if __name__ == "__main__":
    command()
