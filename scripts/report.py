"""`make report REV=HEAD`: what every checkpoint's cartridge costs, in the working tree against a commit.

Clocks a token as `build` predicts them; bytes of every bank, and what is free in the direct page and in low work
RAM, as the linker counted them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import click
from two_trees import ROOT, Case, made_by_both

BANK = 0x8000
DIRECT_PAGE, LOW_RAM = 0x100, 0x1E00
"""Where each ends: behind low RAM's vectors there is the stack."""

Costs = dict[str, int]


def cases(folder: Path) -> Iterator[Case]:
    """Every checkpoint."""
    for checkpoint in sorted(ROOT.glob("checkpoints/*.npz")):
        yield Case(checkpoint.stem, checkpoint)


def costs(folder: Path) -> Costs:
    """The costs of a finished cartridge, by name, in the order of the table."""
    said, debug = json.loads((folder / "costs.json").read_text()), (folder / "rom.dbg").read_text()
    found = {}
    if said["predicted"]:  # not for the schoolbook kernel
        found["clocks a token, predicted"] = round(sum(said["predicted"]["stages"].values()))
    found |= free_ram(debug)
    found |= {"work RAM: vectors, keys, values": said["work_ram"], "work RAM: records of log": said["log_records"]}
    banks = bank_bytes(debug)
    return found | {"ROM: bytes in use": sum(banks.values())} | {f"bank ${n:02X}": banks[n] for n in sorted(banks)}


def bank_bytes(debug: str) -> dict[int, int]:
    """Bank → bytes of it that segments fill, from ld65's debug file."""
    banks: dict[int, int] = {}
    for size, offset in re.findall(r"^seg\t.*?\bsize=0x([0-9A-F]+),.*?\booffs=(\d+)", debug, re.M):
        bank = 0x80 + int(offset) // BANK
        banks[bank] = banks.get(bank, 0) + int(size, 16)
    return banks


def free_ram(debug: str) -> Costs:
    """Bytes of the direct page and of low work RAM that nothing owns."""
    found = re.findall(r'^sym\t.*?name="(direct_page_end|low_ram_end|slots)".*?val=0x([0-9A-F]+)', debug, re.M)
    at = {name: int(value, 16) for name, value in found}
    end = at.get("slots", LOW_RAM)  # the digit kernels' pages are before the stack
    names = {
        "direct page: bytes free": ("direct_page_end", DIRECT_PAGE),
        "low RAM: bytes free": ("low_ram_end", end),
    }
    return {name: limit - at[label] for name, (label, limit) in names.items() if label in at}


def table(before: Costs, after: Costs, *, everything: bool) -> Iterator[str]:
    """A line for every cost; of banks those that differ, and how many do not."""
    alike = 0
    for name in {**before, **after}:
        old, new = before.get(name), after.get(name)
        if name.startswith("bank") and old == new and not everything:
            alike += 1
            continue
        shown = [f"{'-' if value is None else f'{value:,}':>12}" for value in (old, new)]
        change = "" if old == new else f"{(new or 0) - (old or 0):+12,}"
        yield f"  {name:32}{''.join(shown)}{change}"
    if alike:
        yield f"  {alike} banks are filled as they were"


@click.command()
@click.argument("revision", default="HEAD")
@click.option("--all", "everything", is_flag=True, help="Banks that are filled as they were, too.")
def main(revision: str, everything: bool) -> None:
    """Compare what the cartridges of the working tree cost with those of REVISION."""
    with made_by_both(revision, cases, ROOT / "build/report") as (wanted, old, new):
        for number, case in enumerate(wanted):
            click.echo(f"{case.name:34}{revision[:12]:>12}{'now':>12}{'change':>12}")
            rows = table(costs(old / str(number)), costs(new / str(number)), everything=everything)
            click.echo("\n".join(rows))


if __name__ == "__main__":
    main()
