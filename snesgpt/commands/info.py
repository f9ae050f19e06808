"""`snesgpt info ROM`: what a cartridge's header says, and what is wrong with a bad one."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from snesgpt.files import FileCommand, InputFile
from snesgpt.terminal import say
from trainer.errors import InputError


@click.command("info", cls=FileCommand)
@click.argument("rom", type=InputFile(), default=Path("build/snes_gpt.sfc"))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(rom: Path, as_json: bool) -> None:
    """Show header, checksum and sizes of ROM; with a bad ROM, say what is wrong and exit with status 1."""
    from asm.cartridge.header import read_cartridge

    cartridge = read_cartridge(rom)
    facts = {"rom": str(rom), **asdict(cartridge)}
    say(json.dumps(facts, indent=2) if as_json else _lines(facts))
    if cartridge.faults:
        raise InputError(f"{rom} is no good cartridge: {cartridge.faults[0]}")


def _lines(facts: dict[str, object]) -> str:
    numbers = {"checksum": 4, "complement": 4, "reset": 4, "nmi": 4} | dict.fromkeys(
        ("map_mode", "region", "developer"), 2
    )
    shown = {name: f"${value:0{numbers[name]}X}" if name in numbers else value for name, value in facts.items()}
    faults = facts["faults"]
    assert isinstance(faults, tuple)
    shown["faults"] = "\n             ".join(faults) or "none"
    return "\n".join(f"{name.replace('_', ' '):<12} {value}" for name, value in shown.items() if value != "")
