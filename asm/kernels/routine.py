"""A routine: the assembly of one kernel of the program, and everything the cartridge needs for it.

One file of this folder for each file of quantize/kernels/. A routine says what gpt_step does for it (calls), what
it puts into ROM (items, data) and RAM (vectors, caches, pages), and how long it takes (clocks).
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import count, takewhile
from typing import Any, ClassVar, Generic, TypeVar

from asm.cost.long_run import LongRun
from asm.cost.object_code import Code, routines
from asm.kernels.row_code import Slots, bias_for, pair_code
from asm.kernels.shared_sums import choose_pairs
from asm.kernels.straight_code import Chain, Unit
from asm.memory.log_record import RecordLayout
from asm.memory.rom_data import Part, Records
from asm.memory.work_ram import Area, WorkRam
from asm.targets.target import Target
from quantize.fixed import FRACTION_BITS, Ints
from quantize.kernel import Kernel, Leaf
from quantize.kernels.digit_rows import DigitRows
from quantize.kernels.matrix import MatrixKernel
from quantize.kernels.table_norm import TableNorm
from quantize.model import IntegerModel
from quantize.program import leaves
from quantize.ranges import ProvedModel
from trainer.config import ModelConfig

SLOT_PAGE = "slots"

HALVINGS = FRACTION_BITS
"""Every slot's bias is a multiple of 2^8, so that any row may halve down from the 2^-8 plane."""


@dataclass(frozen=True)
class Call:
    """A step of gpt_step for a routine: all that its template in blocks/ reads.

    entry: the code that it calls; stage: its name in the profile; trace: its result's offset in the log record;
    parts: the rows of the routine's tensors, once they have their place.
    """

    routine: Routine[Any]
    template: str
    comment: str
    entry: str
    stage: str
    trace: int
    parts: tuple[Part, ...] = ()

    @property
    def block(self) -> Any:
        """The block, of a kernel of one."""
        return self.routine.kernel.block

    def placed(self, parts: Mapping[str, tuple[Part, ...]]) -> Call:
        """The same with its parts. parts: those of every tensor."""
        return replace(self, parts=tuple(part for name in self.routine.data for part in parts[name]))


@dataclass(frozen=True)
class Table:
    """Numbers in ROM, whole in one bank: words, bytes or addresses of 24 bits."""

    label: str
    values: Ints
    width: int = 2


@dataclass(frozen=True)
class Template:
    """Code whose size the assembler says: a record for a template, which puts it into segments of these names.

    pieces: how many segments its straight code is cut into, joined by jumps.
    """

    template: ClassVar[str]
    entry: str
    comment: str
    pieces: int = field(default=1, kw_only=True)

    @property
    def segments(self) -> tuple[str, ...]:
        """In the order in which they are placed."""
        return tuple(piece_name(self.entry, number) for number in range(self.pieces))

    def split(self) -> Template | None:
        """The same in more and smaller segments, None if it has none."""
        return None


def piece_name(entry: str, number: int) -> str:
    """The segment of a piece of code, and its label."""
    return f"{entry}_{number + 1}" if number else entry


Item = Table | Chain | Template | Records


@dataclass(frozen=True)
class Placed:
    """Where things came to be: work RAM; the parts that straight-line code was cut into, by label; the bytes of
    measured routines, by segment.
    """

    ram: WorkRam
    parts: Mapping[str, int]
    code: Mapping[str, Code]
    target: Target

    def clocks(self, entry: str, taken: Sequence[float] = ()) -> list[float]:
        """Of each routine of straight code, called from bank 0, in all its pieces. taken: as in
        object_code.routines.
        """
        pieces = takewhile(self.code.__contains__, (piece_name(entry, number) for number in count()))
        code = tuple(byte for piece in pieces for byte in self.code[piece])
        return [self.target.jsl + clocks for clocks in routines(code, self.target, taken)]


