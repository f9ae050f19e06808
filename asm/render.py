"""Jinja: frozen data in, files of assembly out. Templates hold names, loops and choices of two, never decisions."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from asm.targets.target import Target

TEMPLATES = Path(__file__).parent / "templates"
PARTS = ("blocks", "game")
"""Folders of parts of a file, and of files for a game: no modules of ours include them."""

INSTEAD = ("library", "sa1", "cpu_multiplier")
"""Folders whose files take the place of others, for some targets: see Target.templates."""

FOLDERS = (
    TEMPLATES,
    *sorted(path for path in TEMPLATES.iterdir() if path.is_dir() and path.name not in ("blocks", *INSTEAD)),
)
"""Where a source file is found by its name alone. Those of blocks/ are parts of one, named with their folder."""

LATE_INCLUDES = ("cartridge.inc",)
LATE_INCLUDES_OF_LIBRARY = ("library.inc",)
"""Includes that are known only when everything has its place."""


def includes(target: Target) -> tuple[str, ...]:
    """The other includes of a target's modules. A library has no screens."""
    paths = [path for path in TEMPLATES.rglob("*.inc") if path.parent.name not in PARTS]
    named = {path.name for path in paths if not (target.library and path.parent.name == "screens")}
    return tuple(sorted(named - {*LATE_INCLUDES, *LATE_INCLUDES_OF_LIBRARY}))


@cache
def _environment(folders: tuple[str, ...]) -> Environment:
    first = [TEMPLATES / folder for folder in folders]
    return Environment(
        loader=FileSystemLoader((*first, *FOLDERS)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )


def render(names: Sequence[str], values: Any, **more: Any) -> dict[str, bytes]:
    """Templates, by file name, as text. values: a dataclass, whose fields the templates read, and more by name.

    Where its target has folders, a file there takes the place of another of its name, also in its blocks/. Same
    input, same bytes.
    """
    environment = _environment(values.target.templates)
    known = {field.name: getattr(values, field.name) for field in fields(values)} | more
    return {name: environment.get_template(name).render(known).encode() for name in names}


def stages_inc(files: Mapping[str, bytes]) -> bytes:
    """A number for every stage that a `mark` names anywhere in the source, in order of first appearance."""
    texts = [files[name].decode() for name in sorted(files)]
    names = dict.fromkeys(name for text in texts for name in re.findall(r"^(?:\w*:)?\s+mark (\w+)", text, re.M))
    numbered = "".join(f"STAGE_{name} = {number}\n" for number, name in enumerate(names))
    return ("; The stages that the marks of a profile build name: see contract.inc.\n\n" + numbered).encode()


def build_id_inc(files: Mapping[str, bytes]) -> bytes:
    """The first 8 hex digits of SHA-256 over every source, weights and numbers included: the cartridge's name."""
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name} {len(files[name])}\n".encode() + files[name])
    return f'.define BUILD_ID "{digest.hexdigest()[:8].upper()}"\n'.encode()
