"""`snesgpt train`: text in, float weights out."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Any

import click

from snesgpt.files import WEIGHTS, FileCommand, InputFile, OutputFile
from snesgpt.terminal import say
from trainer.config import FAMILIES, LONGEST
from trainer.errors import InputError
from trainer.presets import MEMORY, PRESETS, Preset
from trainer.text.alphabet import NEWLINE
from trainer.text.splitting import KINDS

if TYPE_CHECKING:
    from trainer.config import ModelConfig
    from trainer.memory import Memory
    from trainer.model.decoder import Tensors
    from trainer.text.corpus import Corpus
    from trainer.text.tokenizer import Tokenizer
    from trainer.training.train import Result, Sample, Settings, State

OUT = Path("build/weights.npz")
CONTEXT = click.IntRange(0, LONGEST)
HELD_OUT = 0.1
SAMPLES = 8
SAMPLES_MEANWHILE = 3
NARROW = 64
"""Dimensions up to which a second thread of a matrix product gains a fifth at best; on a busy machine it makes a
step take two or three times as long, waiting."""
SHAPE = ("n_embd", "n_head", "n_layer", "n_hidden", "block_size", "activation")
SCHEDULE = (
    *("steps", "batch_size", "learning_rate", "weight_decay", "dropout", "digits", "grid", "hidden_price"),
    *("vector_prior", "logit_prior"),
)
SELECTION = ("validation", "patience")


def with_curve(path: Path) -> tuple[Path, Path]:
    """The weights, and where their loss curve goes."""
    return path, path.with_name("loss.png")


@click.command("train", cls=FileCommand)
@click.option("--data", type=InputFile(), help="UTF-8 text.  [default: the names]")
@click.option("--documents", type=click.Choice(list(KINDS)), default="lines", help="What one document is.")
@click.option("--fold-case", is_flag=True, help="Turn capitals into small letters.")
@click.option(
    "--tokens",
    type=click.IntRange(3, 512),
    help="Size of a vocabulary of merged characters.  [default: a token is a character]",
)
@click.option("--preset", type=click.Choice(list(PRESETS)), default="microgpt", help="Shape and training.")
@click.option("--steps", type=click.IntRange(1), help="Training steps.  [default: the preset's]")
@click.option("--time-budget", type=float, metavar="SECONDS", help="Train for a time instead of --steps.")
@click.option(
    "--seed", type=click.IntRange(0), default=0, help="Sets the first weights and the order of documents."
)
@click.option("--out", type=OutputFile(WEIGHTS, with_curve), default=OUT, help="The weights file.")
@click.option("--resume", is_flag=True, help="Only go on with an interrupted run; never begin one.")
@click.option("--n-embd", type=int, help="Dimensions.  [default: the preset's, as for all options below]")
@click.option("--n-head", type=int, help="Attention heads.")
@click.option("--n-layer", type=int, help="Layers.")
@click.option("--n-hidden", type=int, help="Width of the MLP.  [default: four times --n-embd if that is given]")
@click.option("--block-size", type=int, help="Context in positions.")
@click.option("--activation", type=click.Choice(FAMILIES["microgpt"].activations), help="relu2 is squared ReLU.")
@click.option("--batch-size", type=click.IntRange(1, 65536), help="Documents per step.")
@click.option("--learning-rate", type=float, help="Peak learning rate; it falls linearly to zero.")
@click.option("--weight-decay", type=float, help="Decoupled weight decay, against overfitting.")
@click.option("--dropout", type=float, help="Share of each layer's residual updates dropped at random in training.")
@click.option("--validation", type=float, help="Share of the training text that chooses the weights to keep.")
@click.option(
    "--patience",
    type=click.IntRange(0),
    help="Stop after this many measurements (20 in a run) without a better loss; 0: never.",
)
@click.option(
    "--digits",
    "digits",
    multiple=True,
    metavar="[MATRIX=]N",
    help="Digits (signed powers of two) per weight, on average, of all matrices or of one: fc2=1.5. 0: floats.",
)
@click.option("--grid", multiple=True, metavar="[MATRIX=]G", help="The smallest digit is 2^-G, G from 0 to 12.")
@click.option(
    "--hidden-price", type=float, help="Penalty on hidden activation; fewer hidden units are then above zero."
)
@click.option("--memory-vectors", type=CONTEXT, help="Look up vectors by the last 2 to N tokens; 0: none.")
@click.option("--memory-logits", type=CONTEXT, help="Look up logits by the last 2 to N tokens; 0: none.")
@click.option(
    "--memory-least", type=click.IntRange(1), help="How often the text must show a context to be looked up."
)
@click.option("--vector-prior", type=float, help="How strongly such vectors are drawn to zero.")
@click.option("--logit-prior", type=float, help="How strongly such logits are.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    data: Path | None,
    documents: str,
    fold_case: bool,
    tokens: int | None,
    preset: str,
    seed: int,
    out: Path,
    resume: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Train the model on a text and write its weights.

    A document is a line, a paragraph (blank lines between them), or a window of one running text (stream). A
    tenth of the distinct documents, or of a stream's blocks of 2,048 characters, is held out and never trained on.

    Twenty times in a run the weights are measured, and the best are kept. The judge is a share of the training text
    (--validation), or with --validation 0 the held-out text itself, whose loss then looks a little too good.

    Each weight becomes a sum of a few signed powers of two, its digits; a digit is one addition on the console.
    --digits sets the average number of digits per weight; 0 trains plain float weights.

    The loss curve is written to loss.png, beside the weights, where matplotlib is installed.

    A run that was interrupted left a checkpoint beside --out. The same command goes on from it; a run with other
    options or another text neither uses nor overwrites it.
    """
    from trainer.text.corpus import NAMES, read_corpus, split
    from trainer.text.splitting import Reading

    data = data or NAMES
    text = read_corpus(data, Reading(documents, fold_case))
    training, held_out = split(text.documents, HELD_OUT, text.reading)
    tokenizer = _tokenizer(training, text, tokens)
    given = {name: value for name, value in options.items() if value is not None}
    given |= _by_matrix("digits", given.pop("digits"), float) | _by_matrix("grid", given.pop("grid"), int)
    config = _config(PRESETS[preset], tokenizer.bos + 1, given)
    config = replace(config, memory=_memory(PRESETS[preset], config, tokenizer, training, given))
    if config.n_embd <= NARROW:  # read when numpy is imported
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from trainer.training.checkpoint import checkpoint_path
    from trainer.training.train import train

    settings = _settings(PRESETS[preset], config, seed, given)
    sample = _sampler(tokenizer, settings, PRESETS[preset].temperature)
    announce = partial(_announce, data, text, tokenizer, len(held_out), settings)
    with _progress_bar(settings, announce) as report:
        kept, tell = checkpoint_path(out), partial(say, err=True)
        result = train(training, held_out, tokenizer, settings, kept, resume, report, sample, tell)
    summary = _summary(data, PRESETS[preset], settings, result, len(training), len(held_out))
    summary |= _per_character(tokenizer, held_out, config, result.nll_float)
    summary |= text.reading.notes | {"text_digest": text.digest}
    _finish(out, tokenizer, settings, result, summary, as_json)
    result.checkpoint.unlink(missing_ok=True)  # last: whatever fails before, the run is not lost


