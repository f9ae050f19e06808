"""ca65, ld65 and od65: found, checked and driven."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from trainer.errors import InputError
from trainer.progress import Bar, no_bar

OLDEST = (2, 18)
HINTS = Path(__file__).with_name("cc65.txt")
"""A line for each system, which scripts/get-tool.sh reads too."""


def how_to_get() -> str:
    """How to get cc65: on the system that this runs on first, then on the others."""
    here = _system()
    lines = HINTS.read_text(encoding="utf-8").splitlines()
    lines.sort(key=lambda line: here.isdisjoint(re.split(", ", line.partition(":")[0].lower())))
    return f"install cc65 ({'; '.join(lines)})"


def _system() -> set[str]:
    """The names of this system, and of those that it is made from, in lower case."""
    if sys.platform == "darwin":
        return {"macos"}
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return set()
    return {release["ID"], *release.get("ID_LIKE", "").split()}


def find_tool(name: str) -> str:
    """Path of a program of cc65. Raises InputError when it is missing or older than 2.18."""
    path = shutil.which(name)
    if path is None:
        raise InputError(f"{name} is not installed: {how_to_get()}")
    try:
        shown = subprocess.run([path, "--version"], capture_output=True, text=True, errors="replace", check=False)
    except OSError as error:
        raise InputError(f"{path} does not run ({error.strerror}): {how_to_get()}") from error
    found = re.search(r"V(\d+)\.(\d+)", shown.stdout + shown.stderr)
    if not found or (int(found[1]), int(found[2])) < OLDEST:
        version = found[0] if found else "of unknown version"
        raise InputError(f"{name} is {version}: 2.18 or newer is needed; {how_to_get()}")
    return path


def _run(command: Sequence[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode or done.stderr.strip():
        first = (done.stderr or done.stdout).strip().splitlines()
        reason = first[0] if first else f"exit status {done.returncode}"
        raise InputError(f"{Path(command[0]).name} refused the source: {reason}")
    return done.stdout


@dataclass(frozen=True)
class Objects:
    """Assembled modules: object files by module; the bytes of each segment, in order of appearance; listings."""

    files: Mapping[str, bytes]
    segments: Mapping[str, int]
    listings: tuple[bytes, ...] = ()


LISTING = "--list-bytes 0 -l"
SA1_PREFIX = "sa1_"
"""Of a module that is assembled for the SA-1."""

FOR_SA1 = ((), ("-D", "FOR_SA1=1"))


def assemble(
    files: Mapping[str, bytes], modules: Sequence[str], folder: Path, bar: Bar = no_bar, *, listed: bool = False
) -> Objects:
    """Write `files` to `folder` and assemble these modules of them. listed: with a listing of each.

    A module named sa1_… is its source, named without that, for the SA-1: see contract.inc.
    A warning counts as an error. Raises InputError with the tool's first complaint.
    """
    ca65, od65 = find_tool("ca65"), find_tool("od65")
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
        os.utime(folder / name, (0, 0))  # ca65 notes the time: the same sources, the same debug file
    with ThreadPoolExecutor() as pool:
        commands = [
            [ca65, "--auto-import", "-g", *FOR_SA1[source != module], f"{source}.asm", "-o", f"{module}.o"]
            for module, source in ((module, module.removeprefix(SA1_PREFIX)) for module in modules)
        ]
        commands = [[*own, *LISTING.split(), f"{own[-1]}.lst"] if listed else own for own in commands]
        tell = bar("assembler", len(commands))
        for number, _ in enumerate(pool.map(lambda command: _run(command, folder), commands)):
            tell(number)
    shown = _run([od65, "--dump-segsize", *(f"{module}.o" for module in modules)], folder) if modules else ""
    segments: Counter[str] = Counter()
    for name, size in re.findall(r"^ +(\w+): +(\d+)$", shown, re.M):
        segments[name] += int(size)
    listings = tuple((folder / f"{module}.o.lst").read_bytes() for module in modules if listed)
    return Objects({module: (folder / f"{module}.o").read_bytes() for module in modules}, segments, listings)


def link(objects: Mapping[str, bytes], linker_map: bytes, folder: Path) -> bytes:
    """The image of these object files, in this order.

    Leaves image.sfc, image.map and image.dbg (symbols for Mesen) in the folder. Raises InputError as `assemble`.
    """
    (folder / "image.cfg").write_bytes(linker_map)
    for module, content in objects.items():
        (folder / f"{module}.o").write_bytes(content)
    names = [f"{module}.o" for module in objects]
    ld65 = find_tool("ld65")
    _run([ld65, "-C", "image.cfg", "-o", "image.sfc", "-m", "image.map", "--dbgfile", "image.dbg", *names], folder)
    return (folder / "image.sfc").read_bytes()
