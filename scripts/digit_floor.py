"""The digits of every matrix of an integer model, and the clocks that their adds alone take."""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np

from asm.cost.instructions import REFRESH
from asm.layout import plan
from quantize.digits import count
from quantize.executor import Executor
from quantize.fast import load_proved
from quantize.sampler import Request, run

ADD = 28 * REFRESH  # an `adc` from the direct page
DOCUMENTS = 40


@click.command()
@click.argument("path", metavar="MODEL", type=click.Path(path_type=Path), default=Path("build/model.npz"))
def command(path: Path) -> None:
    """Print a line for each matrix of MODEL, then the clocks of all generated code, executed or not."""
    model = load_proved(path)
    requests = [Request(seed, model.temperature, 2) for seed in range(DOCUMENTS)]
    tokens = [token for stream in run(Executor(model), requests, traced=True) for token in stream]
    for name in (name for name, kernel in model.kernels.items() if kernel.startswith("digit")):
        weights = model.tensors[name]
        digits = active = float(count(weights))
        if name.endswith("fc2"):
            on = np.mean([token.trace[name.replace("fc2", "activation")] > 0 for token in tokens], axis=0)
            active = float(sum(share * count(weights[:, [unit]]) for unit, share in enumerate(on)))
        click.echo(
            f"{name:12} digits {digits:6,.0f}, as rows {ADD * digits:9,.0f}, "
            f"active columns {active:6,.0f}, {ADD * active:9,.0f}"
        )
    for part in plan(model).code:
        click.echo(f"{part.label:20} {REFRESH * sum(unit.clocks for unit in part.units):9,.0f}")


if __name__ == "__main__":
    command()
