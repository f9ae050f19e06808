"""The Fisher information of a model's weights: what an error in each of them costs.

A small change e of the weights moves the next token's distribution by ½ Σ information · e² nats a token, as far as
weights do not act together (Kunstner et al. 2019, arXiv:1905.12558, on why the labels are drawn).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from trainer.config import ModelConfig
from trainer.files import Array
from trainer.model.blocks import log_shares, product_of_squares
from trainer.model.decoder import batch_gradient
from trainer.model.generate import chosen
from trainer.progress import Bar, no_bar
from trainer.training.packing import Documents

TOGETHER = 1 << 11
"""Tokens at once."""


def fisher_information(
    tensors: Mapping[str, Array],
    config: ModelConfig,
    documents: Documents,
    random: np.random.Generator,
    draws: int = 1,
    bar: Bar = no_bar,
) -> dict[str, Array]:
    """The mean of d_i² x_j² over the predictions of documents, of every weight (i, j) of a matrix.

    d is the gradient, at the matrix's output, of the loss of labels that the model draws, `draws` times a token; x
    the input. Matrices have their own shapes; of the embeddings it means nothing.
    """
    total = {name: np.zeros_like(tensor) for name, tensor in tensors.items()}

    def surprise(logits: Array) -> tuple[float, Array]:
        dlogits = np.exp(log_shares(logits))
        dlogits[chosen(logits.T, random), np.arange(logits.shape[1])] -= 1
        return 0.0, dlogits

    together = max(TOGETHER // config.block_size, 1)
    begins, predictions = range(0, len(documents), together), draws * int(documents.lengths.sum())
    show = bar("information", draws * len(begins))
    for done, start in enumerate([*begins] * draws):
        show(done)
        batch = documents.batch(np.arange(start, min(start + together, len(documents))))
        for name, own in batch_gradient(tensors, config, batch, surprise, product_of_squares)[1].items():
            total[name] += own / predictions
    return total
