"""The integer model file: what `quantize` writes, and the source of every number in the cartridge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import index
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quantize.digits import MAX_EXPONENT, Plane, planes
from quantize.fixed import FRACTION_BITS, ONE, Ints, fits_word
from quantize.kernels import KERNELS
from trainer.config import ModelConfig
from trainer.errors import InputError
from trainer.files import read_arrays, write_arrays
from trainer.text.sentencepiece import Pieces
from trainer.text.splitting import Reading
from trainer.text.tokenizer import Tokenizer
from trainer.text.vocabulary import (
    Merges,
    check_vocabulary,
    pieces_from,
    plain_pieces,
    tokenizer_of,
    vocabulary_from,
)
from trainer.weights import check_notes

FORMATS = ("snes-gpt integer model 1", "snes-gpt integer model 2")
"""Read; the last is written. The first knew single characters only, as one string."""

MAX_LOGIT_SHIFT = 3
BLOCK_KERNELS = {"exact": (), "table": ("bits",), "ppu": ("key_shift", "value_shift"), "gate": ("bits", "shift")}
"""What a norm, an attention or a gate can run on, and the parameters it then has: bits, below MAX_BITS."""

MAX_BITS = 32


@dataclass(frozen=True)
class IntegerModel:
    """A model in integers: tensors Q8.8, the kernel each matrix or block runs on, the training's own notes.

    kernels names one for every matrix; a norm or an attention not named runs on `exact`.
    parameters are the fast kernels' numbers, chosen from the range proof: "layer0.attention.key_shift" …
    A matrix that has an exponent among them is in units of 2^-(8 + exponent) instead of 2^-8.
    logit_shift is how often lm_head's weights were halved: the sampler multiplies it back with 1/T.
    symbols, merges, pieces: as in trainer.weights.
    What is cut has its bounds among the parameters: a gate's limit, and of a matrix whose sums go to the residual
    stream its cut_bits, between ±2^cut_bits.
    """

    config: ModelConfig
    symbols: Sequence[str]
    tensors: Mapping[str, Ints]
    kernels: Mapping[str, str]
    info: Mapping[str, Any] = field(default_factory=dict)
    logit_shift: int = 0
    parameters: Mapping[str, int] = field(default_factory=dict)
    merges: Merges = ()
    pieces: Pieces = ()

    def __post_init__(self) -> None:
        check_vocabulary(self.config, self.symbols, self.merges, self.pieces)
        check_notes(self.info)
        object.__setattr__(self, "symbols", tuple(self.symbols))
        if self.logit_shift not in range(MAX_LOGIT_SHIFT + 1):
            raise InputError(f"logit_shift is {self.logit_shift!r}: it must be 0 to {MAX_LOGIT_SHIFT}")
        for name, shape in tensor_shapes(self.config).items():
            if name not in self.tensors or self.tensors[name].shape != shape:
                raise InputError(f"{name} is missing or not {shape}: quantize again")
            if not fits_word(self.tensors[name]):
                raise InputError(f"{name} has values outside a 16-bit word: quantize again")
        for name in self.linear_names():
            if self.kernels.get(name) not in KERNELS:
                raise InputError(
                    f"{name} asks for kernel {self.kernels.get(name)!r}: known are {', '.join(KERNELS)}"
                )
            if self.exponent(name) not in range(MAX_EXPONENT + 1):
                raise InputError(f"{name}'s exponent is {self.exponent(name)}: it must be 0 to {MAX_EXPONENT}")
            cut = self.parameters.get(f"{name}.cut_bits", 0)
            if self.config.rotary and name.endswith((".wo", ".fc2")) and not 0 < cut < 14:
                raise InputError(f"{name}'s cut_bits are missing or not below 14: quantize again")
        for name in set(self.kernels) - set(self.linear_names()):
            for number in BLOCK_KERNELS.get(self.kernels[name], ("kernel",)):
                if not 0 <= self.parameters.get(f"{name}.{number}", -1) < MAX_BITS:
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

    def out_shift(self, weight: str) -> int:
        """A matrix's results come halved so often, to fit a word; what they are added to has room for them."""
        return self.parameters.get(f"{weight}.out_shift", 0)

    def finest(self, weight: str) -> int:
        """A matrix's last digit adds its input times 2^-(8 + this): its exponent, and what is halved around it."""
        gate = f"{weight.removesuffix('.fc2')}.activation.shift" if weight.endswith(".fc2") else ""
        return self.exponent(weight) + self.out_shift(weight) - self.parameters.get(gate, 0)

    @property
    def unbiased(self) -> bool:
        """Whether rows of digits take off the half unit that their roundings leave: in a llama it adds up."""
        return self.config.rotary

    def query_shift(self, attention: str) -> int:
        """How often an attention's query is doubled before it meets its keys."""
        return self.parameters.get(f"{attention}.query_shift", self.parameters.get(f"{attention}.key_shift", 0))

    def score_bits(self, attention: str) -> int:
        """Fractional bits of its scores."""
        return FRACTION_BITS + self.query_shift(attention) - self.parameters.get(f"{attention}.key_shift", 0)

    def weights(self, name: str) -> NDArray[np.float64]:
        """The values that a tensor's words stand for."""
        return self.tensors[name] / 2.0 ** (FRACTION_BITS + self.exponent(name))

    def planes(self, weight: str) -> list[Plane]:
        """A matrix's digits as its kernel adds them: a column adds those of w · 2^exponent."""
        by_column = self.kernels[weight] == "digit_columns"
        return planes(self.tensors[weight], 0 if by_column else self.finest(weight))

    @property
    def logit_exponent(self) -> int:
        """Logits stand for 2^this times their Q8.8 value: halved weights, and lm_head's halved input."""
        return self.logit_shift + self.parameters.get("lm_head.shift", 0)

    @property
    def reading(self) -> Reading:
        """How the text it was trained on was read."""
        return Reading.of(self.info)

    @property
    def goes_on(self) -> bool:
        """A text that fills its context goes on in the next: a running text, and one that is told in pieces."""
        return self.reading.running or bool(self.pieces)

    @property
    def tokenizer(self) -> Tokenizer:
        """From text to its tokens and back."""
        return tokenizer_of(self.symbols, self.merges, self.pieces, self.reading.running)

    @property
    def temperature(self) -> int:
        """Default sampling temperature in tenths."""
        return round(10 * float(self.info.get("temperature", 0.5)))

    @property
    def top_p(self) -> int:
        """Default top-p in percent; 0, as for a note of 0 or 1, keeps every token."""
        share = float(self.info.get("top_p", 0))
        return min(max(round(100 * share), 1), 99) if 0 < share < 1 else 0


