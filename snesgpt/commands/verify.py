"""`snesgpt verify`: the cartridge in a real emulator against the integer model, bit for bit."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from snesgpt.files import FileCommand, InputFile
from snesgpt.terminal import say

if TYPE_CHECKING:
    from snesgpt.verify.parity import Parity


@click.command("verify", cls=FileCommand)
@click.argument("rom", type=InputFile(), default=Path("build/snes_gpt.sfc"))
@click.option("--model", type=InputFile(), help="Integer model.  [default: found by ROM]")
@click.option("--core", default="snes9x", help="snes9x, bsnes, rtl or the path of a libretro core.")
@click.option("--tokens", type=click.IntRange(1), default=1000, help="Compare at least this many tokens.")
@click.option("--trace", is_flag=True, help="Compare every intermediate too, in a traced ROM built from MODEL.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(rom: Path, model: Path | None, core: str, tokens: int, trace: bool, as_json: bool) -> None:
    """Compare every logit, draw and token of ROM with the integer model, over seeds, temperatures and prompts.

    If a value differs, the first difference is named and the exit status is 1.
    """
    from asm.build import build
    from asm.cartridge.header import read_image
    from asm.layout import plan
    from quantize.executor import Executor
    from snesgpt.emulator.console import Console
    from snesgpt.progress import bars
    from snesgpt.verify.find_model import find_model
    from snesgpt.verify.host import Host
    from snesgpt.verify.parity import requests, verify

    image = read_image(rom)
    with bars() as bar:
        tell = bar("model", 2)
        proved = find_model(rom, image, model).proved
        tell(1)
        if trace:
            image = build(plan(proved, traced=True, bar=bar), bar=bar).image
    integers = proved.model
    with Console(image, core) as console, _progress(tokens) as progress:
        host = Host(console, integers)
        parity = verify(host, Executor(integers), requests(integers, tokens), tokens=tokens, progress=progress)
        frames = console.frames
    report = {**asdict(parity), "core": core, "frames": frames}
    report.pop("context")
    if as_json:
        say(json.dumps(report))
    else:
        what = "every intermediate" if parity.traced else "every logit"
        say(
            f"{core}: {parity.tokens:,} tokens, {parity.values:,} values ({what}), {parity.mismatches:,} mismatches"
        )
    if parity.mismatches:
        say(f"first difference: {parity.first}", err=True)
        sys.exit(1)


@contextmanager
def _progress(tokens: int) -> Iterator[Callable[[Parity], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = ("tokens", BarColumn(None), MofNCompleteColumn(), TimeRemainingColumn())
    terminal = Console(stderr=True)
    with Progress(*columns, console=terminal, transient=True, disable=not terminal.is_terminal) as bar:
        task = bar.add_task("", total=tokens)
        yield lambda parity: bar.update(task, completed=min(parity.tokens, tokens))
