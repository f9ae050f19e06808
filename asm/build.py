"""From an integer model to a cartridge image."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from asm.cartridge.header import with_checksum
from asm.kernels.straight_code import modules as code_modules
from asm.layout import Layout, plan
from asm.memory.banks import segment
from asm.render import build_id_inc, includes, render, stages_inc
from asm.toolchain import SA1_PREFIX, assemble, link
from quantize.model import IntegerModel
from quantize.ranges import prove
from trainer.documents import SHORT, reading
from trainer.errors import InputError
from trainer.files import scratch_folder
from trainer.paths import check_readable
from trainer.progress import Bar, no_bar

SYMBOL = re.compile(rb'^sym\t[^"]*,name="([!-~]{1,200})"[^"]*,val=0x([0-9A-F]{1,8})[,\s]')

LARGEST_DEBUG = 256 << 20
"""Bytes of a debug file. A cartridge of 2 MiB has one of 51 million."""

Files = Mapping[str, bytes]
Edit = Callable[[dict[str, bytes]], None]


@dataclass(frozen=True)
class Rom:
    """A built cartridge, or a library: image, its sources by file name, ld65's debug file, bytes used per bank."""

    image: bytes
    sources: Files
    debug: bytes
    segments: Mapping[str, int]
    layout: Layout


def build_rom(
    model: IntegerModel, *, traced: bool = False, profiled: bool = False, edit: Edit | None = None
) -> Rom:
    """Prove, plan and build a model. Raises InputError when it does not fit or the tools are missing.

    traced records every intermediate, profiled notes the time at every mark.
    """
    return build(plan(prove(model), traced=traced, profiled=profiled), edit)


def build(layout: Layout, edit: Edit | None = None, bar: Bar = no_bar) -> Rom:
    """Generate, assemble, link, fix a cartridge's checksum. The same model gives the same bytes on any machine.

    `edit` may change the generated files first (the proof plants its bugs there). Raises InputError when the
    assembler or the linker refuses them.
    """
    planned = sources(layout)
    files = dict(planned)
    if edit is not None:
        edit(files)
    edited = any(files[name] != content for name, content in planned.items()) or set(files) != set(planned)
    measured = {} if edited else layout.objects.files
    with scratch_folder() as folder:
        rest = assemble(files, [module for module in layout.modules if module not in measured], folder, bar)
        objects = {module: (measured.get(module) or rest.files[module]) for module in layout.modules}
        image = link(objects, files[layout.target.linker_map], folder)
        debug = (folder / "image.dbg").read_bytes()
        segments = banks_of(segment_sizes((folder / "image.map").read_text()), layout)
    return Rom(image if layout.target.library else with_checksum(image), files, debug, segments, layout)


def sources(layout: Layout) -> dict[str, bytes]:
    """File name → content: the modules, their includes, the linker map and the font."""
    code = code_modules(layout.code) if layout.code else {}
    bare = dict.fromkeys(module.removeprefix(SA1_PREFIX) for module in layout.modules)
    names = [f"{name}.asm" for name in bare if name not in code]
    rest = [name for name in names if name not in layout.measured]
    files = render([*includes(layout.target), *layout.late_includes, *rest, layout.target.linker_map], layout)
    files |= layout.measured
    for module, parts in code.items():
        files[f"{module}.asm"] = render(["kernels.asm"], layout, code=parts)["kernels.asm"]
    files |= {"stages.inc": stages_inc(files), **layout.pictures}
    return files | {"build_id.inc": build_id_inc(files)}


def banks_of(segments: Mapping[str, int], layout: Layout) -> dict[str, int]:
    """Bytes of each bank, and of the segments of the first."""
    banks = {place.name: segment(place.bank) for place in layout.segments}
    found: Counter[str] = Counter()
    for name, size in segments.items():
        found[banks.get(name, name)] += size
    own = [name for name in found if name not in banks.values()]
    return {name: found[name] for name in (*own, *dict.fromkeys(banks.values())) if found[name]}


def segment_sizes(link_map: str) -> dict[str, int]:
    """Segment → bytes used, from ld65's map file."""
    section = link_map[link_map.index("Segment list:") : link_map.index("Exports list by name:")]
    rows = re.findall(r"^(\w+)\s+[0-9A-F]{6}\s+[0-9A-F]{6}\s+([0-9A-F]{6})", section, re.M)
    return {name: int(size, 16) for name, size in rows}


def symbols(debug: bytes) -> dict[str, int]:
    """Label or constant → value, from ld65's debug file: how a host calls a routine by name.

    Raises InputError, naming the line, for a symbol that is none.
    """
    return dict(_symbols(io.BytesIO(debug)))


def read_symbols(path: Path) -> dict[str, int]:
    """The same from a file, line by line. Raises InputError too when it cannot be read, or is too large."""
    check_readable(path)
    try:
        with reading(path), path.open("rb") as file:
            if (size := path.stat().st_size) > LARGEST_DEBUG:
                raise InputError(f"it has {size:,} bytes: no debug file has more than {LARGEST_DEBUG:,}")
            return dict(_symbols(file))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error


def _symbols(file: BinaryIO) -> Iterator[tuple[str, int]]:
    """Name and value of every line `sym` that has a value: an imported one has none."""
    for number, line in enumerate(file, 1):
        if line.startswith(b"sym\t") and b",val=" in line:
            found = SYMBOL.search(line)
            if not found:
                raise InputError(f'line {number} is {SHORT.repr(line)}: a symbol has name="…" and val=0x…')
            yield found[1].decode(), int(found[2], 16)
