"""`snesgpt import`: a model trained elsewhere, as float weights."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--config", type=click.Path(path_type=Path), help="Shape and alphabet, JSON.  [default: beside FILE]")
@click.option("--out", type=click.Path(path_type=Path), default=Path("build/weights.npz"), help="The weights file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(file: Path, config: Path | None, out: Path, as_json: bool) -> None:
    """Read a model from FILE, a .safetensors file, and write it as weights for `snesgpt quantize`.

    FILE.json beside it says what shape and alphabet it has. docs/import.md lists its fields and the tensors'
    names, and has a PyTorch program that writes both.
    """
    from trainer.safetensors_file import config_beside, load_safetensors
    from trainer.weights import save_weights

    weights = load_safetensors(file, config or config_beside(file))
    save_weights(out, weights)
    n_params, n_symbols = weights.config.n_params, len(weights.symbols)
    if as_json:
        click.echo(json.dumps({"weights": str(out), "n_params": n_params, "symbols": weights.symbols}))
        return
    click.echo(f"{n_params:,} parameters, {n_symbols} symbols\nweights: {out}")
