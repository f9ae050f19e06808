"""Rotary positions, and the attention that reads turned queries and keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from quantize.fixed import HALVES_LIMIT, ONE, WORD_MAX, Ints, narrow_limit
from quantize.images import boxed
from quantize.kernel import SLOTS, WORDS, Form, Fused, Leaf, State, Step, TraceEntry
from quantize.kernels.byte_attention import ByteAttention
from quantize.schedule import Rotary
from tables.rotary import rotary_table, rotary_worst_error
from trainer.config import ModelConfig

if TYPE_CHECKING:
    from quantize.model import IntegerModel
    from quantize.ranges import Ranges


def rotate(x: Ints, position: Ints, base: float, positions: int) -> Ints:
    """Every pair of a head's dimensions turned by its angle: (x₀ cos − x₁ sin, x₀ sin + x₁ cos).    asm: rotary

    Each of the four products is floored to Q8.8. x (B, heads, head_dim) Q8.8; position (B,), below `positions`;
    returns x's shape.
    """
    turn = rotary_table(x.shape[-1], positions, base)[position][:, None]
    cos, sin = turn[..., 0], turn[..., 1]
    first, second = x[..., 0::2], x[..., 1::2]
    turned = np.empty_like(x)
    turned[..., 0::2] = ((first * cos) >> 8) - ((second * sin) >> 8)
    turned[..., 1::2] = ((first * sin) >> 8) + ((second * cos) >> 8)
    return turned


@dataclass(frozen=True)
class Turn(Leaf):
    """rotate, of the query and of the key, which is kept less its centre."""

    block: Rotary

    def traced(self, config: ModelConfig) -> tuple[TraceEntry, ...]:
        return (TraceEntry(self.block.name, (config.n_embd + config.kv_dim,)),)

    def observed(self, config: ModelConfig) -> tuple[TraceEntry, ...]:
        """Nothing: they become what attention reads at once."""
        return ()

    def bind(self, model: IntegerModel) -> Step:
        block, config, centre = self.block, model.config, model.tensors[self.block.centre]

        def turned(x: Ints, position: Ints) -> Ints:
            heads = x.reshape(len(x), -1, config.head_dim)
            return rotate(heads, position, config.rope_base, config.block_size).reshape(len(x), -1)

        def run(state: State) -> None:
            query, key = (turned(state.buffers[name], state.position) for name in (block.query, block.key))
            state.buffers[block.query] = query
            state.caches[block.keys][np.arange(len(key)), state.position] = key - centre
            state.note(block.name, np.concatenate([query, key], axis=1))

        return run

    def bounds(self, ranges: Ranges) -> None:
        """A pair is no longer than the norm of its two rows allows, and the rounded cosine and sine make it; the
        floors move an element by two.
        """
        block, config = self.block, ranges.config
        longer = 1 + rotary_worst_error(config.head_dim, config.block_size, config.rope_base)
        for buffer, kept in ((block.query, block.query), (block.key, block.keys)):
            ranges.note(block.name, f"{buffer} before", ranges.elements(buffer).max() / ONE, HALVES_LIMIT / ONE)
            pairs = ranges.matrices[buffer].reshape(-1, 2, config.n_embd)
            longest = (np.linalg.norm(pairs, 2, axis=(1, 2)) * ranges.radius + np.sqrt(2)) * longer + 2
            ranges.note(block.name, f"{buffer}", longest.max() / ONE, WORD_MAX / ONE)
            ranges.images[kept], ranges.sizes[kept] = boxed(longest.repeat(2)), 2 * len(longest)


@dataclass(frozen=True)
class TurnedAttention(Fused):
    """Turn, keys and values cut to bytes, and the attention that reads them."""

    turn: Turn
    attention: ByteAttention

    @property
    def targets(self) -> Sequence[str]:
        return self.attention.targets

    @property
    def reads(self) -> Mapping[str, Form]:
        block = self.turn.block
        return dict.fromkeys((block.query, block.key, self.attention.block.values), WORDS)

    @property
    def writes(self) -> Mapping[str, Form]:
        return {self.attention.block.out: SLOTS}

    def bounds(self, ranges: Ranges) -> None:
        self.turn.bounds(ranges)
        block = self.turn.block
        keys = ranges.elements(block.keys) + np.abs(ranges.model.tensors[block.centre][0])
        limit = narrow_limit(self.attention.key_shift)
        ranges.note(block.name, "key from its centre", keys.max() / ONE, limit)
        self.attention.bounds_of_cut(ranges)
