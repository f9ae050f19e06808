"""Stretches of positions, each seen by the same heads of a layer, and the way of the stream through their rows.

A head with a window sees the newest positions only. So the positions fall into stretches: in the oldest are the
heads of the longest window alone, in the newest all. Where no head has a window, one stretch is all positions.

A row is the keys, or values, of a position, a byte a dimension. It is read through the WRAM port, which counts by
itself. Heads that share keys and values take turns: first one head of every group, then back in the row for the
second ones. The bytes of heads that do not see a stretch are read past, or what follows is sought by its address.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from quantize.fixed import Ints
from trainer.config import ModelConfig

HALF_POSITIONS = 128
"""As many words reaches an 8-bit index: a longer context takes its loops twice."""

STREAM_READ = 18
"""Clocks of a byte read through the WRAM port into nothing."""

READ_PAST = "ldx STREAM"
CLOCKS = {READ_PAST: STREAM_READ, "sta <WMADDL": 24}

Way = tuple[str, ...]
"""Instructions that bring the stream to another byte."""


@dataclass(frozen=True)
class Head:
    """One head within a stretch: its inputs' numbers, its row of weights in bytes, the ways of the stream.

    to_keys, to_values: from where the head before leaves it; past: past its values, where it gives a position no
    weight.
    """

    number: int
    inputs: tuple[int, ...]
    row: int
    to_keys: Way
    to_values: Way
    past: Way


@dataclass(frozen=True)
class Stretch:
    """Up to 128 positions that the same heads see, and those heads in their turns.

    begin: what sets their index, none where it goes on from the stretch before; end: the word that it ends at;
    later: beyond the first 128 positions; may_be_empty: where there are few positions so far. to_keys, to_values:
    ways to the first position; on: from the last head of each to the first of the next.
    """

    number: int
    begin: str
    end: str
    later: bool
    may_be_empty: bool
    to_keys: Way
    to_values: Way
    on: Way
    heads: tuple[Head, ...]

    @property
    def begin_clocks(self) -> int:
        """Of both streams, to the first position."""
        return way_clocks(self.to_keys) + way_clocks(self.to_values)

    @property
    def clocks(self) -> int:
        """Of both streams, from head to head of each position and on to the next."""
        return 2 * way_clocks(self.on) + sum(way_clocks(head.to_keys + head.to_values) for head in self.heads)

    @property
    def past_clocks(self) -> int:
        """Past the values of all heads."""
        return sum(way_clocks(head.past) for head in self.heads)


@dataclass(frozen=True)
class Reach:
    """A window: the word for the index of its first position, and how many bytes that is before the newest's."""

    begin: str
    back: int


def reaches(config: ModelConfig, windows: Sequence[int]) -> tuple[Reach, ...]:
    """The windows of a layer's heads that are shorter than the context, longest first."""
    return tuple(
        Reach(_begin(number), 2 * (window - 1))
        for number, window in enumerate(_distinct(windows))
        if window < config.block_size
    )


def stretches(config: ModelConfig, windows: Sequence[int], keys: str, values: str) -> tuple[Stretch, ...]:
    """Those of a layer, oldest first. windows (n_head,): how many each head sees; keys, values: its caches."""
    if config.block_size > HALF_POSITIONS:
        rows = [_Row(config, range(config.n_head), half) for half in range(2)]
        return (
            _stretch(rows[0], 0, "#0", "ZERO_PAGE + half_end", keys, values),
            _stretch(rows[1], 1, "#0", "ZERO_PAGE + row_end", keys, values, later=True),
        )
    ends = [*map(_begin, range(1, len(distinct := _distinct(windows)))), "ZERO_PAGE + row_end"]
    oldest = "#0" if distinct[0] == config.block_size else f"a:{_begin(0)}"
    return tuple(
        _stretch(
            _Row(config, [head for head, seen in enumerate(windows) if seen >= window]),
            number,
            "" if number else oldest,
            end,
            keys,
            values,
        )
        for number, (window, end) in enumerate(zip(distinct, ends, strict=True))
    )


def stretch_lengths(context: int, windows: Sequence[int]) -> Ints:
    """How many positions are in each stretch, by the newest position: (T, stretches)."""
    seen = np.arange(1, context + 1)
    begins = [np.maximum(seen - window, 0) for window in _distinct(windows)]
    return np.diff(np.stack([*begins, seen]), axis=0).T


def _distinct(windows: Sequence[int]) -> list[int]:
    return sorted(set(windows), reverse=True)


def _begin(number: int) -> str:
    return f"window_begin + {2 * number}"


