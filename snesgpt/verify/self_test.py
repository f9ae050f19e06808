"""The self-test of a cartridge in an emulator, as its owner runs it: buttons in, the code on the about screen out.

It needs the ROM alone, no symbols and no model.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from asm.cartridge.header import REGION, with_checksum
from asm.cartridge.report_code import Report, decode
from snesgpt.emulator.console import Console
from trainer.errors import InputError

TEXT_MAP, COLUMNS, ROWS = 0x3000, 32, 28
"""Where the text is in video RAM, in bytes, and its size."""

HELD, BETWEEN, PRESSES = 3, 12, 40
"""Frames that a button is held, frames until a screen is there, presses until one must have been found."""

EUROPE = 2
OTHER_FRAMES = 6000
"""At least as many as the sum of the largest ROM takes."""

BUILD_ID = re.compile(rb"build\0([0-9A-F]{8})\0")
CODE = re.compile(r"[0-9A-Z]{4}(-[0-9A-Z]{4}){3}")


def build_of(image: bytes) -> str | None:
    """The build id of a cartridge, None where it has none."""
    found = BUILD_ID.search(image)
    return found[1].decode() if found else None


def run_self_test(
    image: bytes, core: str, like: Report, progress: Callable[[int], None] = lambda _: None
) -> Report:
    """What a cartridge says of itself in an emulator, on a console of the region that another report is of.

    progress: called with the frames so far. Raises InputError where there is no such core, or no about screen;
    TimeoutError where it takes twice the time of the other one.
    """
    with Console(for_region(image, pal=like.pal), core) as console:
        _press_until(console, "start", "SNES-GPT ")
        _press_until(console, "select", " ABOUT ")
        _push(console, "a")
        begun = console.frames

        def done(_: Console) -> bool:
            progress(console.frames - begun)
            return CODE.search(screen_text(console)) is not None

        console.run_until(done, 2 * like.frames + OTHER_FRAMES)
        code = CODE.search(screen_text(console))
        assert code
        return decode(code[0])


def for_region(image: bytes, *, pal: bool) -> bytes:
    """The image with a header that asks for a console of 50 Hz, where that is wanted, and with its sum."""
    return with_checksum(image[:REGION] + bytes([EUROPE]) + image[REGION + 1 :]) if pal else image


def screen_text(console: Console) -> str:
    """All rows, one after the other; what is no letter as anything."""
    tiles = console.vram[TEXT_MAP : TEXT_MAP + 2 * ROWS * COLUMNS : 2]
    return tiles.tobytes().decode("latin-1")


def _press_until(console: Console, button: str, text: str) -> None:
    for _ in range(PRESSES):
        if text in screen_text(console)[COLUMNS : 2 * COLUMNS]:
            return
        _push(console, button)
    raise InputError(f"the ROM shows no {text.strip()} in {console.name}: not a cartridge of snesgpt?")


def _push(console: Console, button: str) -> None:
    console.press(button)
    console.run(HELD)
    console.release()
    console.run(BETWEEN)