def _tokenizer(training: list[str], text: Corpus, tokens: int | None) -> Tokenizer:
    """The text's characters, or that many tokens of them."""
    from trainer.text.bpe import learn_pairs

    if not tokens:
        return text.tokenizer
    return learn_pairs(training, text.symbols, tokens, text.reading.running, shown=sys.stderr.isatty())


def _config(preset: Preset, vocab_size: int, given: dict[str, Any]) -> ModelConfig:
    """The preset's shape, with whatever was given on the command line in its place."""
    shape = {name: given[name] for name in SHAPE if name in given}
    if "n_embd" in shape:
        shape.setdefault("n_hidden", 4 * shape["n_embd"])
    return preset.config(vocab_size, **shape)


def _memory(
    preset: Preset, config: ModelConfig, tokenizer: Tokenizer, training: Sequence[str], given: dict[str, Any]
) -> Memory | None:
    """What the preset, or the command line, wants the model to remember of the text."""
    from trainer.training.packing import Documents

    wanted = replace(preset, **{name: given[name] for name in MEMORY if name in given})
    if not wanted.remembers:
        return None
    return wanted.memory(
        Documents(tokenizer.encode_all(training, config.block_size), config.block_size), config.bos
    )


def _by_matrix(option: str, values: Sequence[str], kind: type[float] | type[int]) -> dict[str, Any]:
    """The values given for all matrices, and for single ones: digits, matrix_digits. Raises InputError."""
    found: dict[str, Any] = {}
    for value in values:
        matrix, _, number = value.rpartition("=")
        try:
            amount = kind(number)
        except ValueError:
            raise InputError(f"--{option} {value}: give a number, or MATRIX=NUMBER") from None
        if matrix:
            found.setdefault(f"matrix_{option.removesuffix('s')}s", {})[matrix] = amount
        else:
            found[option] = amount
    return found


