"""Where things are in ROM: banks filled in order; what must not cross a bank's end does not."""

from __future__ import annotations

from dataclasses import dataclass, field

from asm.targets.target import Target
from trainer.errors import InputError


@dataclass
class Packer:
    """Fills a target's banks from bank 1; bank 0 holds the program and its tables."""

    target: Target
    bank: int = 1
    free: int = field(default=0)

    def __post_init__(self) -> None:
        self.free = self.target.bank_bytes

    def place(self, size: int) -> int:
        """The bank of the next `size` bytes, which may be beyond the largest ROM. Raises InputError for more than a
        bank.
        """
        bank_bytes = self.target.bank_bytes
        if size > bank_bytes:
            raise InputError(
                f"a piece of {size:,} bytes does not fit a bank of {bank_bytes >> 10} KiB: use a smaller shape"
            )
        if size > self.free:
            self.bank, self.free = self.bank + 1, bank_bytes
        self.free -= size
        return self.bank

    @property
    def kibibytes(self) -> int:
        """The banks that are filled so far, and the one before."""
        return (self.bank + 1) * self.target.bank_bytes >> 10

    def check(self) -> None:
        """Raises InputError with the sizes where all that is placed takes more than the largest ROM."""
        most = self.target.max_banks * self.target.bank_bytes >> 10
        if self.kibibytes > most:
            raise InputError(
                f"the cartridge would take {self.kibibytes:,} KiB and a ROM has {most:,} at most: "
                "use a smaller shape, fewer digits or less context"
            )


def power_of_two(number: int) -> int:
    """The smallest power of two ≥ number."""
    return 1 << (number - 1).bit_length()


def segment(bank: int) -> str:
    """The linker segment of a bank's data."""
    return f"BANK{bank}"


def code_segment(bank: int) -> str:
    """The linker segment of a bank's straight-line code, behind everything else."""
    return f"CODE{bank}"
