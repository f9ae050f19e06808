"""The self-test as a person meets it: A is pressed on the about screen, and the screen says how it went."""

from __future__ import annotations

from asm.build import Rom, symbols
from asm.cartridge.header import with_checksum
from snesgpt.emulator.console import Console
from tests.support.screens import Screens

SUM_ROW, TRANSCRIPT_ROW, CODE_ROW, RESULT_COLUMN = 20, 21, 22, 12
HINTS_ROW, READY = 25, " A self-test"
BANK_BYTES = 0x8000
LIMIT_FRAMES = 3000


def offset(rom: Rom, label: str) -> int:
    """The offset of a label of the ROM in the image."""
    address, target = symbols(rom.debug)[label], rom.layout.target
    starts = map(target.bank_start, range(len(rom.image) // BANK_BYTES))
    bank, start = next((n, start) for n, start in enumerate(starts) if 0 <= address - start < BANK_BYTES)
    return bank * BANK_BYTES + address - start


def changed(image: bytes, at: int, mask: int) -> bytes:
    """The image with some bits of a byte flipped, and a header that knows of it: only the transcript can tell."""
    return with_checksum(image[:at] + bytes([image[at] ^ mask]) + image[at + 1 :])


def begin(screens: Screens) -> None:
    """Show the about screen and press A."""
    screens.open("about")
    screens.push("a")


def shown(screens: Screens) -> tuple[str, str]:
    """The results shown behind "ROM sum" and "transcript"."""
    rows = screens.rows()
    return rows[SUM_ROW][RESULT_COLUMN:].strip(), rows[TRANSCRIPT_ROW][RESULT_COLUMN:].strip()


def ended(screens: Screens) -> bool:
    """Whether the result is shown, and A would begin again."""
    return bool(shown(screens)[1]) and screens.rows()[HINTS_ROW].startswith(READY)


def outcome(rom: Rom, image: bytes, core: str = "snes9x", limit: int = LIMIT_FRAMES) -> tuple[str, str]:
    """The self-test of an image of this ROM's layout, from power-on to the end."""
    with Console(image, core) as console:
        screens = Screens(console, rom)
        begin(screens)
        console.run_until(lambda _: ended(screens), limit)
        return shown(screens)
