"""Tables in ROM: numbers as operands of .byte, .word and .faraddr, laid out over banks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from asm.memory.banks import Packer, segment
from quantize.fixed import Ints


@dataclass(frozen=True)
class Part:
    """Rows of one tensor that are together in one bank of ROM."""

    tensor: str
    label: str
    bank: int
    first_row: int
    rows: int
    lines: tuple[str, ...]
    comment: str
    size: int
    directive: str = ".word"

    @property
    def segment(self) -> str:
        """The linker segment of its bank."""
        return segment(self.bank)


@dataclass(frozen=True)
class DataTable:
    """Bytes or words of data.asm, in a linker segment: they have the same place in every cartridge."""

    label: str
    comment: str
    values: tuple[int, ...]
    width: int = 2
    segment: str = "TABLES"

    @property
    def size(self) -> int:
        """Bytes of ROM."""
        return self.width * len(self.values)

    @property
    def directive(self) -> str:
        """The assembler's."""
        return ".word" if self.width == 2 else ".byte"

    @property
    def lines(self) -> tuple[str, ...]:
        """Its operands."""
        return lines(self.values)


@dataclass(frozen=True)
class Record:
    """Words, then the places of other records, by their numbers: of each its address in its bank, and the bank.

    No record is at bank 0: so is the place of none.
    """

    words: tuple[int, ...]
    links: tuple[int | None, ...]

    @property
    def size(self) -> int:
        """Bytes of ROM."""
        return 2 * len(self.words) + 4 * len(self.links)


@dataclass(frozen=True)
class Records:
    """Records that are found one from another, the first `roots` of them by a table of their addresses."""

    label: str
    records: tuple[Record, ...]
    addresses: str
    roots: int


def lines(numbers: Iterable[int], per_line: int = 16) -> tuple[str, ...]:
    """Numbers as operands of .byte or .word, some to a line."""
    texts = [str(number) for number in numbers]
    return tuple(", ".join(texts[i : i + per_line]) for i in range(0, len(texts), per_line))


def pack_rows(name: str, values: Ints, packer: Packer) -> list[Part]:
    """Rows of words over banks; a row never crosses a bank. values (rows, width)."""
    parts: list[Part] = []
    row_bytes = 2 * values.shape[1]
    row = 0
    while row < len(values):
        rows = min(len(values) - row, max(packer.free // row_bytes, 1), packer.target.bank_bytes // row_bytes)
        bank = packer.place(rows * row_bytes)
        text = tuple(", ".join(map(str, words)) for words in (values[row : row + rows] & 0xFFFF).tolist())
        label = name.replace(".", "_") + (f"_from_{row}" if row else "")
        comment = f"{name}: rows {row} to {row + rows - 1} of {len(values)}, {values.shape[1]} wide"
        parts.append(Part(name, label, bank, row, rows, text, comment, rows * row_bytes))
        row += rows
    return parts


def pack_table(label: str, values: Ints, width: int, packer: Packer) -> Part:
    """A table that is indexed across its rows, bytes or words: all of it in one bank."""
    size = width * values.size
    unit, directive, mask = ("words", ".word", 0xFFFF) if width == 2 else ("bytes", ".byte", 0xFF)
    comment = f"{label}: {values.size} {unit}"
    bank = packer.place(size)
    return Part(
        label, label, bank, 0, len(values), lines((values.reshape(-1) & mask).tolist()), comment, size, directive
    )


def pack_addresses(label: str, rows: Sequence[Part], packer: Packer) -> Part:
    """A table of addresses of 24 bits, one for every row of these parts: all of it in one bank."""
    addresses = [f"{part.label} + {part.size // part.rows * row}" for part in rows for row in range(part.rows)]
    bank, size = packer.place(3 * len(addresses)), 3 * len(addresses)
    comment = f"{label}: where they are"
    return Part(label, label, bank, 0, len(addresses), tuple(addresses), comment, size, ".faraddr")


def pack_records(given: Records, packer: Packer) -> list[Part]:
    """Records over banks, none across the end of one, and the table of the first ones' addresses."""
    banks = [packer.place(record.size) for record in given.records]
    firsts = {bank: banks.index(bank) for bank in dict.fromkeys(banks)}
    offsets, free = [], dict.fromkeys(firsts, 0)
    for bank, record in zip(banks, given.records, strict=True):
        offsets.append(free[bank])
        free[bank] += record.size
    labels = [f"{given.label}_from_{firsts[bank]}" for bank in banks]
    places = [f"{label} + {offset}" for label, offset in zip(labels, offsets, strict=True)]
    parts = []
    for bank, first in firsts.items():
        own = given.records[first : first + banks.count(bank)]
        text = tuple(_operands(record, places) for record in own)
        comment = f"{given.label}: records {first} to {first + len(own) - 1} of {len(banks)}"
        parts.append(Part(given.label, labels[first], bank, first, len(own), text, comment, free[bank]))
    roots, size = tuple(places[: given.roots]), 3 * given.roots
    comment = f"{given.addresses}: where the first of them are"
    bank = packer.place(size)
    return [*parts, Part(given.addresses, given.addresses, bank, 0, len(roots), roots, comment, size, ".faraddr")]


def _operands(record: Record, places: Sequence[str]) -> str:
    found = [
        "0, 0" if link is None else f".loword({places[link]}), .bankbyte({places[link]})" for link in record.links
    ]
    return ", ".join([*(str(word & 0xFFFF) for word in record.words), *found])
