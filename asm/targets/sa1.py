"""A cartridge with the SA-1: a second 65C816 at 10.74 MHz computes, the console's own processor draws.

A byte of ROM takes 2 clocks, one of the chip's own 2 KiB (I-RAM) 2, one of the cartridge's RAM (BW-RAM) 4;
no refresh stops it. Source: docs/sa1.md says what was measured, and in which emulators.
"""

from __future__ import annotations

from dataclasses import replace

from asm.targets.stock import STOCK

BWRAM = 0x400000
WINDOW, BLOCK_BYTES = 0x6000, 0x2000
"""The window through which both processors see a block of BW-RAM in bank 0."""

IRAM_START, IRAM_STACK = 0x0100, 0x0700
"""I-RAM between the direct page and the stack: the digit kernels' pages."""

BWRAM_BYTES = 0x20000

SA1 = replace(
    STOCK,
    name="sa1",
    computes="SA-1",
    templates=("sa1",),
    linker_map="sa1.cfg",
    map_mode=0x23,
    chipset=0x35,
    max_banks=256,
    first_bank=0x00,
    fast_rom=False,
    host_block=WINDOW,
    stack=IRAM_STACK,
    log_end=0x10000,
    screen_ram=0,
    mark_ram=0,
    fetch=2,
    ram=2,
    vector_ram=4,
    refresh=1.0,
)
