"""`snesgpt distill`: float weights in, weights made of few digits out, taught by the float model itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any

import click

from snesgpt.files import WEIGHTS, FileCommand, InputFile, OutputFile
from snesgpt.terminal import say
from trainer.documents import checked
from trainer.notes import Notes

if TYPE_CHECKING:
    from trainer.files import Array
    from trainer.progress import Bar
    from trainer.training.distill import Entry, Result, Settings
    from trainer.weights import Weights

STEPS = 1000

GRIDS = {"llama": 9, "gpt2": 9, "microgpt": 6}
"""The smallest digit, 2^-this: what `quantize` keeps of a family's weights, whatever becomes of its logits."""

PULLS = {"llama": 0.0, "gpt2": 0.0, "microgpt": 0.01}
"""A microgpt loses much where weights near a threshold keep crossing it; a Llama learns a little less so."""

OF_TRAINING = (
    *("nll_float", "nll_integer", "nll_float_per_character", "measurements", "grids", "batch_size"),
    *("weight_decay", "dropout", "validation", "hidden_price"),
)
"""Notes of a teacher that are not its student's."""


@click.command("distill", cls=FileCommand)
@click.argument("weights", type=InputFile(), default=Path("build/weights.npz"))
@click.option("--out", type=OutputFile(WEIGHTS), default=Path("build/distilled.npz"), help="The weights file.")
@click.option("--digits", type=float, help="Digits (signed powers of two) per weight of the matrices, on average.")
@click.option(
    "--tokens-per-second",
    type=float,
    help="Instead of --digits: as many as there is time for; a Llama's heads may see fewer positions, too.",
)
@click.option(
    "--target",
    type=click.Choice(["stock", "sa1"]),
    default="stock",
    help="The machine that --tokens-per-second is about.",
)
@click.option("--steps", type=click.IntRange(1), default=STEPS, help="Training steps.")
@click.option(
    "--time-budget", type=float, metavar="SECONDS", help="Train for a time instead of --steps, text included."
)
@click.option("--seed", type=click.IntRange(0), default=0, help="Sets the text that is written, and its order.")
@click.option(
    "--learning-rate",
    type=float,
    default=1e-3,
    show_default="1e-3",
    help="The peak, in root mean squares of a tensor; it falls along a cosine to zero.",
)
@click.option("--resume", is_flag=True, help="Only go on with an interrupted run; never begin one.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    weights: Path,
    out: Path,
    digits: float | None,
    tokens_per_second: float | None,
    target: str,
    steps: int,
    time_budget: float | None,
    seed: int,
    learning_rate: float,
    resume: bool,
    as_json: bool,
) -> None:
    """Turn float WEIGHTS into weights made of few digits, taught by the float model's own text.

    The float model writes text, some of which is kept apart. Digits go to the weights that matter most in it
    (Fisher information), then the weights are trained as digits towards the float model's distributions. No other
    text is needed. `snesgpt quantize` keeps the digits as they are.

    Each measurement is a line on stderr, on the text kept apart: loss above the teacher's, and divergence from it.

    A run that was interrupted left a checkpoint beside --out. The same command goes on from it; a run with other
    options or another teacher neither uses nor overwrites it.
    """
    from snesgpt.progress import bars
    from snesgpt.selection.room import check_room
    from snesgpt.selection.student_choice import choose_student
    from trainer.training.checkpoint import checkpoint_path
    from trainer.training.distill import Settings, distill
    from trainer.weights import load_weights, save_weights

    teacher = load_weights(weights)
    check_room(teacher, (target,))
    if (digits is None) == (tokens_per_second is None):
        raise click.UsageError("give --digits or --tokens-per-second, one of both")
    settings = Settings(
        teacher.config,
        digits,
        tokens_per_second,
        steps,
        time_budget,
        seed,
        grid=GRIDS[teacher.config.family],
        pull=PULLS[teacher.config.family],
        learning_rate=learning_rate,
        target=target,
    )
    with bars() as bar:
        start, tell = _start(teacher, bar), partial(say, err=True)
        wanted, grid = tokens_per_second, settings.grid
        choose = choose_student(teacher, wanted, grid, bar, target) if wanted else None
        result = distill(start, settings, checkpoint_path(out), teacher.digest, _tell, bar, tell, choose, resume)
        student = _student(teacher, settings, result)
        save_weights(out, student)
        report = _report(student, result, target, bar)
    if as_json:
        say(json.dumps(report | {"weights": str(out)}))
    else:
        say(_line(report) + f"\nweights: {out}")
    result.checkpoint.unlink(missing_ok=True)  # last: whatever fails before, the run is not lost


