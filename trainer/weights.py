"""The float weights file: what `trainer` writes and every other stage starts from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from trainer.config import ModelConfig
from trainer.documents import checked, reading
from trainer.errors import InputError
from trainer.files import Array, read_arrays, write_arrays
from trainer.notes import Notes
from trainer.text.sentencepiece import Pieces
from trainer.text.splitting import Reading
from trainer.text.tokenizer import Tokenizer
from trainer.text.vocabulary import Merges, Texts, check_vocabulary, plain_pieces, tokenizer_of

FORMATS = ("snes-gpt weights 1", "snes-gpt weights 2")
"""Read; the last is written. The first knew single characters only, as one string."""


class Header(Texts, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the file says besides its tensors; the shape is ModelConfig's."""

    format: str
    config: dict[str, Any]
    info: Notes = msgspec.field(default_factory=lambda: Notes())


@dataclass(frozen=True)
class Weights:
    """A float model: its shape, its alphabet and its tensors.

    symbols holds the text of each token except BOS, in token order; merges what tokenizer.py needs to encode,
    or pieces what sentencepiece.py does.
    tensors maps the names of ModelConfig.tensor_shapes to float32 arrays.
    info: what else is known, such as the held-out loss; a name that Notes has not is dropped.
    """

    config: ModelConfig
    symbols: Sequence[str]
    tensors: Mapping[str, Array]
    info: Notes = field(default_factory=lambda: Notes())
    merges: Merges = ()
    pieces: Pieces = ()

    def __post_init__(self) -> None:
        check_vocabulary(self.config, self.symbols, self.merges, self.pieces)
        object.__setattr__(self, "info", checked(self.info, Notes, "info"))
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
    write_arrays(path, header, weights.tensors, packed=True)


def load_weights(path: Path) -> Weights:
    """Read a weights file. Raises InputError on anything but a whole, finite, matching model."""
    fields, arrays = read_arrays(path)
    if fields.get("format") not in FORMATS:
        raise InputError(f"{path} is not a weights file: `snesgpt train` makes one")
    with reading(path):
        header = checked(fields, Header)
        config = ModelConfig.from_dict(header.config)
        merges, pieces = tuple(header.merges), header.bytes_of_pieces
        return Weights(config, header.symbols, arrays, header.info, merges, pieces)
