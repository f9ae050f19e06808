"""Ten minutes in the tavern that `make tavern` has built, in both cores and for both machines.

    python -m scripts.play_tavern [--minutes 10] [--seed 7]

Random buttons walk the player about among the four people. Every line is compared with the integer model's, letter
by letter, and every frame is counted in which the game's own logic ran.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import click

from quantize.model_file import load_model
from tests.support.tavern import Tavern, wanted_line

BUILD = Path("build")
CARTRIDGES = {"stock": BUILD / "tavern.sfc", "sa1": BUILD / "tavern_sa1.sfc"}
CORES = ("snes9x", "bsnes")
FRAMES_A_MINUTE = 3600


@click.command()
@click.option("--minutes", type=click.IntRange(1), default=10, show_default=True)
@click.option("--seed", type=int, default=7, show_default=True)
def command(minutes: int, seed: int) -> None:
    """A line for each core and machine. Fails where a letter is another, or a frame was missed."""
    for target, rom in CARTRIDGES.items():
        model = load_model(BUILD / "tavern" / f"{target}.npz")
        for core in CORES:
            with Tavern(rom, rom.with_suffix(".dbg"), core) as game:
                ran, frames = game.word("frames_run", 4), game.console.frames
                talks = list(game.play(Random(seed), minutes * FRAMES_A_MINUTE))
                ran, frames = game.word("frames_run", 4) - ran, game.console.frames - frames
                longest, missed = game.word("longest"), game.word("frames_missed")
            lines = [(talk.said, wanted_line(model, talk)) for talk in talks]
            wrong = sum(not line.startswith(said) for said, line in lines)
            letters = sum(len(said) for said, _ in lines)
            frames_said = f"{ran:,} of {frames:,} frames, {missed} late, the longest {longest} of 262 lines"
            click.echo(f"{target} {core}: {frames_said}; {len(lines)} talks, {letters:,} letters, {wrong} wrong")
            if wrong or missed or ran != frames:
                raise click.ClickException("the tavern is not what it should be")


if __name__ == "__main__":
    command()
