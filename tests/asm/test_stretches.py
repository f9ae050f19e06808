"""Every head reads its own keys and values at every position of its window, once, whatever the other heads see."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asm.kernels.stretches import READ_PAST, Way, reaches, stretch_lengths, stretches, times
from tests.support.models import llama_config, windowed
from trainer.config import ModelConfig


@st.composite
def shapes(draw: st.DrawFn) -> ModelConfig:
    """One layer: groups of 1 … 4, heads of 2 … 24, windows of which any number are alike."""
    group, kv, context = (
        draw(st.integers(1, 4)),
        draw(st.integers(1, 4)),
        draw(st.sampled_from([2, 5, 16, 127, 128])),
    )
    heads = group * kv
    width = 2 * draw(st.integers(1 + (heads == 1), min(12, 64 // heads)))
    config = llama_config(9, context, heads * width, (heads, kv), 1, 4)
    some = draw(st.lists(st.sampled_from([1, context]) | st.integers(1, context), min_size=1, max_size=4))
    return windowed(config, *(draw(st.sampled_from(some)) for _ in range(config.n_head)))


class Stream:
    """The WRAM port in a cache that begins at 0."""

    def __init__(self) -> None:
        self.at = 0

    def go(self, way: Way, index: int) -> None:
        """By these instructions. index: Y, twice the position."""
        a = scratch = carry = 0
        for line in way:
            match line.split():
                case ["ldx", "STREAM"]:
                    self.at += 1
                case ["tya"]:
                    a = index
                case ["sta", "a:ZERO_PAGE", "+", "weight_sum"]:
                    scratch = a
                case ["adc", "a:ZERO_PAGE", "+", "weight_sum"]:
                    a, carry = a + scratch + carry, 0
                case ["adc", *place]:
                    a, carry = a + carry + int("".join(place).split("+")[1].rstrip(")")), 0
                case ["sta", "<WMADDL"]:
                    self.at = a
                case ["lsr", "a"]:
                    a, carry = a >> 1, a & 1
                case ["asl", "a"]:
                    a, carry = 2 * a & 0xFFFF, a >> 15
                case ["clc"]:
                    carry = 0


def walked(config: ModelConfig, newest: int, dark: Iterator[bool]) -> list[tuple[int, int, int]]:
    """(head, position, byte of the stream) of every turn, as the template's loop over values takes them.

    dark: whether a head gives its position no weight, turn by turn.
    """
    words = {"ZERO_PAGE + row_end": 2 * (newest + 1)}
    for reach in reaches(config, config.seen(0)):
        words[reach.begin] = max(0, 2 * newest - reach.back)
    stream, index, found = Stream(), 0, []
    for stretch in stretches(config, config.seen(0), "keys", "values"):
        if stretch.begin:
            index = 0 if stretch.begin == "#0" else words[stretch.begin.removeprefix("a:")]
        if index == words[stretch.end]:
            assert stretch.may_be_empty
            continue
        stream.go(stretch.to_values, index)
        while index != words[stretch.end]:
            for head in stretch.heads:
                stream.go(head.to_values, index)
                found.append((head.number, index // 2, stream.at))
                stream.go(head.past if next(dark) else (READ_PAST,) * len(head.inputs), index)
            stream.go(stretch.on, index)
            index += 2
    return found


@given(shapes(), st.data(), st.randoms(use_true_random=False))
def test_every_head_reads_its_own_row_where_its_window_is(
    config: ModelConfig, data: st.DataObject, random: Random
) -> None:
    newest = data.draw(st.sampled_from([0, config.block_size - 1]) | st.integers(0, config.block_size - 1))
    turns = walked(config, newest, iter(lambda: random.random() < 0.4, None))
    group = config.n_head // config.kv_heads
    assert sorted(turns) == [
        (head, position, position * config.kv_dim + head // group * config.head_dim)
        for head, window in enumerate(config.seen(0))
        for position in range(max(0, newest + 1 - window), newest + 1)
    ]


@given(shapes())
def test_the_lengths_of_the_stretches_are_those_of_the_windows(config: ModelConfig) -> None:
    windows = config.seen(0)
    heads = [len(stretch.heads) for stretch in stretches(config, windows, "keys", "values")]
    pairs = np.minimum(np.arange(1, config.block_size + 1)[:, None], windows).sum(1)
    assert (stretch_lengths(config.block_size, windows) @ heads == pairs).all()


@pytest.mark.parametrize("windows", [(), (20,) * 8])
def test_heads_that_see_everything_are_one_stretch_that_is_read_through(windows: tuple[int, ...]) -> None:
    config = llama_config(9, 20, 16, (8, 8), 1, 4)
    (only,) = stretches(windowed(config, *windows), (20,) * 8, "keys", "values")
    assert (only.begin, only.end, only.may_be_empty) == ("#0", "ZERO_PAGE + row_end", False)
    assert not any((only.to_keys, only.on, *(head.to_keys for head in only.heads)))


@given(st.integers(4, 128), st.integers(0, 127))
def test_a_row_s_place_is_its_number_times_its_width(width: int, row: int) -> None:
    stream = Stream()
    stream.go(("tya", *times(width), "adc #.loword(keys + 0)", "sta <WMADDL"), 2 * row)
    assert stream.at == row * width
