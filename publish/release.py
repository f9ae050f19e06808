"""A release: everything that is downloaded, in one folder, with its checksums."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

from publish.archives import write_zip
from publish.cartridges import CHECKPOINTS, cartridges
from publish.checksums import as_text, check_published, checksums
from publish.folder import whole_folder
from publish.manual import write_manual
from trainer.errors import InputError
from trainer.weights import load_weights

SITE = Path("build/site")
GAMES = {
    "snes-gpt-tavern-game.sfc": Path("build/tavern.sfc"),
    "snes-gpt-tavern-game-sa1.sfc": Path("build/tavern_sa1.sfc"),
}
"""The example game, for both machines, by the name that it is published as."""

SUMS = "SHA256SUMS"
LICENCES = (Path("LICENSE"), Path("THIRD_PARTY.md"), Path("trainer/data/README.md"))
LINE = "=" * 80

BUILT = "315532800"
"""Seconds: 1980, the time of everything in the wheel and in the source archive."""


def version() -> str:
    """The one in pyproject.toml, which is the only place that has it."""
    found: str = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    return found


def notes(number: str, *, dated: bool = False) -> str:
    """What CHANGELOG.md says of a version. Raises InputError where it says nothing, or not yet when it came."""
    changes = Path("CHANGELOG.md").read_text(encoding="utf-8")
    found = re.search(
        rf"^## \[{re.escape(number)}\]([^\n]*)\n(.*?)(?=^## \[|\Z)", changes, re.DOTALL | re.MULTILINE
    )
    if not found or not found[2].strip():
        raise InputError(f"CHANGELOG.md has no section `## [{number}]`: write what is new, or set another version")
    if dated and not re.fullmatch(r" - \d{4}-\d\d-\d\d", found[1]):
        raise InputError(f"version {number} is not released yet: give its section in CHANGELOG.md a date")
    return found[2].strip() + "\n"


def check(tag: str | None) -> None:
    """Raises InputError for a tag of another version, or names every file that make has not made."""
    if tag is not None and tag != f"v{version()}":
        raise InputError(
            f"the tag is {tag} and pyproject.toml has version {version()}: the tag must be v{version()}"
        )
    needed = [*roms().values(), SITE / "index.html", *LICENCES]
    if missing := [str(path) for path in needed if not path.exists()]:
        raise InputError(f"{', '.join(missing)}: not there; `make release` makes all that a release needs")
    check_published()


def roms() -> Mapping[str, Path]:
    """Every cartridge and the example game, by the name that each is published as."""
    return {cartridge.file_name: cartridge.rom for cartridge in cartridges()} | GAMES


def licences() -> str:
    """Ours, those of others, and what a checkpoint says about where it is from."""
    texts = [(str(path), path.read_text(encoding="utf-8")) for path in LICENCES]
    for path in sorted(CHECKPOINTS.glob("*.npz")):
        if origin := load_weights(path).info.get("origin"):
            texts.append((str(path), f"{origin}\n"))
    return "\n".join(f"{LINE}\n{name}\n{LINE}\n\n{text}" for name, text in texts)


def write_release(out: Path, tag: str | None = None) -> None:
    """Fill a folder, which takes the place of an older release when all is there. Raises InputError as `check`."""
    check(tag)
    said = notes(version(), dated=tag is not None)
    if out.exists() and not (out / SUMS).exists():
        raise InputError(f"{out} is there and is no release: move it away, or give another --out")
    with whole_folder(out) as new:
        for name, path in roms().items():
            shutil.copyfile(path, new / name)
        write_manual(new)
        write_packages(new)
        write_zip(new / f"snes-gpt-site-{version()}.zip", SITE)
        (new / "LICENSES.txt").write_text(licences(), encoding="utf-8")
        (new / "NOTES.md").write_text(said, encoding="utf-8")
        sums = as_text(checksums((path.name, path) for path in new.iterdir()))
        (new / SUMS).write_text(sums, encoding="utf-8")


def write_packages(folder: Path) -> None:
    """The wheel and the source archive, the same bytes for the same sources. Raises InputError where they fail."""
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    time = {"SOURCE_DATE_EPOCH": BUILT}
    done = subprocess.run(command, env=os.environ | time, capture_output=True, text=True, errors="replace")
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or [f"exit status {done.returncode}"]
        raise InputError(f"hatchling could not build the packages: {said[-1]}")
