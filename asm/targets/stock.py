"""The stock console: a LoROM cartridge with FastROM timing and battery RAM. One processor computes and draws.

Its screens have a gradient by HDMA, so no row of the model is copied by DMA: the first revision of the console's
processor crashes where a DMA ends as HDMA begins.

A byte fetched in FastROM takes 6 clocks, a byte of work RAM 8, a hardware register 6. The refresh stops the
processor for 40 of every 1,364 clocks. Source: the W65C816S data sheet's cycle tables and Nintendo's memory map;
both emulators agree within one frame in a hundred.
"""

from __future__ import annotations

from asm.targets.target import Target

MASTER_CLOCK = 21_477_272
"""NTSC, in hertz: 945/44 MHz."""

LINE_CLOCKS, REFRESH_CLOCKS = 1364, 40
FRAME_CLOCKS = 357_366
"""262 lines, one clock in four short in every other frame."""

MEMORY_REFRESH = LINE_CLOCKS / (LINE_CLOCKS - REFRESH_CLOCKS)

GRADIENT_CLOCKS = 225 * 26 + 30 * 8
"""Of a frame, for the screens' gradient by HDMA: 26 a line, 8 for a byte that changes."""

STOCK = Target(
    name="stock",
    computes="S-CPU",
    draws="S-CPU",
    templates=(),
    library=False,
    linker_map="lorom.cfg",
    map_mode=0x30,
    chipset=0x02,
    bank_bytes=0x8000,
    max_banks=128,
    first_bank=0x80,
    fast_rom=True,
    direct_page=0,
    host_block=0x0100,
    dma_channel=None,
    ppu_multiplier=True,
    high_ram=0x2000,
    stack=0x1E00,
    pages_start=None,
    low_ram_end=0x1E00,
    log_end=0xB000,
    game_bwram=0,
    screen_ram=28 * 32 * 2 + 0x400,
    mark_ram=8 * 1024 + 4 * 64 + 2,
    fetch=6,
    ram=8,
    vector_ram=8,
    refresh=MEMORY_REFRESH * FRAME_CLOCKS / (FRAME_CLOCKS - GRADIENT_CLOCKS),
    frame=FRAME_CLOCKS,
    clocks_per_second=60.0988 * FRAME_CLOCKS,
)
