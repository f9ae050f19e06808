"""The picture of docs/training.md: what distillation wins back, of reports of `snesgpt distill --json`.

python scripts/distillation_figure.py docs/distillation.png REPORT.json …
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

Report = Mapping[str, Any]
BEFORE, AFTER = "#9aa5b1", "#5b3fa8"


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.argument("reports", type=click.Path(path_type=Path, exists=True), nargs=-1, required=True)
def command(out: Path, reports: tuple[Path, ...]) -> None:
    """Draw OUT: divergence against minutes of every run, and against digits before and after training."""
    draw(out, sorted((json.loads(path.read_text()) for path in reports), key=lambda report: report["digits"]))


def draw(out: Path, runs: Sequence[Report]) -> None:
    """Both panels, side by side. runs: by digits."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    FigureCanvasAgg(figure)
    by_time, by_digits = figure.subplots(1, 2)
    for number, run in enumerate(runs):
        seconds, nats = ([entry[name] for entry in run["log"]] for name in ("seconds", "divergence"))
        shade = 0.3 + 0.7 * (number + 1) / len(runs)
        by_time.plot([s / 60 for s in seconds], nats, color=AFTER, alpha=shade, label=_named(run))
    whole = [run for run in runs if not run["windows"]]
    digits = [run["digits"] for run in whole]
    for name, values, color in (
        ("digits by Fisher information", [run["log"][0]["divergence"] for run in whole], BEFORE),
        ("distilled", [run["divergence"] for run in whole], AFTER),
        ("distilled, integer model", [run["integer_divergence"] for run in whole], "#c05746"),
    ):
        by_digits.plot(digits, values, "o-", color=color, label=name)
    by_time.set(
        xlabel="minutes, on a machine shared with other programs",
        ylabel="divergence from the teacher (nats a token)",
        yscale="log",
    )
    by_digits.set(xlabel="digits per weight", yscale="log")
    for axes in (by_time, by_digits):
        axes.grid(alpha=0.3, which="both")
        axes.legend(fontsize="small")
    figure.savefig(out, dpi=100, metadata={"Software": None})


def _named(run: Report) -> str:
    seen = f", windows, {run['tokens_per_second']:.2f} tokens/s" if run["windows"] else ""
    return f"{run['digits']:.2f} digits{seen}"


if __name__ == "__main__":
    command()
