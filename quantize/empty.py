"""Models of a shape whose weights are all zero: what they take of a cartridge, every model of that shape takes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from quantize.calibration import Ranges
from quantize.fixed import Ints
from quantize.lower import on_digits, schoolbook
from quantize.lower_calibrated import calibrated
from quantize.model import IntegerModel, tensor_shapes
from quantize.program import Program
from quantize.schedule import needs_calibration
from trainer.config import ModelConfig
from trainer.training.packing import Documents
from trainer.weights import Weights


def empty_models(weights: Weights, target: str) -> Iterator[IntegerModel]:
    """One for every program that a model like `weights` could have on this machine."""
    config = weights.config
    tensors = {name: np.zeros(shape, np.int64) for name, shape in tensor_shapes(config).items()}
    if needs_calibration(config):
        yield _model(weights, tensors, calibrated(config, tensors, _silence(config), target), target)
        return
    exact = _model(weights, tensors, schoolbook(config), target)
    yield on_digits(exact)
    yield exact


def _model(weights: Weights, tensors: dict[str, Ints], program: Program, target: str) -> IntegerModel:
    return IntegerModel(
        weights.config,
        weights.symbols,
        tensors,
        program,
        weights.info,
        merges=weights.merges,
        pieces=weights.pieces,
        target=target,
    )


def _silence(config: ModelConfig) -> Ranges:
    """What is seen in the text of a model without weights."""

    def zeros(width: int) -> tuple[Ints, Ints]:
        return (np.zeros((config.n_layer, width), np.int64),) * 2

    stream = zeros(config.n_embd)
    return Ranges(
        zeros(config.kv_dim), zeros(config.kv_dim), zeros(config.n_hidden), stream, stream, Documents([[0, 0]], 1)
    )
