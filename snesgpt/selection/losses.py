"""Held-out loss of a model, float and integer, on the same text."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import numpy as np

from quantize.executor import Executor, loss
from quantize.model import IntegerModel
from trainer.config import ModelConfig
from trainer.errors import InputError
from trainer.model.decoder import loss_per_token
from trainer.text.corpus import read_corpus, split
from trainer.weights import Weights

CACHE_BYTES = 1 << 26
DEFAULT_DATA = Path(__file__).parents[2] / "trainer" / "data" / "names.txt"


def held_out(weights: Weights, data: Path, share: float = 0.1) -> list[list[int]]:
    """The held-out documents of a text as tokens, reading and split being the training's own."""
    documents = split(read_corpus(data, weights.reading).documents, share)[1]
    return list(weights.tokenizer.encode_all(documents, weights.config.block_size))


def _together(config: ModelConfig) -> int:
    """How many documents the integer model computes at once: keys and values, 8 bytes each, fit CACHE_BYTES."""
    per_document = 2 * 8 * config.n_layer * config.block_size * config.n_embd
    return min(max(CACHE_BYTES // per_document, 1), 2048)


def check_same(weights: Weights, model: IntegerModel) -> None:
    """Raises InputError when weights and model are not of one making."""
    if weights.config != model.config or (weights.symbols, weights.merges) != (model.symbols, model.merges):
        raise InputError("the float weights are of another model than the integer one: quantize them again")


def measure(weights: Weights, model: IntegerModel, data: Path | None) -> dict[str, Any] | None:
    """Losses "nll_float" and "nll_integer" in nats per token on the held-out tenth of `data`.

    And the same "per_character" (the end of a document counts as one), so that models compare whatever their
    tokens; how many "tokens" and "characters" they are the means of, "documents" (of a running text: windows),
    how many of these are "cut" to the context, and the integer model's "tokens_per_second".
    Without `data`, the corpus of the repository if the model was trained on it, else None.
    Raises InputError when weights and model are not of one making, or a loss is no number.
    """
    check_same(weights, model)
    if data is None:
        data = DEFAULT_DATA
        trained_on = weights.info.get("n_documents", 0) + weights.info.get("n_held_out", 0)
        if len(read_corpus(data, weights.reading).documents) != trained_on:
            return None
    documents = held_out(weights, data)
    if not documents:
        raise InputError(f"{data} has nothing held out: two distinct lines are the least")
    context = model.config.block_size
    tokens = sum(min(len(document) - 1, context) for document in documents)
    characters = sum(weights.tokenizer.n_characters(document[1 : context + 1]) for document in documents)
    with np.errstate(over="ignore", invalid="ignore"):
        nll_float = loss_per_token(weights.tensors, weights.config, documents)
    if not math.isfinite(nll_float):
        raise InputError("the float weights are too large for a loss: train again with a lower learning rate")
    start = time.perf_counter()
    nll_integer = loss(Executor(model), documents, _together(model.config))
    return {
        "nll_float": nll_float,
        "nll_integer": nll_integer,
        "per_character": {
            "nll_float": nll_float * tokens / characters,
            "nll_integer": nll_integer * tokens / characters,
        },
        "tokens": tokens,
        "characters": characters,
        "tokens_per_second": round(tokens / (time.perf_counter() - start)),
        "documents": len(documents),
        "cut": sum(len(document) - 1 > context for document in documents),
    }
