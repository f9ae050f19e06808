"""From an integer model to a cartridge image."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from asm.cartridge.header import with_checksum
from asm.layout import Layout, plan
from asm.render import LINKER_MAP, render
from asm.toolchain import assemble
from quantize.model import IntegerModel
from trainer.files import scratch_folder

Files = Mapping[str, bytes]


@dataclass(frozen=True)
class Rom:
    """A built cartridge: image, its sources by file name, ld65's debug file, bytes used per segment."""

    image: bytes
    sources: Files
    debug: bytes
    segments: Mapping[str, int]
    layout: Layout


def build_rom(
    model: IntegerModel,
    *,
    traced: bool = False,
    profiled: bool = False,
    edit: Callable[[dict[str, bytes]], None] | None = None,
) -> Rom:
    """Generate, assemble, link, fix the checksum. The same model gives the same bytes on any machine.

    traced records every intermediate, profiled notes the time at every mark. `edit` may change the generated
    files first (the proof plants its bugs there).
    Raises InputError when the model does not fit or the tools are missing.
    """
    layout = plan(model, traced=traced, profiled=profiled)
    files = render(layout)
    if edit is not None:
        edit(files)
    with scratch_folder() as folder:
        image = with_checksum(assemble(files, layout.modules, LINKER_MAP, folder))
        debug = (folder / "image.dbg").read_bytes()
        segments = segment_sizes((folder / "image.map").read_text())
    return Rom(image, files, debug, segments, layout)


def segment_sizes(link_map: str) -> dict[str, int]:
    """Segment → bytes used, from ld65's map file."""
    section = link_map[link_map.index("Segment list:") : link_map.index("Exports list by name:")]
    rows = re.findall(r"^(\w+)\s+[0-9A-F]{6}\s+[0-9A-F]{6}\s+([0-9A-F]{6})", section, re.M)
    return {name: int(size, 16) for name, size in rows}


def symbols(debug: bytes) -> dict[str, int]:
    """Label or constant → value, from ld65's debug file: how a host calls a routine by name."""
    found = re.findall(r'^sym\t.*?name="([^"]+)".*?val=0x([0-9A-F]+)', debug.decode(), re.M)
    return {name: int(value, 16) for name, value in found}
