"""Jinja: a layout in, files of assembly out. Templates hold names, loops and two-way choices, never decisions."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from asm.fast import modules as code_modules
from asm.layout import Layout
from tables.cells import tiles_2bpp

TEMPLATES = Path(__file__).parent / "templates"
FOLDERS = (TEMPLATES, *sorted(path for path in TEMPLATES.iterdir() if path.is_dir() and path.name != "blocks"))
"""Where a source file is found by its name alone. Those of blocks/ are parts of one, named with their folder."""

INCLUDES = tuple(sorted(path.name for path in TEMPLATES.rglob("*.inc")))
LINKER_MAP = "lorom.cfg"


def render(layout: Layout) -> dict[str, bytes]:
    """File name → content: the modules, their includes, the linker map and the font. Same input, same bytes."""
    environment = Environment(
        loader=FileSystemLoader(FOLDERS),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    values = {field.name: getattr(layout, field.name) for field in fields(layout)}
    code = code_modules(layout.code)
    names = [*INCLUDES, *(f"{module}.asm" for module in layout.modules if module not in code), LINKER_MAP]
    files = {name: environment.get_template(name).render(values).encode() for name in names}
    for module, parts in code.items() if layout.fast else ():
        files[f"{module}.asm"] = environment.get_template("kernels.asm").render(values | {"code": parts}).encode()
    files |= {"stages.inc": stages_inc(files), "font.2bpp": tiles_2bpp()}
    return files | {"build_id.inc": build_id_inc(files)}


def stages_inc(files: Mapping[str, bytes]) -> bytes:
    """A number for every stage that a `mark` names anywhere in the source, in order of first appearance."""
    texts = [files[name].decode() for name in sorted(files)]
    names = dict.fromkeys(name for text in texts for name in re.findall(r"^(?:\w*:)?\s+mark (\w+)", text, re.M))
    numbered = "".join(f"STAGE_{name} = {number}\n" for number, name in enumerate(names))
    return ("; What the marks of a profile build are called: see contract.inc.\n\n" + numbered).encode()


def build_id_inc(files: Mapping[str, bytes]) -> bytes:
    """The first 8 hex digits of SHA-256 over every source, weights and numbers included: the cartridge's name."""
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name} {len(files[name])}\n".encode() + files[name])
    return f'.define BUILD_ID "{digest.hexdigest()[:8].upper()}"\n'.encode()