@dataclass(frozen=True)
class Site:
    """The inputs to the plan of every routine: the model and its proof, the target, the log record's offsets."""

    proved: ProvedModel
    target: Target
    record: RecordLayout

    @property
    def model(self) -> IntegerModel:
        """The integer model."""
        return self.proved.model

    @property
    def config(self) -> ModelConfig:
        """Its shape."""
        return self.model.config

    def trace(self, name: str) -> int:
        """The offset of an intermediate in the log record; 0 for one that is not recorded."""
        return self.record.entries[name][0] if name in self.record.entries else 0

    @cached_property
    def _writers(self) -> dict[tuple[str, str], Leaf]:
        """(block, a vector that it reads) → the kernel that wrote this vector."""
        written: dict[str, Leaf] = {}
        found: dict[tuple[str, str], Leaf] = {}
        for kernel in leaves(self.model.program):
            found |= {(kernel.name, vector): written[vector] for vector in kernel.reads if vector in written}
            written |= dict.fromkeys(kernel.writes, kernel)
        return found

    def writer(self, kernel: MatrixKernel) -> Leaf:
        """The kernel that wrote what a matrix reads."""
        return self._writers[kernel.name, kernel.block.source]

    def readers(self, writer: Leaf) -> list[DigitRows]:
        """The matrices in rows that read what a kernel has written."""
        kernels = (kernel for kernel in leaves(self.model.program) if isinstance(kernel, DigitRows))
        return [kernel for kernel in kernels if self.writer(kernel) is writer]

    def normed(self, kernel: DigitRows) -> bool:
        """Whether it reads slots that a norm has left."""
        return isinstance(self.writer(kernel), TableNorm) and not kernel.clamp

    @cached_property
    def norm_slots(self) -> Slots:
        """The slots that every norm leaves: one bias for all."""
        rows = (kernel for kernel in leaves(self.model.program) if isinstance(kernel, DigitRows))
        return self.slots_for(*filter(self.normed, rows))

    def slots_for(self, *readers: DigitRows) -> Slots:
        """The slots of a vector that these matrices read: a bias that keeps both copies non-negative."""
        inputs = readers[0].tensor(self.model).shape[1]
        largest = max(self.proved.ranges.largest_source(reader.name) for reader in readers)
        halvings = HALVINGS + max(reader.finest(self.model) for reader in readers)
        return Slots(SLOT_PAGE, inputs, bias_for(largest, halvings))

    @cached_property
    def shared(self) -> dict[str, SharedSums]:
        """Block → the sums of two inputs that it shares with the other readers of its norm."""
        found: dict[str, SharedSums] = {}
        for kernel in leaves(self.model.program):
            if isinstance(kernel, TableNorm) and (group := [r for r in self.readers(kernel) if not r.clamp]):
                found |= dict.fromkeys((reader.name for reader in group), SharedSums(self, group))
        return found


class SharedSums:
    """Sums of two inputs that many rows want, formed once behind a norm."""

    def __init__(self, site: Site, group: Sequence[DigitRows]) -> None:
        self.leader = group[0].name
        weights = [kernel.block.weight for kernel in group]
        pairs = choose_pairs([layers for kernel in group for layers in kernel.section_planes(site.model)])
        self.slots = replace(site.norm_slots, pairs=pairs)
        code = pair_code(self.slots)
        units = [Unit(f"pairs from {n // 48}", tuple(code[n : n + 96])) for n in range(0, len(code), 96)]
        comment = f"{len(pairs)} sums of two inputs for {', '.join(weights)}"
        self.chain = Chain(symbol(weights[0]) + "_pairs", comment, tuple(units))

    def __bool__(self) -> bool:
        return bool(self.slots.pairs)


K = TypeVar("K", bound=Kernel)


class Routine(ABC, Generic[K]):
    """A kernel's assembly, planned for one model."""

    def __init__(self, kernel: K, site: Site) -> None:
        self.kernel, self.site = kernel, site
        self.model, self.config = site.model, site.config

    @property
    def page_call(self) -> float:
        """Clocks of calling its code, with the direct page there and back."""
        return self.site.target.page_call

    def call(self, template: str, comment: str, *, entry: str = "", stage: str = "", of: str = "") -> Call:
        """A step by the template blocks/<template>.asm. of: the block whose result it leaves, if not its first."""
        name = of or self.kernel.name
        path, stage = f"blocks/{template}.asm", stage or symbol(self.kernel.name)
        return Call(self, path, comment, entry, stage, self.site.trace(name))

    @property
    def modules(self) -> tuple[str, ...]:
        """Templates whose routines its code calls, by file name without .asm."""
        return ()

    @property
    def calls(self) -> tuple[Call, ...]:
        """Its steps in gpt_step, in order."""
        return ()

    @property
    def items(self) -> tuple[Item, ...]:
        """Its items in ROM, in order. An item that another routine has already put there is not put again."""
        return ()

    @property
    def data(self) -> Mapping[str, Ints]:
        """Tensors in ROM, (rows, width) words each, that may be laid out over banks row by row."""
        return {}

    @property
    def vectors(self) -> Mapping[str, int]:
        """Vectors in work RAM, by name, in words."""
        return {}

    @property
    def caches(self) -> tuple[Area, ...]:
        """Keys and values of every position."""
        return ()

    @property
    def pages(self) -> Mapping[str, int]:
        """The digit kernels' pages in low RAM, by name, in bytes."""
        return {}

    def clocks(self, run: LongRun, placed: Placed) -> Mapping[str, float]:
        """Stage → master clocks of a token in the long run, before refresh; a stage left out takes none."""
        return {}


def symbol(name: str) -> str:
    """A schedule's name as an assembler's: layer0.wq → layer0_wq."""
    return name.replace(".", "_")
