"""`snesgpt quantize`: float weights to the integer model, with what it costs and the range proof."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from snesgpt.files import MODEL, FileCommand, InputFile, OutputFile
from snesgpt.terminal import say

if TYPE_CHECKING:
    from quantize.model import IntegerModel


@click.command("quantize", cls=FileCommand)
@click.argument("weights", type=InputFile(), default=Path("build/weights.npz"))
@click.option("--out", type=OutputFile(MODEL), default=Path("build/model.npz"), help="The integer model.")
@click.option(
    "--kernel",
    type=click.Choice(["auto", "schoolbook", "digits"]),
    default="auto",
    help="How matrices are multiplied; auto: digits where they fit and their ranges can be proved.",
)
@click.option(
    "--target",
    type=click.Choice(["stock", "sa1"]),
    default="stock",
    help="The machine: a stock console, or one with an SA-1 in the cartridge, which computes.",
)
@click.option(
    "--rom-size", type=click.IntRange(64, 8192), help="Largest cartridge, in KiB: up to 4096, or 8192 for the sa1."
)
@click.option(
    "--tokens-per-second",
    type=click.FloatRange(0, min_open=True),
    help="For a Llama: choose digits for at least this speed.",
)
@click.option("--data", type=InputFile(), help="Text to measure the held-out loss on.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    weights: Path,
    out: Path,
    kernel: str,
    target: str,
    rom_size: int | None,
    tokens_per_second: float | None,
    data: Path | None,
    as_json: bool,
) -> None:
    """Turn float WEIGHTS into the integer model; report errors, range proof and held-out loss."""
    from quantize.convert import tensor_errors
    from quantize.model_file import save_model
    from quantize.program import leaves
    from snesgpt.progress import bars
    from snesgpt.selection.kernel_choice import choose, largest_rom
    from snesgpt.selection.losses import held_out, measure, warn_of_another_text
    from trainer.weights import load_weights

    exact = load_weights(weights)
    text = held_out(exact, data)
    warn_of_another_text(text)
    with bars() as bar:
        choice = choose(exact, kernel, rom_size or largest_rom(target), tokens_per_second, bar, target)
        model, reasons, bounds = choice.model, choice.reasons, choice.proved.bounds
        errors = tensor_errors(choice.exact, model)
        losses = measure(exact, model, text, bar) if text else None
    save_model(out, _noting(model, losses))
    if as_json:
        report = {
            "tensors": [asdict(error) for error in errors],
            "ranges": [asdict(bound) for bound in bounds],
            "logit_shift": model.logit_shift,
            "kernels": {kernel.name: type(kernel).__name__ for kernel in leaves(model.program)},
            "reasons": reasons,
            **(losses or {}),
        }
        say(json.dumps(report, indent=2))
        return
    say("tensor         shape      largest  max error  rms error  relative")
    for e in errors:
        shape = "×".join(map(str, e.shape))
        numbers = f"{e.largest_weight:9.3f} {e.max_error:10.5f} {e.rms_error:10.5f} {e.relative_error:8.2%}"
        say(f"{e.name:14} {shape:9}{numbers}")
    for reason in reasons:
        say(f"kernel: {reason}")
    tightest = max(bounds, key=lambda bound: bound.largest / bound.limit)
    say(
        f"range proof: all {len(bounds)} intermediates fit; the tightest, {tightest.name}, "
        f"uses {tightest.largest / tightest.limit:.0%} of its word"
    )
    if losses:
        both = "float {nll_float:.4f}, integer {nll_integer:.4f}".format(**losses["per_character"])
        say(f"held-out loss: {both} nats/character")
    say(f"integer model: {out}")


def _noting(model: IntegerModel, losses: Mapping[str, float] | None) -> IntegerModel:
    """The model with its held-out losses among its notes, where they were measured: the cartridge shows them."""
    if not losses:
        return model
    exact, integer = (round(losses[name], 4) for name in ("nll_float", "nll_integer"))
    return replace(model, info={**model.info, "nll_float": exact, "nll_integer": integer})
