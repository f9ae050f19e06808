"""Jinja: a layout in, files of assembly out. Templates hold names, loops and two-way choices, never decisions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from asm.layout import Layout
from tables.cells import tiles_2bpp

TEMPLATES = Path(__file__).parent / "templates"
INCLUDES = ("snes.inc", "contract.inc", "config.inc", "memory.inc", "screen.inc", "xray.inc", "spc700.inc")
LINKER_MAP = "lorom.cfg"


def render(layout: Layout) -> dict[str, bytes]:
    """File name → content: the modules, their includes, the linker map and the font. Same input, same bytes."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    values = {field.name: getattr(layout, field.name) for field in fields(layout)}
    names = [*INCLUDES, *(f"{module}.asm" for module in layout.modules), LINKER_MAP]
    files = {name: environment.get_template(name).render(values).encode() for name in names}
    return files | {"stages.inc": stages_inc(files), "font.2bpp": tiles_2bpp()}


def stages_inc(files: Mapping[str, bytes]) -> bytes:
    """A number for every stage that a `mark` names anywhere in the source, in order of first appearance."""
    texts = [files[name].decode() for name in sorted(files)]
    names = dict.fromkeys(name for text in texts for name in re.findall(r"^(?:\w*:)?\s+mark (\w+)", text, re.M))
    numbered = "".join(f"STAGE_{name} = {number}\n" for number, name in enumerate(names))
    return ("; What the marks of a profile build are called: see contract.inc.\n\n" + numbered).encode()
