"""What the planners hand to the templates: pieces of ROM, and blocks of the schedule by name and number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from asm.memory.banks import BANK_BYTES, Packer, segment
from quantize.fixed import Ints


@dataclass(frozen=True)
class Part:
    """Rows of one tensor that lie together in one bank of ROM."""

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
class HiddenPart:
    """Hidden units that share a page of slots: the page, their offset in the vector, the last one's in the part."""

    slots: str
    offset: int
    last: int


@dataclass(frozen=True)
class EmittedBlock:
    """A block of the schedule as its template sees it: names of memory, sizes, trace offsets."""

    template: str
    comment: str
    trace: int
    out: str = ""
    source: str = ""
    query: str = ""
    keys: str = ""
    values: str = ""
    buffer: str = ""
    kind: str = ""
    inputs: int = 0
    outputs: int = 0
    size: int = 0
    cached: bool = False
    trace_scores: int = 0
    trace_weights: int = 0
    trace_after: int = 0
    kept_weights: tuple[str, ...] = ()
    layer: int = 0
    traced: bool = True
    entry: str = ""
    second_entry: str = ""
    page: str = "slots"
    bias: int = 0
    hidden_parts: tuple[HiddenPart, ...] = ()
    parts: tuple[Part, ...] = ()
    bank: str = ""
    stage: str = ""


def symbol(name: str) -> str:
    """A schedule's name as an assembler's: layer0.wq → layer0_wq."""
    return name.replace(".", "_")


def layer_number(name: str) -> int:
    """layer3.fc1 → 3."""
    return int(name.partition(".")[0].removeprefix("layer"))


def lines(numbers: Iterable[int], per_line: int = 16) -> tuple[str, ...]:
    """Numbers as operands of .byte or .word, some to a line."""
    texts = [str(number) for number in numbers]
    return tuple(", ".join(texts[i : i + per_line]) for i in range(0, len(texts), per_line))


def pack(tensors: Sequence[tuple[str, Ints]], packer: Packer) -> tuple[Part, ...]:
    """Lay tensors out row by row over banks; a row never crosses a bank."""
    parts: list[Part] = []
    for name, values in tensors:
        row_bytes = 2 * values.shape[1]
        row = 0
        while row < len(values):
            rows = min(len(values) - row, max(packer.free // row_bytes, 1), BANK_BYTES // row_bytes)
            bank = packer.place(rows * row_bytes)
            text = tuple(", ".join(f"{w & 0xFFFF}" for w in values[r]) for r in range(row, row + rows))
            label = symbol(name) + (f"_from_{row}" if row else "")
            comment = f"{name}: rows {row} to {row + rows - 1} of {len(values)}, {values.shape[1]} wide"
            parts.append(Part(name, label, bank, row, rows, text, comment, rows * row_bytes))
            row += rows
    return tuple(parts)


def pack_whole(name: str, values: Ints, packer: Packer) -> Part:
    """A table that is indexed across its rows: all of it in one bank."""
    bank = packer.place(2 * values.size)
    comment = f"{name}: {values.size} words"
    text = lines((values.reshape(-1) & 0xFFFF).tolist())
    return Part(name, symbol(name), bank, 0, len(values), text, comment, 2 * values.size)


def pack_bytes(name: str, values: Sequence[int], packer: Packer) -> Part:
    """A table of bytes."""
    bank = packer.place(len(values))
    return Part(name, name, bank, 0, 1, lines(values), f"{name}: {len(values)} bytes", len(values), ".byte")


def pack_addresses(name: str, addresses: Sequence[str], packer: Packer) -> Part:
    """A table of addresses of 24 bits, all of it in one bank."""
    bank, size = packer.place(3 * len(addresses)), 3 * len(addresses)
    return Part(name, name, bank, 0, len(addresses), tuple(addresses), f"{name}: where they lie", size, ".faraddr")


def row_addresses(parts: Sequence[Part], tensor: str, width: int) -> tuple[str, ...]:
    """An address expression for every row of a tensor."""
    return tuple(
        f"{part.label} + {2 * width * row}" for part in parts if part.tensor == tensor for row in range(part.rows)
    )
