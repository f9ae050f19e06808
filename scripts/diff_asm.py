"""`make diff-asm REV=HEAD`: whether the working tree makes other machine code than a commit does.

Both trees quantize and build the same float weights: every checkpoint, the shapes of the forerunner and of small
Llamas and GPT-2s, the schoolbook kernel, with and without a trace; for the SA-1 the default model, also on the
schoolbook, two Llamas and two GPT-2s. Sources are compared line by line and ROMs byte by byte, except the build id
(a hash of the sources) and the checksum, which follow from the rest.
"""

from __future__ import annotations

import difflib
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from string import ascii_letters, ascii_lowercase

import click
import numpy as np
from two_trees import ROOT, Case, made_by_both

from trainer.config import ModelConfig
from trainer.weights import Weights, save_weights

BANK = 0x8000
SA1 = ("--target", "sa1")
CHECKSUM = slice(0x7FDC, 0x7FE0)
BUILD_ID = re.compile(rb'BUILD_ID "(\w{8})"')


@dataclass(frozen=True)
class Cartridge:
    """A built ROM and its sources by file name."""

    rom: bytes
    sources: dict[str, bytes]

    @property
    def code(self) -> bytes:
        """The ROM without what the sources' text alone decides."""
        found = BUILD_ID.search(self.sources["build_id.inc"])
        assert found is not None
        blank = bytearray(self.rom.replace(found[1] + b"\0", b"--------\0", 1))
        blank[CHECKSUM] = b"----"
        return bytes(blank)


def tree(revision: str, folder: str) -> list[str]:
    """The files of a folder at a commit."""
    listed = ["git", "ls-tree", "--name-only", revision, folder]
    return subprocess.check_output(listed, cwd=ROOT, text=True).split()


def cases(revision: str, folder: Path) -> Iterator[Case]:
    """Every cartridge to compare, of checkpoints those the commit knows. Made-up weights go to `folder`."""
    for checkpoint in sorted(ROOT / name for name in tree(revision, "checkpoints/")):
        if checkpoint.suffix != ".npz" or not checkpoint.exists():
            continue
        yield Case(checkpoint.stem, checkpoint)
        yield Case(f"{checkpoint.stem}, traced", checkpoint, build=("--trace",))
    microgpt = ROOT / "checkpoints/microgpt.npz"
    yield Case("schoolbook", microgpt, ("--kernel", "schoolbook"))
    yield Case("schoolbook, traced", microgpt, ("--kernel", "schoolbook"), ("--trace",))
    shapes = {
        "forerunner": ModelConfig(27, 8, activation="relu2"),
        "two layers, other letters": ModelConfig(40, 24, 24, 3, 2, 80),
        "no front table": ModelConfig(300, 256, 32, 4, 1, 64),
        "llama": ModelConfig(30, 16, 16, 4, 2, 40, "swiglu", "llama", 2),
        "llama in parts": ModelConfig(64, 160, 32, 4, 1, 100, "swiglu", "llama", 4),
    }
    made = {name: lively(config) for name, config in shapes.items()}
    made["rows and fine grids"] = lively(ModelConfig(27, 16, 16, 4, 2, 48, "relu2"), scale=1 / 8, active=0.9)
    for name, exact in made.items():
        weights = folder / f"{name}.npz"
        save_weights(weights, exact)
        yield Case(name, weights)
        yield Case(f"{name}, traced", weights, build=("--trace",))
    if "tables/gelu.py" in tree(revision, "tables/"):
        yield from gpt2_cases(folder)
    if "asm/targets/sa1.py" in tree(revision, "asm/targets/"):
        yield from sa1_cases(revision, folder)


def gpt2_cases(folder: Path) -> Iterator[Case]:
    """Those of GPT-2s: one whose hidden units come in parts, one that takes GELU's tanh form, on either machine."""
    shapes = {
        "gpt2 in parts": ModelConfig(66, 64, 32, 4, 2, 128, "gelu", "gpt2"),
        "gpt2": ModelConfig(30, 16, 16, 4, 2, 40, "gelu_tanh", "gpt2"),
    }
    for name, config in shapes.items():
        weights = folder / f"{name}.npz"
        save_weights(weights, lively(config))
        yield Case(name, weights)
        yield Case(f"{name}, traced", weights, build=("--trace",))
        yield Case(f"{name} for the SA-1", weights, SA1)