def _settings(preset: Preset, config: ModelConfig, seed: int, given: dict[str, Any]) -> Settings:
    """The preset's training, with whatever was given on the command line in its place."""
    from trainer.training.train import Settings

    return Settings(
        config,
        seed=seed,
        time_budget=given.get("time_budget"),
        matrix_digits=given.get("matrix_digits", {}),
        matrix_grids=given.get("matrix_grids", {}),
        **{name: given.get(name, getattr(preset, name)) for name in SCHEDULE + SELECTION},
    )


def _announce(data: Path, text: Corpus, tokenizer: Tokenizer, n_held_out: int, settings: Settings) -> None:
    """Prints the model and the text of the training that begins, on stderr."""
    config, unit = settings.config, text.reading.unit
    sampled = "distinct" if text.share == 1 else f"distinct in the {text.share:.2%} that are used"
    merged = f", {len(tokenizer.symbols) - len(text.symbols)} merged tokens" if tokenizer.merges else ""
    judges = f"{settings.validation:.0%} of the rest choose" if settings.validation else "which also choose"
    say(
        f"{data.name}: {text.n_lines:,} {unit}s, {len(text.documents):,} {sampled}, "
        f"{len(text.symbols)} characters{merged}; "
        f"{n_held_out:,} held out, {judges} the weights to keep\n"
        f"model: {config.n_params:,} parameters ({config.n_layer} × {config.n_embd} dimensions, "
        f"{config.n_head} heads, {config.n_hidden} hidden {config.activation}, {config.block_size} positions)",
        err=True,
    )
    if n_cut := text.n_cut(config.block_size, tokenizer):
        say(
            f"{n_cut:,} documents are longer than {config.block_size - 1} "
            f"{'tokens' if tokenizer.merges else 'characters'} and are cut: "
            "their ends are not learned",
            err=True,
        )


def _sampler(tokenizer: Tokenizer, settings: Settings, temperature: float) -> Sample:
    """A function that samples the model during training, always from the same random numbers."""
    from trainer.model.generate import generate

    def sample(tensors: Tensors) -> list[str]:
        return generate(tensors, settings.config, tokenizer, SAMPLES_MEANWHILE, temperature, settings.seed)

    return sample


