"""Cartridges made by the working tree and by a commit, each with its own code: for diff_asm.py and report.py."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import click

ROOT = Path(__file__).parents[1]
RUN = """
import json, sys
from contextlib import redirect_stdout
from snesgpt.cli import run
for call, said in json.loads(sys.argv[1]):
    with open(said, "w") as file, redirect_stdout(file):
        status = run(call)
    if status:
        sys.exit(status)
"""


@dataclass(frozen=True)
class Case:
    """A cartridge that both trees make: float weights, and the options of `quantize` and `build`."""

    name: str
    weights: Path
    quantize: tuple[str, ...] = ()
    build: tuple[str, ...] = ()


@contextmanager
def made_by_both(
    revision: str, cases: Callable[[Path], Iterator[Case]], kept_in: Path
) -> Iterator[tuple[list[Case], Path, Path]]:
    """(cases, the commit's folder, the working tree's): in each a numbered folder a case.

    There: model.npz of the first case with these weights, rom.sfc, rom.dbg, asm/, and costs.json, the
    output of `build --dry-run --json`. cases: what to make; it may write weights to the folder it is given. The
    commit's cartridges are kept in `kept_in`. Raises ClickException with what a tree says of a failure.
    """
    commit = git("rev-parse", "--verify", f"{revision}^{{commit}}")
    makers = (Path(__file__), Path(sys.argv[0]))
    kept = kept_in / f"{commit[:12]}-{sha256(b''.join(path.read_bytes() for path in makers)).hexdigest()[:8]}"
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        wanted = list(cases(folder))
        new = start(ROOT, wanted, folder / "new")
        if not kept.exists():
            git("clone", "--quiet", "--shared", "--no-checkout", str(ROOT), str(folder / "tree"))
            git("-C", str(folder / "tree"), "checkout", "--quiet", "--detach", commit)
            finish(start(folder / "tree", wanted, folder / "old"), revision)
            shutil.copytree(folder / "old", kept)
        finish(new, "the working tree")
        yield wanted, kept, folder / "new"


def git(*arguments: str) -> str:
    """The output of git. Raises ClickException with its complaint."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise click.ClickException(done.stderr.strip())
    return done.stdout.strip()


def calls(wanted: list[Case], folder: Path) -> Iterator[tuple[list[str], str]]:
    """The `snesgpt` commands that make every case, and where each leaves what it prints."""
    models: dict[tuple[Path, tuple[str, ...]], str] = {}
    for number, case in enumerate(wanted):
        own = folder / str(number)
        own.mkdir(parents=True)
        key = (case.weights, case.quantize)
        if key not in models:
            models[key] = str(own / "model.npz")
            yield ["quantize", str(case.weights), *case.quantize, "--out", models[key]], str(own / "quantize.txt")
        yield ["build", models[key], *case.build, "--dry-run", "--json"], str(own / "costs.json")
        yield ["build", models[key], *case.build, "--out", str(own / "rom.sfc")], str(own / "build.txt")


def start(tree: Path, wanted: list[Case], folder: Path) -> subprocess.Popen[str]:
    """Begin to make every case with a tree's own code."""
    return subprocess.Popen(
        [sys.executable, "-c", RUN, json.dumps(list(calls(wanted, folder)))],
        cwd=tree,
        env=os.environ | {"PYTHONPATH": str(tree)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str], tree: str) -> None:
    """Wait for it. Raises ClickException with what it says of a failure."""
    _, complaint = process.communicate()
    if process.returncode:
        raise click.ClickException(f"{tree}: {complaint.strip()}")
