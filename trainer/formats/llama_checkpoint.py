"""A Llama checkpoint of any origin becomes weights: gains go into matrices, BOS becomes the last token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from trainer.config import ModelConfig
from trainer.errors import InputError
from trainer.files import Array
from trainer.formats.shape import described
from trainer.model.blocks import EPSILON
from trainer.notes import Notes
from trainer.text.sentencepiece import symbol_of
from trainer.weights import Weights

NOTES: Notes = {"temperature": 0.5, "documents": "paragraphs"}
"""A story is a paragraph: it has single newlines inside. Small models lose the thread at higher temperatures."""

LAYERS = ("wq", "wk", "wv", "wo", "fc1", "fc3", "fc2")


@dataclass(frozen=True)
class Vocabulary:
    """Text (UTF-8, spaces as spaces) and score of every token in the file's order.

    bos begins a text, eos ends it; silent tokens print nothing.
    """

    texts: list[bytes]
    scores: list[float]
    bos: int
    eos: int
    silent: frozenset[int]


@dataclass(frozen=True)
class Checkpoint:
    """The contents of a file: tensors float32, those of layers stacked (layers, …).

    wte, lm_head (V, d); gain (d,) of the last norm; attention_gain, mlp_gain (L, d); wq, wo (L, d, d);
    wk, wv (L, kv_dim, d); fc1, fc3 (L, h, d); fc2 (L, d, h). epsilon is what its norms add.
    """

    config: ModelConfig
    tensors: Mapping[str, Array]
    epsilon: float = EPSILON


def shapes(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """Name → shape of what a Checkpoint holds."""
    own = config.tensor_shapes()
    gains = dict.fromkeys(("attention_gain", "mlp_gain"), (config.n_layer, config.n_embd))
    stacked = {name: (config.n_layer, *own[f"layer0.{name}"]) for name in LAYERS}
    return {"wte": own["wte"], "lm_head": own["lm_head"], "gain": (config.n_embd,), **gains, **stacked}


def weights_of(checkpoint: Checkpoint, vocabulary: Vocabulary) -> Weights:
    """The model in our order of tokens, with norms that have no gain and add EPSILON.

    Raises InputError when a number is not finite, or a text is none that the cartridge can have.
    """
    others = [token for token in range(checkpoint.config.vocab_size) if token != vocabulary.bos]
    texts, scores = vocabulary.texts, vocabulary.scores
    return Weights(
        checkpoint.config,
        ["" if token in vocabulary.silent else symbol_of(texts[token]) for token in others],
        _folded(checkpoint, [*others, vocabulary.bos], vocabulary.bos, vocabulary.eos),
        NOTES,
        pieces=[(texts[token], scores[token]) for token in others],
    )


def _folded(checkpoint: Checkpoint, order: list[int], bos: int, eos: int) -> dict[str, Array]:
    """Our tensors. BOS begins and ends a text: its row of wte is the file's BOS's, its row of lm_head EOS's.

    A residual stream s times as large, s² = EPSILON / ε, makes x / sqrt(mean(x²) + ε) the same with EPSILON.
    """
    given = checkpoint.tensors
    ending = [bos if token == eos else eos if token == bos else token for token in order]
    scale = np.float32((EPSILON / checkpoint.epsilon) ** 0.5)
    before = {
        "wq": "attention_gain",
        "wk": "attention_gain",
        "wv": "attention_gain",
        "fc1": "mlp_gain",
        "fc3": "mlp_gain",
    }
    with np.errstate(over="ignore", invalid="ignore"):
        tensors = {"wte": given["wte"][order] * scale, "lm_head": given["lm_head"][ending] * given["gain"]}
        for name in LAYERS:
            stacked = given[name] * (given[before[name]][:, None] if name in before else scale)
            tensors |= {f"layer{layer}.{name}": matrix for layer, matrix in enumerate(stacked)}
    return {name: np.ascontiguousarray(tensors[name]) for name in checkpoint.config.tensor_shapes()}


def shape_of(fields: Mapping[str, int], names: Mapping[str, str], context: int | None, base: float) -> ModelConfig:
    """The shape that a file describes, its context cut to `context`, or to what the cartridge can have.

    fields: by the names that files of this kind have; names: theirs by ours. Raises InputError, in their names.
    """
    heads, kv_heads = fields[names["n_head"]], fields[names["n_kv_head"]]
    if kv_heads < 1:
        raise InputError(f"{names['n_kv_head']} is {kv_heads}: it must be 1 or more")
    try:
        return described(fields, names, context, activation="swiglu", family="llama", rope_base=base)
    except InputError as error:
        raise InputError(str(error).replace("a head has", f"{names['n_head']} is {heads}: a head has")) from error
