"""An SA-1 takes what a stock console takes: caches without gaps, vectors and windows of any shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from asm.layout import work_ram
from asm.memory.cache_chunks import MAX_CHUNK, cache_chunks
from asm.memory.log_record import CacheRoom
from asm.targets.sa1 import BLOCK_BYTES
from quantize.convert import convert
from quantize.empty import empty_models
from quantize.kernel import SA1, STOCK
from quantize.kernels.fused import ColumnMlp
from quantize.program import on_digits
from snesgpt.selection.kernel_choice import choose
from tests.support.llama_shapes import exact, requests, rom_of
from tests.support.models import (
    digit_weights,
    llama_config,
    llama_weights,
    thinned,
    windowed,
)
from trainer.config import FAMILIES, MAX_WINDOWED, ModelConfig
from trainer.errors import InputError
from trainer.weights import Weights

FULL = (
    ModelConfig(267, 227, 94, 1, 2, 4),
    ModelConfig(220, 93, 116, 2, 4, 91),
    ModelConfig(138, 121, 74, 1, 5, 56, "gelu", "gpt2"),
)
"""They fit where the sampler's tables fill what the vectors and the last cache leave of their blocks: the third
only where the first cache begins in the vectors' block."""

WORK_RAM_BYTES = 96 << 10
"""About as much of it as caches may take."""

MANY_SYMBOLS = tuple("".join(four) for four in product("abcdef", repeat=4))


@st.composite
def shapes(draw: st.DrawFn) -> ModelConfig:
    """Any shape of any family; many have about as many keys and values as a stock console can hold."""
    family = draw(st.sampled_from(list(FAMILIES)))
    rotary = not FAMILIES[family].learned_positions
    width = draw(st.integers(2, 64)) * 2
    fitting = (n for n in range(1, width + 1) if width % n == 0 and not (rotary and width // n % 2))
    heads = draw(st.sampled_from([*fitting]))
    shared = draw(st.sampled_from([n for n in range(1, heads + 1) if heads % n == 0])) if rotary else 0
    layers = draw(st.integers(1, 6))
    full = WORK_RAM_BYTES // (2 * layers * width * (shared or heads) // heads)
    most = MAX_WINDOWED if rotary and draw(st.booleans()) else 256
    context = draw(st.integers(2, most) | st.integers(full * 3 // 4, full).map(lambda n: min(max(n, 2), most)))
    windows = st.lists(st.integers(1, context), min_size=layers * heads, max_size=layers * heads).map(tuple)
    return ModelConfig(
        draw(st.integers(2, FAMILIES[family].max_vocab)),
        context,
        width,
        heads,
        layers,
        draw(st.integers(4, 512)),
        FAMILIES[family].activations[0],
        family,
        shared,
        windows=draw(windows) if rotary and most == MAX_WINDOWED else (),
    )


def refusals(config: ModelConfig, target: str) -> list[str]:
    """Why the machine has no RAM for it: by rows, and by columns where a microgpt can choose."""
    tensors = {name: np.zeros(shape, np.float32) for name, shape in config.tensor_shapes().items()}
    found = []
    for active in (0.9, 0.1) if config.rectified else (0.9,):
        weights = Weights(config, MANY_SYMBOLS[: config.bos], tensors, {"active_hidden": active})
        try:
            work_ram(next(model for model in empty_models(weights, target) if on_digits(model.program)))
            return []
        except InputError as error:
            found.append(str(error))
    return found


@pytest.mark.slow
@given(shapes())
@example(FULL[0])
@example(FULL[1])
@example(FULL[2])
@settings(max_examples=60, deadline=None)
def test_an_sa1_has_room_for_all_that_a_stock_console_holds(config: ModelConfig) -> None:
    if not refusals(config, STOCK):
        assert refusals(config, SA1) == []


@given(shapes(), st.builds(CacheRoom, st.integers(0, BLOCK_BYTES - 1), st.integers(3, 7)))
def test_caches_are_cut_where_a_block_ends_and_without_gaps(config: ModelConfig, room: CacheRoom) -> None:
    layers, row = cache_chunks(config, room), 2 * config.kv_dim
    assert {sum(chunks) for chunks in layers} == {config.block_size + config.block_size % 2}
    lengths = [length for chunks in layers for length in chunks]
    assert all(0 < length <= MAX_CHUNK and not length % 2 and length * row <= BLOCK_BYTES for length in lengths)
    used = [0]
    for length in lengths:
        if used[-1] + length * row > (room.shared if len(used) == 1 else BLOCK_BYTES):
            used.append(0)
        used[-1] += length * row
    full, shared = (size // (2 * row) * 2 * row for size in (BLOCK_BYTES, room.shared))
    assert len(used) - 1 <= max(room.blocks, -(-(sum(lengths) * row - shared) // full))


CAN_HAVE_FEWER = ModelConfig(9, 64, 48, 2, 6, 8)
"""Six caches of 6 KiB: together they fit six blocks whole, and five only in pieces."""


def test_a_cache_is_not_cut_while_there_is_room() -> None:
    assert [len(chunks) for chunks in cache_chunks(CAN_HAVE_FEWER, CacheRoom(0, 6))] == [1] * 6
    assert any(len(chunks) > 1 for chunks in cache_chunks(CAN_HAVE_FEWER, CacheRoom(0, 5)))


def in_pieces() -> Weights:
    """Six caches without a gap, in both banks: whole, they would take 18 blocks."""
    return thinned(digit_weights(ModelConfig(9, 150, 40, 2, 6, 8), 1, wq=0.3, wk=0.3), 4)


def many_windows() -> Weights:
    """64 heads, and each has a window of its own."""
    config = windowed(llama_config(9, 128, 128, (64, 64), 1, 8), *range(1, 65))
    return thinned(llama_weights(config, 1), 20)


def many_tokens() -> Weights:
    """The sampler's weights lie over the vectors, beside which there is no room."""
    return thinned(llama_weights(llama_config(1024, 256, 104, (2, 1), 1, 512), 1), 40)


REFUSED: Mapping[str, Callable[[], Weights]] = {
    "caches in pieces": in_pieces,
    "a window for each head": many_windows,
    "many tokens and hidden units": many_tokens,
}
"""Shapes that caches of whole blocks, words for all windows at once, or weights beside the vectors did not fit."""


@pytest.mark.parametrize("name", REFUSED)
def test_what_was_refused_equals_the_integer_model(name: str) -> None:
    proved = convert(REFUSED[name](), "digits", target=SA1)
    rom, config = rom_of(proved), proved.model.config
    core = "bsnes" if rom.layout.wram.caches_apart else "snes9x"
    assert exact(proved.model, rom, core, requests(config, config.block_size)).tokens >= config.block_size


def test_a_wide_mlp_runs_by_columns_where_rows_do_not_fit_and_says_so() -> None:
    weights = digit_weights(ModelConfig(9, 6, 8, 2, 1, 400), 1, 0.9, fc1=0.1, fc2=0.1)
    stock, choice = choose(weights, "auto", 4096), choose(weights, "auto", 4096, target=SA1)
    assert not any(isinstance(kernel, ColumnMlp) for kernel in stock.model.program)
    assert any(isinstance(kernel, ColumnMlp) for kernel in choice.model.program)
    assert any("by columns" in reason and "bytes of I-RAM" in reason for reason in choice.reasons)
    assert exact(choice.model, rom_of(choice.proved), "snes9x", requests(choice.model.config, 5)).traced
