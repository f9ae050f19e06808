"""The integer model file: what `quantize` writes, and the source of every number in the cartridge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import index
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quantize.digits import MOST_EXPONENT, Plane, planes
from quantize.fixed import FRACTION_BITS, ONE, Ints, fits_word
from quantize.kernels import KERNELS
from trainer.config import ModelConfig
from trainer.errors import InputError
from trainer.files import read_arrays, write_arrays
from trainer.reading import Reading
from trainer.tokenizer import Tokenizer
from trainer.vocabulary import Merges, check_vocabulary, vocabulary_from
from trainer.weights import check_notes

FORMATS = ("snes-gpt integer model 1", "snes-gpt integer model 2")
"""Read; the last is written. The first knew single characters only, as one string."""

MOST_LOGIT_SHIFT = 3
BLOCK_KERNELS = {"exact": (), "table": ("bits",), "ppu": ("key_shift", "value_shift")}
"""What a norm or an attention can run on, and the parameters it then has, all counts of bits below MOST_BITS."""

MOST_BITS = 32


@dataclass(frozen=True)
class QuantizedModel:
    """A model in integers: tensors Q8.8, the kernel each matrix or block runs on, the training's own notes.

    kernels names one for every matrix; a norm or an attention not named runs on `exact`.
    parameters are the fast kernels' numbers, chosen from the range proof: "layer0.attention.key_shift" …
    A matrix that has an exponent among them is in units of 2^-(8 + exponent) instead of 2^-8.
    logit_shift is how often lm_head's weights were halved: the sampler multiplies it back with 1/T.
    symbols, merges: as in trainer.weights.
    """

    config: ModelConfig
    symbols: Sequence[str]
    tensors: Mapping[str, Ints]
    kernels: Mapping[str, str]
    info: Mapping[str, Any] = field(default_factory=dict)
    logit_shift: int = 0
    parameters: Mapping[str, int] = field(default_factory=dict)
    merges: Merges = ()

    def __post_init__(self) -> None:
        check_vocabulary(self.config, self.symbols, self.merges)
        check_notes(self.info)
        object.__setattr__(self, "symbols", tuple(self.symbols))
        if self.logit_shift not in range(MOST_LOGIT_SHIFT + 1):
            raise InputError(f"logit_shift is {self.logit_shift!r}: it must be 0 to {MOST_LOGIT_SHIFT}")
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
            if self.exponent(name) not in range(MOST_EXPONENT + 1):
                raise InputError(f"{name}'s exponent is {self.exponent(name)}: it must be 0 to {MOST_EXPONENT}")
        for name in set(self.kernels) - set(self.linear_names()):
            for number in BLOCK_KERNELS.get(self.kernels[name], ("kernel",)):
                if not 0 <= self.parameters.get(f"{name}.{number}", -1) < MOST_BITS:
                    raise InputError(f"{name} runs on {self.kernels[name]!r} without its {number}: quantize again")

    def linear_names(self) -> list[str]:
        """The matrices that multiply: every tensor but the two embeddings."""
        return [name for name in self.config.tensor_shapes() if name not in ("wte", "wpe")]

    def kernel_of(self, block: str) -> str:
        """The kernel of a norm or an attention."""
        return self.kernels.get(block, "exact")

    def exponent(self, weight: str) -> int:
        """A matrix's words stand for w · 2^(8 + this)."""
        return self.parameters.get(f"{weight}.exponent", 0)

    def weights(self, name: str) -> NDArray[np.float64]:
        """The values that a tensor's words stand for."""
        return self.tensors[name] / 2.0 ** (FRACTION_BITS + self.exponent(name))

    def planes(self, weight: str) -> list[Plane]:
        """A matrix's digits as its kernel adds them: a column adds those of w · 2^exponent."""
        by_column = self.kernels[weight] == "digit_columns"
        return planes(self.tensors[weight], 0 if by_column else self.exponent(weight))

    @property
    def logit_exponent(self) -> int:
        """Logits stand for 2^this times their Q8.8 value: halved weights, and lm_head's halved input."""
        return self.logit_shift + self.parameters.get("lm_head.shift", 0)

    @property
    def reading(self) -> Reading:
        """How the text it was trained on was read."""
        return Reading.of(self.info)

    @property
    def tokenizer(self) -> Tokenizer:
        """From text to its tokens and back."""
        return Tokenizer(self.symbols, self.merges, self.reading.running)

    @property
    def temperature(self) -> int:
        """Default sampling temperature in tenths."""
        return round(10 * float(self.info.get("temperature", 0.5)))


def save_model(path: Path, model: QuantizedModel) -> None:
    """Write build/model.npz, whole or not at all."""
    header = {
        "format": FORMATS[-1],
        "one": ONE,
        "config": model.config.to_dict(),
        "symbols": list(model.symbols),
        "merges": [list(pair) for pair in model.merges],
        "kernels": dict(model.kernels),
        "logit_shift": model.logit_shift,
        "parameters": dict(model.parameters),
        "info": dict(model.info),
    }
    write_arrays(path, header, {name: tensor.astype(np.int16) for name, tensor in model.tensors.items()})


def load_model(path: Path) -> QuantizedModel:
    """Read an integer model. Raises InputError on anything but a whole and matching one."""
    header, arrays = read_arrays(path)
    if header.get("format") not in FORMATS:
        raise InputError(f"{path} is not an integer model: `snesgpt quantize` makes one")
    try:
        config = ModelConfig.from_dict(header["config"])
        symbols, merges = vocabulary_from(header)
        tensors = {name: arrays[name].astype(np.int64, casting="safe") for name in config.tensor_shapes()}
        return QuantizedModel(
            config=config,
            symbols=symbols,
            tensors=tensors,
            kernels=header["kernels"],
            info=header["info"],
            logit_shift=index(header["logit_shift"]),
            parameters={name: index(value) for name, value in header["parameters"].items()},
            merges=merges,
        )
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{path} is damaged: run `snesgpt quantize` again") from error