def _start(teacher: Weights, bar: Bar) -> Mapping[str, Array]:
    """The weights that training begins with: a Llama's balanced, as `quantize` would balance them."""
    from quantize.convert import prepare
    from quantize.schedule import needs_calibration
    from quantize.sensitivity import unfolded

    if not needs_calibration(teacher.config):
        return teacher.tensors
    return unfolded(prepare(teacher, bar).exact, teacher.config)


def _tell(entry: Entry) -> None:
    """A measurement as a line."""
    training = "" if entry.training is None else f", training {entry.training:.4f}"
    say(
        f"step {entry.step:,}, {entry.seconds:,.0f} s: above the teacher {entry.above:+.4f}, "
        f"divergence {entry.divergence:.4f}{training}",
        err=True,
    )


def _student(teacher: Weights, settings: Settings, result: Result) -> Weights:
    """The weights file: the teacher's notes but for its training, and how its digits came about."""
    from snesgpt.selection.student_choice import as_student
    from trainer.training.digit_projection import adds_per_weight

    adds = adds_per_weight(result.tensors, settings.config, settings.projection.grids)
    notes = {name: value for name, value in teacher.info.items() if name not in OF_TRAINING}
    notes |= {"adds_per_weight": adds, "seed": settings.seed}
    notes |= {"steps": result.last.step, "learning_rate": settings.learning_rate}
    kept, digits = replace(teacher, info=checked(notes, Notes)), result.student.digits
    return as_student(kept, result.config, result.tensors, digits, settings.grid, result.teacher.apart)


def _report(student: Weights, result: Result, target: str, bar: Bar) -> dict[str, Any]:
    """How it went, and what the console makes of it. Losses in nats a token, on the text kept apart."""
    from asm.cost.predict import predict
    from quantize.executor import Executor, window_logits
    from snesgpt.selection.digit_choice import digits_per_weight
    from snesgpt.selection.kernel_choice import choose, largest_rom

    choice, apart = choose(student, "auto", largest_rom(target), bar=bar, target=target), result.teacher.apart
    tell = bar("integer loss", apart.tokens.shape[1] - 1)
    logits = window_logits(Executor(choice.model), apart.tokens[:, :-1], tell)
    above, away = result.teacher.judge(logits[:, apart.counted.reshape(-1)])
    prediction = predict(choice.layout, bar)
    return {
        "digits": digits_per_weight(choice.model) or result.student.digits,  # or: where the console multiplies
        "windows": list(result.student.windows),
        "nll_teacher": result.teacher.loss,
        "above_teacher": result.last.above,
        "divergence": result.last.divergence,
        "integer_above_teacher": above,
        "integer_divergence": away,
        "tokens_apart": int(apart.lengths.sum()),
        "tokens_per_second": prediction.tokens_per_second if prediction else None,
        "steps": result.last.step,
        "seconds": result.last.seconds,
        "reasons": choice.reasons,
        "log": [asdict(entry) for entry in result.log],
    }


def _line(report: dict[str, Any]) -> str:
    rate = report["tokens_per_second"]
    speed = f"; {rate:.2f} tokens/s predicted" if rate else f"; {report['reasons'][0]}"
    seen = f", heads see {mean(report['windows']):.0f} positions" if report["windows"] else ""
    return (
        f"{report['digits']:.2f} digits a weight{seen}: "
        f"{report['above_teacher']:+.4f} nats a token above the teacher, divergence {report['divergence']:.4f}; "
        f"as integers {report['integer_above_teacher']:+.4f}, {report['integer_divergence']:.4f} "
        f"({report['tokens_apart']:,} tokens kept apart, teacher {report['nll_teacher']:.4f}){speed}"
    )
