"""The clocks of a token in a game's library, beside those of the cartridge's bare loop, measured in bsnes.

    python -m scripts.library_cost MODEL [--texts 150]

The bare loop is that for a host: nothing is drawn. Time is counted in frames; what is counted begins somewhere in
one, so half a frame is taken off.
"""

from __future__ import annotations

from pathlib import Path

import click

from asm.build import build_rom
from asm.library.place import Place
from asm.memory.log_record import host_field
from asm.targets.stock import FRAME_CLOCKS
from quantize.executor import Executor
from quantize.kernel import STOCK
from quantize.model import IntegerModel
from quantize.model_file import load_model
from quantize.sampler import Request, run
from snesgpt.emulator.console import Console
from tests.support.library_game import Player, game
from trainer.errors import InputError

CORE, BOOT, MOST = "bsnes", 200, 100_000
WITHOUT_LOG = 2
PLACES = {
    "in a library": Place(),
    "without a DMA channel": Place(dma_channel=None),
    "without the PPU's multiplier": Place(ppu_multiplier=False),
}


def bare(model: IntegerModel, texts: int) -> float:
    """Clocks of a token of some texts, one behind the other, in the cartridge."""
    (made,) = run(Executor(model), [Request(1, model.temperature, texts, (), model.top_p)])
    with Console(build_rom(model).image, CORE) as console:
        console.run(BOOT)
        given = {"seed": 1, "temperature": model.temperature, "top_p": model.top_p, "count": texts}
        for name, value in (given | {"prompt_length": 0, "command": WITHOUT_LOG}).items():
            console.write(host_field(name), value.to_bytes(2, "little"))
        frames = console.run_until(lambda _: not any(console.read(host_field("command"), 2)), MOST)
    return (frames - 0.5) * FRAME_CLOCKS / len(made)


def in_library(model: IntegerModel, place: Place, texts: int) -> float:
    """The same of texts of one seed each."""
    frames, tokens = 0.0, 0
    with Player(game(model, place), CORE) as player:
        player.start()
        for seed in range(1, texts + 1):
            player.begin(seed, model.temperature, model.top_p)
            before = player.console.frames
            tokens += len(player.tokens())
            frames += player.console.frames - before - 0.5
    return frames * FRAME_CLOCKS / tokens


@click.command()
@click.argument("path", metavar="MODEL", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--texts", type=click.IntRange(1), default=150, show_default=True)
def command(path: Path, texts: int) -> None:
    """Clocks of a token, in the cartridge and in libraries."""
    model = load_model(path)
    if model.target != STOCK:
        raise InputError(f"{path} is for the {model.target}: a frame is too long to measure its tokens by")
    alone = bare(model, texts)
    click.echo(f"{'in a cartridge of its own':30} {alone:9,.0f} clocks")
    for name, place in PLACES.items():
        clocks = in_library(model, place, texts)
        click.echo(f"{name:30} {clocks:9,.0f} clocks, {100 * (clocks / alone - 1):+.1f} %")


if __name__ == "__main__":
    command()
