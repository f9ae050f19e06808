"""Text from the float model."""

from __future__ import annotations

import numpy as np

from trainer.config import ModelConfig
from trainer.files import Array
from trainer.model.decoder import Tensors, next_logits
from trainer.text.tokenizer import Tokenizer


def generate(
    tensors: Tensors, config: ModelConfig, tokenizer: Tokenizer, n: int, temperature: float, seed: int
) -> list[str]:
    """n documents as `draw` draws them, as far as the context goes. Raises ValueError unless temperature > 0."""
    rows = draw(tensors, config, n, config.block_size, temperature, seed)
    return [tokenizer.decode(row) for row in rows]


def draw(tensors: Tensors, config: ModelConfig, n: int, length: int, temperature: float, seed: int) -> Array:
    """n documents as tokens (n, 1 + length): BOS, then draws from softmax(logits / temperature), BOS after BOS.

    Drawn as the largest of logits / temperature plus Gumbel noise. Raises ValueError unless temperature > 0 and
    the length is within the context.
    """
    if temperature <= 0 or length > config.block_size:
        raise ValueError("temperature must be above zero, and the length within the context")
    random = np.random.default_rng(seed)
    following = next_logits(tensors, config, n)
    tokens = np.full((n, 1), config.bos)
    for _ in range(length):
        logits = following(tokens) / temperature
        drawn = (logits + random.gumbel(size=logits.shape)).argmax(1)
        drawn[(tokens[:, 1:] == config.bos).any(1)] = config.bos
        tokens = np.column_stack([tokens, drawn])
    return tokens


def chosen(logits: Array, random: np.random.Generator) -> Array:
    """A token (n,) of each row of logits (n, V), drawn from softmax(logits)."""
    shares = np.exp(logits - logits.max(1, keepdims=True))
    cumulative = shares.cumsum(1)
    tokens: Array = (cumulative > cumulative[:, -1:] * random.random((len(logits), 1))).argmax(1)
    return tokens
