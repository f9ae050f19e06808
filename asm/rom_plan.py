"""The plan of ROM: what is in which bank, and in which of the linker's segments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from asm.kernels.routine import Item, Table, Template
from asm.kernels.straight_code import Chain, CodePart
from asm.memory.banks import Packer, code_segment, segment
from asm.memory.rom_data import DataTable, Part, Records, pack_addresses, pack_records, pack_rows, pack_table
from asm.screens.look import SEGMENTS
from asm.targets.target import Target
from quantize.fixed import Ints

DATA_SEGMENTS = ("TOKEN_TEXTS", "MERGE_TABLES", *SEGMENTS, "ABOUT")
"""The segments of data.asm before its tables."""

ROW_TABLES = {"wte": "wte_rows", "wpe": "wpe_rows", "front": "front_row_addresses"}
"""Tables that are looked up by row, and the tables of their rows' addresses."""


@dataclass(frozen=True)
class RomBank:
    """A bank of weights: its number and the address it is seen at, in the fast mirror."""

    number: int
    start: str


@dataclass(frozen=True)
class SegmentPlace:
    """A linker segment and its bank."""

    name: str
    bank: int


class RomPlan:
    """ROM as it fills. measured: the bytes of measured routines, by segment."""

    def __init__(self, target: Target, measured: Mapping[str, int]) -> None:
        self._packer, self._measured = Packer(target), measured
        self.tables: list[Part] = []
        self.templates: tuple[Template, ...] = ()
        self.code: list[CodePart] = []
        self._places: dict[str, int] = {}
        self._sizes: dict[str, int] = {}

    def put(self, items: Iterable[Item]) -> None:
        """In order."""
        for item in items:
            match item:
                case Table():
                    self.tables.append(pack_table(item.label, item.values, item.width, self._packer))
                case Records():
                    self.tables += pack_records(item, self._packer)
                case Chain():
                    self.code += item.place(self._packer)
                case Template():
                    self.templates += (item,)
                    for name in item.segments:
                        self.place(name, self._measured[name])

    def put_tensors(self, tensors: Iterable[tuple[str, Ints]]) -> Mapping[str, tuple[Part, ...]]:
        """Row by row, then the addresses of rows that are looked up: before all other tables. Returns the parts of
        each tensor.
        """
        rows = [part for name, values in tensors for part in pack_rows(name, values, self._packer)]
        parts_of = {name: tuple(parts) for name, parts in groupby(rows, lambda part: part.tensor)}
        looked_up = [name for name in parts_of if name in ROW_TABLES]
        addresses = [pack_addresses(ROW_TABLES[name], parts_of[name], self._packer) for name in looked_up]
        self.tables = [*rows, *addresses, *self.tables]
        return parts_of

    def place(self, name: str, size: int) -> None:
        """A segment of its own."""
        self._places[name], self._sizes[name] = self._packer.place(size), size

    def place_tables(self, tables: Iterable[DataTable]) -> None:
        """The segments of these tables, but for the program's."""
        for name, own in groupby(tables, lambda table: table.segment):
            if name in DATA_SEGMENTS:
                self.place(name, sum(table.size for table in own))

    def check(self) -> None:
        """Raises InputError where all of it takes more than the largest ROM."""
        self._packer.check()

    @property
    def used_banks(self) -> int:
        """The program's and those that are filled so far."""
        return self._packer.bank + 1

    def banks(self, banks: int) -> tuple[RomBank, ...]:
        """Those of a ROM of so many, but for the program's."""
        start = self._packer.target.bank_start
        return tuple(RomBank(bank, f"${start(bank):06X}") for bank in range(1, banks))

    def segments(self, banks: int) -> tuple[SegmentPlace, ...]:
        """In the order in which they are in a bank: text and tables, measured routines, straight-line code."""
        first = [SegmentPlace(name, self._places[name]) for name in DATA_SEGMENTS if name in self._places]
        data = [SegmentPlace(segment(bank), bank) for bank in range(1, banks)]
        own = [SegmentPlace(name, self._places[name]) for name in self._measured if name in self._places]
        code = [SegmentPlace(code_segment(bank), bank) for bank in range(1, banks)]
        return (*first, *data, *own, *code)

    def segment_bytes(self) -> Mapping[str, int]:
        """Segment → its bytes."""
        found = Counter(self._sizes)
        for part in self.tables:
            found[part.segment] += part.size
        for code in self.code:
            found[code.segment] += code.size
        return found
