"""How the SA-1's caches of keys and values are cut: a window shows one block of BW-RAM, an index of 8 bits 128 words.

A layer's cache is cut where a block ends. While all caches fit the first bank anyway, a layer that would be cut more
often than need be begins in a new block; else layer follows layer without a gap.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from asm.targets.sa1 import BLOCK_BYTES
from quantize.kernels.mac_attention import PAIR
from trainer.config import ModelConfig

MAX_CHUNK = 128
"""As many words reaches an 8-bit index."""


def cache_chunks(config: ModelConfig, blocks: int) -> tuple[Sequence[int], ...]:
    """The positions of each chunk, layer by layer, all even. blocks: those of the first bank that are left for caches.

    Chunks that are placed in this order, each in the first block that has room, take no more blocks than planned here.
    """
    block = BLOCK_BYTES // (2 * config.kv_dim) // PAIR * PAIR
    context = -(-config.block_size // PAIR) * PAIR
    at, found = 0, []
    for layer in range(config.n_layer):
        here, end = tuple(_cut(at, context, block)), -(-at // block) * block
        anew = tuple(_cut(end, context, block))
        if len(anew) < len(here) and end + context * (config.n_layer - layer) <= blocks * block:
            at, here = end, anew
        found.append(here)
        at += context
    return tuple(found)


def _cut(at: int, positions: int, block: int) -> Iterator[int]:
    """What begins so many positions behind the first block's begin: at the ends of blocks, and in about equal parts."""
    while positions:
        rest = inside = min(positions, block - at % block)
        for parts in range(-(-inside // MAX_CHUNK), 0, -1):
            part = -(-rest // (parts * PAIR)) * PAIR
            yield part
            rest -= part
        at, positions = at + inside, positions - inside
