"""The float weights file: what `trainer` writes and every other stage starts from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from trainer.config import ModelConfig
from trainer.errors import InputError
from trainer.files import Array, read_arrays, write_arrays


@dataclass(frozen=True)
class Weights:
    """A float model: its shape, its alphabet and its tensors.

    symbols holds one character per token except BOS, in token order.
    tensors maps the names of ModelConfig.tensor_shapes to float32 arrays.
    info is free plain data about the training (held-out loss, default temperature, …).
    """

    config: ModelConfig
    symbols: str
    tensors: Mapping[str, Array]
    info: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.symbols) != self.config.vocab_size - 1 or len(set(self.symbols)) != len(self.symbols):
            raise InputError(
                f"{len(self.symbols)} symbols for a vocabulary of {self.config.vocab_size}: one each, plus BOS"
            )
        shapes = self.config.tensor_shapes()
        if set(shapes) != set(self.tensors):
            wrong = ", ".join(sorted(set(shapes) ^ set(self.tensors)))
            raise InputError(f"missing or unknown tensors: {wrong}")
        for name, shape in shapes.items():
            tensor = self.tensors[name]
            if tensor.shape != shape:
                raise InputError(f"{name} is {tensor.shape}: the model's shape asks for {shape}")
            if tensor.dtype != np.float32:
                raise InputError(f"{name} is {tensor.dtype}: weights are float32")
            if not np.isfinite(tensor).all():
                raise InputError(f"{name} holds NaN or infinity: train again with a lower learning rate")


def save_weights(path: Path, weights: Weights) -> None:
    """Write build/weights.npz, whole or not at all."""
    header = {
        "format": "snes-gpt weights 1",
        "config": weights.config.to_dict(),
        "symbols": weights.symbols,
        "info": dict(weights.info),
    }
    write_arrays(path, header, weights.tensors)


def load_weights(path: Path) -> Weights:
    """Read a weights file. Raises InputError on anything but a whole, finite, matching model."""
    header, arrays = read_arrays(path)
    if header.get("format") != "snes-gpt weights 1":
        raise InputError(f"{path} is not a weights file: `snesgpt train` makes one")
    try:
        config = ModelConfig.from_dict(header["config"])
        return Weights(config, header["symbols"], arrays, header.get("info", {}))
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} has a damaged header: train again") from error
