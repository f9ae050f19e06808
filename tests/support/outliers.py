"""Weights that are as large as they like: quantize refuses them in one line, or build takes what it makes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from asm.build import build
from asm.layout import plan
from quantize.model_file import load_proved, save_model
from snesgpt.selection.kernel_choice import choose
from tests.support.models import digit_weights, gpt2_config, gpt2_weights, llama_config, llama_weights
from trainer.config import ModelConfig
from trainer.errors import InputError
from trainer.weights import Weights

LARGEST_ROM = 4096
CONFIGS = {
    "llama": llama_config(12, 7, 16, (4, 2), 2, 20),
    "microgpt": ModelConfig(12, 7, 16, 4, 1, 20),
    "gpt2": gpt2_config(12, 7, 16, 4, 2, 60),
}
MADE = {"llama": llama_weights, "microgpt": digit_weights, "gpt2": gpt2_weights}


def with_outliers(family: str, random: np.random.Generator) -> Weights:
    """A small model, and in some tensor one weight, one row or all of them multiplied by 10^−3 … 10^5."""
    weights = MADE[family](CONFIGS[family], int(random.integers(1 << 30)))
    names = sorted(weights.tensors)
    for _ in range(random.integers(1, 3)):
        tensor = weights.tensors[names[random.integers(len(names))]]
        row, column = random.integers(tensor.shape[0]), random.integers(tensor.shape[1])
        where = [np.s_[row, column], np.s_[row], np.s_[:]][random.integers(3)]
        tensor[where] *= 10 ** random.uniform(-3, 5) * random.choice([-1, 1])
    return weights


def built_or_refused(weights: Weights, folder: Path) -> bool:
    """True where quantize makes a model, of which build makes a cartridge; False where it refuses in one line."""
    try:
        model = choose(weights, "auto", LARGEST_ROM).model
    except InputError as error:
        assert "\n" not in str(error) and "kernel" not in str(error) and "again" not in str(error), error
        return False
    save_model(folder / "model.npz", model)
    build(plan(load_proved(folder / "model.npz")))
    return True
