"""The about screen's facts as lines of text, made from the model and its cartridge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quantize.digits import canonical
from quantize.model import IntegerModel
from quantize.program import leaves

COLUMNS = 32
LABEL_TILES, VALUE_TILES = 14, 16
UNKNOWN = "not measured"
LINES = 11


@dataclass(frozen=True)
class AboutText:
    """The lines as they appear on the screen, a whole row each, values begin at `value_column`."""

    lines: tuple[str, ...]
    value_column: int = 1 + LABEL_TILES

    @property
    def size(self) -> int:
        """Characters in all."""
        return COLUMNS * len(self.lines)


def about_text(model: IntegerModel, kib: int) -> AboutText:
    """The facts in rows, columns 0 and 31 empty. kib: the size of the image."""
    lines = tuple(f" {label:{LABEL_TILES}}{value:{VALUE_TILES}} " for label, value in facts(model, kib))
    assert len(lines) == LINES and all(len(line) == COLUMNS for line in lines)
    return AboutText(lines)


def facts(model: IntegerModel, kib: int) -> tuple[tuple[str, str], ...]:
    """(label, value) of every line."""
    config = model.config
    on_digits = {kernel.digit_weight for kernel in leaves(model.program)} - {""}
    digits = sum(np.count_nonzero(canonical(model.tensors[name])) for name in on_digits)
    first, second = (*_losses(model), "", "")[:2]
    return (
        ("width", f"{config.n_embd}, hidden {config.n_hidden}"),
        ("layers", f"{config.n_layer}, heads {config.n_head}"),
        ("context", f"{config.block_size} positions"),
        ("symbols", f"{config.bos} and an end"),
        ("parameters", f"{config.n_params:,}"),
        ("kernel", "signed digits" if on_digits else "schoolbook"),
        ("digits", f"{digits:,}" if digits else "none"),
        ("cartridge", f"{kib:,} KiB{', SA-1' if model.target == 'sa1' else ''}"),
        ("held-out loss", first or UNKNOWN),
        ("", second),
        ("licence", "MIT"),
    )


def _losses(model: IntegerModel) -> list[str]:
    """The known losses on texts not trained on, nats per character."""
    known = {"float": model.info.get("nll_float"), "integer": model.info.get("nll_integer")}
    return [f"{value:.4f} {name}"[:VALUE_TILES] for name, value in known.items() if value is not None]
