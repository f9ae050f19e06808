"""`snesgpt import`: a model trained elsewhere, as float weights."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from snesgpt.files import WEIGHTS, FileCommand, InputFile, OutputFile
from snesgpt.terminal import say

if TYPE_CHECKING:
    from trainer.weights import Weights


def with_config(path: Path) -> tuple[Path, Path]:
    """A .safetensors file, and where its shape and alphabet are."""
    return path, path.parent / f"{path.stem}.json"


@click.command("import", cls=FileCommand)
@click.argument("file", type=InputFile(with_config, folder=True))
@click.option("--config", type=InputFile(), help="Shape and alphabet, JSON.  [default: beside FILE]")
@click.option("--tokenizer", type=InputFile(), help="Tokenizer of llama2.c, needed for a .bin file.")
@click.option(
    "--context", type=int, help="Cut a Llama's context to this many positions.  [default: its own, at most 128]"
)
@click.option(
    "--temperature",
    type=click.FloatRange(0, 2),
    help="Temperature the cartridge starts with.  [default: the file's, or 0.5]",
)
@click.option(
    "--top-p",
    type=click.FloatRange(0, 1),
    help="The cartridge draws from the likeliest tokens whose probabilities sum to more than this; 0 or 1: from "
    "all tokens.  [default: the file's, or 0]",
)
@click.option("--origin", help="Where the model is from, and its licence: a note that stays with the weights.")
@click.option("--out", type=OutputFile(WEIGHTS), default=Path("build/weights.npz"), help="The weights file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    file: Path,
    config: Path | None,
    tokenizer: Path | None,
    context: int | None,
    temperature: float | None,
    top_p: float | None,
    origin: str | None,
    out: Path,
    as_json: bool,
) -> None:
    """Read a model from FILE and write it as weights for `snesgpt quantize`.

    FILE is a .safetensors file with a .json file of the same name beside it, which holds shape and alphabet; or a
    .bin file of llama2.c, with --tokenizer; or the folder of a LlamaForCausalLM. docs/import.md describes all three
    and has a PyTorch program that writes the first.
    """
    from quantize.kernel import TARGETS
    from snesgpt.selection.room import check_room
    from trainer.notes import Notes
    from trainer.weights import save_weights

    weights = _load(file, config, tokenizer, context)
    notes: Notes = {**weights.info}
    if temperature is not None:
        notes["temperature"] = temperature
    if top_p is not None:
        notes["top_p"] = top_p
    if origin is not None:
        notes["origin"] = origin
    weights = replace(weights, info=notes)
    check_room(weights, TARGETS)
    save_weights(out, weights)
    shape, n_symbols = weights.config, len(weights.symbols)
    if as_json:
        say(json.dumps({"weights": str(out), "n_params": shape.n_params, "symbols": weights.symbols}))
        return
    say(f"{shape.n_params:,} parameters, {n_symbols} symbols, {shape.block_size} positions\nweights: {out}")


def _load(file: Path, config: Path | None, tokenizer: Path | None, context: int | None) -> Weights:
    """The model in a file or folder of any kind. Raises InputError for an option of another kind."""
    from trainer.errors import InputError
    from trainer.formats.hugging_face import load_hugging_face
    from trainer.formats.llama2c import load_llama2c
    from trainer.formats.safetensors import config_beside, load_safetensors

    given = {"--config": config, "--tokenizer": tokenizer, "--context": context}
    kinds = {
        "folder": ("--context",),
        ".bin file": ("--tokenizer", "--context"),
        ".safetensors file": ("--config",),
    }
    kind = "folder" if file.is_dir() else ".bin file" if file.suffix == ".bin" else ".safetensors file"
    for name, value in given.items():
        if value is not None and name not in kinds[kind]:
            raise InputError(f"{name} does not go with a {kind}, which is how {file} is read")
    if kind == "folder":
        return load_hugging_face(file, context)
    if kind == ".bin file":
        if tokenizer is None:
            raise InputError(f"{file} holds no tokens' texts: give llama2.c's tokenizer file with --tokenizer")
        return load_llama2c(file, tokenizer, context)
    return load_safetensors(file, config or config_beside(file))
