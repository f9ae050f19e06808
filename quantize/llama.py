"""A llama model in integers: how its weights are balanced, and where what no proof bounds is cut.

Its ranges cannot be proved from the weights alone, as microgpt's can: a gated hidden unit is a product, keys are
large. So the integer model cuts values, keys, hidden units and the residual stream, a little beyond the largest
that the float model's own text has (quantize.calibration), and the proof goes on from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from quantize.blocks import FAR_PRODUCT, VALUE_BITS
from quantize.calibration import Ranges
from quantize.digits import HALF_WORD, max_partial, planes
from quantize.fixed import FRACTION_BITS, ONE, Ints
from quantize.model import IntegerModel
from quantize.ranges import OUT_SUMS, RangeProof
from quantize.schedule import Add, Attention, Gate, Norm, layer_of, parts, schedule
from trainer.config import ModelConfig
from trainer.errors import InputError
from trainer.files import Array

MARGIN = 1.15
"""How far beyond the largest value seen something is cut."""

BYTE = 127
KEY_SHIFT = 5
"""Keys from −15.9 to 15.9: their pairs are scaled to fill that, and the queries' the other way."""

LARGEST_KEY = 110.0
"""What a scaled key may reach by its proof, on one side of its centre: of 111.9."""

VALUE_SHIFT = 2
"""Values from −2 to 2, each dimension scaled to fill that, and the columns of wo that read it the other way."""

LARGEST_SCALE = 8.0
MIN_BITS, MAX_CUT_BITS, WORD_BITS = 11, 13, 15
"""A norm's table of squares spans ±2^bits, in steps of one from 11; its source is doubled up to a word."""

CUT_MARGIN = 1.5
"""For the residual stream, whose sums of parts can be larger on the way."""

HIDDEN_SHIFT = 2
"""A gated hidden unit is kept in 64ths: finer buys 0.0006 nats and costs rows that no longer fit their sums."""

MAX_QUERY_SHIFT, MIN_SCORE_BITS = 3, 4
MAX_OUT_SHIFT = 3


def balanced(config: ModelConfig, exact: Mapping[str, Array], seen: Ranges) -> dict[str, Array]:
    """The same model: pairs of key dimensions and single values scaled so that a byte holds their spread.

    The query's pairs, and wo's columns, are scaled the other way. Turning a pair and scaling it commute, so no
    score changes. Of a key only the spread counts, not the middle: that is taken off (`centres`), which moves all
    scores of a query alike.
    """
    result = dict(exact)
    group, width = config.n_head // config.kv_heads, config.head_dim
    for layer in range(config.n_layer):
        key = exact[f"layer{layer}.wk"]
        scale = key_scale(key, seen.keys[0][layer], seen.keys[1][layer])
        own = scale.reshape(config.kv_heads, width).repeat(group, 0).reshape(-1)
        result[f"layer{layer}.wk"] = key * scale[:, None]
        result[f"layer{layer}.wq"] = exact[f"layer{layer}.wq"] / own[:, None]
        scale = value_scale(seen.values[0][layer], seen.values[1][layer])
        own = scale.reshape(config.kv_heads, width).repeat(group, 0).reshape(-1)
        result[f"layer{layer}.wv"] = exact[f"layer{layer}.wv"] * scale[:, None]
        result[f"layer{layer}.wo"] = exact[f"layer{layer}.wo"] / own
    return result


