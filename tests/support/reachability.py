"""The parts of a cartridge that can ever run or be read, from ld65's debug file: which bytes name which label."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from asm.build import Rom

ENDS = {0x60, 0x6B, 0x40, 0x4C, 0x6C, 0x7C, 0xDC, 0x5C, 0x80, 0x82}
"""rts, rtl, rti, jmp, jml, bra and brl: nothing runs on behind them."""

DATA = re.compile(r"^(?:\w*:)?\s*\.(?:byte|word|addr|faraddr|dword|asciiz|res|incbin)\b")
VECTORS = "VECTORS"

Record = dict[str, str]


@dataclass(frozen=True)
class Piece:
    """The bytes from one label of a module to the next: a routine with the labels and data in it, or a table.

    start, end: addresses; a routine's own labels are in its scope, and make no pieces.
    """

    names: tuple[str, ...]
    segment: str
    start: int
    end: int

    @property
    def size(self) -> int:
        """Bytes of ROM."""
        return self.end - self.start


def dead(rom: Rom) -> list[Piece]:
    """All pieces that nothing reaches from the vectors, in order of address.

    A piece reaches every label, in it or in another, that one of its bytes' source lines names, directly or
    through an equate, and the piece behind it where its last instruction runs on.
    """
    return _Debug(rom).dead()


def records(debug: bytes) -> Mapping[str, Mapping[int, Record]]:
    """Kind → number → the fields of a line of ld65's debug file."""
    found: dict[str, dict[int, Record]] = {}
    for line in debug.decode().splitlines():
        kind, _, fields = line.partition("\t")
        record = dict(re.findall(r'(\w+)=("[^"]*"|[^,]*)', fields))
        if "id" in record:
            found.setdefault(kind, {})[int(record["id"])] = record
    return found


class _Debug:
    def __init__(self, rom: Rom) -> None:
        self.rom = rom
        known = records(rom.debug)
        self.symbols, self.lines = known["sym"], known["line"]
        self.files = {n: record["name"].strip('"') for n, record in known["file"].items()}
        self.segments = {n: record for n, record in known["seg"].items() if "oname" in record}
        self.spans: dict[int, tuple[int, int, int]] = {}
        for number, span in known["span"].items():
            segment = int(span["seg"])
            if segment in self.segments:
                start = int(self.segments[segment]["start"], 16)
                self.spans[number] = start + int(span["start"]), int(span["size"]), segment
        modules = {n for n, record in known["scope"].items() if "parent" not in record}
        self.labels: dict[int, list[str]] = {}
        for symbol in self.symbols.values():
            if symbol["type"] == "lab" and "seg" in symbol and int(symbol.get("scope", -1)) in modules:
                self.labels.setdefault(int(symbol["val"], 16), []).append(symbol["name"].strip('"'))
        self.starts = sorted(self.labels)
        self.named: dict[int, list[int]] = {}
        for number, symbol in self.symbols.items():
            for reference in _numbers(symbol.get("ref", "")):
                self.named.setdefault(reference, []).append(number)
        self.last = self._last_instructions()

    def dead(self) -> list[Piece]:
        """See `dead`."""
        pieces = self._pieces()
        reached: dict[int, set[int]] = {}
        roots: set[int] = set()
        for line in self.named:
            targets = set(self._targets(line, frozenset()))
            for address, _, segment in self._spans_of(line):
                if self.segments[segment]["name"] == f'"{VECTORS}"':
                    roots |= targets
                else:
                    reached.setdefault(self._start_of(address), set()).update(targets)
        for piece, behind in pairwise(pieces):
            if piece.end == behind.start and self._runs_on(piece):
                reached.setdefault(piece.start, set()).add(behind.start)
        alive, waiting = set(roots), list(roots)
        while waiting:
            new = reached.get(waiting.pop(), set()) - alive
            alive |= new
            waiting += new
        return [piece for piece in pieces if piece.size and piece.start not in alive]

    def _pieces(self) -> list[Piece]:
        pieces = []
        for segment in self.segments.values():
            name, start = segment["name"].strip('"'), int(segment["start"], 16)
            end = start + int(segment["size"], 16)
            inside = [at for at in self.starts if start <= at < end]
            assert name in (VECTORS, "HEADER") or inside[:1] == [start], f"{name} begins without a label"
            pieces += [Piece(tuple(self.labels[at]), name, at, until) for at, until in pairwise([*inside, end])]
        return sorted(pieces, key=lambda piece: piece.start)

    def _targets(self, line: int, seen: frozenset[int]) -> Iterator[int]:
        """The addresses of the labels that a line names."""
        for number in self.named.get(line, ()):
            symbol = self.symbols[number]
            if symbol["type"] == "imp" and "exp" in symbol:
                symbol = self.symbols[int(symbol["exp"])]
            if symbol["type"] == "lab" and "seg" in symbol and int(symbol["seg"]) in self.segments:
                yield self._start_of(int(symbol["val"], 16))
            elif symbol["type"] == "equ":
                for definition in _numbers(symbol.get("def", "")):
                    if definition not in seen and definition != line:
                        yield from self._targets(definition, seen | {line})

    def _start_of(self, address: int) -> int:
        return self.starts[bisect_right(self.starts, address) - 1]

    def _spans_of(self, line: int) -> Iterator[tuple[int, int, int]]:
        return (self.spans[n] for n in _numbers(self.lines[line].get("span", "")) if n in self.spans)

    def _last_instructions(self) -> dict[int, tuple[int, int, bool]]:
        """Where a line's bytes end → (their number, where they begin, whether they are data): the shortest line."""
        found: dict[int, tuple[int, int, bool]] = {}
        texts = {
            n: self.rom.sources[name].split(b"\n") for n, name in self.files.items() if name in self.rom.sources
        }
        for number, line in self.lines.items():
            source = texts[int(line["file"])][int(line["line"]) - 1].decode("latin-1")
            for address, size, _ in self._spans_of(number):
                entry = (size, address, bool(DATA.match(source)))
                found[address + size] = min(found.get(address + size, entry), entry)
        return found

    def _runs_on(self, piece: Piece) -> bool:
        _, start, data = self.last[piece.end]
        return not data and self._byte(start) not in ENDS

    def _byte(self, address: int) -> int:
        return self.rom.image[(address >> 16 & 0x7F) * 0x8000 + (address & 0x7FFF)]


def _numbers(field: str) -> Iterable[int]:
    return [int(number) for number in field.split("+") if number]
