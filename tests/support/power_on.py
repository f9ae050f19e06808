"""Memories as they may be when a console is switched on: a save, and noise everywhere that a test can put it."""

from __future__ import annotations

import numpy as np

from asm.build import Rom
from asm.memory.save_format import SaveFormat
from snesgpt.emulator.console import Console
from tests.support.planted_bugs import Bug, routine


def scramble_all(console: Console, seed: int) -> None:
    """Noise in the cartridge's RAM too: what another cartridge left there."""
    console.scramble(seed)
    console.sram[:] = np.random.default_rng(seed).integers(0, 256, console.sram.size, dtype=np.uint8)


def save_format(rom: Rom) -> SaveFormat:
    """Of a cartridge's own names."""
    return SaveFormat(rom.layout.names.entry_bytes, packed=rom.layout.target.apart)


def put_save(console: Console, save: bytes) -> None:
    """A save where every cartridge looks for it; behind it is what another one left there."""
    console.sram[:] = np.random.default_rng(2).integers(0, 256, console.sram.size, dtype=np.uint8)
    console.sram[: len(save)] = np.frombuffer(save, np.uint8)


def noise_in_iram(seed: int) -> Bug:
    """The SA-1's own RAM, which no core shows: the cartridge itself writes noise, before all else there."""
    noise = (
        f"        phb\n        ldy #{seed * 0x5A5B & 0xFFFF}\n        ldx #$07FE\n"
        ":       tya\n        xba\n        adc #$3C6F\n        tay\n        sta IRAM, x\n"
        "        dex\n        dex\n        bpl :-\n"
    )
    return Bug("noise in I-RAM", routine("open_cartridge", "calls.asm"), "        phb\n", noise)
