"""How large a model's intermediates become in text of its own: where they are cut if no proof bounds them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from quantize.double import double
from trainer.files import Array
from trainer.model.decoder import batch_decoder
from trainer.model.generate import chosen
from trainer.progress import Bar, no_bar
from trainer.training.packing import Documents
from trainer.weights import Weights

TEXTS, MAX_LENGTH = 64, 256
SEED = 1


@dataclass(frozen=True)
class Ranges:
    """Least and largest value of each layer's elements, (layers, elements).

    keys as attention reads them; hidden as the next matrix reads it; residuals after attention and after the MLP.
    text: what the float model wrote.
    """

    keys: tuple[Array, Array]
    values: tuple[Array, Array]
    hidden: tuple[Array, Array]
    attention_residual: tuple[Array, Array]
    mlp_residual: tuple[Array, Array]
    text: Documents

    def with_stream(self, scale: float) -> Ranges:
        """The same of a model whose residual stream is `scale` times as large."""
        after, before = (
            (least * scale, most * scale) for least, most in (self.mlp_residual, self.attention_residual)
        )
        return replace(self, attention_residual=before, mlp_residual=after)


def ranges(weights: Weights, bar: Bar = no_bar) -> Ranges:
    """Over TEXTS texts that the float model writes at temperature 1, MAX_LENGTH tokens each.

    They are the same on every machine, and so are the ranges: see quantize/double.py.
    """
    config, random = weights.config, np.random.default_rng(SEED)
    seen: dict[str, tuple[Array, Array]] = {}

    def observe(name: str, layer: int, values: Array) -> None:
        least, most = values.min(1), values.max(1)
        known = seen.get(f"{name}{layer}", (least, most))
        seen[f"{name}{layer}"] = np.minimum(known[0], least), np.maximum(known[1], most)

    decoder = batch_decoder(double(weights.tensors), config, TEXTS, observe)
    tokens, text = np.full(TEXTS, config.bos), []
    tell = bar("calibration", length := min(MAX_LENGTH, config.block_size))
    for position in range(length):
        tell(position)
        text.append(tokens)
        tokens = chosen(decoder.step(tokens), random)

    def of(name: str) -> tuple[Array, Array]:
        layers = [seen[f"{name}{layer}"] for layer in range(config.n_layer)]
        return np.stack([least for least, _ in layers]), np.stack([most for _, most in layers])

    return Ranges(
        of("key"),
        of("value"),
        of("hidden"),
        of("attention_residual"),
        of("mlp_residual"),
        Documents(np.stack([*text, tokens], axis=1), length),
    )
