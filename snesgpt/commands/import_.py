"""`snesgpt import`: a model trained elsewhere, as float weights."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import click

from snesgpt.files import WEIGHTS, FileCommand, InputFile, OutputFile
from snesgpt.terminal import say


def with_config(path: Path) -> tuple[Path, Path]:
    """A .safetensors file, and where its shape and alphabet are."""
    return path, path.parent / f"{path.stem}.json"


@click.command("import", cls=FileCommand)
@click.argument("file", type=InputFile(with_config, folder=True))
@click.option("--config", type=InputFile(), help="Shape and alphabet, JSON.  [default: beside FILE]")
@click.option("--tokenizer", type=InputFile(), help="Tokenizer of llama2.c, needed for a .bin file.")
@click.option("--meta", type=InputFile(), help="nanoGPT's meta.pkl, needed for a .pt file of characters.")
@click.option(
    "--keep",
    type=InputFile(),
    help="Of a GPT-2's tokens, leave out those that this text does not use.  [default: all]",
)
@click.option(
    "--context",
    type=int,
    help="Cut the context of a Llama or GPT-2 to this many positions.  [default: its own, at most 128]",
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
    meta: Path | None,
    keep: Path | None,
    context: int | None,
    temperature: float | None,
    top_p: float | None,
    origin: str | None,
    out: Path,
    as_json: bool,
) -> None:
    """Read a model from FILE and write it as weights for `snesgpt quantize`.

    FILE is a .safetensors file with a .json file of the same name beside it, which holds shape and alphabet; or a
    .pt file of nanoGPT, with --meta; or a .bin file of llama2.c, with --tokenizer; or the folder of a
    LlamaForCausalLM or GPT2LMHeadModel. docs/import.md describes them all and has a PyTorch program that writes the
    first.
    """
    from quantize.kernel import TARGETS
    from snesgpt.selection.room import check_room
    from trainer.formats.reader import Options
    from trainer.formats.readers import read_model
    from trainer.notes import Notes
    from trainer.weights import save_weights

    weights = read_model(file, Options(config, tokenizer, meta, keep, context))
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