def key_scale(key: Array, least: Array, most: Array) -> Array:
    """What each key dimension is multiplied by, the same for both of a pair. key (kv_dim, d) and its range."""
    spread = ((most - least) / 2).reshape(-1, 2).max(1)
    longest = np.linalg.norm(key.reshape(len(key) // 2, 2, -1), 2, axis=(1, 2)) * np.sqrt(key.shape[1]) * 1.05
    middle = np.abs((most + least) / 2).reshape(-1, 2).max(1)
    room = BYTE * 2**KEY_SHIFT / ONE / (MARGIN * np.maximum(spread, 1e-3))
    scale: Array = np.minimum(room, LARGEST_KEY / np.maximum(longest + middle, 1e-3)).repeat(2)
    return scale


def value_scale(least: Array, most: Array) -> Array:
    """What each value dimension is multiplied by. Its range, (kv_dim,) each."""
    largest = MARGIN * np.maximum(np.maximum(-least, most), 1e-3)
    scale: Array = np.minimum(BYTE * 2**VALUE_SHIFT / ONE / largest, LARGEST_SCALE)
    return scale


def centres(exact: Mapping[str, Array], seen: Ranges) -> dict[str, Array]:
    """The middle of every key dimension's range, after scaling: what keys are measured from. Float, (1, kv_dim)."""
    least, most = seen.keys
    return {
        f"layer{layer}.key_centre": (key_scale(exact[f"layer{layer}.wk"], low, high) * (low + high) / 2)[None]
        for layer, (low, high) in enumerate(zip(least, most, strict=True))
    }


def cuts(config: ModelConfig, seen: Ranges) -> dict[str, int]:
    """Where the residual stream is cut after each matrix that adds to it: parameters by name."""
    return {
        f"layer{layer}.{name}.cut_bits": min(MAX_CUT_BITS, _bits(_largest(residual, layer) * CUT_MARGIN / MARGIN))
        for layer in range(config.n_layer)
        for name, residual in (("wo", seen.attention_residual), ("fc2", seen.mlp_residual))
    }


def with_llama_kernels(model: IntegerModel, seen: Ranges) -> IntegerModel:
    """The blocks' numbers: where each is cut as what was seen asks for, shifts as the proof allows."""
    kernels = dict.fromkeys(model.linear_names(), "digits")
    parameters = dict(model.parameters)
    source = _bits(np.abs(model.tensors["wte"]).max() + 1)
    for block in schedule(model.config):
        match block:
            case Norm():
                kernels[block.name] = "table"
                parameters[f"{block.name}.bits"] = source
                parameters[f"{block.name}.doublings"] = WORD_BITS - source
            case Add():
                source = parameters[f"{block.weight}.cut_bits"]
            case Attention():
                kernels[block.name] = "ppu"
                parameters[f"{block.name}.key_shift"] = KEY_SHIFT
                parameters[f"{block.name}.query_shift"] = MAX_QUERY_SHIFT
                parameters[f"{block.name}.value_shift"] = VALUE_SHIFT
            case Gate():
                kernels[block.name] = "gate"
                hidden = _largest(seen.hidden, layer_of(block))
                shift = _hidden_shift(model.tensors[f"layer{layer_of(block)}.fc2"], hidden)
                parameters[f"{block.name}.shift"] = shift
                parameters[f"{block.name}.limit"] = -(-int(np.ceil(hidden)) >> shift) << shift
                parameters[f"{block.name}.bits"] = WORD_BITS
            case _:
                pass
    return _with_gate_bits(_proved(replace(model, kernels=kernels, parameters=parameters)))


def check_llama(model: IntegerModel) -> None:
    """Raises InputError unless kernels and numbers are such as `quantize` chooses: only for these is there code."""
    blocks = schedule(model.config)
    kernels = dict.fromkeys(model.linear_names(), "digits")
    own = {Norm: "table", Attention: "ppu", Gate: "gate"}
    kernels |= {block.name: own[type(block)] for block in blocks if type(block) in own}
    if dict(model.kernels) != kernels:
        raise InputError("the model mixes kernels that do not go together: run `snesgpt quantize` again")
    for block in blocks:
        numbers = {n: model.parameters.get(f"{block.name}.{n}", 0) for n in ("bits", "doublings", "limit", "shift")}
        match block:
            case Norm():
                fits = MIN_BITS <= numbers["bits"] == WORD_BITS - numbers["doublings"]
            case Attention():
                value, bits = model.parameters[f"{block.name}.value_shift"], model.score_bits(block.name)
                fits = value <= VALUE_BITS and MIN_SCORE_BITS <= bits <= FRACTION_BITS
            case Gate():
                fits = MIN_BITS <= numbers["bits"] <= WORD_BITS and 0 < numbers["limit"] < 1 << WORD_BITS
                fits &= 0 < numbers["shift"] < FRACTION_BITS and numbers["limit"] % (1 << numbers["shift"]) == 0
            case _:
                fits = True
        if not fits:
            raise InputError(f"{block.name} has numbers that nothing computes: run `snesgpt quantize` again")


def _hidden_shift(fc2: Ints, hidden: float) -> int:
    """How often hidden units are halved so that no partial sum of a row of fc2, part by part, is too large."""
    most = max(max_partial(planes(fc2[:, first:end])) for first, end in parts(fc2.shape[1]))
    return max(HIDDEN_SHIFT, int(np.ceil(np.log2(max(most, 1) * hidden / HALF_WORD))))


def _largest(seen: tuple[Array, Array], layer: int) -> float:
    """Where a layer's elements are cut, Q8.8 units."""
    return float(MARGIN * ONE * max(-seen[0][layer].min(), seen[1][layer].max(), 1 / ONE))


def _bits(largest: float) -> int:
    return max(MIN_BITS, int(np.ceil(np.log2(largest))))


def _proved(model: IntegerModel) -> IntegerModel:
    """Coarser scores, and coarser sums of the matrices that add to the residual stream, where they have no room."""
    while failing := [bound.name for bound in RangeProof(model).bounds if not bound.holds]:
        changes: dict[str, int] = {}
        for name in failing:
            attention, _, what = name.partition(" ")
            if what in ("(query)", "(scores)"):
                changes[f"{attention}.query_shift"] = model.parameters[f"{attention}.query_shift"] - 1
            if what == OUT_SUMS:
                changes[f"{attention}.out_shift"] = model.parameters.get(f"{attention}.out_shift", 0) + 1
        if not changes or min(changes.values()) < 0 or max(changes.values()) > MAX_OUT_SHIFT:
            break
        model = replace(model, parameters=dict(model.parameters) | changes)
    return model


def _with_gate_bits(model: IntegerModel) -> IntegerModel:
    """The table of silu as fine as the gate's range allows."""
    reach = {bound.name: bound.largest * ONE for bound in RangeProof(model).bounds}
    changes: dict[str, int] = {}
    for block in schedule(model.config):
        if isinstance(block, Gate):
            bits = _bits(reach[f"layer{layer_of(block)}.fc1"] + 1)
            shift, limit = (model.parameters[f"{block.name}.{number}"] for number in ("shift", "limit"))
            most = (FAR_PRODUCT - (1 << bits >> 1)) >> shift << shift
            changes |= {f"{block.name}.bits": bits, f"{block.name}.limit": min(limit, most)}
    return replace(model, parameters=dict(model.parameters) | changes)
