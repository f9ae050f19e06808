"""The float weights file: what `trainer` writes and every other stage starts from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from trainer.config import ModelConfig
from trainer.errors import InputError
from trainer.files import Array, read_arrays, write_arrays
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

FORMATS = ("snes-gpt weights 1", "snes-gpt weights 2")
"""Read; the last is written. The first knew single characters only, as one string."""

NUMBERS = {"temperature": 2, "top_p": 1, "active_hidden": 1}
"""Notes that are numbers, and their maximums (the minimum is 0): the default temperature, the share of all chances
that the tokens drawn from have together (0 = draw from all), the share of hidden units above zero."""


@dataclass(frozen=True)
class Weights:
    """A float model: its shape, its alphabet and its tensors.

    symbols holds the text of each token except BOS, in token order; merges what tokenizer.py needs to encode,
    or pieces what sentencepiece.py does.
    tensors maps the names of ModelConfig.tensor_shapes to float32 arrays.
    info is free plain data about the training (held-out loss, default temperature, …).
    """

    config: ModelConfig
    symbols: Sequence[str]
    tensors: Mapping[str, Array]
    info: Mapping[str, Any] = field(default_factory=dict)
    merges: Merges = ()
    pieces: Pieces = ()

    def __post_init__(self) -> None:
        check_vocabulary(self.config, self.symbols, self.merges, self.pieces)
        check_notes(self.info)
        object.__setattr__(self, "symbols", tuple(self.symbols))
        object.__setattr__(self, "pieces", tuple(self.pieces))
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

    @property
    def digest(self) -> str:
        """The model's fingerprint: that of its shape, its vocabulary and its tensors, whatever its notes."""
        vocabulary = [list(self.symbols), list(self.merges), plain_pieces(self.pieces)]
        digest = blake2b(json.dumps([self.config.to_dict(), vocabulary], sort_keys=True).encode(), digest_size=16)
        for name in self.config.tensor_shapes():
            digest.update(self.tensors[name].astype("<f4").tobytes())
        return digest.hexdigest()

    @property
    def reading(self) -> Reading:
        """How the text it was trained on was read."""
        return Reading.of(self.info)

    @property
    def tokenizer(self) -> Tokenizer:
        """From text to its tokens and back."""
        return tokenizer_of(self.symbols, self.merges, self.pieces, self.reading.running)


def check_notes(info: object) -> None:
    """Raises InputError unless a file's notes are such as the cartridge can use."""
    if not isinstance(info, Mapping):
        raise InputError(f"the notes are {info!r}: they must be named values")
    for name, most in NUMBERS.items():
        number = info.get(name, 0.0)
        if not isinstance(number, int | float) or isinstance(number, bool) or not 0 <= number <= most:
            raise InputError(f"{name} is {number!r}: it must be a number from 0 to {most}")
    Reading.of(info)


def save_weights(path: Path, weights: Weights) -> None:
    """Write build/weights.npz, whole or not at all."""
    header: dict[str, Any] = {
        "format": FORMATS[-1],
        "config": weights.config.to_dict(),
        "symbols": list(weights.symbols),
        "merges": [list(pair) for pair in weights.merges],
        "info": dict(weights.info),
    }
    if weights.pieces:
        header["pieces"] = plain_pieces(weights.pieces)
    write_arrays(path, header, weights.tensors)


def load_weights(path: Path) -> Weights:
    """Read a weights file. Raises InputError on anything but a whole, finite, matching model."""
    header, arrays = read_arrays(path)
    if header.get("format") not in FORMATS:
        raise InputError(f"{path} is not a weights file: `snesgpt train` makes one")
    try:
        config = ModelConfig.from_dict(header["config"])
        symbols, merges = vocabulary_from(header)
        return Weights(config, symbols, arrays, header.get("info", {}), merges, pieces_from(header))
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{path} has a damaged header: train again") from error
