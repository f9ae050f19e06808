"""The float weights file: what `trainer` writes and every other stage starts from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from trainer.config import ModelConfig
from trainer.corpus import FONT
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
        check_notes(self.config, self.symbols, self.info)
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


def check_notes(config: ModelConfig, symbols: object, info: object) -> None:
    """Raises InputError unless a file's alphabet and notes are such as the cartridge can show and use."""
    if not isinstance(symbols, str) or len(symbols) != config.bos or len(set(symbols)) != len(symbols):
        raise InputError(
            f"the alphabet is {symbols!r}: a vocabulary of {config.vocab_size} has "
            f"{config.bos} different symbols, plus BOS"
        )
    if strange := sorted(set(symbols) - FONT):
        raise InputError(f"the alphabet has {strange[0]!r}: the cartridge's font is printable ASCII")
    temperature = info.get("temperature", 0.0) if isinstance(info, Mapping) else None
    if not isinstance(temperature, int | float) or not 0 <= temperature <= 2:
        raise InputError(f"the default temperature is {temperature!r}: it must be 0.0 to 2.0")


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
