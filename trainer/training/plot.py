"""The loss curve as a picture."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

from trainer.errors import InputError
from trainer.files import whole_file
from trainer.pictures import figure
from trainer.training.train import LogEntry


def plot_loss(path: Path, log: Sequence[LogEntry], title: str) -> None:
    """Training and validation loss in nats per token over steps, as a PNG: whole or not at all.

    Raises InputError when it cannot be drawn or the file cannot be written.
    """
    picture = figure(figsize=(8, 5))
    axes = picture.add_subplot(xlabel="step", ylabel="loss (nats per token)")
    axes.set_title(title, parse_math=False)  # a dollar sign is one
    steps = [entry.step for entry in log]
    axes.plot(steps, [entry.train for entry in log], label="training", color="#9aa5b1")
    best = min((entry for entry in log if entry.candidate), key=lambda entry: entry.validation)
    axes.plot(steps, [entry.validation for entry in log], label="validation", color="#5b3fa8")
    axes.plot(best.step, best.validation, "o", label=f"kept: {best.validation:.4f}", color="#5b3fa8")
    axes.grid(alpha=0.3)
    axes.legend()
    with whole_file(path) as temporary, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # in a title of another alphabet: boxes will do
        try:
            picture.savefig(temporary, format="png", dpi=100, metadata={"Software": None})
        except (ValueError, RuntimeError) as error:
            raise InputError(f"cannot draw {path}: {error}") from error
