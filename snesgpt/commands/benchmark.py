"""`snesgpt benchmark`: what vectorising bought, in one number."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from snesgpt.files import FileCommand, InputFile
from snesgpt.terminal import say
from trainer.presets import PRESETS

PLAIN = [name for name, preset in PRESETS.items() if not preset.remembers]
"""What plain Python trains as well."""


@click.command("benchmark", cls=FileCommand)
@click.option("--data", type=InputFile(), help="Text, one document a line.  [default: the names]")
@click.option("--preset", type=click.Choice(PLAIN), default="microgpt", help="Model to train.")
@click.option("--rounds", type=click.IntRange(1), default=5, help="Turns for each version, alternating.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(data: Path | None, preset: str, rounds: int, as_json: bool) -> None:
    """Compare the speed of training in plain Python with that in numpy.

    trainer/model/scalar.py and trainer/model/decoder.py train the same model from the same first weights on the
    same documents. They take turns, so that a busy machine slows both. A turn is four documents one by one in plain
    Python, then 200 batches in numpy.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from rich.console import Console
    from rich.progress import Progress

    from trainer.text.corpus import NAMES, read_corpus
    from trainer.training.benchmark import race

    chosen = PRESETS[preset]
    text = read_corpus(data or NAMES)
    config = chosen.config(len(text.symbols) + 1)
    terminal = Console(stderr=True)
    with Progress(console=terminal, disable=not terminal.is_terminal) as progress:
        task = progress.add_task("in turns", total=rounds)
        times = race(text, config, chosen.batch_size, chosen.learning_rate, rounds, lambda: progress.advance(task))
    ratio = times.numpy_rate / times.scalar_rate
    if as_json:
        result = {
            "scalar_documents_per_second": times.scalar_rate,
            "numpy_documents_per_second": times.numpy_rate,
            "ratio": ratio,
            "n_params": config.n_params,
            "batch_size": chosen.batch_size,
            "scalar_documents": times.scalar_documents,
            "numpy_documents": times.numpy_documents,
        }
        say(json.dumps(result))
        return
    say(
        f"plain Python {times.scalar_rate:12,.1f} documents/s\n"
        f"numpy        {times.numpy_rate:12,.1f} documents/s\n"
        f"ratio        {ratio:12,.0f}"
    )
