"""`snesgpt evaluate`: held-out loss of the float and of the integer model."""

from __future__ import annotations

import json
from pathlib import Path

import click

from snesgpt.files import FileCommand, InputFile
from snesgpt.terminal import say


@click.command("evaluate", cls=FileCommand)
@click.argument("model", type=InputFile(), default=Path("build/model.npz"))
@click.option("--weights", type=InputFile(), help="Float weights.  [default: beside MODEL]")
@click.option("--data", type=InputFile(), help="Text, read as in training.  [default: the names]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(model: Path, weights: Path | None, data: Path | None, as_json: bool) -> None:
    """Measure the held-out loss of MODEL, float and integer, in nats per token and per character.

    The loss is that of the tenth of the text that was held out in training.
    """
    from quantize.model_file import load_model
    from snesgpt.progress import bars
    from snesgpt.selection.belonging import check_same
    from snesgpt.selection.losses import held_out, measure, warn_of_another_text
    from trainer.errors import InputError
    from trainer.weights import load_weights

    integers = load_model(model)
    exact = load_weights(weights or model.with_name("weights.npz"))
    check_same(exact, integers)
    text = held_out(exact, data)
    if text is None:
        learned = exact.info.get("data", "a text that is not known here")
        raise InputError(f"{model} learned from {learned}, not from the names: give its text with --data")
    warn_of_another_text(text)
    with bars() as bar:
        losses = measure(exact, integers, text, bar)
    if as_json:
        say(json.dumps(losses))
        return
    exact_loss, integer = losses["per_character"]["nll_float"], losses["per_character"]["nll_integer"]
    difference = integer - exact_loss
    say(f"float    {exact_loss:.4f} nats/character over {losses['characters']:,} characters")
    say(f"integer  {integer:.4f} ({difference:+.4f}), {losses['tokens_per_second']:,} tokens/s")
    if exact.merges or exact.pieces:
        say(
            f"per token: float {losses['nll_float']:.4f}, integer {losses['nll_integer']:.4f} "
            f"over {losses['tokens']:,} tokens"
        )
    if losses["cut"]:
        say(f"{losses['cut']:,} of {losses['documents']:,} documents are cut to the model's context")
