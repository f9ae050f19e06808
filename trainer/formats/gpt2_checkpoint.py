"""A GPT-2 checkpoint of any origin becomes weights: LayerNorm becomes RMSNorm, biases are gathered, BOS is last.

Radford et al. 2019; https://github.com/karpathy/nanoGPT, model.py, has the same blocks and the same names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from trainer.config import FAMILIES, ModelConfig
from trainer.errors import InputError
from trainer.files import Array
from trainer.formats.shape import described
from trainer.model.blocks import EPSILON
from trainer.notes import Notes
from trainer.weights import Weights

NOTES: Notes = {"temperature": 0.8, "documents": "stream"}
"""GPT-2 is trained on one running text. 0.8 is what nanoGPT's sample.py takes."""

MAX_VOCAB = FAMILIES["gpt2"].max_vocab
ROOT = "transformer."
"""What the names of all tensors but the head's may begin with."""

MASKS = re.compile(r"h\.\d+\.attn\.(masked_)?bias")
"""Buffers that old files have: which positions a head sees. They follow from the shape."""

NEVER = -32.0
"""The logit of a token that is never chosen: e^-32 of another's chance, and well within Q8.8."""


@dataclass(frozen=True)
class Vocabulary:
    """The tokens that stay, in our order: their texts, and their rows in the file's embeddings.

    bos, eos: the file's rows of the token that begins a text, and of the one that ends it; None: it has none.
    """

    texts: list[str]
    rows: list[int]
    merges: list[tuple[str, str]]
    bos: int | None = None
    eos: int | None = None


@dataclass(frozen=True)
class Layout:
    """How a file keeps its tensors. tokens, positions: rows of its embeddings, before any is cut off.

    biases: whether its linear layers and norms have them; tied: whether wte is the head too; in_rows: whether
    matrices are (inputs, outputs), as Conv1D of Hugging Face has them.
    """

    tokens: int
    positions: int
    biases: bool
    tied: bool
    in_rows: bool = False


def shape_of(
    fields: Mapping[str, int], names: Mapping[str, str], context: int | None, activation: str
) -> ModelConfig:
    """The shape that a file describes, but for its vocabulary, which is `with_vocabulary`'s. Raises InputError."""
    return described(fields, names, context, vocab_size=2, activation=activation, family="gpt2")


def with_vocabulary(config: ModelConfig, vocabulary: Vocabulary, n_tokens: int, keep: Path | None) -> ModelConfig:
    """The shape with the tokens that stay, of n_tokens in the file, and BOS. keep: the text that chose them.

    Raises InputError where they are too many, or none.
    """
    found, most = len(vocabulary.texts), MAX_VOCAB - 1
    if 1 <= found <= most:
        return replace(config, vocab_size=found + 1)
    limit = f"1 to {most:,} there can be, beside the end of a text"
    if keep is None:
        raise InputError(
            f"of its {n_tokens:,} tokens {found:,} can be shown: {limit}; --keep TEXT keeps those that a text uses"
        )
    raise InputError(
        f"{keep} uses {found:,} of its {n_tokens:,} tokens, those they were merged from among them: {limit}; "
        "give another text with --keep"
    )


def shapes(config: ModelConfig, layout: Layout) -> dict[str, tuple[int, ...]]:
    """Name, without ROOT, → shape of every tensor of a file."""
    d, h = config.n_embd, config.n_hidden
    wanted: dict[str, tuple[int, ...]] = {"wte.weight": (layout.tokens, d), "wpe.weight": (layout.positions, d)}
    linear = {"attn.c_attn": (3 * d, d), "attn.c_proj": (d, d), "mlp.c_fc": (h, d), "mlp.c_proj": (d, h)}
    norms = ["ln_f"]
    for layer in range(config.n_layer):
        norms += [f"h.{layer}.ln_1", f"h.{layer}.ln_2"]
        for name, (outputs, inputs) in linear.items():
            wanted[f"h.{layer}.{name}.weight"] = (inputs, outputs) if layout.in_rows else (outputs, inputs)
            if layout.biases:
                wanted[f"h.{layer}.{name}.bias"] = (outputs,)
    for name in norms:
        wanted |= {f"{name}.{kind}": (d,) for kind in ("weight", "bias")[: 1 + layout.biases]}
    return wanted if layout.tied else wanted | {"lm_head.weight": (layout.tokens, d)}


