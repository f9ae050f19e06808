"""`snesgpt sample`: the text the cartridge prints for a seed, from the integer model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from snesgpt.files import FileCommand, InputFile
from snesgpt.terminal import say

if TYPE_CHECKING:
    from trainer.weights import Weights


@click.command("sample", cls=FileCommand)
@click.argument("model", type=InputFile(), default=Path("build/model.npz"))
@click.option("--count", type=click.IntRange(1, 65535), default=20, help="Number of documents.")
@click.option("--seed", type=click.IntRange(0, 65535), default=1, help="The seed, as the cartridge shows it.")
@click.option("--temperature", type=float, help="0.0 to 2.0, in steps of 0.1.  [default: the model's]")
@click.option(
    "--top-p",
    type=float,
    help="Draw from the likeliest tokens whose probabilities sum to more than this, in steps of 0.01; 0 or 1: "
    "from all tokens.  [default: the model's]",
)
@click.option("--prompt", default="", help="Beginning of each document.")
@click.option("--float", "use_float", is_flag=True, help="Use the float model, with random numbers of its own.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    model: Path,
    count: int,
    seed: int,
    temperature: float | None,
    top_p: float | None,
    prompt: str,
    use_float: bool,
    as_json: bool,
) -> None:
    """Print the documents that the cartridge prints for the same seed, temperature, top-p and prompt."""
    from quantize.executor import Executor
    from quantize.model_file import load_model
    from quantize.sampler import Request, documents
    from snesgpt.progress import bars
    from snesgpt.selection.belonging import check_same
    from trainer.errors import InputError
    from trainer.weights import load_weights

    integers = load_model(model)
    tenths = integers.temperature if temperature is None else tenths_of(temperature)
    percent = integers.top_p if top_p is None else percent_of(top_p)
    if use_float:
        if top_p and percent:
            raise InputError("--float draws from all tokens: leave out --top-p")
        exact = load_weights(model.with_name("weights.npz"))
        check_same(exact, integers)
        texts = _float_texts(exact, count, seed, tenths, prompt)
    else:
        given = tuple(integers.tokenizer.encode(integers.reading.clean(prompt))[1:-1])
        what = "characters" if all(len(symbol) == 1 for symbol in integers.symbols) else "tokens"
        _check_prompt(len(given), integers.config.block_size, what)
        with bars() as bar:
            texts = documents(
                Executor(integers), Request(seed, tenths, count, given, percent), bar("documents", count)
            )
    between = "\n" if integers.reading.documents == "lines" else "\n\n"
    say(json.dumps(texts) if as_json else between.join(texts))


def tenths_of(temperature: float) -> int:
    """Raises InputError for a temperature that the console cannot be set to."""
    from quantize.sampler import MAX_TEMPERATURE
    from trainer.errors import InputError

    for tenths in range(MAX_TEMPERATURE + 1):
        if abs(tenths - 10 * temperature) < 1e-6:
            return tenths
    raise InputError(f"temperature {temperature} is not one of 0.0, 0.1 … 2.0")


def percent_of(top_p: float) -> int:
    """Raises InputError for a top-p that the console cannot be set to. All there is, 1, is 0 too: off."""
    from trainer.errors import InputError

    for percent in range(101):
        if abs(percent - 100 * top_p) < 1e-6:
            return percent % 100
    raise InputError(f"top-p {top_p} is not one of 0 (off), 0.01, 0.02 … 1")


def _check_prompt(length: int, context: int, what: str) -> None:
    from trainer.errors import InputError

    if length >= context:
        raise InputError(f"the prompt has {length} {what}: {context - 1} is the most that leaves room")


def _float_texts(weights: Weights, count: int, seed: int, tenths: int, prompt: str) -> list[str]:
    from trainer.errors import InputError
    from trainer.model.generate import generate

    if prompt or not tenths:
        raise InputError("--float samples without a prompt and at a temperature above 0")
    return generate(weights.tensors, weights.config, weights.tokenizer, count, tenths / 10, seed)
