"""The integer model file: what `quantize` writes, and the source of every number in the cartridge."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from quantize.fixed import ONE, Ints, fits_word, from_q88, to_q88
from quantize.kernels import KERNELS
from trainer.config import ModelConfig
from trainer.errors import InputError
from trainer.files import read_arrays, write_arrays
from trainer.weights import Weights

FORMAT = "snes-gpt integer model 1"


@dataclass(frozen=True)
class QuantizedModel:
    """A model in integers: tensors Q8.8, the kernel each matrix runs on, and the training's own notes."""

    config: ModelConfig
    symbols: str
    tensors: Mapping[str, Ints]
    kernels: Mapping[str, str]
    info: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, shape in self.config.tensor_shapes().items():
            if name not in self.tensors or self.tensors[name].shape != shape:
                raise InputError(f"{name} is missing or not {shape}: quantize again")
            if not fits_word(self.tensors[name]):
                raise InputError(f"{name} has values outside a 16-bit word: quantize again")
        for name in self.linear_names():
            if self.kernels.get(name) not in KERNELS:
                raise InputError(
                    f"{name} asks for kernel {self.kernels.get(name)!r}: known are {', '.join(KERNELS)}"
                )

    def linear_names(self) -> list[str]:
        """The matrices that multiply: every tensor but the two embeddings."""
        return [name for name in self.config.tensor_shapes() if name not in ("wte", "wpe")]

    @property
    def temperature(self) -> int:
        """Default sampling temperature in tenths."""
        return round(10 * float(self.info.get("temperature", 0.5)))


@dataclass(frozen=True)
class TensorError:
    """How far a tensor moved: largest and root-mean-square change, and the latter against the tensor's own."""

    name: str
    shape: tuple[int, ...]
    largest_weight: float
    max_error: float
    rms_error: float
    relative_error: float


def folded(weights: Weights) -> dict[str, np.ndarray[Any, np.dtype[np.float64]]]:
    """The float tensors as the integer model uses them: 1/sqrt(head_dim) is part of the query weights."""
    scale = 1 / math.sqrt(weights.config.head_dim)
    return {
        name: tensor.astype(np.float64) * (scale if name.endswith(".wq") else 1.0)
        for name, tensor in weights.tensors.items()
    }


def quantize(weights: Weights, kernel: str = "schoolbook") -> tuple[QuantizedModel, list[TensorError]]:
    """Round every weight to Q8.8. Raises InputError naming the first weight outside ±128."""
    tensors: dict[str, Ints] = {}
    errors: list[TensorError] = []
    for name, exact in folded(weights).items():
        rounded = to_q88(exact)
        if not fits_word(rounded):
            row, column = np.unravel_index(int(np.abs(exact).argmax()), exact.shape)
            raise InputError(
                f"{name}[{row}, {column}] is {exact[row, column]:.4g}: a Q8.8 weight must lie in ±127.996; "
                "train with more weight decay"
            )
        tensors[name] = rounded
        change = from_q88(rounded) - exact
        rms = float(np.sqrt((change**2).mean()))
        own = float(np.sqrt((exact**2).mean())) or 1.0
        largest = float(np.abs(exact).max())
        errors.append(TensorError(name, exact.shape, largest, float(np.abs(change).max()), rms, rms / own))
    kernels = {name: kernel for name in weights.config.tensor_shapes() if name not in ("wte", "wpe")}
    return QuantizedModel(weights.config, weights.symbols, tensors, kernels, weights.info), errors


def save_model(path: Path, model: QuantizedModel) -> None:
    """Write build/model.npz, whole or not at all."""
    header = {
        "format": FORMAT,
        "one": ONE,
        "config": model.config.to_dict(),
        "symbols": model.symbols,
        "kernels": dict(model.kernels),
        "info": dict(model.info),
    }
    write_arrays(path, header, {name: tensor.astype(np.int16) for name, tensor in model.tensors.items()})


def load_model(path: Path) -> QuantizedModel:
    """Read an integer model. Raises InputError on anything but a whole and matching one."""
    header, arrays = read_arrays(path)
    if header.get("format") != FORMAT:
        raise InputError(f"{path} is not an integer model: `snesgpt quantize` makes one")
    try:
        config = ModelConfig.from_dict(header["config"])
        tensors = {name: array.astype(np.int64) for name, array in arrays.items()}
        return QuantizedModel(config, header["symbols"], tensors, header["kernels"], header["info"])
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{path} is damaged: run `snesgpt quantize` again") from error
