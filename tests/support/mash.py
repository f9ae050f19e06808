"""Somebody's baby has the pad: random buttons on both pads, resets among them, and then every token must be right.

`python -m tests.support.mash build/snes_gpt.sfc --minutes 10 --seed 1 --core bsnes` does it for long.
"""

from __future__ import annotations

import random
from pathlib import Path

import click

from asm.cartridge.header import read_image
from asm.memory.log_record import HOST_MAGIC, host_places
from quantize.executor import Executor
from quantize.model import IntegerModel
from snesgpt.emulator.console import BUTTONS, Console
from snesgpt.emulator.ram import Ram
from snesgpt.verify.find_model import find_model
from snesgpt.verify.host import Host
from snesgpt.verify.parity import Parity, requests, verify
from tests.support.power_on import scramble_all
from trainer.errors import InputError

FRAMES_A_MINUTE = 3606
RESET = 0.01
BOOT_FRAMES = 120
MAX_PRESS, MAX_BUTTONS = 40, 4


def mash(console: Console, model: IntegerModel, seed: int, frames: int, tokens: int) -> Parity:
    """Mash for `frames` frames, then compare `tokens` tokens. Raises InputError when the cartridge is gone."""
    chance, places = random.Random(seed), host_places(model)
    ram = Ram(console, places.window)
    if not console.frames:
        scramble_all(console, seed)  # memory as it is at power-on; later it would be the program that is scrambled
    while console.frames < frames:
        for pad in (1, 2):
            console.press(*chance.sample(BUTTONS, chance.randint(0, MAX_BUTTONS)), pad=pad)
        console.run(chance.randint(1, MAX_PRESS))
        if chance.random() < RESET:
            console.reset()
            console.run(BOOT_FRAMES)
        if ram.read(places.block, len(HOST_MAGIC)) != HOST_MAGIC and console.frames > BOOT_FRAMES:
            raise InputError(f"the cartridge is gone after {console.frames} frames of seed {seed}")
    console.release()
    return verify(Host(console, model), Executor(model), requests(model, tokens), tokens=tokens)


@click.command()
@click.argument("rom", type=click.Path(path_type=Path), default=Path("build/snes_gpt.sfc"))
@click.option("--minutes", type=float, default=10)
@click.option("--seed", type=int, default=1)
@click.option("--core", default="snes9x")
@click.option("--tokens", type=int, default=1000)
def command(rom: Path, minutes: float, seed: int, core: str, tokens: int) -> None:
    """Mash ROM's buttons, then compare its tokens with its model's."""
    image = read_image(rom)
    model = find_model(rom, image).proved.model
    with Console(image, core) as console:
        parity = mash(console, model, seed, round(minutes * FRAMES_A_MINUTE), tokens)
    click.echo(
        f"{core}, seed {seed}: {minutes} minutes, then {parity.tokens} tokens, {parity.mismatches} differences"
    )
    if parity.mismatches:
        raise SystemExit(parity.first)


if __name__ == "__main__":
    command()
