"""Equalization: the same llama with key pairs and values scaled so that a byte holds their spread.

The queries' pairs, and the columns of wo, are scaled the other way. So are hidden units that are small and their
columns of fc2: all units have the same fractional bits.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from quantize.calibration import Ranges
from quantize.fixed import ONE
from quantize.lower_calibrated import CUT_AFTER, KEY_SHIFT, VALUE_SHIFT
from trainer.config import ModelConfig
from trainer.files import Array

BYTE = 127
MAX_KEY = 110.0
"""The largest proved value of a scaled key, on one side of its centre: out of 111.9."""

MAX_SCALE = 8.0
MAX_HIDDEN_SCALE = 2.0
"""Of a hidden unit: beyond it the digits of fc2 get too small for their rows."""


def balanced(
    config: ModelConfig, exact: Mapping[str, Array], seen: Ranges, *, digits: bool = False
) -> dict[str, Array]:
    """The same model: pairs of key dimensions and single values scaled so that a byte holds their spread.

    The query's pairs, and wo's columns, are scaled the other way; hidden units and columns of fc2 likewise. Turning
    a pair and scaling it commute, so no score changes. Of a key only the spread counts, not the middle: that is
    taken off (`centres`), which moves all scores of a query alike.

    digits: the weights are digits, and stay as many.
    """
    result = dict(exact)
    group, width = config.n_head // config.kv_heads, config.head_dim
    for layer in range(config.n_layer):
        key = exact[f"layer{layer}.wk"]
        scale = key_scale(key, seen.keys[0][layer], seen.keys[1][layer], digits=digits)
        own = scale.reshape(config.kv_heads, width).repeat(group, 0).reshape(-1)
        result[f"layer{layer}.wk"] = key * scale[:, None]
        result[f"layer{layer}.wq"] = exact[f"layer{layer}.wq"] / own[:, None]
        scale = value_scale(seen.values[0][layer], seen.values[1][layer], digits=digits)
        own = scale.reshape(config.kv_heads, width).repeat(group, 0).reshape(-1)
        result[f"layer{layer}.wv"] = exact[f"layer{layer}.wv"] * scale[:, None]
        result[f"layer{layer}.wo"] = exact[f"layer{layer}.wo"] / own
        scale = hidden_scale(seen.hidden[0][layer], seen.hidden[1][layer], digits=digits)
        result[f"layer{layer}.fc3"] = exact[f"layer{layer}.fc3"] * scale[:, None]
        result[f"layer{layer}.fc2"] = exact[f"layer{layer}.fc2"] / scale
    return result


def key_scale(key: Array, least: Array, most: Array, *, digits: bool = False) -> Array:
    """The factor of each key dimension, the same for both of a pair. key (kv_dim, d) and its range."""
    spread = ((most - least) / 2).reshape(-1, 2).max(1)
    longest = np.linalg.norm(key.reshape(len(key) // 2, 2, -1), 2, axis=(1, 2)) * np.sqrt(key.shape[1]) * 1.05
    middle = np.abs((most + least) / 2).reshape(-1, 2).max(1)
    room = BYTE * 2**KEY_SHIFT / ONE / (_margin(digits) * np.maximum(spread, 1e-3))
    scale: Array = np.minimum(room, MAX_KEY / np.maximum(longest + middle, 1e-3)).repeat(2)
    return _powers_of_two(scale) if digits else scale


def value_scale(least: Array, most: Array, *, digits: bool = False) -> Array:
    """The factor of each value dimension. least, most: its range, (kv_dim,) each."""
    largest = _margin(digits) * np.maximum(np.maximum(-least, most), 1e-3)
    scale: Array = np.minimum(BYTE * 2**VALUE_SHIFT / ONE / largest, MAX_SCALE)
    return _powers_of_two(scale) if digits else scale


def hidden_scale(least: Array, most: Array, *, digits: bool = False) -> Array:
    """The factor of each hidden unit, nearer to the largest one. least, most: its range, (n_hidden,) each."""
    largest = np.maximum(np.maximum(-least, most), 1e-3)
    scale: Array = np.minimum(largest.max() / largest, MAX_HIDDEN_SCALE)
    return _powers_of_two(scale) if digits else scale


def _margin(digits: bool) -> float:
    """Of what was seen, what a byte shall hold. A factor of digits is a power of two: half would be too dear."""
    return 1.0 if digits else CUT_AFTER


def _powers_of_two(scale: Array) -> Array:
    """The next below each: they move digits and make no new ones."""
    powers: Array = 2.0 ** np.floor(np.log2(scale))
    return powers


def centres(exact: Mapping[str, Array], seen: Ranges, *, digits: bool = False) -> dict[str, Array]:
    """The middle of every key dimension's range, after scaling: what keys are measured from. Float, (1, kv_dim)."""
    least, most = seen.keys
    return {
        f"layer{layer}.key_centre": (
            key_scale(exact[f"layer{layer}.wk"], low, high, digits=digits) * (low + high) / 2
        )[None]
        for layer, (low, high) in enumerate(zip(least, most, strict=True))
    }
