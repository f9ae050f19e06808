"""What a llama model adds to the fast cartridge: turns, gates and cut sums, as their templates see them."""

from __future__ import annotations

from dataclasses import dataclass

from asm.kernels.ppu_attention import instruction_bytes, times
from asm.routines import table_offset
from quantize.fixed import Ints
from trainer.config import ModelConfig

PART_BYTES = 256
"""Of a part of the hidden units: plus and minus, a direct page."""

MINUS_PART = 128


@dataclass(frozen=True)
class Pair:
    """Two dimensions that are turned together: their number, their angle's; what is added to each of a key."""

    number: int
    angle: int
    first: int = 0
    second: int = 0


@dataclass(frozen=True)
class RotaryRoutine:
    """A layer's turns."""

    entry: str
    comment: str
    segment: str
    times_row: tuple[str, ...]
    query_pairs: tuple[Pair, ...]
    key_pairs: tuple[Pair, ...]
    query_shift: int
    key_shift: int
    value_shift: int
    size: int

    @property
    def clocks(self) -> float:
        """Of a token, before refresh: the macros of rotary.asm, instruction by instruction."""
        narrow = 92
        query = len(self.query_pairs) * (TURN_CLOCKS + 102 + 24 * self.query_shift)
        key = len(self.key_pairs) * (TURN_CLOCKS + 34 + 2 * (30 + narrow + 12 * self.key_shift))
        value = 2 * len(self.key_pairs) * (64 + narrow + 12 * self.value_shift)
        angles = max(pair.angle for pair in self.query_pairs) + 1
        return 300 + 140 * angles + query + key + value

    @property
    def value_start(self) -> int:
        """What is added to a value before it is narrowed."""
        return narrow_start(self.value_shift)


def narrow_start(shift: int) -> int:
    """Half of what is cut off, and 128 of the bytes that are left."""
    return ((1 << shift) >> 1) + (128 << shift)


def pairs(config: ModelConfig, elements: int) -> tuple[Pair, ...]:
    """The pairs of that many elements."""
    return tuple(Pair(n, n % (config.head_dim // 2)) for n in range(elements // 2))


def key_pairs(config: ModelConfig, centre: Ints, shift: int) -> tuple[Pair, ...]:
    """Those of the keys. centre (kv_dim,) Q8.8."""
    starts = [(narrow_start(shift) - int(middle)) & 0xFFFF for middle in centre]
    return tuple(
        Pair(pair.number, pair.angle, starts[2 * pair.number], starts[2 * pair.number + 1])
        for pair in pairs(config, config.kv_dim)
    )


TURN_CLOCKS = 2 * 88 + 4 * 284 + 34 + 34 + 80 + 64
"""Of the macro `turn`: two factors, four products and what joins them."""

TURN_BYTES = 2 * 10 + 4 * 27 + 3 + 3 + 7 + 7
"""Of the macro `turn`."""


def rotary_bytes(config: ModelConfig, query_shift: int, key_shift: int, value_shift: int) -> int:
    """Bytes of a layer's turns, instruction by instruction."""
    narrow = 23
    start = 3 + 1 + instruction_bytes(tuple(times(2 * config.head_dim))) + 1 + 7 * config.head_dim + 4 + 2
    query = config.n_embd // 2 * (TURN_BYTES + 2 * query_shift + 9)
    key = config.kv_dim // 2 * (TURN_BYTES + 2 * (4 + narrow + key_shift) + 3)
    value = config.kv_dim * (7 + narrow + value_shift)
    return start + query + key + value + 7


@dataclass(frozen=True)
class Unit:
    """A hidden unit: its number, and where its slot stands."""

    number: int
    slot: int


@dataclass(frozen=True)
class GateRoutine:
    """A layer's gates."""

    entry: str
    comment: str
    segment: str
    table: str
    bits: int
    limit: int
    shift: int
    bias: int
    units: tuple[Unit, ...]
    size: int

    @property
    def clocks(self) -> float:
        """Of a token, before refresh: gated.asm, instruction by instruction."""
        each = 776 + sum(18 if "#" in line else 12 for line in self.to_offset) + 12 * self.shift
        return 200 + len(self.units) * each

    @property
    def to_offset(self) -> tuple[str, ...]:
        """From a gate, 2^bits on top, to the table's offset."""
        return table_offset(self.bits)

    @property
    def to_slot(self) -> int:
        """From a halved unit, the halved limit on top, to its slot."""
        return (self.bias - (self.limit >> self.shift)) & 0xFFFF


def gate_bytes(units: int, bits: int, shift: int) -> int:
    """Bytes of a layer's gates, instruction by instruction."""
    each = 7 + instruction_bytes(table_offset(bits)) + 2 + 1 + 4 + 2 + 1 + 2 + 1 + 1 + 2
    each += 3 + 2 + 2 + 3 + 3 + 4 + 1 + 1 + 2 + 2 + 4 + 3 + 2 + 2 + 4 + 4 + 3 + 2
    each += 3 + 3 + 2 + 3 + shift + 3 + 3 + 3 + 1 + 3 + 3
    return 4 + units * each + 2 + 4 + 1


@dataclass(frozen=True)
class SumRoutine:
    """One way to add to the residual stream: doublings of what is added, the stream's range, and how far beyond
    it a sum may be that no word holds (0: none is).
    """

    entry: str
    segment: str
    elements: int
    bits: int
    doublings: int
    far: int
    size: int

    @property
    def clocks(self) -> float:
        """Of a use, before refresh."""
        return 96 + self.elements * (220 + (94 if self.far else 0) + 12 * self.doublings)

    @property
    def limit(self) -> int:
        """The largest element."""
        return (1 << self.bits) - 1


def sum_entry(bits: int, doublings: int, far: bool) -> str:
    """A routine for each of these, whatever the layer."""
    return f"add_cut_{bits}_{doublings}" + ("_far" if far else "")


def sum_bytes(d: int, doublings: int, far: bool) -> int:
    """Bytes, instruction by instruction."""
    return d * (3 + (12 if far else 0) + doublings + 4 + 4 + 3 + 2 + 3 + 3 + 2 + 3 + 4 + 3) + 1
