"""The fast cartridge's routines and numbers as their templates see them."""

from __future__ import annotations

from dataclasses import dataclass

from trainer.config import ModelConfig

MOST_UNROLLED = 3
MOST_SHOWN_HEADS = 16
"""So many heads can be looked at: each has attention weights of its own, so that all stand when a layer is done."""


def kept_weights(config: ModelConfig) -> tuple[str, ...]:
    """Where each head's attention weights stand; heads beyond those shown share the common buffer."""
    kept = min(config.n_head, MOST_SHOWN_HEADS)
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
        return self.right <= MOST_UNROLLED and self.left < MOST_UNROLLED


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


@dataclass(frozen=True)
class Head:
    """One head: its inputs' numbers, where its weights and its traces go."""

    inputs: tuple[int, ...]
    weights: str
    trace_scores: int
    trace_weights: int


@dataclass(frozen=True)
class AttentionRoutine:
    """A layer's attention on the PPU."""

    entry: str
    comment: str
    segment: str
    cache: str
    heads: tuple[Head, ...]
    key_shift: int
    bias: int
    mean_start: int
    mean_shift: int
    mean_to_slot: int
    long_sums: bool
    trace_query: int
    trace_packed: int


@dataclass(frozen=True)
class FastTables:
    """The numbers of the fast kernels' memory and tables."""

    page: str
    sums: int
    shifted: int
    norm_bias: int
    head_clamp: int
    head_shift: int
    pair_bytes: int
    hidden_in_rows: bool
    exp7_entries: int
    exp7_lines: tuple[str, ...]
    reciprocal_lines: tuple[str, ...]
    front_rows: tuple[str, ...]
