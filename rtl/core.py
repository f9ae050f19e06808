"""The VHDL of the MiSTer core that is simulated: which commit, which files, and what GHDL needs changed in them.

Nothing that is changed here changes what the machine does.
"""

from __future__ import annotations

import re
from pathlib import Path

from rtl.tools import run
from trainer.errors import InputError

ADDRESS = "https://github.com/MiSTer-devel/SNES_MiSTer"
FETCHED = "snes-gpt.fetched"
"""The setting of a clone that `fetch` made."""

COMMIT = "d1db6f9fe6e5e2086452cb3b323e07c1e0408672"

PROCESSOR = (
    *("65C816/P65816_pkg", "65C816/BCDAdder", "65C816/AddSubBCD", "65C816/ALU", "65C816/AddrGen", "65C816/MCode"),
    "65C816/P65C816",
)
SOUND = (
    *("SPC700/SPC700_pkg", "SPC700/BCDAdj", "SPC700/AddSub", "SPC700/MulDiv", "SPC700/ALU", "SPC700/AddrGen"),
    *("SPC700/MCode", "SPC700/SPC700", "SMP", "DSP_PKG", "DSP"),
)
CONSOLE = (*PROCESSOR, "CPU", "SWRAM", "PPU_PKG", "PPU", *SOUND, "SNES")
"""The files of rtl/, without suffix, each behind those that it needs. Its top is the entity snes."""

CHIP = ("chip/SA1/SA1", "chip/SA1/SA1Map")
"""The SA-1, for which the processor's files are needed too. Its top is the entity sa1map."""


def read(core: Path, name: str) -> str:
    """A file as GHDL takes it. Raises InputError when it is missing."""
    path = core / "rtl" / f"{name}.vhd"
    try:
        text = path.read_text(encoding="latin-1")
    except OSError as error:
        raise InputError(
            f"{path}: {error.strerror}: CORE is to be a clone of {ADDRESS}; `make rtl-core` fetches one"
        ) from error
    text = with_every_choice(text)
    if path.stem == "MCode":
        text = without_unknown_bits(text)
    if path.stem == "DSP":
        text = with_two_processes(text)
    return text


WORDS = re.compile(r"--[^\n]*|\"[^\"\n]*\"|\bend\s+case\b|\bcase\b|\bwhen\s+others\b", re.I)


def with_every_choice(text: str) -> str:
    """Every case statement with a choice for others.

    A std_logic has nine values, and GHDL wants them all. Quartus, which the core is written for, counts two.
    """
    out, last, has_others = [], 0, []
    for found in WORDS.finditer(text):
        word = " ".join(found.group().lower().split())
        if word == "case":
            has_others.append(False)
        elif word == "when others" and has_others:
            has_others[-1] = True
        elif word == "end case" and not has_others.pop():
            out += [text[last : found.start()], "when others => null; "]
            last = found.start()
    return "".join(out) + text[last:]


def without_unknown_bits(text: str) -> str:
    """A table of microcode with zeros in the place of X, in entries that no opcode reaches.

    GHDL's synthesis writes a table with X in it wrongly.
    """
    return re.sub(r'"X+"', lambda unused: unused.group().replace("X", "0"), text)


BEFORE_THE_CLOCK = "\t\tif RST_N = '0' then\n\t\t\tBRR_NEXT_ADDR <="
SEAM = "\tend process;\n\tprocess(CLK, RST_N)\n\t\tvariable LR: integer range 0 to 1;\n\tbegin\n"


def with_two_processes(text: str) -> str:
    """The process of DSP.vhd whose first half has no clock, as two: GHDL's synthesis takes none of both kinds."""
    text = text.replace("\r\n", "\n")
    if text.count(BEFORE_THE_CLOCK) != 1:
        raise InputError(f"this core's DSP.vhd is another one: take the commit {COMMIT[:8]}")
    return text.replace(BEFORE_THE_CLOCK, SEAM + BEFORE_THE_CLOCK)


def fetch(folder: Path) -> None:
    """A clone at COMMIT, of its VHDL alone. Raises InputError when git fails, or something else is in FOLDER."""
    if not folder.exists() or not any(folder.iterdir()):
        run("git", "init", "--quiet", str(folder))
        run("git", "-C", str(folder), "config", "remote.origin.url", ADDRESS)
        run("git", "-C", str(folder), "config", FETCHED, "true")
    elif not _is_ours(folder):
        raise InputError(f"{folder} was not fetched by `make rtl-core`: name a folder that is empty or new")
    run("git", "-C", str(folder), "fetch", "--quiet", "--depth=1", "--filter=blob:none", ADDRESS, COMMIT)
    run("git", "-C", str(folder), "config", "remote.origin.promisor", "true")
    run("git", "-C", str(folder), "sparse-checkout", "set", "rtl")
    run("git", "-C", str(folder), "checkout", "--quiet", COMMIT)


def _is_ours(folder: Path) -> bool:
    """A clone of somebody's own would lose its branch and most of its files."""
    config = folder / ".git/config"
    return config.is_file() and FETCHED.split(".")[0] in config.read_text(errors="replace")


def commit_of(core: Path) -> str:
    """The commit that a clone is at, or "unknown". Raises InputError when git fails."""
    if not (core / ".git").exists():
        return "unknown"
    return run("git", "-C", str(core), "rev-parse", "HEAD").strip()
