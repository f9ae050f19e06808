"""Small random models for the tests: any shape, lively numbers, the same every time."""

from __future__ import annotations

import string
from collections.abc import Callable
from dataclasses import fields, replace
from functools import cache
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import numpy as np

from asm.build import Rom, build_rom
from asm.layout import plan
from quantize.convert import quantize
from quantize.executor import Executor, Trace
from quantize.fixed import Ints
from quantize.kernel import SA1, STOCK, Kernel
from quantize.kernels.fused import FrontTable
from quantize.kernels.gate import SiluGate
from quantize.kernels.mac_attention import MacAttention
from quantize.kernels.ppu_attention import PpuAttention
from quantize.kernels.rotary import TurnedAttention
from quantize.kernels.table_norm import TableNorm
from quantize.lower import schoolbook
from quantize.model import IntegerModel
from quantize.ranges import Ranges, prove
from trainer.config import ModelConfig, is_bias
from trainer.data.make_names import OUT
from trainer.errors import InputError
from trainer.formats.gpt2_checkpoint import NEVER
from trainer.memory import Memory
from trainer.notes import Notes
from trainer.presets import PRESETS
from trainer.text.alphabet import FONT
from trainer.text.corpus import read_corpus, split
from trainer.text.tokenizer import Tokenizer
from trainer.training.digit_projection import nearest
from trainer.training.packing import Documents
from trainer.training.train import Settings, train
from trainer.weights import Weights

MATRICES = ("wq", "wk", "wv", "wo", "fc1", "fc2", "lm_head")
LETTERS = string.ascii_lowercase + string.ascii_uppercase + string.digits
SYMBOLS = (
    *LETTERS,
    *sorted(FONT - {*LETTERS}),
    *("".join(pair) for pair in product(string.ascii_lowercase, repeat=2)),
    *("".join(three) for three in product(string.ascii_lowercase[:8], repeat=3)),
)

MERGED = (
    *("\n", " ", *string.ascii_lowercase, "é"),
    *(" a", "th", "é ", " the", "and", " and", "\nth", " t", "a bé", "abcdefghijklmnop", " bcdefghijklmnop"),
)
"""Characters, and tokens that could be merged of them."""


