"""From a schedule to a program, by calibration.

The ranges of a llama or a gpt2 cannot be proved from the weights alone, as microgpt's can: a gated hidden unit is a
product, keys are large, inputs are many. So values, keys, hidden units and the residual stream are cut a little
beyond the largest that the float model's own text has (quantize/calibration.py), and the proof goes on from there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from quantize.calibration import Ranges as Seen
from quantize.digits import HALF_ROW_SUM, max_partial, planes
from quantize.fixed import FRACTION_BITS, ONE, WORD_MAX, Ints
from quantize.kernel import WORDS, Form, Kind, Leaf
from quantize.kernels import gate, hidden_units
from quantize.kernels.byte_attention import ByteAttention
from quantize.kernels.digit_rows import MAX_SECTIONS, DigitRows
from quantize.kernels.embedding import Embedding
from quantize.kernels.gate import SiluGate
from quantize.kernels.lookup import Lookup
from quantize.kernels.residual import MAX_CUT_BITS, OUT_SUMS, CutSum
from quantize.kernels.rotary import Turn
from quantize.kernels.table_norm import MAX_BITS, MIN_BITS, TableNorm
from quantize.lower import BYTE_ATTENTION, fused
from quantize.model import IntegerModel
from quantize.program import Program, leaves
from quantize.ranges import Ranges
from quantize.remedy import remedy
from quantize.schedule import Activation, Add, Attention, Embed, Gate, Linear, Norm, Rotary, parts, schedule
from trainer.config import ModelConfig
from trainer.errors import InputError
from trainer.files import Array

CUT_AFTER = 1.15
"""Values are cut beyond this multiple of the largest that was seen."""

STREAM_MARGIN = 1.5
"""The same for the residual stream, whose sums of parts can be larger on the way."""

KEY_SHIFT, VALUE_SHIFT = 5, 2
"""Keys from −15.9 to 15.9 and values from −2 to 2 in bytes: each dimension is scaled to fill that."""

FULL_WORD = 1 << 16
"""Sums on their way are below this: bias makes them positive."""

MAX_QUERY_SHIFT = 3
MAX_OUT_SHIFT = 3

HIDDEN_SHIFT = 2
"""A gated hidden unit is kept in 64ths: finer buys 0.0006 nats and costs rows that no longer fit their sums."""


def calibrated(config: ModelConfig, tensors: Mapping[str, Ints], seen: Seen, target: str) -> Program:
    """A program on digits: each value is cut where its text asks for it. tensors: words."""
    return fused(list(_leaves(config, tensors, seen, target)))


def _leaves(config: ModelConfig, tensors: Mapping[str, Ints], seen: Seen, target: str) -> Iterator[Leaf]:
    source, stream, halved = _embedded_bits(tensors), seen.attention_residual, dict[str, int]()
    forms = _attention_forms(config, target)
    for block in schedule(config):
        match block:
            case Embed():
                yield Embedding(block)
            case Norm():
                yield TableNorm(block, source, MAX_BITS - source)
            case Linear():
                store = forms.get(block.out, WORDS)
                yield DigitRows(block, store=store, unbiased=True, source_shift=halved.get(block.source, 0))
            case Rotary():
                yield Turn(block)
            case Attention():
                yield _attention(block, config, target)
                stream = seen.attention_residual
            case Gate() | Activation():
                hidden = _hidden(block, config, seen)
                shift = _hidden_shift(tensors[f"layer{block.layer}.fc2"], hidden)
                limit = -(-int(np.ceil(hidden)) >> shift) << shift
                if isinstance(block, Gate):
                    yield SiluGate(block, hidden_units.MAX_BITS, limit, shift)
                else:
                    yield Lookup(block, min(_bits(limit), hidden_units.MAX_BITS), limit, shift)
                stream, halved[block.out] = seen.mlp_residual, shift
            case Add():
                source = min(MAX_CUT_BITS, _bits(_largest(stream, block.layer) * STREAM_MARGIN / CUT_AFTER))
                yield CutSum(block, source)
            case _:
                raise InputError(f"{block.name} has no kernel in a calibrated model")


def _turns(config: ModelConfig) -> bool:
    """Whether queries and keys are turned on their way from the matrices to attention."""
    return any(isinstance(block, Rotary) for block in schedule(config))


def _attention(block: Attention, config: ModelConfig, target: str) -> ByteAttention:
    """Keys and values are cut to bytes by what turns them, or by the rows of their matrices."""
    return BYTE_ATTENTION[target](block, KEY_SHIFT, VALUE_SHIFT, MAX_QUERY_SHIFT, not _turns(config))


def _attention_forms(config: ModelConfig, target: str) -> Mapping[str, Form]:
    """How rows leave queries, keys and values, where nothing turns them first."""
    blocks = (block for block in schedule(config) if isinstance(block, Attention) and not _turns(config))
    return {vector: form for block in blocks for vector, form in _attention(block, config, target).reads.items()}


def _hidden(block: Gate | Activation, config: ModelConfig, seen: Seen) -> float:
    """Where hidden units are cut, Q8.8 units. Raises InputError where no word holds them."""
    hidden = _largest(seen.hidden, block.layer)
    if hidden > WORD_MAX:
        raise InputError(
            f"{block.name} is up to {hidden / CUT_AFTER / ONE:.0f} in text of the model's own, and "
            f"{WORD_MAX / CUT_AFTER / ONE:.0f} is the most; "
            + remedy(config, {}, f"layer{block.layer}.fc3", hidden / WORD_MAX)
        )
    return hidden


def _embedded_bits(tensors: Mapping[str, Ints]) -> int:
    """Of the residual stream's range at its begin."""
    return _bits(sum(np.abs(tensors[name]).max() for name in ("wte", "wpe") if name in tensors) + 1)


