"""What to do about numbers that are too large for their words. It depends on who can make them smaller."""

from __future__ import annotations

import re

from trainer.config import ModelConfig
from trainer.notes import Notes

STREAM = re.compile(r"(^wte|embed|\.(wo|o|fc2|fc2_part\d+|mlp_sum\d+|attention_residual|mlp_residual))$")
"""A llama's tensors and values of the residual stream, which is only read through norms: its scale is free.

A gpt2's is too, and `equalize.filled` has chosen it.
"""

PRODUCT = re.compile(r"(layer\d+)\.fc3(_part\d+)?$")
"""What a llama's gates multiply: the next matrix can undo its scale."""


def remedy(config: ModelConfig, notes: Notes, name: str, times: float) -> str:
    """The end of a message about a tensor, or a value of a block, that is too large, and by what factor."""
    if config.family == "microgpt":
        return "train with more weight decay" + ("" if "steps" in notes else ", where it was trained")
    if config.family == "llama" and STREAM.search(name):
        return f"divide wte (not lm_head), every wo and every fc2 by {_above(times)} before import: norms undo that"
    if config.family == "llama" and (found := PRODUCT.search(name)):
        layer = found[1]
        return f"divide {layer}.fc3 by {_above(times)} and multiply {layer}.fc2 by it before import"
    return f"that is {times:.3g} times too much, and only who trained this model can make it smaller"


def _above(times: float) -> str:
    """Three digits, rounded up."""
    return f"{times * 1.005:.3g}"
