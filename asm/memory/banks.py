"""Where things lie in ROM: banks of 32 KiB, filled in order; what must not cross a bank's end does not."""

from __future__ import annotations

from dataclasses import dataclass

from trainer.errors import InputError

BANK_BYTES = 0x8000
MAX_BANKS = 128
FAST = 0x80
"""Bank n is seen in FastROM as bank $80 + n."""


@dataclass
class Packer:
    """Fills banks from bank 1; bank 0 holds the program and its tables."""

    bank: int = 1
    free: int = BANK_BYTES

    def place(self, size: int) -> int:
        """The bank of the next `size` bytes. Raises InputError beyond 4 MiB or for more than a bank."""
        if size > BANK_BYTES:
            raise InputError(f"a piece of {size:,} bytes does not fit a bank of 32 KiB: use a smaller shape")
        if size > self.free:
            self.bank, self.free = self.bank + 1, BANK_BYTES
        if self.bank >= MAX_BANKS:
            raise InputError("the cartridge would exceed 4 MiB: use a smaller shape, fewer digits or less context")
        self.free -= size
        return self.bank


def power_of_two(number: int) -> int:
    """The smallest power of two ≥ number."""
    return 1 << (number - 1).bit_length()


def segment(bank: int) -> str:
    """The linker segment of a bank."""
    return f"BANK{bank}"
