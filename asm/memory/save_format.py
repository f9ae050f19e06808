"""The contents of the cartridge's battery RAM, byte by byte: docs/save.md. The twin of save.asm.

Two copies of the list; a save writes the one that is not current, so that one is whole at any moment.
"""

from __future__ import annotations

from binascii import crc_hqx
from collections.abc import Iterator
from dataclasses import dataclass

from tables.look.themes import THEMES
from trainer.errors import InputError

CAPACITY = 64
"""Names in a full list."""

MAGIC, VERSION = b"SGPT", 1
CRC, BODY, HEADER_BYTES = 4, 6, 16
"""Offsets in a copy: the checksum, the first byte it covers, the first entry."""

CRC_START, CRC_BYTES = 0xFFFF, 256
MUTED, THEME_SHIFT, THEME_BITS = 1, 1, 7
SRAM_SIZES = (8 << 10, 32 << 10)
"""Bytes of the save RAMs that cartridges of this kind were made with."""

LOADED, SECOND_BAD, FIRST_BAD, RESET = range(4)
"""The results of loading: both copies good, one of them damaged and written anew, none good: an empty list."""


@dataclass(frozen=True)
class Kept:
    """A list as a copy holds it, and the settings; `sequence` counts the saves, modulo 2^16."""

    names: tuple[str, ...] = ()
    muted: bool = False
    sequence: int = 0
    theme: int = 0


@dataclass(frozen=True)
class Loaded:
    """The list that counts, which copy it is, and what was found: LOADED … RESET."""

    kept: Kept
    copy: int
    state: int


@dataclass(frozen=True)
class SaveFormat:
    """The save RAM of cartridges whose names have `entry_bytes` characters at most (16, 32, 64 or 128).

    packed: at the begin of a larger RAM, which has other uses.
    """

    entry_bytes: int
    packed: bool = False

    @property
    def sram_bytes(self) -> int:
        """Two full copies, and the smallest save RAM that holds them."""
        size = 2 * (HEADER_BYTES + CAPACITY * self.entry_bytes)
        return size if self.packed else next(whole for whole in SRAM_SIZES if whole >= size)

    @property
    def copy_bytes(self) -> int:
        """Where the second copy begins."""
        return self.sram_bytes // 2

    def copy(self, kept: Kept) -> bytes:
        """A copy, as long as it is. Raises InputError for too many names, or one that is empty or too long."""
        if len(kept.names) > CAPACITY:
            raise InputError(f"{len(kept.names)} names: the cartridge keeps {CAPACITY}")
        entries = b"".join(map(self.entry, kept.names))
        flags = MUTED * kept.muted | kept.theme << THEME_SHIFT
        words = (kept.sequence & 0xFFFF, flags, len(kept.names), 0)
        header = bytes((VERSION, self.entry_bytes)) + b"".join(word.to_bytes(2, "little") for word in words)
        body = header + entries
        return MAGIC + crc_hqx(body, CRC_START).to_bytes(2, "little") + body

    def entry(self, name: str) -> bytes:
        """A name, zeros behind it. Raises InputError when it is empty, too long or not of 8-bit characters."""
        if not 0 < len(name) <= self.entry_bytes or not all(0 < ord(letter) < 256 for letter in name):
            raise InputError(f"cannot keep {name!r}: 1 to {self.entry_bytes} characters of one byte each")
        return name.encode("latin-1").ljust(self.entry_bytes, b"\0")

    def compose(self, first: Kept, second: Kept) -> bytes:
        """A whole save RAM. Raises InputError as `copy`."""
        return b"".join(self.copy(kept).ljust(self.copy_bytes, b"\0") for kept in (first, second))

    def parse(self, copy: bytes) -> Kept | None:
        """The list in a copy, None when it is not whole, not ours, or of another entry size."""
        count = int.from_bytes(copy[12:14], "little")
        end = HEADER_BYTES + count * self.entry_bytes
        if copy[:CRC] != MAGIC or copy[BODY:8] != bytes((VERSION, self.entry_bytes)) or count > CAPACITY:
            return None
        if crc_hqx(copy[BODY:end], CRC_START) != int.from_bytes(copy[CRC:BODY], "little"):
            return None
        entries = (copy[at : at + self.entry_bytes] for at in range(HEADER_BYTES, end, self.entry_bytes))
        names = tuple(entry.rstrip(b"\0").decode("latin-1") for entry in entries)
        theme = copy[10] >> THEME_SHIFT & THEME_BITS
        sequence = int.from_bytes(copy[8:10], "little")
        return Kept(names, bool(copy[10] & MUTED), sequence, theme if theme < len(THEMES) else 0)

    def load(self, sram: bytes) -> Loaded:
        """The result of loading at power-on, before the cartridge repairs a damaged copy.    asm: load_kept"""
        first, second = (self.parse(sram[at : at + self.copy_bytes]) for at in (0, self.copy_bytes))
        state = FIRST_BAD * (first is None) + SECOND_BAD * (second is None)
        if first and second:
            newer = (second.sequence - first.sequence - 1) & 0xFFFF < 0x8000
            return Loaded(second if newer else first, int(newer), state)
        return Loaded(first or second or Kept(), int(state == FIRST_BAD), state)

    def writes(self, copy: int, kept: Kept) -> Iterator[tuple[int, int]]:
        """Every byte that saving a list as this copy writes, in order: (offset in the save RAM, value).

        First the magic goes, last it comes: in between this copy is none. Raises InputError as `copy`.
        """
        start, data = copy * self.copy_bytes, self.copy(kept)
        yield from ((start + at, 0) for at in (0, 1))
        entries, header = range(HEADER_BYTES, len(data)), range(BODY, HEADER_BYTES)
        places = (entries, header, range(CRC, BODY), range(2, CRC), range(2))
        yield from ((start + at, data[at]) for place in places for at in place)


def crc_table() -> list[int]:
    """(256,) the checksum of every byte from zero: crc' = crc << 8 ^ table[crc >> 8 ^ byte].    asm: copy_crc"""
    return [crc_hqx(bytes([byte]), 0) for byte in range(CRC_BYTES)]
