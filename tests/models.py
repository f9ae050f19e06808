"""Small random models for the tests: any shape, lively numbers, the same every time."""

from __future__ import annotations

import string

import numpy as np

from quantize.fixed import Ints
from quantize.quantized import QuantizedModel
from trainer.config import ModelConfig

SYMBOLS = string.ascii_lowercase + string.ascii_uppercase + string.digits


def random_model(config: ModelConfig, seed: int = 0, **scales: float) -> QuantizedModel:
    """Normal weights, standard deviation 1.5 / √inputs, the embeddings 1; a tensor's own scale multiplies it.

    scales: last part of a tensor's name → factor. Large enough that every stage has something to get wrong.
    """
    random = np.random.default_rng(seed)
    tensors: dict[str, Ints] = {}
    for name, shape in config.tensor_shapes().items():
        spread = 256.0 if name in ("wte", "wpe") else 384 / np.sqrt(shape[1])
        spread *= scales.get(name.rpartition(".")[2], 1.0)
        tensors[name] = np.rint(random.normal(0, spread, shape)).astype(np.int64)
    kernels = {name: "schoolbook" for name in tensors if name not in ("wte", "wpe")}
    return QuantizedModel(config, SYMBOLS[: config.bos], tensors, kernels)


def worst_overflow(model: QuantizedModel) -> Ints:
    """Largest |value| of anything the model computes for every token at every position of some documents."""
    from quantize.integer_model import IntegerModel, Trace

    integer, config = IntegerModel(model), model.config
    streams = integer.start(64)
    random, worst = np.random.default_rng(0), np.int64(0)
    for _ in range(config.block_size):
        trace: Trace = {}
        integer.step(streams, random.integers(0, config.vocab_size, 64), trace)
        worst = max(worst, *(np.abs(values).max() for values in trace.values()))
    return np.asarray(worst)
