"""Running GHDL, Verilator and the compiler: what they say is shown only where they fail."""

from __future__ import annotations

import re
import subprocess

from trainer.errors import InputError


def run(*words: str) -> str:
    """What a program prints. Raises InputError with its first complaint when it fails."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, errors="replace", check=False)
    except OSError as error:
        raise InputError(f"{words[0]}: {error.strerror}: `make rtl` installs it") from error
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        complaint = next((line for line in said if "error" in line.lower()), said[-1] if said else "no word")
        raise InputError(f"{words[0]} failed: {complaint}")
    return done.stdout


def version(program: str) -> str:
    """A program's name and version. Raises InputError when it is missing."""
    said = run(program, "--version")
    number = re.search(r"\d+\.[\d.]*\d", said)
    return f"{program} {number[0] if number else said.strip().splitlines()[0]}"
