"""The shape of a model: one frozen description used by every stage."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

from msgspec import Meta

from trainer.documents import checked
from trainer.errors import InputError

if TYPE_CHECKING:
    from trainer.memory import Memory


@dataclass(frozen=True)
class Family:
    """A kind of decoder: the activations it may have, its largest vocabulary, and how it knows a position.

    Learned positions are added to the embedding; otherwise positions turn queries and keys (rotary), and groups of
    query heads may share keys and values. biases: matrices but those of keys and values add a vector. exact_front:
    what is before the first attention stays exact, as a table over token and position may take its place.
    """

    activations: tuple[str, ...]
    max_vocab: int
    learned_positions: bool
    biases: bool = False
    exact_front: bool = False


FAMILIES = {
    "microgpt": Family(("relu", "relu2"), 512, True, exact_front=True),
    "llama": Family(("swiglu",), 1024, False),
    "gpt2": Family(("gelu", "gelu_tanh"), 1024, True, biases=True),
}

SHORTEST, LONGEST = 2, 4
"""Tokens of a context that a memory knows. One token's vector is the embedding itself."""

LATER = ("family", "n_kv_head", "rope_base", "windows", "memory")
"""Fields that files written before there was more than one family lack."""

MAX_WINDOWED = 128
"""Positions of a context whose heads may have windows: as many as the console's loop over them counts at once."""


def bias_of(matrix: str) -> str:
    """The name of a matrix's bias."""
    return f"{matrix}_bias"


def is_bias(name: str) -> bool:
    """Whether a tensor is the bias of a matrix."""
    return name.endswith("_bias")


