"""Small random Llamas that tell stories in pieces: gibberish, with newlines, bytes, tokens that print nothing."""

from __future__ import annotations

import numpy as np

from quantize.convert import quantize
from quantize.kernel import STOCK
from quantize.model import IntegerModel
from tests.support.llama_files import vocabulary
from trainer.config import ModelConfig
from trainer.notes import Notes
from trainer.text.sentencepiece import symbol_of
from trainer.weights import Weights

SPECIAL = 2
"""unk and EOS, which print nothing; BOS is our last token."""

NEWLINE = SPECIAL + 10
"""The byte's token: made likelier than others."""


def story_model(
    config: ModelConfig, seed: int = 0, *, ends: float = 0.0, temperature: float = 1.0, target: str = STOCK
) -> IntegerModel:
    """Normal weights, standard deviation 1 / √inputs, the embedding 1.

    ends: what is added to the logit of BOS, about; every embedding has a share of that direction.
    """
    random = np.random.default_rng(seed)
    tensors = {
        name: random.normal(0, 1.0 if name == "wte" else 1.0 / np.sqrt(shape[1]), shape).astype(np.float32)
        for name, shape in config.tensor_shapes().items()
    }
    tensors["wte"][:, 0] += 2.0
    tensors["lm_head"][config.bos, 0] += ends
    tensors["lm_head"][NEWLINE, 0] += 2.5
    words = vocabulary(config.vocab_size, seed)
    pieces = list(zip(words.texts, words.scores, strict=True))
    del pieces[1]  # the file's BOS
    for token, (text, _) in enumerate(pieces):
        tensors["lm_head"][token, 0] += 1.5 * text.startswith(b" ")
    symbols = ["" if token < SPECIAL else symbol_of(text) for token, (text, _) in enumerate(pieces)]
    info: Notes = {"temperature": temperature, "documents": "paragraphs"}
    return quantize(Weights(config, symbols, tensors, info, pieces=pieces), "digits", target=target)


def story_config(context: int, n_embd: int = 8, n_layer: int = 1, vocab_size: int = 420) -> ModelConfig:
    """A Llama in two heads that share their keys."""
    return ModelConfig(vocab_size, context, n_embd, 2, n_layer, n_embd, "swiglu", "llama", 1)
