"""Where the emulators are: libretro cores, by short name or by path."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from trainer.errors import InputError

SUFFIX = {"darwin": ".dylib", "win32": ".dll"}.get(sys.platform, ".so")
SYSTEM_FOLDERS = (
    "/usr/lib/*/libretro",
    "/usr/lib/libretro",
    "/usr/lib64/libretro",
    "/usr/local/lib/libretro",
    "~/.config/retroarch/cores",
    "~/.var/app/org.libretro.RetroArch/config/retroarch/cores",
    "~/Library/Application Support/RetroArch/cores",
)


RTL_FOLDER = Path("build/rtl")
"""Where `make rtl` puts the simulator of a console's logic."""

PATIENCE = 20.0
"""Seconds without a sign of life. A frame takes a hundredth of one, and a tenth on a busy machine."""

RTL_PATIENCE = 600.0
"""The same where a frame takes a second, and many of them on a busy machine."""


@dataclass(frozen=True)
class Known:
    """A core with a short name.

    stem: its file without suffix; package: a Python package that carries it; folder: where it is made, if it is.
    """

    stem: str
    package: str | None = None
    folder: Path | None = None
    fetched_by: str = "`make emulators` fetches it"
    patience: float = PATIENCE


KNOWN = {
    "snes9x": Known("snes9x_libretro", "stable_retro"),
    "bsnes": Known("bsnes_mercury_accuracy_libretro"),
}
"""The emulators, which every test with a console runs in."""

SIMULATED = {
    "rtl": Known("snes_rtl_libretro", None, RTL_FOLDER, "`make rtl` makes it, see docs/rtl.md", RTL_PATIENCE)
}
"""A console's logic itself, for those who have it: a hundred times slower."""

RTL_LIBRARY = RTL_FOLDER / (SIMULATED["rtl"].stem + SUFFIX)


def find_core(name_or_path: str | Path) -> Path:
    """The libretro core called `snes9x`, `bsnes` or `rtl`, or the core file at a path.

    Raises InputError when there is no such core: what, where it was looked for, what fetches it.
    """
    known = _known(name_or_path)
    if known is None:
        return _core_file(Path(name_or_path).expanduser())
    folders = _folders(known)
    for folder in folders:
        candidate = folder / (known.stem + SUFFIX)
        if candidate.is_file():
            return candidate.resolve()
    looked = ", ".join(map(str, folders)) or "no libretro folder exists"
    raise InputError(f"no core {name_or_path} ({known.stem}{SUFFIX}; looked in {looked}): {known.fetched_by}")


def patience_with(name_or_path: str | Path) -> float:
    """Seconds until a core that gives no sign of life is given up."""
    known = _known(name_or_path)
    return known.patience if known else PATIENCE


def _known(name_or_path: str | Path) -> Known | None:
    return {**KNOWN, **SIMULATED}.get(str(name_or_path))


def _core_file(path: Path) -> Path:
    if path.is_file():
        return path.resolve()
    names = ", ".join([*KNOWN, *SIMULATED])
    problem = "is a directory" if path.is_dir() else "does not exist"
    raise InputError(f"core {path} {problem}: give {names} or the path of a libretro core file")


def _folders(known: Known) -> list[Path]:
    """Folders to look in, best first. The package is located, never imported: it drags in a whole gym."""
    if known.folder is not None:
        return [known.folder]
    spec = find_spec(known.package) if known.package else None
    carried = [Path(place) / "cores" for place in (spec.submodule_search_locations if spec else None) or ()]
    return carried + [found for pattern in SYSTEM_FOLDERS for found in _expand(pattern)]


def _expand(pattern: str) -> list[Path]:
    path = Path(pattern).expanduser()
    return sorted(found for found in Path(path.anchor).glob(str(path.relative_to(path.anchor))) if found.is_dir())
