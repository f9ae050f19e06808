"""The attention of a layer on the PPU as its template sees it, and exactly how many bytes that becomes.

Keys and values are bytes, a row of all dimensions a position, read one after the other through the WRAM port: it
reaches both banks and counts by itself. What is indexed by position are words, 128 of them to an 8-bit index: a
longer context takes its loops twice.
"""

from __future__ import annotations

from dataclasses import dataclass

from asm.memory.banks import BANK_BYTES, Packer, segment
from quantize.blocks import RECIPROCALS
from trainer.config import ModelConfig

HALF_POSITIONS = 128
LARGEST_WEIGHT = 127
TRACE_HERE = 23
STREAM_READ = 18
"""Clocks of a byte read through the WRAM port into nothing."""


@dataclass(frozen=True)
class Head:
    """One head within a half: its inputs' numbers, its row of weights in bytes, the way past its values.

    seek_keys, seek_values: back to the row's first byte, where heads that share keys take their turn.
    """

    number: int
    inputs: tuple[int, ...]
    row: int
    skip: tuple[str, ...]
    seek_keys: tuple[str, ...]
    seek_values: tuple[str, ...]


@dataclass(frozen=True)
class Half:
    """Up to 128 positions: where their index ends (counting up) and begins (counting down)."""

    number: int
    end: str
    last: str
    later: bool
    heads: tuple[Head, ...]


@dataclass(frozen=True)
class AttentionRoutine:
    """A layer's attention on the PPU."""

    entry: str
    comment: str
    segment: str
    weigh_segment: str
    mean_segment: str
    split: bool
    keys: str
    values: str
    halves: tuple[Half, ...]
    long: bool
    long_sums: bool
    max_sums: bool
    query_shift: int
    score_drop: int
    bias: int
    mean_start: int
    mean_shift: int
    mean_to_slot: int
    trace_query: int
    trace_packed: int
    trace_scores: int
    trace_weights: int
    sizes: tuple[int, int, int]
    """Bytes of its three pieces: scores, weights, means."""

    @property
    def half_step(self) -> int:
        """Half a step of the table of exp, in units of the scores: added for rounding."""
        return (1 << self.score_drop) >> 1 if self.score_drop > 0 else 0

    @property
    def score_doublings(self) -> int:
        """How often a score below the best is doubled, where it is coarser than the table of exp."""
        return max(0, -self.score_drop)

    @property
    def segments(self) -> tuple[str, str, str]:
        """The segments of the three pieces."""
        return self.segment, self.weigh_segment, self.mean_segment


def times(width: int) -> list[str]:
    """A = 2 · n, carry clear after it: A = n · width, through weight_sum."""
    code = ["lsr a"] if width % 2 else []
    rest = width if width % 2 else width // 2
    zeros = (rest & -rest).bit_length() - 1
    odd = rest >> zeros
    if odd > 1:
        code.append("sta a:weight_sum")
        for bit in bin(odd)[3:]:
            code += ["asl a", *(["adc a:weight_sum"] if bit == "1" else [])]
    return code + ["asl a"] * zeros or ["clc"]


def skip_clocks(config: ModelConfig) -> int:
    """What passing by a head without weight costs: reading its values into nothing, or a new address."""
    address = 12 + 42 + sum(34 if "a:" in line else 12 for line in times(config.kv_dim))
    return min(STREAM_READ * config.head_dim, address)


def _skip(config: ModelConfig, values: str, half: int, shared: int) -> tuple[str, ...]:
    if STREAM_READ * config.head_dim <= skip_clocks(config):
        return ("ldx STREAM",) * config.head_dim
    return _seek(config, values, half, (shared + 1) * config.head_dim)


def _seek(config: ModelConfig, cache: str, half: int, byte: int) -> tuple[str, ...]:
    """The stream goes on at a byte of this position's row."""
    place = half * HALF_POSITIONS * config.kv_dim + byte
    return ("tya", *times(config.kv_dim), f"adc #.loword({cache} + {place})", "sta <WMADDL")


