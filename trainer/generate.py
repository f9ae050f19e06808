"""Text from the float model."""

from __future__ import annotations

import numpy as np

from trainer.config import ModelConfig
from trainer.model import Tensors, forward_logits
from trainer.tokenizer import Tokenizer


def generate(
    tensors: Tensors, config: ModelConfig, tokenizer: Tokenizer, n: int, temperature: float, seed: int
) -> list[str]:
    """n documents, each token drawn from softmax(logits / temperature) until BOS or the context ends.

    Drawn as the largest of logits / temperature plus Gumbel noise. Raises ValueError unless temperature > 0.
    """
    if temperature <= 0:
        raise ValueError("temperature must be above zero")
    random = np.random.default_rng(seed)
    tokens = np.full((n, 1), config.bos)
    for _ in range(config.block_size):
        logits = forward_logits(tensors, config, tokens)[:, -1] / temperature
        drawn = (logits + random.gumbel(size=logits.shape)).argmax(1)
        drawn[(tokens[:, 1:] == config.bos).any(1)] = config.bos
        tokens = np.column_stack([tokens, drawn])
    return [tokenizer.decode(row) for row in tokens]