@contextmanager
def _progress_bar(settings: Settings, announce: Callable[[], None]) -> Iterator[Callable[[State, float], None]]:
    """A bar on stderr with step, documents per second and time left, and a line for every measurement.

    Where stderr is no terminal there are the lines alone. Yields what moves it. `announce` is called when it first
    moves: until then all that can be said is what is wrong.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("step {task.fields[step]:,}"),
        BarColumn(None),
        TextColumn("{task.fields[rate]:,.0f} documents/s"),
        TimeRemainingColumn(),
    )
    terminal = Console(stderr=True)
    with Progress(*columns, console=terminal, disable=not terminal.is_terminal) as progress:
        task = progress.add_task("", total=1.0, step=0, rate=0.0)
        shown = 0.0

        def report(state: State, done: float) -> None:
            nonlocal shown
            now = time.monotonic()
            if not shown:
                announce()
            measured = bool(state.log) and state.log[-1].step == state.step
            if measured:
                say(_measurement(state, done), err=True)
            if now - shown < 0.1 and done < 1:
                return
            shown = now
            rate = state.step * settings.batch_size / state.seconds
            progress.update(task, completed=done, step=state.step, rate=rate)

        yield report


def _measurement(state: State, done: float) -> str:
    """The last measurement as a line: losses, the time left, and what the model writes by now."""
    entry, left = state.log[-1], round(state.seconds * (1 / done - 1))
    return (
        f"{done:4.0%}  training {entry.train:.3f}, validation {entry.validation:.4f}, "
        f"{left // 60}:{left % 60:02} left: {', '.join(entry.samples)}"
    )


def _summary(
    data: Path, preset: Preset, settings: Settings, result: Result, n_training: int, n_held_out: int
) -> dict[str, Any]:
    """The record of the training in the weights file: no dates, times or paths, so same run, same bytes."""
    priors = {"vector_prior": settings.vector_prior, "logit_prior": settings.logit_prior}
    return {
        "preset": preset.name,
        "temperature": preset.temperature,
        "nll_float": result.nll_float,
        "steps": result.steps,
        "seed": settings.seed,
        "batch_size": settings.batch_size,
        "learning_rate": settings.learning_rate,
        "weight_decay": settings.weight_decay,
        "dropout": settings.dropout,
        "validation": settings.validation,
        "hidden_price": settings.hidden_price,
        **(priors if settings.config.memory else {}),
        "active_hidden": result.active,
        "digits": settings.digits,
        **_digits(settings, result),
        "data": os.fsencode(data.name).decode(errors="replace"),
        "held_out": HELD_OUT,
        "n_documents": n_training,
        "n_held_out": n_held_out,
        "measurements": [
            [entry.step, round(entry.train, 5), round(entry.validation, 5), list(entry.samples)]
            for entry in result.log
        ],
    }


def _per_character(
    tokenizer: Tokenizer, held_out: list[str], config: ModelConfig, nll_float: float
) -> dict[str, float]:
    """The held-out loss in nats per character: what compares models of different tokens."""
    read = [tokens[1 : config.block_size + 1] for tokens in tokenizer.encode_all(held_out, config.block_size)]
    share = sum(map(len, read)) / sum(map(tokenizer.n_characters, read))
    return {"nll_float_per_character": nll_float * share}


def _digits(settings: Settings, result: Result) -> dict[str, Any]:
    """The facts of weights made of digits: their grid, and the digits per weight of each tensor."""
    from trainer.training.digit_projection import adds_per_weight

    if not settings.digits:
        return {}
    grids = settings.projection().grids
    adds = adds_per_weight(result.tensors, settings.config, grids)
    finer = {"grids": grids} if len({settings.grid, *grids.values()}) > 1 else {}
    return {"grid": settings.grid, **finer, "adds_per_weight": adds}


def _finish(
    out: Path, tokenizer: Tokenizer, settings: Settings, result: Result, summary: dict[str, Any], as_json: bool
) -> None:
    """Write the weights and the loss curve; say how it went and where they are."""
    from trainer.documents import checked
    from trainer.extras import Missing
    from trainer.model.generate import generate
    from trainer.notes import Notes
    from trainer.training.plot import plot_loss
    from trainer.weights import Weights, save_weights

    config, curve = settings.config, with_curve(out)[1]
    save_weights(out, Weights(config, tokenizer.symbols, result.tensors, checked(summary, Notes), tokenizer.merges))
    try:
        plot_loss(curve, result.log, _title(summary, config.n_params))
        drawn = str(curve)
    except Missing as missing:  # the weights are what was asked for
        drawn = None
        say(f"snesgpt: no loss curve: {missing}", err=True)
    samples = generate(result.tensors, config, tokenizer, SAMPLES, summary["temperature"], settings.seed)
    if as_json:
        log = [[entry.step, entry.train, entry.validation] for entry in result.log]
        measured = {
            "n_params": config.n_params,
            "seconds": result.seconds,
            "documents_per_second": result.documents_per_second,
            "weights": str(out),
            "loss_curve": drawn,
            "samples": samples,
            "log": log,
        }
        say(json.dumps(summary | measured))
        return
    say(
        f"held-out loss {summary['nll_float_per_character']:.4f} nats per character, "
        f"{config.n_params:,} parameters\n"
        f"{_additions(summary)}"
        f"{result.steps:,} steps in {result.seconds:.1f} s, {result.documents_per_second:,.0f} documents/s\n"
        f"samples: {', '.join(sample.replace(NEWLINE, ' / ') for sample in samples)}\n"
        f"weights: {out}" + (f"\nloss curve: {drawn}" if drawn else "")
    )


def _title(summary: dict[str, Any], n_params: int) -> str:
    """The title of the loss curve: of a name, what has a width and fits."""
    name = shorten("".join(c if c.isprintable() else " " for c in summary["data"]), 60, placeholder="…")
    return f"{name}: {n_params:,} parameters, held-out loss {summary['nll_float']:.4f}"


def _additions(summary: dict[str, Any]) -> str:
    """The cost of the weights on the console, as a line; nothing for float weights."""
    if not summary["digits"]:
        return ""
    adds = ", ".join(f"{name} {mean:.2f}" for name, mean in summary["adds_per_weight"].items())
    return f"additions per weight: {adds}; {summary['active_hidden']:.1%} of hidden units active\n"
