"""The moving picture of the tavern in README.md: the knight tells what he wants.

make tavern && .venv/bin/python -m scripts.tavern_picture
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
from numpy import uint8
from numpy.typing import NDArray
from PIL import Image

from tests.support.tavern import Tavern
from trainer.files import whole_file

ROM = Path("build/tavern.sfc")
STEP, MILLISECONDS = 6, 100
"""Frames of the console for each of the picture, and its time."""

LAST = 18
"""Pictures after the whole line is there."""


def scenes(game: Tavern) -> Iterator[NDArray[uint8]]:
    """From the room to the end of a line."""
    console = game.console
    console.press("b")
    console.run(3)
    console.release()
    console.run(90)
    while game.word("faced") >= 0x8000:
        console.press("left")
        console.run(STEP)
        yield console.picture
    console.press("a")
    rest = LAST
    while rest:
        console.run(STEP)
        console.release()
        yield console.picture
        rest -= game.said


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=Path("docs/pictures/tavern.gif"))
def command(out: Path) -> None:
    """Write OUT."""
    with Tavern(ROM, ROM.with_suffix(".dbg"), "snes9x") as game:
        frames = [Image.fromarray(picture) for picture in scenes(game)]
    colours = frames[len(frames) // 2].quantize(128, dither=Image.Dither.NONE)
    shown = [frame.quantize(palette=colours, dither=Image.Dither.NONE) for frame in frames]
    with whole_file(out) as temporary:
        shown[0].save(
            temporary, format="GIF", save_all=True, append_images=shown[1:], duration=MILLISECONDS, loop=0
        )
    click.echo(f"{out}: {len(shown)} pictures")


if __name__ == "__main__":
    command()
