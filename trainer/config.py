"""The shape of a model: one frozen description used by every stage."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from trainer.errors import InputError

ACTIVATIONS = ("relu", "relu2")


@dataclass(frozen=True)
class ModelConfig:
    """Shape of a decoder; every other size is derived from these.

    vocab_size counts the BOS/EOS symbol, which is the last token. block_size is the context in positions.
    activation is `relu` or `relu2` (squared ReLU).
    Raises InputError when a size is out of range or n_embd is not divisible by n_head.
    """

    vocab_size: int
    block_size: int = 16
    n_embd: int = 16
    n_head: int = 4
    n_layer: int = 1
    n_hidden: int = 64
    activation: str = "relu"

    def __post_init__(self) -> None:
        limits = {
            "vocab_size": (2, 512),
            "block_size": (2, 256),
            "n_embd": (4, 128),
            "n_head": (1, 128),
            "n_layer": (1, 6),
            "n_hidden": (4, 512),
        }
        for name, (low, high) in limits.items():
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
                raise InputError(f"{name} is {value!r}: it must be a whole number from {low} to {high}")
        if self.n_embd % self.n_head:
            raise InputError(f"n_embd {self.n_embd} is not divisible by n_head {self.n_head}")
        if self.activation not in ACTIVATIONS:
            raise InputError(f"activation is {self.activation!r}: it must be one of {', '.join(ACTIVATIONS)}")

    @property
    def head_dim(self) -> int:
        """Width of one attention head."""
        return self.n_embd // self.n_head

    @property
    def bos(self) -> int:
        """The token that begins and ends every document."""
        return self.vocab_size - 1

    def tensor_shapes(self) -> dict[str, tuple[int, ...]]:
        """Name → shape of every weight, in file order. A matrix is (outputs, inputs): y = W x."""
        d, h = self.n_embd, self.n_hidden
        shapes: dict[str, tuple[int, ...]] = {"wte": (self.vocab_size, d), "wpe": (self.block_size, d)}
        for layer in range(self.n_layer):
            shapes |= {f"layer{layer}.{name}": (d, d) for name in ("wq", "wk", "wv", "wo")}
            shapes |= {f"layer{layer}.fc1": (h, d), f"layer{layer}.fc2": (d, h)}
        return shapes | {"lm_head": (self.vocab_size, d)}

    @property
    def n_params(self) -> int:
        """Number of weights."""
        total = 0
        for shape in self.tensor_shapes().values():
            total += shape[0] * shape[1]
        return total

    def to_dict(self) -> dict[str, Any]:
        """As plain data for a file's header."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ModelConfig:
        """Inverse of to_dict. Raises InputError on missing or unknown fields."""
        names = {field.name for field in fields(cls)}
        if set(data) != names:
            wrong = ", ".join(sorted(names ^ set(data)))
            raise InputError(f"model shape has missing or unknown fields: {wrong}")
        return cls(**data)
