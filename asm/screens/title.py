"""The text of the title: what the cartridge is, and what is in it."""

from __future__ import annotations

from dataclasses import dataclass

from quantize.kernel import SA1, STOCK
from quantize.model import IntegerModel

COLUMNS = 32
WHAT = "A transformer in a cartridge"
PROCESSORS = {STOCK: "65C816 at 3.58 MHz", SA1: "SA-1 at 10.74 MHz"}


@dataclass(frozen=True)
class TitleText:
    """Whole rows of the screen; the first is shown in tall letters."""

    lines: tuple[str, ...]

    @property
    def size(self) -> int:
        """Characters in all."""
        return COLUMNS * len(self.lines)


def title_text(model: IntegerModel) -> TitleText:
    """What it is, how large the model is, and what computes it."""
    config = model.config
    layers = f"{config.n_layer} layer{'s' * (config.n_layer > 1)}"
    facts = (WHAT, f"{config.n_params:,} weights, {layers}", PROCESSORS[model.target])
    return TitleText(tuple(f"{fact:^{COLUMNS}}"[:COLUMNS] for fact in facts))
