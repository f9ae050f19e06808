"""Held-out loss of a model, float and integer, on the same text."""

from __future__ import annotations

import math
import time
from pathlib import Path

import numpy as np

from quantize.integer_model import IntegerModel, loss
from quantize.quantized import QuantizedModel
from trainer.corpus import Tokenizer, read_corpus, split
from trainer.errors import InputError
from trainer.model import loss_per_token
from trainer.weights import Weights

DEFAULT_DATA = Path(__file__).parent.parent / "trainer" / "data" / "names.txt"


def held_out(symbols: str, data: Path, share: float = 0.1) -> list[list[int]]:
    """The held-out documents of a text as tokens, the split being the trainer's own."""
    tokenizer = Tokenizer(symbols)
    return [tokenizer.encode(document) for document in split(read_corpus(data).documents, share)[1]]


def measure(weights: Weights, model: QuantizedModel, data: Path | None) -> dict[str, float] | None:
    """Losses "nll_float" and "nll_integer" in nats per character on the held-out tenth of `data`.

    And "tokens" they are the mean of, "documents", how many of these are "cut" to the context, and the integer
    model's "tokens_per_second". Without `data`, the corpus of the repository if the model was trained on it,
    else None. Raises InputError when weights and model are not of one making, or a loss is no number.
    """
    if weights.config != model.config or weights.symbols != model.symbols:
        raise InputError("the float weights are of another model than the integer one: quantize them again")
    if data is None:
        data = DEFAULT_DATA
        trained_on = weights.info.get("n_documents", 0) + weights.info.get("n_held_out", 0)
        if len(read_corpus(data).documents) != trained_on:
            return None
    documents = held_out(weights.symbols, data)
    if not documents:
        raise InputError(f"{data} has nothing held out: two distinct lines are the least")
    context = model.config.block_size
    tokens = sum(min(len(document) - 1, context) for document in documents)
    with np.errstate(over="ignore", invalid="ignore"):
        nll_float = loss_per_token(weights.tensors, weights.config, documents)
    if not math.isfinite(nll_float):
        raise InputError("the float weights are too large for a loss: train again with a lower learning rate")
    start = time.perf_counter()
    nll_integer = loss(IntegerModel(model), documents)
    return {
        "nll_float": nll_float,
        "nll_integer": nll_integer,
        "tokens": tokens,
        "tokens_per_second": round(tokens / (time.perf_counter() - start)),
        "documents": len(documents),
        "cut": sum(len(document) - 1 > context for document in documents),
    }
