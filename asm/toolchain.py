"""ca65 and ld65: found, checked and driven."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from trainer.errors import InputError

OLDEST = (2, 18)
HOW_TO_GET = "install cc65 (package cc65 on Debian, Ubuntu and Fedora; brew install cc65; AUR on Arch)"


def find_tool(name: str) -> str:
    """Path of ca65 or ld65. Raises InputError when it is missing or older than 2.18."""
    path = shutil.which(name)
    if path is None:
        raise InputError(f"{name} is not installed: {HOW_TO_GET}")
    try:
        shown = subprocess.run([path, "--version"], capture_output=True, text=True, errors="replace", check=False)
    except OSError as error:
        raise InputError(f"{path} does not run ({error.strerror}): {HOW_TO_GET}") from error
    found = re.search(r"V(\d+)\.(\d+)", shown.stdout + shown.stderr)
    if not found or (int(found[1]), int(found[2])) < OLDEST:
        version = found[0] if found else "of unknown version"
        raise InputError(f"{name} is {version}: 2.18 or newer is needed; {HOW_TO_GET}")
    return path


def _run(command: Sequence[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode or done.stderr.strip():
        first = (done.stderr or done.stdout).strip().splitlines()
        reason = first[0] if first else f"exit status {done.returncode}"
        raise InputError(f"{Path(command[0]).name} refused the source: {reason}")


def assemble(files: Mapping[str, bytes], modules: Sequence[str], linker_map: str, folder: Path) -> bytes:
    """Write `files` to `folder`, assemble the modules, link them; returns the image.

    Leaves <module>.o, image.sfc, image.map and image.dbg (symbols for Mesen) in the folder.
    A warning counts as an error. Raises InputError with the tool's first complaint.
    """
    ca65, ld65 = find_tool("ca65"), find_tool("ld65")
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    with ThreadPoolExecutor() as pool:
        commands = [[ca65, "--auto-import", "-g", f"{module}.asm", "-o", f"{module}.o"] for module in modules]
        list(pool.map(lambda command: _run(command, folder), commands))
    objects = [f"{module}.o" for module in modules]
    _run(
        [ld65, "-C", linker_map, "-o", "image.sfc", "-m", "image.map", "--dbgfile", "image.dbg", *objects],
        folder,
    )
    return (folder / "image.sfc").read_bytes()
