"""How long a token will take, stage by stage, before anything runs.

Every routine says how long its stages take: straight-line code is summed instruction by instruction, that of a
template from its assembled bytes; loops by formulas that add up the instructions of their templates. Numbers that
depend on the data (how many positions, which hidden units are above zero, how many letters are near the largest)
are counted in the integer model's own text: asm/cost/long_run.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asm.cost.long_run import LongRun, long_run
from asm.cost.object_code import segments
from asm.kernels.routine import Placed
from asm.layout import Layout
from quantize.model import IntegerModel
from trainer.progress import Bar, no_bar


@dataclass(frozen=True)
class Prediction:
    """Clocks per token of each stage, and of all. shares (T,): of the text's tokens, by position."""

    stages: dict[str, float]
    shares: NDArray[np.float64]
    clocks_per_second: float

    def report(self) -> dict[str, Any]:
        """As plain data."""
        return {"stages": self.stages, "positions": self.positions, "clocks_per_second": self.clocks_per_second}

    @property
    def positions(self) -> float:
        """Positions that a token looks at, on average."""
        return float(self.shares @ np.arange(1, 1 + len(self.shares)))

    @property
    def clocks_per_token(self) -> float:
        """All stages."""
        return sum(self.stages.values())

    @property
    def tokens_per_second(self) -> float:
        """On the target."""
        return self.clocks_per_second / self.clocks_per_token


def predict(layout: Layout, bar: Bar = no_bar) -> Prediction | None:
    """The stages' clocks at the model's default temperature; None for the schoolbook kernel.

    The ROM of `layout` is taken as built without trace or profile.
    """
    if layout.digits is None:
        return None
    model, target = layout.proved.model, layout.target
    run, where = long_run(model, bar), placed(layout)
    stages: dict[str, float] = {}
    for routine in layout.routines:
        clocks = routine.clocks(run, where)
        stages |= {call.stage: target.refresh * clocks.get(call.stage, 0.0) for call in routine.calls}
    stages |= {"choose": target.refresh * _choose(model, run), "advance": target.refresh * 720}
    shares = np.bincount(run["position"], run.share, model.config.block_size).astype(np.float64)
    return Prediction(_with_display(stages, model, layout, run), shares, target.clocks_per_second)


def placed(layout: Layout) -> Placed:
    """Where a plan's code and vectors are."""
    code = {name: own for listing in layout.objects.listings for name, own in segments(listing).items()}
    return Placed(layout.wram, layout.chain_parts, code, layout.target)


def _choose(model: IntegerModel, run: LongRun) -> float:
    letters = model.config.vocab_size
    if not model.temperature:
        return 1500 + 150 * letters
    near, weighed, walked, skipped = (
        float(run.mean(run[f"choose.{what}"])) for what in ("near", "weighed", "walked", "skipped")
    )
    draw = 4240 + (146 + 238) * letters + 122 * near + 208 * walked + 100 * skipped
    return draw + (_nucleus(letters, weighed) if model.top_p else 0)


def _nucleus(letters: int, weighed: float) -> float:
    """Eight times over the weights above zero, about 200 clocks each; before and after over all."""
    return 7000 + 90 * letters + (60 + 8 * 200) * weighed


def _with_display(
    stages: dict[str, float], model: IntegerModel, layout: Layout, tokens: LongRun
) -> dict[str, float]:
    """Add the display: per letter, per name, four times a second the speed, and every frame the blank."""
    documents = float(tokens.mean(tokens["position"] == 0))
    characters = float(tokens.mean(np.array([*map(len, model.symbols), 0])[tokens["next_token"]]))
    letter, name = (2000, 6200) if layout.names.columns == 2 else (700 + 2200 * characters, 60000)
    speed, blank, strip = 12000, 1560, 1250
    own = sum(stages.values()) + letter + name * documents + strip
    total = own / (1 - (blank + speed / 16) / layout.target.frame)
    frames = total / layout.target.frame
    stages["draw"] = letter + name * documents + speed / 16 * frames
    stages["vertical_blank"] = strip + blank * frames
    return stages
