"""The speed of a story as a person sees it: frames from Start to the 100th token on the Story screen.

python scripts/story_speed.py build/model.npz --core bsnes
"""

from __future__ import annotations

import json
from pathlib import Path

import click

from asm.build import build, symbols
from asm.layout import plan
from quantize.model_file import load_model
from quantize.ranges import prove
from snesgpt.emulator.console import Console
from snesgpt.emulator.ram import Ram

PROMPT_PAGE, HELD, BOOT_FRAMES, MOST_FRAMES = 2, 3, 60, 60_000


@click.command()
@click.argument("model", type=click.Path(path_type=Path, exists=True))
@click.option("--core", default="bsnes", help="Emulator.")
@click.option("--tokens", type=click.IntRange(1), default=100, help="From the beginning of a story, nothing typed.")
def command(model: Path, core: str, tokens: int) -> None:
    """Print tokens, frames and tokens a second as JSON."""
    rom = build(plan(prove(load_model(model))))
    at = symbols(rom.debug)
    with Console(rom.image, core) as console:
        ram = Ram(console, at.get("VECTOR_BLOCK"))

        def word(name: str) -> int:
            return ram.word(at[name])

        def push(button: str) -> None:
            console.press(button)
            console.run(HELD)
            console.release()
            console.run(HELD)

        console.run_until(lambda _: ram.read(at["host_magic"], 4) == b"GPT1", BOOT_FRAMES)
        while word("page") != PROMPT_PAGE:
            push("select")
        before, begun = word("tokens_made"), console.frames
        push("start")
        console.run_until(lambda _: (word("tokens_made") - before) & 0xFFFF >= tokens, MOST_FRAMES)
        frames = console.frames - begun
        rate = tokens * console.frames_per_second / frames
    click.echo(json.dumps({"core": core, "tokens": tokens, "frames": frames, "tokens_per_second": rate}))


if __name__ == "__main__":
    command()