def tensor_shapes(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """Name → shape of every array of integers: the weights, and what rotated keys are measured from."""
    centres = {f"layer{n}.key_centre": (1, config.kv_dim) for n in range(config.n_layer)} if config.rotary else {}
    return config.tensor_shapes() | centres


def save_model(path: Path, model: IntegerModel) -> None:
    """Write build/model.npz, whole or not at all."""
    header: dict[str, Any] = {
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
    if model.pieces:
        header["pieces"] = plain_pieces(model.pieces)
    write_arrays(path, header, {name: tensor.astype(np.int16) for name, tensor in model.tensors.items()})


def load_model(path: Path) -> IntegerModel:
    """Read an integer model. Raises InputError on anything but a whole and matching one."""
    header, arrays = read_arrays(path)
    if header.get("format") not in FORMATS:
        raise InputError(f"{path} is not an integer model: `snesgpt quantize` makes one")
    try:
        config = ModelConfig.from_dict(header["config"])
        symbols, merges = vocabulary_from(header)
        tensors = {name: arrays[name].astype(np.int64, casting="safe") for name in tensor_shapes(config)}
        return IntegerModel(
            config=config,
            symbols=symbols,
            tensors=tensors,
            kernels=header["kernels"],
            info=header["info"],
            logit_shift=index(header["logit_shift"]),
            parameters={name: index(value) for name, value in header["parameters"].items()},
            merges=merges,
            pieces=pieces_from(header),
        )
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{path} is damaged: run `snesgpt quantize` again") from error
