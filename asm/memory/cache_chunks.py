"""How the SA-1's caches are cut: its window shows one block of BW-RAM, and an index of 8 bits reaches 128 words.

A layer's cache is cut where a block ends. While all caches fit whole blocks of the first bank, a layer that would
be cut more often than need be begins in a new one; else layer follows layer without a gap, and the first begins in
what the vectors leave of their block.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from asm.memory.log_record import CacheRoom
from asm.targets.sa1 import BLOCK_BYTES
from quantize.kernels.mac_attention import PAIR
from trainer.config import ModelConfig

MAX_CHUNK = 128
"""As many words reaches an 8-bit index."""


def cache_chunks(config: ModelConfig, room: CacheRoom) -> tuple[Sequence[int], ...]:
    """The positions of each chunk, layer by layer, all even. room: in the first bank.

    Chunks that are placed in this order, one behind the other or else in the next block, are where they were cut.
    """
    row = 2 * config.kv_dim
    block, shared = (size // row // PAIR * PAIR for size in (BLOCK_BYTES, room.shared))
    context = -(-config.block_size // PAIR) * PAIR
    at, bank = 0, room.blocks * block
    if context * config.n_layer > bank:
        at, bank = block - shared, bank + block
    found = []
    for layer in range(config.n_layer):
        here, end = tuple(_cut(at, context, block)), -(-at // block) * block
        anew = tuple(_cut(end, context, block))
        if len(anew) < len(here) and end + context * (config.n_layer - layer) <= bank:
            at, here = end, anew
        found.append(here)
        at += context
    return tuple(found)


def _cut(at: int, positions: int, block: int) -> Iterator[int]:
    """The chunks of what begins at a position of the blocks: cut where one ends, and in about equal parts."""
    while positions:
        rest = inside = min(positions, block - at % block)
        for parts in range(-(-inside // MAX_CHUNK), 0, -1):
            part = -(-rest // (parts * PAIR)) * PAIR
            yield part
            rest -= part
        at, positions = at + inside, positions - inside
