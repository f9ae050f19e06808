"""The models worth naming, each with the training that suits it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from trainer.config import ModelConfig


@dataclass(frozen=True)
class Preset:
    """A model's shape and its training defaults; only the alphabet is left to the text.

    steps of batch_size documents; learning_rate falls linearly from its value to zero; weight_decay is
    decoupled; digits, grid and hidden_price shape the weights for the console (see trainer.train.Settings);
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


PRESETS = {
    preset.name: preset
    for preset in (
        Preset("microgpt"),
        Preset("forerunner", block_size=8, activation="relu2", temperature=0.6),
    )
}