def fitted(model: IntegerModel) -> Ranges:
    """The ranges of a model, made coarser where scores and sums have no room, with the finest tables of silu.

    Rows whose sums have no room on their way come in sections.
    """
    ranges = _with_room(model)
    if (in_sections := _with_sections(ranges)) is not ranges.model:
        ranges = _with_room(in_sections)
    return Ranges(_with_gate_bits(ranges))


def crowded(ranges: Ranges) -> Mapping[str, float]:
    """Matrix → the largest word that its sums may come to, where that is none even in sections."""
    return {
        kernel.block.weight: crowding
        for kernel, step in _rows(ranges.model)
        if (crowding := kernel.crowding(ranges, step)) >= FULL_WORD
    }


def _rows(model: IntegerModel) -> Iterator[tuple[DigitRows, int]]:
    """The matrices, and what the bias of all slots is a multiple of."""
    kernels = [kernel for kernel in leaves(model.program) if isinstance(kernel, DigitRows)]
    step = 1 << FRACTION_BITS + max(0, *(kernel.finest(model) for kernel in kernels))
    return ((kernel, step) for kernel in kernels)


def _with_sections(ranges: Ranges) -> IntegerModel:
    """Rows in as few sections as leave their sums room."""
    model = ranges.model
    for kernel, step in _rows(ranges.model):
        for sections in range(kernel.sections, MAX_SECTIONS + 1):
            tried = replace(kernel, sections=sections)
            if tried.crowding(ranges, step) < FULL_WORD:
                break
        if tried != kernel:
            model = model.with_numbers(kernel.name, sections=tried.sections)
    return model


def _with_room(model: IntegerModel) -> Ranges:
    """Coarser scores, and coarser sums of the matrices that add to the residual stream, where they have no room."""
    ranges = Ranges(model)
    while failing := [bound for bound in ranges.bounds if not bound.holds]:
        model = coarser = ranges.model
        kernels = {kernel.name: kernel for kernel in leaves(model.program)}
        for bound in failing:
            if isinstance(attention := kernels.get(bound.block), ByteAttention) and bound.value != "value":
                if attention.query_shift == 0:
                    return ranges
                coarser = _with_query_shift(coarser, attention, attention.query_shift - 1)
            if bound.value == OUT_SUMS:
                adds = [k for k in leaves(model.program) if isinstance(k, CutSum) and k.block.weight == bound.block]
                if adds[0].doublings == MAX_OUT_SHIFT:
                    return ranges
                coarser = _halved(coarser, bound.block, adds[0].doublings + 1)
        if coarser is model:
            return ranges
        ranges = Ranges(coarser)
    return ranges


def _with_query_shift(model: IntegerModel, attention: ByteAttention, shift: int) -> IntegerModel:
    """Queries are multiplied by 2^shift, by the rows that leave them so if nothing turns them first."""
    block = attention.block
    for kernel in leaves(model.program):
        of_query = isinstance(kernel.block, Linear) and kernel.block.out == block.query
        if of_query and kernel.block.layer == block.layer and attention.cut:
            model = model.with_numbers(kernel.name, store=Form(Kind.SHIFTED, shift))
    return model.with_numbers(attention.name, query_shift=shift)


def _halved(model: IntegerModel, weight: str, shift: int) -> IntegerModel:
    """A matrix's results come over 2^shift, and are doubled back as they are added."""
    for kernel in leaves(model.program):
        numbers: dict[str, Any] = {}
        if isinstance(kernel, DigitRows) and kernel.block.weight == weight:
            numbers = {"out_shift": shift}
        if isinstance(kernel, CutSum) and kernel.block.weight == weight:
            numbers = {"doublings": shift}
        model = model.with_numbers(kernel.name, **numbers) if numbers else model
    return model


def _with_gate_bits(ranges: Ranges) -> IntegerModel:
    """Tables of silu as fine as their gates' ranges allow, limits that leave room for a product's low bytes.

    Gates beyond the coarsest table are cut.
    """
    model, reach, written = ranges.model, ranges.reach, dict[str, str]()
    for kernel in leaves(model.program):
        if isinstance(kernel, SiluGate):
            bits = min(_bits(reach[written[kernel.block.gate]] + 1), hidden_units.MAX_BITS)
            most = (gate.FAR_PRODUCT - (1 << bits >> 1)) >> kernel.shift << kernel.shift
            model = model.with_numbers(kernel.name, bits=bits, limit=min(kernel.limit, most))
        if isinstance(kernel.block, Linear):
            written[kernel.block.out] = kernel.name
    return model


def _hidden_shift(fc2: Ints, hidden: float) -> int:
    """How often hidden units are halved so that no partial sum of a row of fc2, part by part, is too large."""
    most = max(max_partial(planes(fc2[:, first:end])) for first, end in parts(fc2.shape[1]))
    shift = int(np.ceil(np.log2(max(most, 1) * hidden / HALF_ROW_SUM)))
    return min(max(HIDDEN_SHIFT, shift), hidden_units.MAX_SHIFT)


def _largest(seen: tuple[Array, Array], layer: int) -> float:
    """Where a layer's elements are cut, Q8.8 units."""
    return float(CUT_AFTER * ONE * max(-seen[0][layer].min(), seen[1][layer].max(), 1 / ONE))


def _bits(largest: float) -> int:
    return max(MIN_BITS, int(np.ceil(np.log2(largest))))
