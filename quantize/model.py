"""The integer model: weights as words, and the program that computes with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quantize.digits import MAX_EXPONENT
from quantize.fixed import FRACTION_BITS, Ints, fits_word
from quantize.kernel import STOCK, TARGETS, Leaf
from quantize.program import Program, changed, check_blocks, leaves
from quantize.schedule import head, key_biases, key_centres
from trainer.config import ModelConfig
from trainer.documents import checked
from trainer.errors import InputError
from trainer.notes import Notes
from trainer.text.sentencepiece import Pieces
from trainer.text.splitting import Reading
from trainer.text.tokenizer import Tokenizer
from trainer.text.vocabulary import Merges, check_vocabulary, tokenizer_of

MAX_LOGIT_SHIFT = 3


@dataclass(frozen=True)
class IntegerModel:
    """A model in integers: tensors, the program of kernels that computes with them, the training's own notes.

    tensors: words in units of 2^-8; a matrix with an entry in `exponents` in units of 2^-(8 + exponent).
    logit_shift: lm_head's weights were halved this many times; the sampler multiplies it back with 1/T.
    symbols, merges, pieces: as in trainer.weights. target: the machine that it is for, one of kernel.TARGETS.
    Raises InputError where its parts do not fit each other.
    """

    config: ModelConfig
    symbols: Sequence[str]
    tensors: Mapping[str, Ints]
    program: Program
    info: Notes = field(default_factory=lambda: Notes())
    logit_shift: int = 0
    exponents: Mapping[str, int] = field(default_factory=dict)
    merges: Merges = ()
    pieces: Pieces = ()
    target: str = STOCK

    def __post_init__(self) -> None:
        check_vocabulary(self.config, self.symbols, self.merges, self.pieces)
        object.__setattr__(self, "info", checked(self.info, Notes, "info"))
        object.__setattr__(self, "symbols", tuple(self.symbols))
        if self.target not in TARGETS:
            raise InputError(f"target is {self.target!r}: it must be {' or '.join(TARGETS)}")
        if self.logit_shift not in range(MAX_LOGIT_SHIFT + 1):
            raise InputError(f"logit_shift is {self.logit_shift!r}: it must be 0 to {MAX_LOGIT_SHIFT}")
        for name, shape in tensor_shapes(self.config).items():
            if name not in self.tensors or self.tensors[name].shape != shape:
                raise InputError(f"{name} is missing or not {shape}: quantize again")
            if not fits_word(self.tensors[name]):
                raise InputError(f"{name} has values outside a 16-bit word: quantize again")
        for name, exponent in self.exponents.items():
            if name not in self.config.matrices or exponent not in range(MAX_EXPONENT + 1):
                raise InputError(f"{name}'s exponent is {exponent!r}: matrices have one from 0 to {MAX_EXPONENT}")
        check_blocks(self.config, self.program)

    def kernel(self, block: str) -> Leaf:
        """The kernel of a block. Raises KeyError where there is no such block."""
        return {kernel.name: kernel for kernel in leaves(self.program)}[block]

    @property
    def head(self) -> Leaf:
        """The kernel of the matrix that makes logits."""
        return self.kernel(head(self.config))

    def with_numbers(self, block: str, **numbers: Any) -> IntegerModel:
        """The same model with other numbers for the kernel of a block."""
        return replace(self, program=changed(self.program, block, **numbers))

    def exponent(self, weight: str) -> int:
        """A matrix's words hold w · 2^(8 + this)."""
        return self.exponents.get(weight, 0)

    def weights(self, name: str) -> NDArray[np.float64]:
        """The values that a tensor's words represent."""
        return self.tensors[name] / 2.0 ** (FRACTION_BITS + self.exponent(name))

    @property
    def logit_exponent(self) -> int:
        """Logits represent 2^this times their Q8.8 value: halved weights, and lm_head's halved input."""
        return self.logit_shift + getattr(self.head, "clamp_shift", 0)

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
        return round(10 * self.info.get("temperature", 0.5))

    @property
    def top_p(self) -> int:
        """Default top-p in percent; 0, as for a note of 0 or 1, keeps every token."""
        share = self.info.get("top_p", 0.0)
        return min(max(round(100 * share), 1), 99) if 0 < share < 1 else 0


def tensor_shapes(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """Name → shape of every array of integers: the weights, and what keys are measured from."""
    centres = dict.fromkeys(key_centres(config), (1, config.kv_dim))
    return config.tensor_shapes() | centres | dict.fromkeys(key_biases(config), (config.kv_dim, 1))