def _stretch(
    row: _Row, number: int, begin: str, end: str, keys: str, values: str, *, later: bool = False
) -> Stretch:
    there = later or (begin == "#0" and not row.places[0])
    return Stretch(
        number=number,
        begin=begin,
        end=end,
        later=later,
        may_be_empty=end.startswith("window"),
        to_keys=() if there else row.begin(keys),
        to_values=() if there else row.begin(values),
        on=row.on,
        heads=row.turns(keys, values),
    )


@dataclass(frozen=True)
class _Row:
    """A row as some heads read it, in one half of the positions."""

    config: ModelConfig
    heads: Sequence[int]
    half: int = 0

    @cached_property
    def order(self) -> list[int]:
        """The heads as they take their turns."""
        group = self.config.n_head // self.config.kv_heads
        sharing = [[head for head in self.heads if head // group == n] for n in range(self.config.kv_heads)]
        return [members[turn] for turn in range(group) for members in sharing if turn < len(members)]

    @cached_property
    def places(self) -> list[int]:
        """The first byte of each."""
        group = self.config.n_head // self.config.kv_heads
        return [head // group * self.config.head_dim for head in self.order]

    @cached_property
    def gaps(self) -> list[int]:
        """Bytes to each from the end of the head before it; to the first from the last head of the row before."""
        ends = [place + self.config.head_dim for place in self.places]
        before = [ends[-1] - self.config.kv_dim, *ends[:-1]]
        return [place - end for place, end in zip(self.places, before, strict=True)]

    def turns(self, keys: str, values: str) -> tuple[Head, ...]:
        """The heads in their turns."""
        width, context = self.config.head_dim, self.config.block_size
        return tuple(
            Head(
                number,
                tuple(range(number * width, (number + 1) * width)),
                2 * (context * number + HALF_POSITIONS * self.half),
                self._to(keys, n),
                self._to(values, n),
                self._past(values, n),
            )
            for n, number in enumerate(self.order)
        )

    @property
    def on(self) -> Way:
        """From the last head to the first one of the next row, unless that is sought."""
        return (READ_PAST,) * self.gaps[0] if self._flows(self.gaps[0]) else ()

    def begin(self, cache: str) -> Way:
        """To the first head, unless that is sought in every row."""
        return self._seek(cache, self.places[0]) if self._flows(self.gaps[0]) else ()

    def _to(self, cache: str, n: int) -> Way:
        """To the n-th turn, behind `on`."""
        if self._flows(self.gaps[n]):
            return (READ_PAST,) * self.gaps[n] if n else ()
        return self._seek(cache, self.places[n])

    def _past(self, cache: str, n: int) -> Way:
        """Past the n-th turn; with windows, nowhere if the next turn is sought anyway."""
        width = self.config.head_dim
        if self.config.windows and not self._flows(self.gaps[(n + 1) % len(self.gaps)]):
            return ()
        return (READ_PAST,) * width if self._flows(width) else self._seek(cache, self.places[n] + width)

    def _flows(self, gap: int) -> bool:
        """Whether reading past a gap, in bytes, is no slower than seeking."""
        return gap >= 0 and STREAM_READ * gap <= seek_clocks(self.config)

    def _seek(self, cache: str, byte: int) -> Way:
        """To a byte of this position's row."""
        place = self.half * HALF_POSITIONS * self.config.kv_dim + byte
        return ("tya", *times(self.config.kv_dim), f"adc #.loword({cache} + {place})", "sta <WMADDL")


def times(width: int) -> list[str]:
    """A = 2 · n, carry clear after it: A = n · width, through weight_sum."""
    code = ["lsr a"] if width % 2 else []
    rest = width if width % 2 else width // 2
    zeros = (rest & -rest).bit_length() - 1
    odd = rest >> zeros
    if odd > 1:
        code.append("sta a:ZERO_PAGE + weight_sum")
        for bit in bin(odd)[3:]:
            code += ["asl a", *(["adc a:ZERO_PAGE + weight_sum"] if bit == "1" else [])]
    return code + ["asl a"] * zeros or ["clc"]


def way_clocks(way: Way) -> int:
    """The clocks of a way of the stream."""
    return sum(CLOCKS.get(line, 34 if " a:" in line else 18 if "#" in line else 12) for line in way)


def seek_clocks(config: ModelConfig) -> int:
    """Those of a new address."""
    return 12 + way_clocks(tuple(times(config.kv_dim))) + 18 + 24


def skip_clocks(config: ModelConfig) -> int:
    """The clocks to pass by a head without weight: reading its values into nothing, or a new address."""
    return min(STREAM_READ * config.head_dim, seek_clocks(config))
