"""Which kernels a microgpt gets, on either machine."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from quantize.kernel import TARGETS
from snesgpt.selection.kernel_choice import choose, largest_rom
from tests.support.models import digit_weights
from trainer.config import ModelConfig
from trainer.errors import InputError

WEIGHTS = digit_weights(ModelConfig(9, 5, n_embd=16, n_head=4, n_hidden=64))


@pytest.mark.parametrize("target", TARGETS)
def test_where_digits_cannot_be_proved_auto_takes_the_schoolbook(target: str) -> None:
    assert choose(WEIGHTS, "auto", largest_rom(target), target=target).layout.digits
    tensors = {name: tensor * np.float32(3) for name, tensor in WEIGHTS.tensors.items()}
    large = replace(WEIGHTS, tensors=tensors)
    with pytest.raises(InputError, match="range proof fails at"):
        choose(large, "digits", largest_rom(target), target=target)
    choice = choose(large, "auto", largest_rom(target), target=target)
    assert choice.reasons[0].startswith("schoolbook for all matrices: range proof fails at")
    assert choice.layout.digits is None and choice.model.target == target
