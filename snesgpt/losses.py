"""Held-out loss of a model, float and integer, on the same text."""

from __future__ import annotations

from pathlib import Path

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
    """{"nll_float", "nll_integer", "tokens"} in nats per character on the held-out tenth of `data`.

    Without `data`, the corpus of the repository if the model was trained on it, else None.
    """
    if data is None:
        data = DEFAULT_DATA
        if read_corpus(data).symbols != weights.symbols:
            return None
    documents = held_out(weights.symbols, data)
    if not documents:
        raise InputError(f"{data} has nothing held out: two distinct lines are the least")
    return {
        "nll_float": loss_per_token(weights.tensors, weights.config, documents),
        "nll_integer": loss(IntegerModel(model), documents),
        "tokens": sum(min(len(document) - 1, model.config.block_size) for document in documents),
    }
