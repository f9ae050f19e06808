"""Digits where they are worth most: by the Fisher information of the weights, over all matrices at once."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from quantize.double import double
from trainer.config import ModelConfig
from trainer.errors import InputError
from trainer.files import Array
from trainer.model.fisher import fisher_information
from trainer.progress import Bar, no_bar
from trainer.training.digit_projection import LARGEST, allocate, nearest, query_scale
from trainer.training.packing import Documents

DRAWS = 4
"""Labels of each of the text's tokens: rare ones have to be drawn too."""


def sensitivities(
    config: ModelConfig, tensors: Mapping[str, Array], text: Documents, bar: Bar = no_bar
) -> dict[str, Array]:
    """Matrix → what a squared error of each weight costs, twice the nats a token. tensors: in float, as the integer
    model uses them.
    """
    plain, random = double(unfolded(tensors, config)), np.random.default_rng(0)
    information = fisher_information(plain, config, text, random, DRAWS, bar)
    return {
        name: own / query_scale(name, config) ** 2 for name, own in information.items() if name in config.matrices
    }


def spread(
    tensors: Mapping[str, Array], costs: Mapping[str, Array], digits: float, grids: Mapping[str, int]
) -> dict[str, Array]:
    """The matrices in `digits` signed powers of two in all, where they are worth most. grids: finest, 2^-grid.

    costs: of a squared error, as `sensitivities` finds them. Raises InputError when a weight is larger than digits
    can be.
    """
    for name in costs:
        if np.abs(tensors[name]).max() > LARGEST:
            raise InputError(f"{name} has a weight beyond ±{LARGEST}: digits reach no farther")
    flat = np.concatenate([tensors[name].reshape(-1) for name in costs]).astype(np.float32)
    worth = np.concatenate([own.reshape(-1) for own in costs.values()])
    grid = np.repeat([grids[name] for name in costs], [own.size for own in costs.values()])
    rounded = nearest(flat, allocate(flat, np.ones(len(flat)), digits, grid, worth), grid)
    ends = np.cumsum([own.size for own in costs.values()])
    parts = np.split(rounded, ends[:-1])
    return {name: part.reshape(tensors[name].shape) for name, part in zip(costs, parts, strict=True)}


def unfolded(tensors: Mapping[str, Array], config: ModelConfig) -> dict[str, Array]:
    """As the float model uses them."""
    return {name: (tensor / query_scale(name, config)).astype(np.float32) for name, tensor in tensors.items()}
