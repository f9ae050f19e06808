"""The digits of every matrix of an integer model, and the clocks that their adds alone take."""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np

from asm.cost.instructions import memory
from asm.layout import plan
from asm.targets.stock import STOCK
from quantize.digits import count
from quantize.executor import Executor
from quantize.images import Floats
from quantize.kernels.activation import Rectifier
from quantize.kernels.digit_columns import ActiveColumns
from quantize.kernels.digit_rows import DigitRows
from quantize.model import IntegerModel
from quantize.model_file import load_proved
from quantize.program import leaves
from quantize.sampler import Request, run

ADD = STOCK.refresh * STOCK.clocks(memory("adc", "", direct=True))  # a slot of the direct page
DOCUMENTS = 40


def shares(model: IntegerModel) -> dict[str, Floats]:
    """Share of the tokens in which each hidden unit is above zero: activation → (n_hidden,)."""
    requests = [Request(seed, model.temperature, 2) for seed in range(DOCUMENTS)]
    tokens = [token for stream in run(Executor(model), requests, traced=True) for token in stream]
    names = [leaf.name for leaf in leaves(model.program) if isinstance(leaf, Rectifier)]
    return {name: np.mean([token.trace[name] > 0 for token in tokens if token.trace], axis=0) for name in names}


@click.command()
@click.argument("path", metavar="MODEL", type=click.Path(path_type=Path), default=Path("build/model.npz"))
def command(path: Path) -> None:
    """Print a line for each matrix of MODEL, then the clocks of all generated code, executed or not."""
    proved = load_proved(path)
    model = proved.model
    units = iter(shares(model).values())
    for leaf in leaves(model.program):
        if not isinstance(leaf, DigitRows | ActiveColumns):
            continue
        weights = model.tensors[leaf.block.weight]
        digits = active = float(count(weights))
        if isinstance(leaf, ActiveColumns):  # of the activation before it
            active = float(sum(share * count(weights[:, [unit]]) for unit, share in enumerate(next(units))))
        click.echo(
            f"{leaf.block.weight:12} digits {digits:6,.0f}, as rows {ADD * digits:9,.0f}, "
            f"active columns {active:6,.0f}, {ADD * active:9,.0f}"
        )
    for part in plan(proved).code:
        click.echo(f"{part.label:20} {STOCK.refresh * sum(unit.clocks(STOCK) for unit in part.units):9,.0f}")


if __name__ == "__main__":
    command()
