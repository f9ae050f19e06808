"""The models worth naming, each with the training that suits it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trainer.config import ModelConfig

if TYPE_CHECKING:
    from trainer.memory import Memory
    from trainer.training.packing import Documents


MEMORY = ("memory_vectors", "memory_logits", "memory_least", "vector_prior", "logit_prior")
"""What only a preset with a memory has."""


@dataclass(frozen=True)
class Preset:
    """A model's shape and its training defaults; only the alphabet is left to the text.

    steps of batch_size documents; learning_rate falls linearly from its value to zero; weight_decay is
    decoupled; dropout, validation, patience, digits, grid, hidden_price, vector_prior and logit_prior: see
    trainer.training.train.Settings; memory_vectors, memory_logits: as trainer.memory.Memory has them, and
    memory_least how often a context must come in the text to be known;
    temperature divides the logits when the cartridge samples.
    """

    name: str
    block_size: int = 16
    n_embd: int = 16
    n_head: int = 4
    n_layer: int = 1
    n_hidden: int = 64
    activation: str = "relu"
    temperature: float = 0.5
    steps: int = 26_000
    batch_size: int = 128
    learning_rate: float = 0.01
    weight_decay: float = 0.025
    digits: float = 1.2
    grid: int = 6
    hidden_price: float = 0.0
    dropout: float = 0.0
    validation: float = 0.0
    patience: int = 0
    memory_vectors: int = 0
    memory_logits: int = 0
    memory_least: int = 1
    vector_prior: float = 100.0
    logit_prior: float = 2.0

    @property
    def remembers(self) -> bool:
        """Whether it has a memory."""
        return self.memory_vectors > 0 or self.memory_logits > 0

    def memory(self, documents: Documents, bos: int) -> Memory | None:
        """What it remembers of a text, if it does. Raises InputError as Memory.of_text does."""
        if not self.remembers:
            return None
        from trainer.memory import Memory

        return Memory.of_text(self.memory_vectors, self.memory_logits, documents, bos, self.memory_least)

    def config(self, vocab_size: int, **overrides: Any) -> ModelConfig:
        """Its shape over an alphabet; overrides replace single sizes. Raises InputError as ModelConfig does."""
        shape: dict[str, Any] = {
            "block_size": self.block_size,
            "n_embd": self.n_embd,
            "n_head": self.n_head,
            "n_layer": self.n_layer,
            "n_hidden": self.n_hidden,
            "activation": self.activation,
        }
        return ModelConfig(vocab_size, **(shape | overrides))


REMEMBERING: Mapping[str, Any] = {
    "steps": 8_000,
    "validation": 0.02,
    "memory_vectors": 2,
    "memory_logits": 4,
    "memory_least": 3,
}


def _remembering(name: str, **others: Any) -> Preset:
    """A preset with a memory: what all such presets for names have, but for the others given."""
    return Preset(name, **{**REMEMBERING, **others})


# The larger a model is for its text, the sooner it knows the text by heart: against that small has weight decay,
# and large dropout as well. Decay has a second office, the only one in tavern, whose text has no end: it keeps
# weights so small that every range can be proved. The figures are in docs/training.md.
PRESETS = {
    preset.name: preset
    for preset in (
        Preset("microgpt"),
        Preset("forerunner", block_size=8, activation="relu2", temperature=0.6),
        Preset(
            "small",
            n_embd=32,
            n_hidden=128,
            steps=24_000,
            weight_decay=0.1,
            digits=1.4,
            validation=0.02,
        ),
        Preset(
            "large",
            n_embd=64,
            n_layer=2,
            n_hidden=256,
            steps=14_000,
            learning_rate=0.005,
            weight_decay=0.2,
            dropout=0.1,
            digits=0.75,
            validation=0.02,
        ),
        Preset(
            "tavern",
            block_size=64,
            n_embd=64,
            n_layer=2,
            n_hidden=256,
            steps=10_000,
            batch_size=32,
            learning_rate=0.005,
            weight_decay=0.3,
            digits=0.72,
            hidden_price=0.0003,
            validation=0.01,
        ),
        _remembering("memory"),
        _remembering("memory-small", n_embd=8, n_hidden=32),
        _remembering(
            "memory-large",
            n_embd=64,
            n_layer=2,
            n_hidden=256,
            steps=5_000,
            learning_rate=0.005,
            weight_decay=0.2,
            dropout=0.15,
            digits=0.75,
            memory_least=2,
            vector_prior=300.0,
        ),
        _remembering(
            "memory-tavern",
            block_size=64,
            n_embd=32,
            n_hidden=128,
            steps=10_000,
            batch_size=32,
            learning_rate=0.005,
            weight_decay=0.3,
            digits=1.0,
            hidden_price=0.0003,
            validation=0.01,
            memory_vectors=3,
            memory_least=2,
            vector_prior=30.0,
            logit_prior=1.0,
        ),
    )
}
