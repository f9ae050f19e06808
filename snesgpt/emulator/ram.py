"""The RAM of a machine by the addresses that its program uses: the console's own, and the cartridge's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asm.targets.sa1 import BLOCK_BYTES, BWRAM, WINDOW
from snesgpt.emulator.console import Console

WORK_RAM, LOW_BYTES = 0x7E0000, 0x2000


@dataclass(frozen=True)
class Ram:
    """Work RAM, whose first 8 KiB are seen in bank 0 too; BW-RAM, a block of which is seen there.

    block: of an SA-1 cartridge, the number of that block. The SA-1's own 2 KiB are seen by nobody.
    """

    console: Console
    block: int | None = None

    def read(self, address: int, size: int) -> bytes:
        """Some bytes. Raises IndexError where there is no RAM, or none that a host sees."""
        return self._slice(address, size).tobytes()

    def write(self, address: int, data: bytes) -> None:
        """Put bytes there. Raises IndexError as `read`."""
        self._slice(address, len(data))[:] = np.frombuffer(data, np.uint8)

    def words(self, address: int, count: int) -> NDArray[np.int16]:
        """(count,) signed words, a copy. Raises IndexError as `read`."""
        return self._slice(address, 2 * count).view("<i2").astype(np.int16)

    def word(self, address: int) -> int:
        """An unsigned word. Raises IndexError as `read`."""
        return int(self.words(address, 1).view(np.uint16)[0])

    def write_words(self, address: int, words: NDArray[np.integer[Any]]) -> None:
        """Put words, modulo 2^16, there. Raises IndexError as `read`."""
        self.write(address, np.asarray(words).astype("<i2").tobytes())

    def _slice(self, address: int, size: int) -> NDArray[np.uint8]:
        memory, offset = self._place(address)
        if not 0 <= offset <= offset + size <= memory.size:
            raise IndexError(f"${address:06X} + {size} bytes: not in RAM that a host sees")
        return memory[offset : offset + size]

    def _place(self, address: int) -> tuple[NDArray[np.uint8], int]:
        if self.block is not None and WINDOW <= address < WINDOW + BLOCK_BYTES:
            return self.console.sram, address - WINDOW + self.block * BLOCK_BYTES
        if self.block is not None and BWRAM <= address < WORK_RAM:
            return self.console.sram, address - BWRAM
        if address < LOW_BYTES:
            return self.console.wram, address
        return self.console.wram, address - WORK_RAM
