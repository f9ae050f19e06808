"""The loss curve as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from trainer.files import whole_file
from trainer.training.train import LogEntry


def plot_loss(path: Path, log: Sequence[LogEntry], title: str) -> None:
    """Training and validation loss in nats per token over steps, as a PNG: whole or not at all.

    Raises InputError when the file cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot(title=title, xlabel="step", ylabel="loss (nats per token)")
    steps = [entry.step for entry in log]
    axes.plot(steps, [entry.train for entry in log], label="training", color="#9aa5b1")
    best = min((entry for entry in log if entry.candidate), key=lambda entry: entry.validation)
    axes.plot(steps, [entry.validation for entry in log], label="validation", color="#5b3fa8")
    axes.plot(best.step, best.validation, "o", label=f"kept: {best.validation:.4f}", color="#5b3fa8")
    axes.grid(alpha=0.3)
    axes.legend()
    with whole_file(path) as temporary:
        figure.savefig(temporary, format="png", dpi=100, metadata={"Software": None})
