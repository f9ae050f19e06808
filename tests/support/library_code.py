"""The instructions of a library, in pieces that run from first to last: no jump leads in or out between."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from asm.build import Rom
from tests.support.reachability import DATA, records

BRANCHES = frozenset({0x10, 0x30, 0x50, 0x70, 0x80, 0x90, 0xB0, 0xD0, 0xF0})
JUMPS = frozenset({0x4C, 0x5C, 0x6C, 0x7C, 0xDC, 0x20, 0x22, 0xFC, 0x60, 0x6B, 0x40, 0x82})
NEAR, FAR = frozenset({0x4C, 0x20}), frozenset({0x5C, 0x22})
"""Of these, those whose operand is where they lead."""


def pieces(rom: Rom) -> list[list[int]]:
    """The addresses of the instructions of each piece, in order."""
    code = dict(_instructions(rom))
    starts = set(_labels(rom)) | {target for at in code for target in _targets(rom, at)}
    found: list[list[int]] = []
    anew = True
    for at in sorted(code):
        if anew or at in starts or found[-1][-1] + code[found[-1][-1]] != at:
            found.append([])
        found[-1].append(at)
        anew = _byte(rom, at) in BRANCHES | JUMPS
    return found


def _instructions(rom: Rom) -> Iterator[tuple[int, int]]:
    """Address and size of each: a line of source that is no data; of several for the same bytes the shortest."""
    shortest: dict[int, tuple[int, bool]] = {}
    known = records(rom.debug)
    files = {n: record["name"].strip('"') for n, record in known["file"].items()}
    spans = {n: place for n, span in known["span"].items() if (place := _place(span, known["seg"]))}
    texts = {n: rom.sources[name].split(b"\n") for n, name in files.items() if name in rom.sources}
    for line in known["line"].values():
        if int(line["file"]) not in texts:
            continue
        source = texts[int(line["file"])][int(line["line"]) - 1].decode("latin-1")
        for number in map(int, filter(None, line.get("span", "").split("+"))):
            if number in spans:
                at, size = spans[number]
                entry = (size, bool(DATA.match(source)))
                shortest[at] = min(shortest.get(at, entry), entry)
    yield from ((at, size) for at, (size, data) in shortest.items() if not data and size <= 4)


def _place(span: Mapping[str, str], segments: Mapping[int, Mapping[str, str]]) -> tuple[int, int] | None:
    segment = segments[int(span["seg"])]
    if "oname" not in segment or re.search("BANK|TABLES|TEXTS|MERGE", segment["name"]):
        return None
    return int(segment["start"], 16) + int(span["start"]), int(span["size"])


def _labels(rom: Rom) -> Iterator[int]:
    for symbol in records(rom.debug)["sym"].values():
        if symbol["type"] == "lab" and "val" in symbol:
            yield int(symbol["val"], 16)


def _targets(rom: Rom, at: int) -> Iterator[int]:
    opcode, bank = _byte(rom, at), at & 0xFF0000
    if opcode in BRANCHES:
        offset = _byte(rom, at + 1)
        yield at + 2 + offset - (offset >> 7 << 8)
    elif opcode in NEAR | FAR:
        near = _byte(rom, at + 1) | _byte(rom, at + 2) << 8
        yield near | (_byte(rom, at + 3) << 16 if opcode in FAR else bank)


def _byte(rom: Rom, at: int) -> int:
    first = rom.layout.target.program_bank
    return rom.image[((at >> 16) - first) * 0x8000 + (at & 0x7FFF)]
