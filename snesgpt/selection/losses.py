"""Held-out loss of a model, float and integer, on the same text."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from quantize.double import double
from quantize.executor import Executor, loss
from quantize.model import IntegerModel
from snesgpt.selection.belonging import check_same, learned_from
from snesgpt.terminal import say
from trainer.config import ModelConfig
from trainer.errors import InputError
from trainer.model.decoder import loss_per_token
from trainer.progress import Bar, no_bar
from trainer.text.corpus import NAMES, read_corpus, split
from trainer.weights import Weights

CACHE_BYTES = 1 << 26


@dataclass(frozen=True)
class HeldOut:
    """The held-out documents of a text as tokens. own: whether it is the training's text; None: not known."""

    data: Path
    documents: list[list[int]]
    own: bool | None


def held_out(weights: Weights, data: Path | None, share: float = 0.1) -> HeldOut | None:
    """Of a text, reading and split being the training's own. None without `data`, unless the names are its text.

    Raises InputError when nothing is held out, or as read_corpus does.
    """
    text = read_corpus(data or NAMES, weights.reading)
    own = learned_from(weights, text)
    if data is None and not own:
        return None
    documents = split(text.documents, share, weights.reading)[1]
    if not documents:
        raise InputError(f"{data or NAMES} has nothing held out: two distinct lines are the least")
    return HeldOut(data or NAMES, list(weights.tokenizer.encode_all(documents, weights.config.block_size)), own)


def _together(config: ModelConfig) -> int:
    """How many documents the integer model computes at once: keys and values, 8 bytes each, fit CACHE_BYTES."""
    per_document = 2 * 8 * config.n_layer * config.block_size * config.n_embd
    return min(max(CACHE_BYTES // per_document, 1), 2048)


def measure(weights: Weights, model: IntegerModel, text: HeldOut, bar: Bar = no_bar) -> dict[str, Any]:
    """Losses "nll_float" and "nll_integer" in nats per token on held-out documents.

    And the same "per_character" (the end of a document counts as one), so that models compare whatever their
    tokens; how many "tokens" and "characters" they are the means of, "documents" (of a running text: windows),
    how many of these are "cut" to the context, and the integer model's "tokens_per_second"; whether it is the
    model's "own_text".
    Raises InputError when weights and model are not of one making, or a loss is no number.
    """
    check_same(weights, model)
    documents, context = text.documents, model.config.block_size
    tokens = sum(min(len(document) - 1, context) for document in documents)
    characters = sum(weights.tokenizer.n_characters(document[1 : context + 1]) for document in documents)
    exact, tell = double(weights.tensors), bar("float loss", len(documents))
    with np.errstate(over="ignore", invalid="ignore"):
        nll_float = loss_per_token(exact, weights.config, documents, tell)
    if not math.isfinite(nll_float):
        raise InputError("the float weights are too large for a loss: train again with a lower learning rate")
    start = time.perf_counter()
    tell = bar("integer loss", len(documents))
    nll_integer = loss(Executor(model), documents, _together(model.config), tell)
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
        "own_text": text.own,
    }


def warn_of_another_text(text: HeldOut | None) -> None:
    """Says on stderr that a loss is one on another text than the model's own."""
    if text and text.own is False:
        say(f"snesgpt: warning: {text.data} is not the text that the model learned from", err=True)