def halves(config: ModelConfig, keys: str, values: str) -> tuple[Half, ...]:
    """One, or two beyond 128 positions.

    Heads that share keys and values read a row one after the other: first the first head of every group, then
    back to the row's begin for the second.
    """
    width, long, group = config.head_dim, config.block_size > HALF_POSITIONS, config.n_head // config.kv_heads

    def head(half: int, turn: int, shared: int) -> Head:
        number = shared * group + turn
        inputs = tuple(range(number * width, (number + 1) * width))
        row = 2 * (config.block_size * number + HALF_POSITIONS * half)
        again = turn > 0 and shared == 0
        return Head(
            number,
            inputs,
            row,
            _skip(config, values, half, shared),
            _seek(config, keys, half, 0) if again else (),
            _seek(config, values, half, 0) if again else (),
        )

    return tuple(
        Half(
            number,
            "half_end" if long and not number else "row_end",
            "half_last" if long and not number else "position_words",
            bool(number),
            tuple(head(number, turn, shared) for turn in range(group) for shared in range(config.kv_heads)),
        )
        for number in range(1 + long)
    )


def max_sum(config: ModelConfig) -> int:
    """The largest sum of a head's weights before they are scaled."""
    return LARGEST_WEIGHT * config.block_size


def sizes(
    config: ModelConfig, parts: tuple[Half, ...], mean_shift: int, score_drop: int, *, traced: bool
) -> tuple[int, int, int]:
    """Bytes of the three pieces of attention_ppu.asm, instruction by instruction."""
    d, kv, heads, width = config.n_embd, config.kv_dim, config.n_head, config.head_dim
    seeks = [head for half in parts for head in half.heads]
    long_sums, longest = max_sum(config) >= RECIPROCALS, max_sum(config) >= 8 * RECIPROCALS
    later = len(parts) - 1
    trace = TRACE_HERE if traced else 0
    score = 18 + 16 * later + 26 + 10 * kv + 3 * heads + 9 + 3 * trace
    score += len(parts) * (12 + heads * (14 + 17 * width)) + 11 * later
    score += sum(instruction_bytes(head.seek_keys) for head in seeks)
    rounding, shifting = (10, score_drop) if score_drop > 0 else (0, -6 * score_drop)
    weigh = (
        3 + rounding + len(parts) * (3 + 41 + shifting) + 8 * later + 16 + 10 + len(parts) * (3 + 16) + 8 * later
    )
    weigh += (5 + 2 + 13 if long_sums else 0) + (5 + 2 + 19 if longest else 0)
    mean = 3 + 3 * d + 9 + trace + d * (20 + mean_shift + (10 if traced else 0)) + 7
    mean += len(parts) * (12 + heads * (15 + 13 * width)) + 11 * later
    mean += sum(3 + instruction_bytes(head.skip) + instruction_bytes(head.seek_values) for head in seeks)
    return score, heads * weigh, mean


def instruction_bytes(code: tuple[str, ...]) -> int:
    """Bytes of a head's skip."""
    return sum(3 if "a:" in line or "#" in line else 2 if "<" in line or "STREAM" in line else 1 for line in code)


def place(packer: Packer, pieces: tuple[int, int, int]) -> tuple[tuple[str, str, str], bool]:
    """The segments of the three pieces: one if a bank holds them, else each may lie in another. And which it is."""
    if sum(pieces) <= BANK_BYTES:
        one = segment(packer.place(sum(pieces)))
        return (one, one, one), False
    score, weigh, mean = (segment(packer.place(size)) for size in split_sizes(pieces))
    return (score, weigh, mean), True


def split_sizes(pieces: tuple[int, int, int]) -> tuple[int, int, int]:
    """Bytes of the pieces with the jumps that join them."""
    jump = 4
    return pieces[0] + jump, pieces[1] + jump, pieces[2]
