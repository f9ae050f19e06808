"""A target: everything about a machine and its cartridge that the generator has to know."""

from __future__ import annotations

from dataclasses import dataclass

from asm.cost.instructions import Instruction


@dataclass(frozen=True)
class Target:
    """One kind of cartridge in one kind of machine. Sizes in bytes, times in master clocks.

    computes, draws: the processor that runs the forward pass, and the one that owns screen, pads and sound.
    linker_map: the template of the memory map. map_mode, chipset: the bytes of the header.
    bank_bytes, max_banks, first_bank: ROM; bank n is seen at first_bank + n.
    high_ram: bank $7E below it is seen in every bank. stack: the page above the digit kernels' pages. log_end: the
    log and what bank $7E has no room for are in bank $7F below it, the screens' data above it.
    screen_ram: bytes of bank $7E that the screens keep. mark_ram: the same of a profile build's marks.
    fetch, ram: of a byte of code or an internal cycle, and of a byte of work RAM. refresh: the share that the
    memory's refresh adds. frame: of a frame, on average.
    """

    name: str
    computes: str
    draws: str
    linker_map: str
    map_mode: int
    chipset: int
    bank_bytes: int
    max_banks: int
    first_bank: int
    high_ram: int
    stack: int
    log_end: int
    screen_ram: int
    mark_ram: int
    fetch: int
    ram: int
    refresh: float
    frame: int
    clocks_per_second: float

    def clocks(self, instruction: Instruction) -> float:
        """Before refresh."""
        return instruction.cycles * self.fetch + instruction.accesses * self.ram
