"""The log record: where the console writes what a host reads back. The ROM and its readers agree on this file."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from quantize.kernel import TraceEntry
from quantize.model import IntegerModel
from quantize.schedule import LOGITS

HOST_BLOCK = 0x0100
"""Work RAM address of the host block; its fields are words in this order after a 4-byte magic."""

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
LOG_ADDRESS = 0x10000
"""Offset of bank $7F in work RAM: the log begins there."""

RECORD_WORDS = ("token", "position", "next_token", "x", "y")
LOGITS_OFFSET = 2 * len(RECORD_WORDS)


def host_field(name: str) -> int:
    """Work RAM address of a field of the host block."""
    return HOST_BLOCK + len(HOST_MAGIC) + 2 * HOST_FIELDS.index(name)


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
