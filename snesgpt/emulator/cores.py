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


@dataclass(frozen=True)
class Known:
    """A core with a short name: its file without suffix, a Python package that carries it."""

    stem: str
    package: str | None


KNOWN = {
    "snes9x": Known("snes9x_libretro", "stable_retro"),
    "bsnes": Known("bsnes_mercury_accuracy_libretro", None),
}


def find_core(name_or_path: str | Path) -> Path:
    """The libretro core called `snes9x` or `bsnes`, or the core file at a path.

    Raises InputError when there is no such core: what, where it was looked for, what fetches it.
    """
    known = KNOWN.get(str(name_or_path))
    if known is None:
        return _core_file(Path(name_or_path).expanduser())
    folders = _folders(known)
    for folder in folders:
        candidate = folder / (known.stem + SUFFIX)
        if candidate.is_file():
            return candidate.resolve()
    looked = ", ".join(map(str, folders)) or "no libretro folder exists"
    raise InputError(
        f"no core {name_or_path} ({known.stem}{SUFFIX}; looked in {looked}): `make emulators` fetches it"
    )


def _core_file(path: Path) -> Path:
    if path.is_file():
        return path.resolve()
    names = " or ".join(KNOWN)
    problem = "is a directory" if path.is_dir() else "does not exist"
    raise InputError(f"core {path} {problem}: give {names}, or the path of a libretro core file")


def _folders(known: Known) -> list[Path]:
    """Folders to look in, best first. The package is located, never imported: it drags in a whole gym."""
    spec = find_spec(known.package) if known.package else None
    carried = [Path(place) / "cores" for place in (spec.submodule_search_locations if spec else None) or ()]
    return carried + [found for pattern in SYSTEM_FOLDERS for found in _expand(pattern)]


def _expand(pattern: str) -> list[Path]:
    path = Path(pattern).expanduser()
    return sorted(found for found in Path(path.anchor).glob(str(path.relative_to(path.anchor))) if found.is_dir())
