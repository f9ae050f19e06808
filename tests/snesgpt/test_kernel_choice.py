"""Which kernels a microgpt gets, on either machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from quantize.kernel import TARGETS
from snesgpt.selection.kernel_choice import choose, largest_rom
from trainer.errors import InputError
from trainer.weights import load_weights

WEIGHTS = load_weights(Path(__file__).parents[2] / "checkpoints/microgpt.npz")
LARGER = np.float32(2.5)
"""Then the residual stream can be too large for the logits of digits, not for words."""


@pytest.mark.parametrize("target", TARGETS)
def test_where_digits_cannot_be_proved_auto_takes_the_schoolbook(target: str) -> None:
    assert choose(WEIGHTS, "auto", largest_rom(target), target=target).layout.digits
    large = replace(WEIGHTS, tensors={**WEIGHTS.tensors, "layer0.fc2": WEIGHTS.tensors["layer0.fc2"] * LARGER})
    with pytest.raises(InputError, match="range proof fails at"):
        choose(large, "digits", largest_rom(target), target=target)
    choice = choose(large, "auto", largest_rom(target), target=target)
    assert choice.reasons[0].startswith("schoolbook for all matrices: range proof fails at")
    assert choice.layout.digits is None and choice.model.target == target