def texts_at_random(config: ModelConfig, seed: int = 0, documents: int = 12) -> list[list[int]]:
    """Texts that nearly fill the context; small tokens are more likely."""
    random = np.random.default_rng(seed)
    texts: list[list[int]] = (random.integers(0, config.bos, (documents, config.block_size - 1)) ** 2).tolist()
    return [[token // max(config.bos, 1) for token in text] for text in texts]


def remembering(
    config: ModelConfig, vectors: int, logits: int, *, seed: int = 0, documents: int = 12
) -> ModelConfig:
    """The same shape with a memory of such texts: the more there are, the more contexts it knows."""
    texts = texts_at_random(config, seed, documents)
    read = Documents(([config.bos, *text, config.bos] for text in texts), config.block_size)
    return replace(config, memory=Memory.of_text(vectors, logits, read, config.bos))


def random_model(config: ModelConfig, seed: int = 0, **scales: float) -> IntegerModel:
    """Normal weights, standard deviation 1.5 / √inputs, the embeddings 1; a tensor's own scale multiplies it.

    scales: last part of a tensor's name → factor. Large enough that every stage has something to get wrong, and
    halved until none of its values can overflow.
    """
    random = np.random.default_rng(seed)
    tensors: dict[str, Ints] = {}
    for name, shape in config.tensor_shapes().items():
        spread = 384 / np.sqrt(shape[1]) if name in config.matrices else 256.0
        spread *= scales.get(name.rpartition(".")[2], 1.0)
        tensors[name] = np.rint(random.normal(0, spread, shape)).astype(np.int64)
    model = IntegerModel(config, SYMBOLS[: config.bos], tensors, schoolbook(config))
    while not all(bound.holds for bound in Ranges(model).bounds):
        halved = {name: tensor >> (name != "wte") for name, tensor in model.tensors.items()}
        model = replace(model, tensors=halved)
    return model


def has_front_table(model: IntegerModel) -> bool:
    """True when everything before the first attention comes out of a table."""
    return isinstance(model.program[0], FrontTable)


def silu_table(model: IntegerModel, layer: int = 0) -> str:
    """The label of the table that the gates of a layer's first part read."""
    gate = model.kernel(f"layer{layer}.activation0")
    assert isinstance(gate, SiluGate)
    return f"silu_{gate.bits}"


def squares_table(model: IntegerModel, norm: str) -> str:
    """The label of the table that a norm reads."""
    kernel = model.kernel(norm)
    assert isinstance(kernel, TableNorm)
    return f"squares_{kernel.bits}"


def digit_weights(config: ModelConfig, seed: int = 0, active: float = 0.1, **scales: float) -> Weights:
    """Float weights of none to three signed digits each, on a grid and with a share of zeros of the seed's own.

    active: what training notes as the share of hidden units above zero: below 0.3 the second MLP matrix runs
    by columns. scales as in random_model. Weights that small scales make small are on a finer grid.
    """
    random = np.random.default_rng(seed)
    grid, zeros = int(random.integers(3, 9)), float(random.uniform(0, 0.7))
    tensors = {}
    for name, shape in config.tensor_shapes().items():
        scale = scales.get(name.rpartition(".")[2], 1.0)
        exact = random.normal(0, 1.5 / np.sqrt(shape[1]) if name in config.matrices else 1.0, shape) * scale
        digits = np.where(random.random(shape) < zeros, 0, random.integers(1, 4, shape))
        finer = 2.0 ** max(0, round(-np.log2(scale)))
        tensors[name] = nearest((exact * finer).astype(np.float32), digits, grid) / finer
    return Weights(config, SYMBOLS[: config.bos], tensors, {"active_hidden": active})


def digit_rom(
    config: ModelConfig,
    seed: int = 0,
    active: float = 0.1,
    *,
    traced: bool = True,
    front: bool | None = None,
    target: str = STOCK,
    **scales: float,
) -> tuple[IntegerModel, Rom]:
    """The same in integers on the fast kernels, and its cartridge: matrices as large as the proof allows.

    front: with a front table or without; None: as `quantize` chooses.
    """
    return _largest(config, seed, active, lambda model: build_rom(model, traced=traced), front, target, scales)


def digit_model(
    config: ModelConfig,
    seed: int = 0,
    active: float = 0.1,
    *,
    front: bool | None = None,
    target: str = STOCK,
    **scales: float,
) -> IntegerModel:
    """The model of digit_rom alone."""
    return _largest(config, seed, active, lambda model: plan(prove(model)), front, target, scales)[0]


def model_for(target: str, config: ModelConfig, seed: int = 0, **scales: Any) -> IntegerModel:
    """A model for a test that any will do for: random_model's, or on a machine without its kernel digit_model's."""
    if target == STOCK:
        return random_model(config, seed, **scales)
    return digit_model(config, seed, target=target, **scales)


Made = TypeVar("Made")


def _largest(
    config: ModelConfig,
    seed: int,
    active: float,
    make: Callable[[IntegerModel], Made],
    front: bool | None,
    target: str,
    scales: dict[str, float],
) -> tuple[IntegerModel, Made]:
    for halvings in range(12):
        smaller = {name: scales.get(name, 1.0) / 2 ** (halvings / 2) for name in MATRICES}
        weights = digit_weights(config, seed, active, **scales | smaller)
        try:
            model = quantize(weights, "digits", target=target, front_table=front)
            return model, make(model)
        except InputError as error:
            refusal = error
    raise refusal


def llama_config(
    vocab: int, context: int, width: int, heads: tuple[int, int], layers: int, hidden: int, base: float = 10_000.0
) -> ModelConfig:
    """A llama's shape; heads: of queries, and of the keys and values that groups of them share."""
    return ModelConfig(vocab, context, width, heads[0], layers, hidden, "swiglu", "llama", heads[1], base)


def windowed(config: ModelConfig, *windows: int) -> ModelConfig:
    """The same whose heads have these windows, layer after layer and again from the first; none: as it is."""
    heads = range(config.n_layer * config.n_head if windows else 0)
    return replace(config, windows=tuple(windows[head % len(windows)] for head in heads))


def llama_weights(config: ModelConfig, seed: int = 0, **scales: float) -> Weights:
    """Normal weights, standard deviation 1 / √inputs, the embedding 1. scales as in random_model.

    Every key has a middle of its own far from zero at the pairs that turn slowly: all embeddings share a direction,
    and the key's rows too.
    """
    random = np.random.default_rng(seed)
    tensors = {}
    for name, shape in config.tensor_shapes().items():
        scale = scales.get(name.rpartition(".")[2], 1.0)
        exact = random.normal(0, 1.0 if name == "wte" else 1.0 / np.sqrt(shape[1]), shape) * scale
        tensors[name] = exact.astype(np.float32)
    tensors["wte"][:, 0] += 3.0
    for layer in range(config.n_layer):
        tensors[f"layer{layer}.wk"][:, 0] += 1.0
    return Weights(config, SYMBOLS[: config.bos], tensors, {"temperature": 0.9})


def microgpt_weights(config: ModelConfig, seed: int = 0) -> Weights:
    """The same of a microgpt: normal weights, standard deviation 1 / √inputs, the embeddings 1."""
    random = np.random.default_rng(seed)
    tensors = {
        name: random.normal(0, 1.0 if name in ("wte", "wpe") else shape[1] ** -0.5, shape).astype(np.float32)
        for name, shape in config.tensor_shapes().items()
    }
    return Weights(config, SYMBOLS[: config.bos], tensors, {"temperature": 0.9})


def llama_model(config: ModelConfig, seed: int = 0, *, target: str = STOCK, **scales: float) -> IntegerModel:
    """The same in integers."""
    return quantize(llama_weights(config, seed, **scales), "digits", target=target)


def gpt2_config(
    vocab: int, context: int, width: int, heads: int, layers: int, hidden: int, kind: str = "gelu"
) -> ModelConfig:
    """A GPT-2's shape."""
    return ModelConfig(vocab, context, width, heads, layers, hidden, kind, "gpt2")


def gpt2_weights(config: ModelConfig, seed: int = 0, *, biased: bool = True, **scales: float) -> Weights:
    """Normal weights, standard deviation 1 / √inputs, embeddings 1/2, biases 1/4 or none; scales: random_model's.

    Every key and value has a middle of its own far from zero, as of a llama.
    """
    random, tensors = np.random.default_rng(seed), {}
    usual = {"wte": 0.5, "wpe": 0.5}
    for name, shape in config.tensor_shapes().items():
        each = 0.25 * biased if is_bias(name) else usual.get(name, shape[1] ** -0.5)
        each *= scales.get(name.rpartition(".")[2], 1.0)
        tensors[name] = (random.normal(0, 1, shape) * each).astype(np.float32)
    tensors["wte"][:, 0] += 2.0
    for layer in range(config.n_layer):
        tensors[f"layer{layer}.wk"][:, 0] += 0.5
    return Weights(config, SYMBOLS[: config.bos], tensors, {"temperature": 0.9, "documents": "stream"})


def gpt2_model(config: ModelConfig, seed: int = 0, *, target: str = STOCK, **given: Any) -> IntegerModel:
    """The same in integers."""
    return quantize(gpt2_weights(config, seed, **given), "digits", target=target)


SHAKESPEARE = "\n !$&',-.3:;?" + string.ascii_uppercase + string.ascii_lowercase
"""The characters of nanoGPT's data/shakespeare_char."""


def shakespeare_model(target: str = STOCK, context: int = 64, width: int = 8, **given: Any) -> IntegerModel:
    """A small GPT-2 that writes running text of these characters, without end; given: gpt2_weights'."""
    config = gpt2_config(len(SHAKESPEARE) + 1, context, width, 2, 2, 52)
    weights = replace(gpt2_weights(config, 1, **given), symbols=tuple(SHAKESPEARE))
    weights.tensors["lm_head"][config.bos], weights.tensors["lm_head_bias"][config.bos] = 0, NEVER
    return quantize(weights, "digits", target=target)


def begun_anew(model: IntegerModel) -> IntegerModel:
    """The same whose texts end where their context is full: so do those of the screens of prompts and x-rays."""
    info: Notes = {**model.info}
    info.pop("documents", None)
    return replace(model, info=info)


def sparse_llama(config: ModelConfig, one_in: int, seed: int = 1, **scales: float) -> IntegerModel:
    """One with few digits, in integers: of every matrix one weight in `one_in`, and larger by its root."""
    return quantize(thinned(llama_weights(config, seed, **scales), one_in), "digits")


def thinned(weights: Weights, one_in: int) -> Weights:
    """The same with one weight of every matrix in `one_in`, and larger by its root."""
    random = np.random.default_rng(0)
    for name, tensor in weights.tensors.items():
        if name != "wte":
            tensor *= (random.random(tensor.shape) < 1 / one_in) * np.sqrt(one_in)
    return weights


def for_sa1(model: IntegerModel) -> IntegerModel:
    """The same for the other machine: its attention multiplies as that one does."""
    return replace(model, program=tuple(_for_sa1(kernel) for kernel in model.program), target=SA1)


def for_target(model: IntegerModel, target: str) -> IntegerModel:
    """A stock console's model for a machine."""
    return for_sa1(model) if target == SA1 else model


def _for_sa1(kernel: Kernel) -> Kernel:
    parts = {each.name: getattr(kernel, each.name) for each in fields(kernel)}
    if isinstance(kernel, PpuAttention):
        return MacAttention(**parts)
    if isinstance(kernel, TurnedAttention):
        attention = MacAttention(
            **{each.name: getattr(kernel.attention, each.name) for each in fields(kernel.attention)}
        )
        return replace(kernel, attention=attention)
    return kernel


def largest_value(model: IntegerModel) -> int:
    """The largest magnitude the model computes anywhere in 64 random documents as long as its context."""
    integer, config = Executor(model), model.config
    streams, random = integer.start(64), np.random.default_rng(0)
    largest = 0
    for _ in range(config.block_size):
        trace: Trace = {}
        integer.step(streams, random.integers(0, config.vocab_size, 64), trace)
        largest = max(largest, *(int(np.abs(values).max()) for values in trace.values()))
    return largest


@cache
def trained_weights() -> tuple[Weights, list[str]]:
    """A microgpt trained on the names for a few seconds, the same every time; and the names it never saw."""
    corpus = read_corpus(OUT)
    training, held_out = split(corpus.documents)
    tokenizer, preset = Tokenizer(corpus.symbols), PRESETS["microgpt"]
    config = preset.config(tokenizer.bos + 1)
    settings = Settings(config, steps=800, batch_size=64, learning_rate=0.01)
    with TemporaryDirectory() as folder:
        result = train(training, held_out[:500], tokenizer, settings, Path(folder) / "checkpoint.npz")
    return Weights(config, corpus.symbols, result.tensors, {"temperature": 0.5}), held_out
