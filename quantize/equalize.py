"""Equalization: the same model with key pairs and values scaled so that a byte holds their spread.

The queries' pairs, and the columns of wo, are scaled the other way. So are hidden units that are small and their
columns of fc2: all units have the same fractional bits.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from quantize.calibration import Ranges
from quantize.fixed import ONE
from quantize.kernels.residual import MAX_CUT
from quantize.lower_calibrated import CUT_AFTER, KEY_SHIFT, STREAM_MARGIN, VALUE_SHIFT
from quantize.schedule import key_biases, key_centres
from trainer.config import ModelConfig, bias_of
from trainer.files import Array

BYTE = 127
MAX_KEY = 110.0
"""The largest proved value of a scaled key, on one side of its centre: out of 111.9."""

MAX_SCALE = 8.0
LARGEST_WEIGHT = 4.0
"""Of the matrices that add to the residual stream."""

ROUNDED = 1.0
"""Units that two embeddings are larger by, once rounded."""

MAX_HIDDEN_SCALE = 2.0
"""Of a hidden unit: beyond it the digits of fc2 get too small for their rows."""


def balanced(
    config: ModelConfig, exact: Mapping[str, Array], seen: Ranges, *, digits: bool = False
) -> dict[str, Array]:
    """The same model: pairs of key dimensions and single values scaled so that a byte holds their spread.

    The query's pairs, and wo's columns, are scaled the other way; gated hidden units and columns of fc2 likewise.
    Turning a pair and scaling it commute, so no score changes. Of a key only the spread counts, not the middle:
    that is taken off (`centres`), which moves all scores of a query alike. A gpt2's keys are not turned, and its
    hidden units stay as they are.

    digits: the weights are digits, and stay as many.
    """
    result = dict(exact)
    group, width = config.n_head // config.kv_heads, config.head_dim
    for layer in range(config.n_layer):
        own = f"layer{layer}"
        key = exact[f"{own}.wk"]
        scale = key_scale(key, seen.keys[0][layer], seen.keys[1][layer], tied=_tied(config), digits=digits)
        result[f"{own}.wk"] = key * scale[:, None]
        scale = scale.reshape(config.kv_heads, width).repeat(group, 0).reshape(-1)
        for name in {f"{own}.wq", bias_of(f"{own}.wq")} & set(exact):
            result[name] = exact[name] / scale[:, None]
        scale = value_scale(seen.values[0][layer], seen.values[1][layer], digits=digits)
        result[f"{own}.wv"] = exact[f"{own}.wv"] * scale[:, None]
        scale = scale.reshape(config.kv_heads, width).repeat(group, 0).reshape(-1)
        result[f"{own}.wo"] = exact[f"{own}.wo"] / scale
        if f"{own}.fc3" in exact:
            scale = hidden_scale(seen.hidden[0][layer], seen.hidden[1][layer], digits=digits)
            result[f"{own}.fc3"] = exact[f"{own}.fc3"] * scale[:, None]
            result[f"{own}.fc2"] = exact[f"{own}.fc2"] / scale
    return result


def filled(config: ModelConfig, exact: Mapping[str, Array], seen: Ranges) -> tuple[dict[str, Array], Ranges]:
    """The same gpt2 with a residual stream, which is only read through norms, as large as its words; its ranges.

    The factor is a power of two: digits stay digits. No weight comes near the largest that digits can be, and every
    token's embedding has room, those that no text had among them.
    """
    names = [name for name in _into_stream(config) if name in exact]
    stream = max(float(np.abs(values).max()) for values in (*seen.attention_residual, *seen.mlp_residual))
    embedded = float((np.abs(exact["wte"]).max(0) + np.abs(exact["wpe"]).max(0)).max())
    weight = max(float(np.abs(exact[name]).max()) for name in names if name in config.matrices)
    most = {MAX_CUT / STREAM_MARGIN: stream, MAX_CUT - ROUNDED: embedded, LARGEST_WEIGHT * ONE: weight}
    room = min(limit / ONE / max(largest, 1e-6) for limit, largest in most.items())
    scale = float(2.0 ** np.floor(np.log2(room)))
    return {**exact, **{name: exact[name] * scale for name in names}}, seen.with_stream(scale)


def _tied(config: ModelConfig) -> int:
    """Dimensions of a key that have one scale: a pair, where pairs are turned."""
    return 1 if config.learned_positions else 2


def _into_stream(config: ModelConfig) -> list[str]:
    """The tensors that add to the residual stream."""
    matrices = [f"layer{layer}.{name}" for layer in range(config.n_layer) for name in ("wo", "fc2")]
    return ["wte", "wpe", *matrices, *map(bias_of, matrices)]


def key_scale(key: Array, least: Array, most: Array, *, tied: int = 2, digits: bool = False) -> Array:
    """The factor of each key dimension, the same for those that are tied. key (kv_dim, d) and its range."""
    spread = ((most - least) / 2).reshape(-1, tied).max(1)
    longest = np.linalg.norm(key.reshape(-1, tied, key.shape[1]), 2, axis=(1, 2)) * np.sqrt(key.shape[1]) * 1.05
    middle = np.abs((most + least) / 2).reshape(-1, tied).max(1)
    room = BYTE * 2**KEY_SHIFT / ONE / (_margin(digits) * np.maximum(spread, 1e-3))
    scale: Array = np.minimum(room, MAX_KEY / np.maximum(longest + middle, 1e-3)).repeat(tied)
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


def centres(
    config: ModelConfig, exact: Mapping[str, Array], seen: Ranges, *, digits: bool = False
) -> dict[str, Array]:
    """What keys are measured from, by the name that the schedule has for it: the middle of every dimension's range,
    after scaling. Float, (1, kv_dim) where it is taken off turned keys, (kv_dim, 1) where a bias does it.
    """
    middles = [
        key_scale(exact[f"layer{layer}.wk"], low, high, tied=_tied(config), digits=digits) * (low + high) / 2
        for layer, (low, high) in enumerate(zip(*seen.keys, strict=True))
    ]
    biases = dict(zip(key_biases(config), [-middle[:, None] for middle in middles], strict=False))
    return biases | dict(zip(key_centres(config), [middle[None] for middle in middles], strict=False))