@dataclass(frozen=True)
class Checkpoint:
    """The contents of a file: tensors have the names and shapes of `shapes`; epsilon is what its norms add."""

    config: ModelConfig
    layout: Layout
    tensors: Mapping[str, Array]
    epsilon: float = EPSILON

    def linear(self, name: str) -> tuple[Array, Array]:
        """Matrix (outputs, inputs) and bias (outputs,) in float64."""
        matrix = self.tensors[f"{name}.weight"].astype(np.float64)
        matrix = matrix.T if self.layout.in_rows else matrix
        return matrix, self.bias(name, len(matrix))

    def after(self, norm: str, matrix: Array, bias: Array) -> tuple[Array, Array]:
        """A matrix and bias that read the norm before its gain and bias, for those that read it behind them."""
        gain = self.tensors[f"{norm}.weight"].astype(np.float64)
        return matrix * gain, bias + matrix @ self.bias(norm, len(gain))

    def bias(self, name: str, size: int) -> Array:
        return np.asarray(self.tensors.get(f"{name}.bias", np.zeros(size)), np.float64)


def weights_of(checkpoint: Checkpoint, vocabulary: Vocabulary) -> Weights:
    """The model with norms that are x / sqrt(mean(x²) + EPSILON), and our tokens.

    Raises InputError when a number is not finite, or a text is none that the cartridge can have.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        folded = _embeddings(checkpoint, vocabulary) | _head(checkpoint, vocabulary)
        for layer in range(checkpoint.config.n_layer):
            folded |= {f"layer{layer}.{name}": array for name, array in _layer(checkpoint, layer).items()}
        tensors = {
            name: np.ascontiguousarray(folded[name].reshape(shape), np.float32)
            for name, shape in checkpoint.config.tensor_shapes().items()
        }
    return Weights(checkpoint.config, vocabulary.texts, tensors, NOTES, vocabulary.merges)


def _centred(x: Array) -> Array:
    """Less its mean over the first axis, the d outputs of what writes to the residual stream.

    LayerNorm takes the stream's mean off, so every writer may leave its own off; then LayerNorm is RMSNorm.
    """
    centred: Array = x - x.mean(axis=0)
    return centred


def _scale(checkpoint: Checkpoint) -> float:
    """A stream s times as large, s² = EPSILON / ε, makes x / sqrt(mean(x²) + ε) the same with EPSILON."""
    return float((EPSILON / checkpoint.epsilon) ** 0.5)


def _embeddings(checkpoint: Checkpoint, vocabulary: Vocabulary) -> dict[str, Array]:
    """wte and wpe.

    BOS without a row of the file is the mean of all tokens: a window may begin anywhere in a running text, and what
    was before it is not known. Windows of nanoGPT's Shakespeare cost 0.07 nats a character more behind a newline.
    """
    wte, wpe = (checkpoint.tensors[name].astype(np.float64) for name in ("wte.weight", "wpe.weight"))
    tokens = wte[vocabulary.rows]
    begins = tokens.mean(0) if vocabulary.bos is None else wte[vocabulary.bos]
    wanted = {"wte": np.vstack([tokens, begins]), "wpe": wpe[: checkpoint.config.block_size]}
    return {name: _centred(table.T).T * _scale(checkpoint) for name, table in wanted.items()}


def _head(checkpoint: Checkpoint, vocabulary: Vocabulary) -> dict[str, Array]:
    """lm_head and its bias. A BOS that the file has no row for is never chosen: no text it learned from ends."""
    name = "wte.weight" if checkpoint.layout.tied else "lm_head.weight"
    rows = [*vocabulary.rows, *([] if vocabulary.eos is None else [vocabulary.eos])]
    head, bias = checkpoint.after("ln_f", checkpoint.tensors[name].astype(np.float64)[rows], np.zeros(len(rows)))
    if vocabulary.eos is None:
        head, bias = np.vstack([head, np.zeros(head.shape[1])]), np.append(bias, NEVER)
    return {"lm_head": head, "lm_head_bias": bias}


def _layer(checkpoint: Checkpoint, layer: int) -> dict[str, Array]:
    """Its matrices and biases, all biases of keys and values in those of wo.

    A key's bias moves all scores of a query alike, which softmax does not see. Weights of attention sum to 1, so a
    value's bias comes out of every head as it is.
    """
    at, scale = f"h.{layer}", _scale(checkpoint)
    qkv, qkv_bias = checkpoint.after(f"{at}.ln_1", *checkpoint.linear(f"{at}.attn.c_attn"))
    (wq, wk, wv), (wq_bias, _, wv_bias) = np.split(qkv, 3), np.split(qkv_bias, 3)
    wo, wo_bias = checkpoint.linear(f"{at}.attn.c_proj")
    fc1, fc1_bias = checkpoint.after(f"{at}.ln_2", *checkpoint.linear(f"{at}.mlp.c_fc"))
    fc2, fc2_bias = checkpoint.linear(f"{at}.mlp.c_proj")
    writers = {"wo": wo, "wo_bias": wo_bias + wo @ wv_bias, "fc2": fc2, "fc2_bias": fc2_bias}
    readers = {"wq": wq, "wq_bias": wq_bias, "wk": wk, "wv": wv, "fc1": fc1, "fc1_bias": fc1_bias}
    return readers | {name: _centred(array) * scale for name, array in writers.items()}
