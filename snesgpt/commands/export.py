"""`snesgpt export`: float weights for programs elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command("export")
@click.argument("weights", type=click.Path(path_type=Path), default=Path("build/weights.npz"))
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("build/weights.safetensors"), help="The tensors."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(weights: Path, out: Path, as_json: bool) -> None:
    """Write WEIGHTS as a .safetensors file, and beside it a .json file with shape and alphabet.

    `snesgpt import` reads the pair, and so does any program with a safetensors library. docs/import.md describes
    the two files.
    """
    from trainer.formats.safetensors import config_beside, save_safetensors
    from trainer.weights import load_weights

    config = config_beside(out)
    save_safetensors(out, config, load_weights(weights))
    if as_json:
        click.echo(json.dumps({"tensors": str(out), "config": str(config)}))
        return
    click.echo(f"tensors: {out}\nshape and alphabet: {config}")
