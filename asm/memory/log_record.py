"""The log record: where the console writes what a host reads back. The ROM and its readers agree on this file."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from asm.memory.save_format import SaveFormat
from asm.screens.names import name_list
from asm.targets import TARGETS
from asm.targets.sa1 import BLOCK_BYTES, BWRAM
from asm.targets.stock import STOCK
from quantize.kernel import TraceEntry
from quantize.model import IntegerModel
from quantize.schedule import LOGITS

HOST_BLOCK = STOCK.host_block
"""Address of the stock cartridge's host block; its fields are words in this order after a 4-byte magic."""

HOST_FIELDS = (
    "command",
    "status",
    "seed",
    "temperature",
    "count",
    "prompt_length",
    "log_count",
    "capacity",
    "record_bytes",
    "watch",
    "top_p",
    "prompt",
)
HOST_MAGIC = b"GPT1"
WORK_RAM = 0x7E0000
LOG_ADDRESS = 0x10000
"""Offset of the second bank in work RAM, or in BW-RAM: the log begins there."""

RECORD_WORDS = ("token", "position", "next_token", "x", "y")
LOGITS_OFFSET = 2 * len(RECORD_WORDS)


def host_field(name: str, block: int = HOST_BLOCK) -> int:
    """Address of a field of the host block that begins at `block`."""
    return block + len(HOST_MAGIC) + 2 * HOST_FIELDS.index(name)


SHARED_BYTES = 1 << 10
"""Saves may take as much of the vectors' block."""

OTHER_VECTORS = 256
"""More than all vectors take whose length is none of the model's."""


@dataclass(frozen=True)
class HostPlaces:
    """Where a cartridge talks with a host: addresses of the host block and of the log.

    window: the block of BW-RAM that both processors see in bank 0, where there are two.
    """

    block: int
    log: int
    window: int | None


def host_places(model: IntegerModel) -> HostPlaces:
    """Those of a model's cartridge."""
    target = TARGETS[model.target]
    if not target.apart:
        return HostPlaces(target.host_block, WORK_RAM + LOG_ADDRESS, None)
    window, offset = divmod(before_vectors(model), BLOCK_BYTES)
    return HostPlaces(target.host_block + offset, BWRAM + LOG_ADDRESS, window)


def saved_bytes(model: IntegerModel) -> int:
    """The size of the battery RAM that the names kept take."""
    return SaveFormat(name_list(model).entry_bytes, packed=TARGETS[model.target].apart).sram_bytes


def before_vectors(model: IntegerModel) -> int:
    """Bytes of BW-RAM before the vectors: they begin where the saves end, or in the next block.

    The next, where little would be left for them in the block in which saves end.
    """
    saved = saved_bytes(model)
    in_last = saved % BLOCK_BYTES
    return saved + BLOCK_BYTES - in_last if in_last > SHARED_BYTES else saved


@dataclass(frozen=True)
class CacheRoom:
    """What caches may take of BW-RAM's first bank: bytes of the vectors' block, and the blocks behind it."""

    shared: int
    blocks: int


def cache_room(model: IntegerModel) -> CacheRoom:
    """What is surely left of the vectors' block, whatever kernels a model has."""
    saved, config = before_vectors(model), model.config
    vectors = 8 * config.n_embd + 4 * config.n_hidden + 2 * config.vocab_size + config.block_size
    low = host_field("prompt", 0) + 2 * vectors + OTHER_VECTORS
    return CacheRoom(
        max(BLOCK_BYTES - saved % BLOCK_BYTES - low, 0), LOG_ADDRESS // BLOCK_BYTES - saved // BLOCK_BYTES - 1
    )


@dataclass(frozen=True)
class RecordLayout:
    """One token of the log: five words, the logits, then (traced) every intermediate. Offsets in bytes."""

    model: IntegerModel
    traced: bool

    @cached_property
    def entries(self) -> dict[str, tuple[int, TraceEntry]]:
        """Trace name → (offset, entry), in order; the logits are among them."""
        offset = LOGITS_OFFSET + 2 * self.model.config.vocab_size
        placed: dict[str, tuple[int, TraceEntry]] = {}
        config = self.model.config
        for entry in (entry for kernel in self.model.program for entry in kernel.observed(config)):
            if entry.name == LOGITS:
                placed[entry.name] = (LOGITS_OFFSET, entry)
                continue
            placed[entry.name] = (offset, entry)
            offset += 2 * math.prod(entry.shape)
        return placed

    @property
    def size(self) -> int:
        """Bytes of one record."""
        if not self.traced:
            return LOGITS_OFFSET + 2 * self.model.config.vocab_size
        return max(offset + 2 * math.prod(entry.shape) for offset, entry in self.entries.values())
