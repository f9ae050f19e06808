"""`snesgpt report CODE`: what the code on a console's about screen says, and whether all is as it should be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from snesgpt.files import FileCommand, InputFile
from snesgpt.terminal import say
from trainer.errors import InputError

if TYPE_CHECKING:
    from asm.cartridge.report_code import Report
    from snesgpt.verify.report import Compared

ROM = Path("build/snes_gpt.sfc")


@click.command("report", cls=FileCommand)
@click.argument("code", nargs=-1, required=True)
@click.option("--rom", type=InputFile(), help=f"The cartridge that ran.  [default: {ROM}, if it is there]")
@click.option("--core", default="snes9x", help="Where its speed is compared: snes9x, bsnes, or a libretro core.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(code: tuple[str, ...], rom: Path | None, core: str, as_json: bool) -> None:
    """Read CODE, from the about screen of a console, and judge it.

    It says which build, console and region it was, what the self-test found and how fast. If ROM is that build, its
    self-test runs in an emulator, to compare the speed. Small letters, and spaces for dashes, will do. A code that
    is misread is refused, with the group to look at again. The last lines are for an issue.
    """
    from asm.cartridge.report_code import decode
    from snesgpt.verify.report import Judged

    report = decode(" ".join(code))
    rom = rom or (ROM if ROM.exists() else None)
    judged = Judged(report, _compared(report, rom, core) if rom else None)
    if as_json:
        say(json.dumps(judged.data()))
        return
    for name, fact in judged.facts().items():
        say(f"{name:10} {fact}")
    say("\nFor an issue, as docs/hardware.md asks for:\n")
    say(judged.for_an_issue())


def _compared(report: Report, rom: Path, core: str) -> Compared:
    """The ROM, and if it is the one that ran to the end, what it does in an emulator.

    Raises InputError when the file cannot be read or is no cartridge of ours.
    """
    from asm.cartridge.header import read_image
    from asm.cartridge.report_code import Verdict
    from snesgpt.emulator.cores import find_core
    from snesgpt.progress import bars
    from snesgpt.verify.report import Compared, Judged
    from snesgpt.verify.self_test import build_of, run_self_test

    image = read_image(rom)
    if (build := build_of(image)) is None:
        raise InputError(f"{rom} has no build id: is it a cartridge of snesgpt?")
    compared = Compared(rom, build, core)
    if not Judged(report, compared).same_build or report.verdict != Verdict.PASSED:
        return compared
    try:
        find_core(core)
    except InputError as error:
        return Compared(rom, build, core, why_not=str(error))
    with bars() as bar:
        expected = run_self_test(image, core, report, bar("self-test", report.frames))
    return Compared(rom, build, core, expected)