def sa1_cases(revision: str, folder: Path) -> Iterator[Case]:
    """Those for the other machine: the default model; a Llama; one of two chunks, whose heads have windows."""
    shapes = {
        "llama for the SA-1": ModelConfig(30, 16, 16, 4, 2, 40, "swiglu", "llama", 2),
        "windows for the SA-1": ModelConfig(
            30, 100, 64, 8, 1, 40, "swiglu", "llama", 8, windows=(1, 100, 65, 64, 63, 9, 90, 7)
        ),
    }
    weights = {name: folder / f"{name}.npz" for name in shapes}
    for name, config in shapes.items():
        save_weights(weights[name], lively(config))
    for name, path in {"microgpt for the SA-1": ROOT / "checkpoints/microgpt.npz", **weights}.items():
        yield Case(name, path, SA1)
        yield Case(f"{name}, traced", path, SA1, ("--trace",))
    if "asm/templates/sa1/rows_mac.asm" in tree(revision, "asm/templates/sa1/"):
        yield Case("schoolbook for the SA-1", ROOT / "checkpoints/microgpt.npz", (*SA1, "--kernel", "schoolbook"))


def lively(config: ModelConfig, scale: float = 1.0, active: float = 0.1) -> Weights:
    """Normal weights on a grid of 2^-6 · scale, small enough for digits; the same every time.

    active: the share of hidden units above zero that training would have noted.
    """
    random = np.random.default_rng(0)
    tensors = {}
    for name, shape in config.tensor_shapes().items():
        spread, grid = (1.0, 64) if name in ("wte", "wpe") else (0.7 * scale / np.sqrt(shape[1]), 64 / scale)
        tensors[name] = (np.rint(grid * random.normal(0, spread, shape)) / grid).astype(np.float32)
    symbols = [*ascii_letters, *map("".join, product(ascii_lowercase, repeat=2))]
    return Weights(config, symbols[: config.bos], tensors, {"temperature": 0.5, "active_hidden": active})


def read(folder: Path) -> Cartridge:
    """The files that `snesgpt build` left."""
    return Cartridge(
        (folder / "rom.sfc").read_bytes(), {path.name: path.read_bytes() for path in (folder / "asm").iterdir()}
    )


def rom_difference(old: bytes, new: bytes) -> str:
    """In words; empty where there is none."""
    if len(old) != len(new):
        return f"{len(old) // 1024} KiB became {len(new) // 1024} KiB"
    places = np.flatnonzero(np.frombuffer(old, np.uint8) != np.frombuffer(new, np.uint8))
    if not len(places):
        return ""
    banks = Counter((places // BANK).tolist())
    first = f"${0x80 + places[0] // BANK:02X}:{BANK + places[0] % BANK:04X}"
    return f"{len(places):,} bytes differ in banks {', '.join(map(str, banks))}, the first at {first}"


def changed_lines(old: dict[str, bytes], new: dict[str, bytes]) -> int:
    """Lines of all sources but the build id that one side has and the other has not, wherever they are."""
    before, after = (
        Counter(line for name, text in files.items() if name != "build_id.inc" for line in text.splitlines())
        for files in (old, new)
    )
    return ((before - after) + (after - before)).total()


def source_difference(old: dict[str, bytes], new: dict[str, bytes]) -> list[str]:
    """Unified differences of all files but the build id."""
    found: list[str] = []
    for name in sorted(name for name in set(old) | set(new) if name.endswith((".asm", ".inc", ".cfg"))):
        if name == "build_id.inc":
            continue
        before, after = (files.get(name, b"").decode("latin-1").splitlines() for files in (old, new))
        found += difflib.unified_diff(before, after, f"a/{name}", f"b/{name}", lineterm="", n=1)
    return found


@click.command()
@click.argument("revision", default="HEAD")
@click.option("--sources", is_flag=True, help="Print how the sources differ, too.")
def main(revision: str, sources: bool) -> None:
    """Compare the working tree's cartridges with those of REVISION. Exit status 1 where machine code differs.

    The cartridges of a commit are kept in build/diff-asm/.
    """
    differing = 0
    with made_by_both(revision, partial(cases, revision), ROOT / "build/diff-asm") as (wanted, old, new):
        pairs = [tuple(read(place / str(number)) for place in (old, new)) for number in range(len(wanted))]
    for case, (before, after) in zip(wanted, pairs, strict=True):
        rom, changed = rom_difference(before.code, after.code), changed_lines(before.sources, after.sources)
        differing += bool(rom)
        click.echo(f"{case.name:34} ROM: {rom or 'the same'}; sources: {changed or 'no'} lines differ")
        if sources:
            click.echo("\n".join(source_difference(before.sources, after.sources)))
    click.echo(f"{len(wanted) - differing} of {len(wanted)} cartridges have the same machine code as {revision}")
    sys.exit(1 if differing else 0)


if __name__ == "__main__":
    main()
