"""The fast cartridge's routines and numbers as their templates see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from asm.memory.work_ram import Area
from trainer.config import ModelConfig

MAX_UNROLLED = 3
MAX_SHOWN_HEADS = 16
"""So many heads can be looked at: each has attention weights of its own, so that all stand when a layer is done."""


def kept_weights(config: ModelConfig) -> tuple[str, ...]:
    """Where each head's attention weights stand; heads beyond those shown share the common buffer."""
    kept = min(config.n_head, MAX_SHOWN_HEADS)
    own = [f"kept_weights + {2 * config.block_size * head}" for head in range(kept)]
    return (*own, *["weights"] * (config.n_head - kept))


@dataclass(frozen=True)
class Variant:
    """One way to shift a norm's product: right or left by so many bits."""

    right: int
    left: int

    @property
    def unrolled(self) -> bool:
        """The shifts that a residual stream of usual size asks for: worth their room in ROM."""
        return self.right <= MAX_UNROLLED and self.left < MAX_UNROLLED


@dataclass(frozen=True)
class ScaledSums:
    """The routine that adds a column's sums to the residual stream, where they are 2^exponent times too large."""

    exponent: int

    @property
    def entry(self) -> str:
        """Its label."""
        return f"add_sums_{self.exponent}"

    def size(self, d: int) -> int:
        """Bytes, instruction by instruction."""
        return (13 + self.exponent) * d + 1


@dataclass(frozen=True)
class NormRoutine:
    """A table norm: its label, its squares, and code for every shift that can occur, least first."""

    entry: str
    comment: str
    segment: str
    bits: int
    epsilon: int
    squares: str
    variants: tuple[Variant, ...]
    variants_below: int
    size: int
    doublings: int = 0

    @property
    def to_offset(self) -> tuple[str, ...]:
        """From x + 2^bits to the offset of its square."""
        return table_offset(self.bits)


def table_offset(bits: int) -> tuple[str, ...]:
    """From x + 2^bits to the offset of its step in a table of 4,096 words."""
    return ("asl a",) * (12 - bits) if bits < 12 else ("lsr a",) * (bits - 12) + ("and #$FFFE",)


def norm_bytes(d: int, bits: int, doublings: int, variants: Sequence[Variant]) -> int:
    """Bytes of a table norm in digits.asm, instruction by instruction."""
    total = 5 + d * (21 + (bits - 12 + 3 if bits >= 12 else 12 - bits)) + 33 + 7
    for variant in variants:
        scale = 6 + variant.right if variant.right else 4 + variant.left
        each = 12 + doublings + scale + 13
        total += 2 + 2 + 3 + (d * each if variant.unrolled else each + 6)
    return total


def vectors_bytes(d: int, head_shift: int, scaled_sums: Sequence[ScaledSums]) -> int:
    """Bytes of clear_sums, add_sums, clamp_residual and these."""
    clamp = 36 + (head_shift + 3 if head_shift else 0)
    return 4 + 3 * d + 1 + 13 * d + 1 + clamp * d + sum(sums.size(d) for sums in scaled_sums)


@dataclass(frozen=True)
class FastTables:
    """The numbers of the fast kernels' memory and tables."""

    page: str
    sums: int
    shifted: int
    pages_start: int
    pages: tuple[Area, ...]
    segment: str
    norm_bias: int
    head_clamp: int
    head_shift: int
    scaled_sums: tuple[ScaledSums, ...]
    exp7_entries: int
