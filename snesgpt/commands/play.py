"""`snesgpt play ROM`: a cartridge in a real emulator, without a screen."""

from __future__ import annotations

import json
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import click

from snesgpt.files import PICTURE, FileCommand, InputFile, OutputFile
from snesgpt.terminal import say
from trainer.errors import InputError

if TYPE_CHECKING:
    from snesgpt.emulator.console import Console

PROGRESS_EVERY = 15  # frames
FATAL = ("size", "copier header", "map mode", "reset vector", "complement", "SRAM size")
"""With these the emulators would run garbage, or crash."""
Buttons = tuple[str, ...]


@click.command("play", cls=FileCommand)
@click.argument("rom", type=InputFile(), default=Path("build/snes_gpt.sfc"))
@click.option("--core", default="snes9x", help="snes9x, bsnes, rtl or the path of a libretro core.")
@click.option("--frames", type=click.IntRange(min=1), default=600, help="Frames to run, 60.1 a second.")
@click.option(
    "--press",
    "presses",
    multiple=True,
    metavar="FRAME:BUTTON[+BUTTON]",
    help="Hold buttons of pad 1 from this frame on: b y select start up down left right a x l r. May be repeated.",
)
@click.option("--hold", type=click.IntRange(min=1), default=6, help="Length of a press in frames.")
@click.option("--screenshot", type=OutputFile(PICTURE), help="Write the last frame to this PNG file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    rom: Path,
    core: str,
    frames: int,
    presses: tuple[str, ...],
    hold: int,
    screenshot: Path | None,
    as_json: bool,
) -> None:
    """Run ROM in an emulator without a window, press buttons, and save the last frame as a picture."""
    schedule = _schedule(presses, hold, frames)
    image, warnings = _sound_image(rom)
    from snesgpt.emulator.console import Console

    for warning in warnings:
        say(f"snesgpt: warning: {rom}: {warning}", err=True)
    start = time.perf_counter()
    with Console(image, core) as console:
        _run(console, frames, schedule)
        speed = round(frames / (time.perf_counter() - start))
        if screenshot is not None:
            console.screenshot(screenshot)
        report = {
            "rom": str(rom),
            "core": console.name,
            "region": console.region,
            "frames": frames,
            "seconds": round(frames / console.frames_per_second, 3),
            "frames_per_second": speed,
            "screenshot": str(screenshot) if screenshot else None,
            "faults": warnings,
        }
    say(json.dumps(report, indent=2) if as_json else _line(report))


def _line(report: dict[str, object]) -> str:
    text = "{rom}: {frames} frames ({seconds} s of the console) in {core}, {frames_per_second} a second"
    return text.format(**report) + (f"; {report['screenshot']}" if report["screenshot"] else "")


def _sound_image(rom: Path) -> tuple[bytes, list[str]]:
    """The image, and the faults it can run with. Raises InputError for those it cannot run with."""
    from asm.cartridge.header import faults, read_image

    image = read_image(rom)
    found = faults(image)
    for fault in found:
        if fault.startswith(tuple(f"{name}:" for name in FATAL)):
            raise InputError(f"{rom} cannot be played: {fault} (all faults: snesgpt info {rom})")
    return image, found


def _schedule(presses: tuple[str, ...], hold: int, frames: int) -> dict[int, Buttons]:
    """{frame: the buttons held from it on}, from FRAME:BUTTON[+BUTTON] texts; presses may overlap.

    Raises InputError for a text of another form, a button that is none, a frame that is never run.
    """
    spans = [(frame, frame + hold, buttons) for frame, buttons in map(_press, presses)]
    for frame, _, buttons in spans:
        if frame >= frames:
            raise InputError(f"--press {frame}:{'+'.join(buttons)}: only frames 0 to {frames - 1} are run")
    changes = sorted({edge for first, end, _ in spans for edge in (first, end) if edge < frames})
    return {
        change: tuple(name for first, end, names in spans if first <= change < end for name in names)
        for change in changes
    }


def _press(text: str) -> tuple[int, Buttons]:
    from snesgpt.emulator.console import BUTTONS

    frame, _, names = text.partition(":")
    buttons = tuple(names.lower().split("+"))
    if not (frame.isascii() and frame.isdecimal()) or not all(name in BUTTONS for name in buttons):
        raise InputError(f"--press {text}: give FRAME:BUTTON[+BUTTON], buttons: {' '.join(BUTTONS)}")
    return int(frame), buttons


def _run(console: Console, frames: int, schedule: dict[int, Buttons]) -> None:
    """Run all frames, changing the held buttons on schedule; a progress bar appears after a second."""
    from rich.console import Console as Terminal
    from rich.progress import Progress

    progress = Progress(console=Terminal(stderr=True), transient=True)
    task = progress.add_task(console.name, total=frames)
    stops = sorted({*range(0, frames, PROGRESS_EVERY), *schedule, frames})
    start = time.monotonic()
    try:
        for frame, stop in pairwise(stops):
            if frame in schedule:
                console.press(*schedule[frame])
            console.run(stop - frame)
            progress.update(task, completed=stop)
            if progress.console.is_terminal and time.monotonic() > start + 1:
                progress.start()
    finally:
        if progress.live.is_started:
            progress.stop()
