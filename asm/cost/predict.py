"""How long a token will take, stage by stage, before anything runs.

Every routine says how long its stages take: straight-line code is summed instruction by instruction, that of a
template from its assembled bytes; loops by formulas that add up the instructions of their templates. Numbers that
depend on the data (how many positions, which hidden units are above zero, how many letters are near the largest)
are counted in the integer model's own text: asm/cost/long_run.py.
"""

from __future__ import annotations

from collections.abc import Mapping
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
    stages["choose"] = target.refresh * _choose(model, run, SAMPLERS[target.name])
    shares = np.bincount(run["position"], run.share, model.config.block_size).astype(np.float64)
    if target.apart:
        stages["wait"] = WAIT
    elif target.library:
        stages["calls"] = target.refresh * CALLS
    else:
        stages["advance"] = target.refresh * 720
        stages = _with_display(stages, model, layout, run)
    return Prediction(stages, shares, target.clocks_per_second)


def placed(layout: Layout) -> Placed:
    """Where a plan's code and vectors are."""
    code = {name: own for listing in layout.objects.listings for name, own in segments(listing).items()}
    return Placed(layout.wram, layout.chain_parts, code, layout.target)


@dataclass(frozen=True)
class SamplerClocks:
    """How long sampler.asm takes, by the instructions of its loops: once, and a letter.

    greedy: the largest logit alone. draw: a letter's weight; near: one that the table has a weight for; walked,
    skipped: up to the letter drawn. nucleus: before and after, over all; weighed: eight times over the weights
    above zero.
    """

    greedy: int
    greedy_letter: int
    draw: int
    draw_letter: int
    near: int
    walked: int
    skipped: int
    nucleus: int
    nucleus_letter: int
    weighed: int


SAMPLERS: Mapping[str, SamplerClocks] = {
    "stock": SamplerClocks(1500, 150, 4240, 146 + 238, 122, 208, 100, 7000, 90, 60 + 8 * 200),
    "sa1": SamplerClocks(420, 50, 1060, 50 + 78, 36, 68, 32, 2000, 28, 20 + 8 * 62),
}

WAIT = 780
"""Clocks from the end of a token on the SA-1 to the begin of the next, where it goes ahead by itself, and what the
other processor's part of a document's end comes to. Measured: it depends on where in a line both are.
"""

CALLS = 6000
"""Clocks of a library's calls for a token, of its looks between steps, and of its longer products in choosing."""


def _choose(model: IntegerModel, run: LongRun, clocks: SamplerClocks) -> float:
    letters = model.config.vocab_size
    if not model.temperature:
        return clocks.greedy + clocks.greedy_letter * letters
    near, weighed, walked, skipped = (
        float(run.mean(run[f"choose.{what}"])) for what in ("near", "weighed", "walked", "skipped")
    )
    found = clocks.draw + clocks.draw_letter * letters + clocks.near * near
    found += clocks.walked * walked + clocks.skipped * skipped
    if model.top_p:
        found += clocks.nucleus + clocks.nucleus_letter * letters + clocks.weighed * weighed
    return found


def _with_display(
    stages: dict[str, float], model: IntegerModel, layout: Layout, tokens: LongRun
) -> dict[str, float]:
    """Add the display: per letter, per name, four times a second the speed, and every frame the blank."""
    documents = float(tokens.mean(tokens["position"] == 0))
    characters = float(tokens.mean(np.array([*map(len, model.symbols), 0])[tokens["next_token"]]))
    letter, name = (2400, 7300) if layout.names.columns == 2 else (700 + 2200 * characters, 60000)
    speed, blank, strip = 12000, 3000, 1250
    own = sum(stages.values()) + letter + name * documents + strip
    total = own / (1 - (blank + speed / 16) / layout.target.frame)
    frames = total / layout.target.frame
    stages["draw"] = letter + name * documents + speed / 16 * frames
    stages["vertical_blank"] = strip + blank * frames
    return stages
