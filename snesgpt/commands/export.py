"""`snesgpt export`: float weights for programs elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

import click

from snesgpt.commands.import_ import with_config
from snesgpt.files import TENSORS, FileCommand, InputFile, OutputFile
from snesgpt.terminal import say


@click.command("export", cls=FileCommand)
@click.argument("weights", type=InputFile(), default=Path("build/weights.npz"))
@click.option(
    "--out", type=OutputFile(TENSORS, with_config), default=Path("build/weights.safetensors"), help="The tensors."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(weights: Path, out: Path, as_json: bool) -> None:
    """Write WEIGHTS as a .safetensors file, and beside it a .json file with shape and alphabet.

    `snesgpt import` reads the pair, and so does any program with a safetensors library. docs/import.md describes
    the two files.
    """
    from trainer.formats.safetensors import save_safetensors
    from trainer.weights import load_weights

    _, config = with_config(out)
    save_safetensors(out, config, load_weights(weights))
    if as_json:
        say(json.dumps({"tensors": str(out), "config": str(config)}))
        return
    say(f"tensors: {out}\nshape and alphabet: {config}")