@dataclass(frozen=True)
class ModelConfig:
    """Shape of a decoder; every other size is derived from these.

    vocab_size counts the BOS/EOS symbol, which is the last token. block_size is the context in positions.
    family is `microgpt` (learned positions, an MLP with relu or relu2, squared ReLU), `llama` (rotary positions,
    an MLP with swiglu, n_kv_head heads of keys and values that groups of query heads share, a norm before the
    logits) or `gpt2` (learned positions, biases, an MLP with gelu or its tanh form, a norm before the logits).
    n_kv_head 0 means n_head; rope_base is the base of the rotary frequencies. windows: the positions that
    each query head sees, its own included, layer after layer (n_layer · n_head); none: every head sees all.
    memory: the contexts that a microgpt knows and looks up; none: it has no such tables.
    Raises InputError when a size is out of range or does not divide what it must.
    """

    vocab_size: Annotated[int, Meta(ge=2, le=1024)]
    block_size: Annotated[int, Meta(ge=2, le=256)] = 16
    n_embd: Annotated[int, Meta(ge=4, le=128)] = 16
    n_head: Annotated[int, Meta(ge=1, le=128)] = 4
    n_layer: Annotated[int, Meta(ge=1, le=6)] = 1
    n_hidden: Annotated[int, Meta(ge=4, le=512)] = 64
    activation: str = "relu"
    family: str = "microgpt"
    n_kv_head: Annotated[int, Meta(ge=0, le=128)] = 0
    rope_base: Annotated[float, Meta(gt=1, lt=1e9)] = 10_000.0
    windows: tuple[Annotated[int, Meta(ge=1, le=256)], ...] = ()
    memory: Memory | None = None

    def __post_init__(self) -> None:
        for name, kind in _kinds().items():
            object.__setattr__(self, name, checked(getattr(self, name), kind, name))
        if self.family not in FAMILIES:
            raise InputError(f"family is {self.family!r}: it must be one of {', '.join(FAMILIES)}")
        if self.vocab_size > (most := FAMILIES[self.family].max_vocab):
            raise InputError(f"vocab_size is {self.vocab_size}: it must be a whole number from 2 to {most}")
        if self.n_embd % self.n_head:
            raise InputError(f"n_embd {self.n_embd} is not divisible by n_head {self.n_head}")
        if self.n_head % self.kv_heads:
            raise InputError(f"n_head {self.n_head} is not divisible by n_kv_head {self.kv_heads}")
        if self.activation not in FAMILIES[self.family].activations:
            choices = ", ".join(FAMILIES[self.family].activations)
            raise InputError(f"activation is {self.activation!r}: in {self.family} it must be one of {choices}")
        if self.learned_positions and self.kv_heads != self.n_head:
            raise InputError(
                f"n_kv_head is of llama models: in {self.family} every head has its own keys and values"
            )
        if not self.learned_positions and self.head_dim % 2:
            raise InputError(f"a head has {self.head_dim} dimensions: rotary positions turn pairs of them")
        self._check_windows()
        self._check_memory()

    def _check_memory(self) -> None:
        if not self.memory:
            return
        if self.family != "microgpt":
            raise InputError(f"a memory is of microgpt models, and family is {self.family!r}")
        if (newest := self.memory.largest_token) >= self.vocab_size:
            raise InputError(f"a known context holds token {newest}, and the vocabulary has {self.vocab_size}")

    def _check_windows(self) -> None:
        if not self.windows:
            return
        if self.learned_positions:
            raise InputError(f"windows are of llama models: in {self.family} every head sees all positions")
        if self.block_size > MAX_WINDOWED:
            raise InputError(f"windows are of contexts up to {MAX_WINDOWED}, and block_size is {self.block_size}")
        if len(self.windows) != (heads := self.n_layer * self.n_head):
            raise InputError(f"there are {len(self.windows)} windows for {heads} heads")
        if max(self.windows) > self.block_size:
            raise InputError(f"a window of {max(self.windows)} is longer than the context, {self.block_size}")

    @property
    def learned_positions(self) -> bool:
        """Whether positions are added to the embedding instead of turning queries and keys."""
        return FAMILIES[self.family].learned_positions

    @property
    def biases(self) -> bool:
        """Whether matrices add a vector."""
        return FAMILIES[self.family].biases

    @property
    def matrices(self) -> tuple[str, ...]:
        """The tensors that multiply: all others are looked up and added."""
        added = ("wte", "wpe", *(self.memory.tables(self.vocab_size, self.n_embd) if self.memory else ()))
        return tuple(name for name in self.tensor_shapes() if name not in added and not is_bias(name))

    @property
    def remembers(self) -> bool:
        """Whether logits are looked up, too."""
        return self.memory is not None and self.memory.logits > 0

    @property
    def rectified(self) -> bool:
        """Whether hidden units are zero below zero, so that some need not be computed with."""
        return self.activation in ("relu", "relu2")

    @property
    def kv_heads(self) -> int:
        """Heads of keys and values."""
        return self.n_kv_head or self.n_head

    @property
    def kv_dim(self) -> int:
        """Width of the keys, or values, of all heads."""
        return self.kv_heads * self.head_dim

    @property
    def head_dim(self) -> int:
        """Width of one attention head."""
        return self.n_embd // self.n_head

    def seen(self, layer: int) -> tuple[int, ...]:
        """The positions that each head of a layer sees, its own included: (n_head,)."""
        if not self.windows:
            return (self.block_size,) * self.n_head
        return self.windows[layer * self.n_head : (layer + 1) * self.n_head]

    @property
    def bos(self) -> int:
        """The token that begins and ends every document."""
        return self.vocab_size - 1

    def tensor_shapes(self) -> dict[str, tuple[int, ...]]:
        """Name → shape of every weight, in file order. A matrix is (outputs, inputs): y = W x.

        The bias of a matrix is a column (outputs, 1): y = W x + b.
        Of llama's MLP fc1 is the gate's matrix (w1), fc3 the other (w3): fc2 (silu(fc1 x) · fc3 x).
        """
        d, h, kv = self.n_embd, self.n_hidden, self.kv_dim
        shapes: dict[str, tuple[int, ...]] = {"wte": (self.vocab_size, d)}
        if self.learned_positions:
            shapes |= {"wpe": (self.block_size, d)}
        if self.memory:
            shapes |= self.memory.tables(self.vocab_size, d)
        if self.biases:
            own = {"wq": d, "wo": d, "fc1": h, "fc2": d}
            each = [(f"layer{n}.{name}", size) for n in range(self.n_layer) for name, size in own.items()]
            shapes |= {bias_of(name): (size, 1) for name, size in (*each, ("lm_head", self.vocab_size))}
        gate: dict[str, tuple[int, ...]] = {"fc3": (h, d)} if self.activation == "swiglu" else {}
        for layer in range(self.n_layer):
            matrices: dict[str, tuple[int, ...]] = {
                "wq": (d, d),
                "wk": (kv, d),
                "wv": (kv, d),
                "wo": (d, d),
                "fc1": (h, d),
            }
            shapes |= {f"layer{layer}.{name}": shape for name, shape in (matrices | gate | {"fc2": (d, h)}).items()}
        return shapes | {"lm_head": (self.vocab_size, d)}

    @property
    def n_params(self) -> int:
        """Number of weights."""
        total = 0
        for shape in self.tensor_shapes().values():
            total += shape[0] * shape[1]
        return total

    def to_dict(self) -> dict[str, Any]:
        """As plain data for a file's header; what only a later family has is left out where there is none."""
        plain = {field.name: getattr(self, field.name) for field in fields(self)} | {"windows": list(self.windows)}
        if self.memory:
            plain["memory"] = self.memory.to_dict()
        same = [name for name in LATER if getattr(self, name) == type(self).__dataclass_fields__[name].default]
        return {name: value for name, value in plain.items() if name not in same}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ModelConfig:
        """Inverse of to_dict. Raises InputError on missing or unknown fields."""
        if "memory" in data:
            from trainer.memory import Memory

            data = data | {"memory": Memory.from_dict(data["memory"])}
        names = {field.name for field in fields(cls)}
        if not names - set(LATER) <= set(data) <= names:
            wrong = ", ".join(sorted((names - set(LATER)) ^ (set(data) - set(LATER))))
            raise InputError(f"model shape has missing or unknown fields: {wrong}")
        return cls(**data)


@cache
def _kinds() -> dict[str, Any]:
    """Name → type and limits of every field."""
    from trainer.memory import Memory

    return get_type_hints(ModelConfig, localns={"Memory": Memory}, include_extras=True)
