"""Where a game lets the library be: its banks, its RAM, and what of the machine it keeps for itself."""

from __future__ import annotations

from dataclasses import dataclass, replace

from asm.memory.work_ram import BANK, PAGE
from asm.targets import TARGETS
from asm.targets.sa1 import BLOCK_BYTES, BWRAM, BWRAM_BYTES
from asm.targets.stock import MEMORY_REFRESH
from asm.targets.target import Target
from trainer.errors import InputError

WORK_RAM = 0x7E0000
LOW_END = 0x2000
"""Work RAM below it is seen in bank 0 and beside ROM."""

DMA_CHANNELS = range(8)
TEXT_BYTES = 1024
"""More than a library keeps of a running text in high work RAM."""

FIRST_BANK = 1
DIRECT_PAGE = 0x0A00
RAM = {"stock": 0x7E8000, "sa1": BWRAM + BLOCK_BYTES}
"""What is meant where a game says nothing: see Place."""


@dataclass(frozen=True)
class Place:
    """What a game decides.

    first_bank: where the library begins, in banks of 32 KiB of the game's ROM. direct_page: where its low RAM
    begins, a multiple of 256. ram: where its other RAM begins: in bank $7E from $2000 on, or BW-RAM. dma_channel:
    the one that it may use, None for none. ppu_multiplier: whether it may use that.
    """

    first_bank: int = FIRST_BANK
    direct_page: int = DIRECT_PAGE
    ram: int | None = None
    dma_channel: int | None = 1
    ppu_multiplier: bool = True


def library_target(name: str, place: Place) -> Target:
    """The target of a library there, by its target's name. Raises InputError for an impossible place."""
    target = TARGETS[name]
    ram = place.ram if place.ram is not None else RAM[name]
    if not 1 <= place.first_bank < target.max_banks:
        known = f"bank 0 has the game's header, and the last is {target.max_banks - 1}"
        raise InputError(f"--first-bank is {place.first_bank}: {known}")
    if place.direct_page % PAGE or not 0 <= place.direct_page < LOW_END:
        raise InputError(
            f"--direct-page is ${place.direct_page:04X}: it must be a multiple of $100 below ${LOW_END:04X}"
        )
    if place.dma_channel is not None and place.dma_channel not in DMA_CHANNELS:
        raise InputError(f"--dma-channel is {place.dma_channel}: there are 0 to 7, and none")
    if target.apart and (place.dma_channel, place.ppu_multiplier) != (Place.dma_channel, Place.ppu_multiplier):
        raise InputError(
            "with the SA-1 all DMA channels and the PPU's multiplier are free: leave those options out"
        )
    folders = ("library", *target.templates)
    moved = replace(
        target,
        library=True,
        first_bank=target.first_bank + place.first_bank,
        max_banks=target.max_banks - place.first_bank,
        direct_page=place.direct_page,
        dma_channel=place.dma_channel,
        screen_ram=0,
        templates=folders,
    )
    if not moved.shows_ram(0):
        raise InputError(
            f"--first-bank is {place.first_bank}: the program must be in one of the first {_most(target)}"
        )
    return _on_sa1(moved, ram) if target.apart else _on_stock(moved, ram, place)


def _most(target: Target) -> int:
    """The number of first banks beside which low RAM is seen."""
    return next(bank for bank in range(target.max_banks) if not target.shows_ram(bank))


def _on_stock(target: Target, ram: int, place: Place) -> Target:
    if not WORK_RAM + LOW_END <= ram < WORK_RAM + BANK:
        raise InputError(f"--ram is ${ram:06X}: it must be $7E2000 to $7EFFFF, and goes on in bank $7F by itself")
    return replace(
        target,
        pages_start=place.direct_page + PAGE,
        low_ram_end=BANK,
        high_ram=ram - WORK_RAM,
        screen_ram=TEXT_BYTES,
        log_end=BANK,
        ppu_multiplier=place.ppu_multiplier,
        refresh=MEMORY_REFRESH,
        templates=target.templates if place.ppu_multiplier else ("cpu_multiplier", *target.templates),
    )


def _on_sa1(target: Target, ram: int) -> Target:
    if not BWRAM <= ram < BWRAM + min(BANK, BWRAM_BYTES):
        raise InputError(f"--ram is ${ram:06X}: it must be $400000 to $40FFFF, of BW-RAM, and goes on to $41FFFF")
    return replace(target, game_bwram=ram - BWRAM)
