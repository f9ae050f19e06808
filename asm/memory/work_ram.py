"""The layout of work RAM: pages below the stack, vectors in bank $7E, the caches in what both banks leave.

Addresses that memory.inc can count itself are its own; here is what has to be known before: which bank a cache
goes to, how long the log may be, and that all of it fits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from asm.cost.instructions import SLOT_PAGES
from asm.targets.sa1 import BLOCK_BYTES, IRAM_START, WINDOW
from asm.targets.target import Target
from trainer.errors import InputError

BANK = 0x10000
PAGE = 0x100

VECTORS = (
    *("residual", "query", "packed"),  # in this order: the front table's row fills them in one go
    *("normed", "attended", "hidden", "key", "value", "branch", "gate", "up"),
    *("turn_by", "product_low", "turned_first", "turned_second", "best", "weights"),
)
"""The digit kernels' vectors in the order of their addresses; any other comes after them."""

LASTING = ("mark_next", "frames_seen", "probed_hidden", "residual")
"""Those of the SA-1 that last beyond a token. They come first: over the others the sampler's weights may be."""


@dataclass(frozen=True)
class Area:
    """Some bytes of high work RAM by name; without one, a gap. in_block: the SA-1's window must show all of it."""

    name: str
    size: int
    in_block: bool = False


@dataclass(frozen=True)
class WorkRam:
    """The vectors (word 0 … length) in bank $7E, the areas of either bank, what the log has left, bytes in use."""

    work: tuple[Area, ...]
    bank_7e: tuple[Area, ...]
    bank_7f: tuple[Area, ...]
    log_bytes: int
    start: int

    @property
    def used(self) -> int:
        """Bytes of both banks that a model takes, the log apart."""
        return sum(area.size for area in (*self.work, *self.bank_7e, *self.bank_7f) if area.name)

    @property
    def caches_apart(self) -> bool:
        """Whether some caches are in the second bank."""
        return any(area.name.startswith("layer") for area in self.bank_7f)

    def address(self, vector: str) -> int:
        """The address of a vector in bank $7E."""
        before = takewhile(lambda area: area.name != vector, self.work)
        return self.start + sum(area.size for area in before)

    @property
    def passing(self) -> int:
        """The address behind the vectors that somebody reads when a token is there."""
        before = takewhile(lambda area: area.name in LASTING, self.work)
        return self.start + sum(area.size for area in before)


def lay_out(
    target: Target,
    work: Sequence[Area],
    areas: Sequence[Area],
    record: int,
    what: str,
    *,
    profiled: bool,
    low: int = 0,
    saved: int = 0,
) -> WorkRam:
    """Vectors first, then the areas, largest first: in bank $7E while it has room, then in bank $7F.

    No area crosses a bank, and none ends with bank $7E: the WRAM port counts on into $7F, and a new address that is
    given by its 16 low bits would lie there. record: bytes of the log that must be left. what: the caches in words,
    for the refusal. low: bytes of what comes before the vectors; saved: bytes of saves,
    where these are in the same RAM.
    Raises InputError with the sizes where they do not fit.
    """
    if target.apart:
        return _in_bwram(target, work, areas, record, what, low, saved)
    others = target.screen_ram + (target.mark_ram if profiled else 0)
    vectors, room_7e = sum(area.size for area in work), BANK - target.high_ram - others
    if vectors > room_7e:
        raise InputError(
            f"vectors take {vectors:,} bytes of work RAM, and {room_7e:,} are left: use fewer heads or less context"
        )
    if record > target.log_end:
        raise InputError(
            f"a token's trace takes {record:,} bytes of work RAM, and {target.log_end:,} are left: build without it"
        )
    left = {0: room_7e - vectors, 1: target.log_end - record}
    room = sum(left.values())
    placed: dict[int, list[Area]] = {0: [], 1: []}
    for area in sorted(areas, key=lambda area: -area.size):
        bank = 0 if area.size < left[0] else 1
        if area.size > left[bank]:
            raise InputError(
                f"{what}, and the sampler's tables, take {sum(area.size for area in areas):,} bytes of work RAM, "
                f"in pieces of up to {areas[0].size:,}, and a log of {record:,} bytes a token leaves {room:,}: "
                "use fewer layers, fewer dimensions or less context"
            )
        left[bank] -= area.size
        placed[bank].append(area)
    in_7f = sum(area.size for area in placed[1])
    return WorkRam(tuple(work), tuple(placed[0]), tuple(placed[1]), target.log_end - in_7f, target.high_ram)


def _in_bwram(
    target: Target, work: Sequence[Area], areas: Sequence[Area], record: int, what: str, low: int, saved: int
) -> WorkRam:
    """Saves, the vectors' block, areas; the log and more areas in the second bank.

    Saves end and the vectors begin in one block; what is left of it is for areas that need not be in a block. Those
    that must be come first, in their order.
    """
    vectors, taken = sum(area.size for area in work), saved % BLOCK_BYTES
    if low + vectors > BLOCK_BYTES - taken:
        raise InputError(
            f"vectors take {low + vectors:,} bytes of BW-RAM, and their block has {BLOCK_BYTES - taken:,}: "
            "use a smaller vocabulary, fewer hidden units or fewer dimensions"
        )
    banks = (
        _Bank(BANK - (saved - taken), taken + low + vectors),
        _Bank((target.log_end - record) // BLOCK_BYTES * BLOCK_BYTES),
    )
    room = sum(bank.room - bank.begun for bank in banks)
    for area in sorted(areas, key=lambda area: (not area.in_block, 0 if area.in_block else -area.size)):
        if not any(bank.take(area) for bank in banks):
            raise InputError(
                f"{what}, and the sampler's tables, take {sum(area.size for area in areas):,} bytes of BW-RAM, "
                f"and a log of {record:,} bytes a token leaves {room:,}: "
                "use fewer layers, fewer dimensions or less context"
            )
    first, second = banks
    in_second = -(-second.used // BLOCK_BYTES) * BLOCK_BYTES
    return WorkRam(
        tuple(work), tuple(first.areas), tuple(second.areas), target.log_end - in_second, WINDOW + taken + low
    )


@dataclass
class _Bank:
    """Whole blocks of BW-RAM as they fill. room: bytes; begun: those of the first block that others have taken."""

    room: int
    begun: int = 0
    areas: list[Area] = field(default_factory=list)

    @property
    def used(self) -> int:
        return self.begun + sum(area.size for area in self.areas)

    def take(self, area: Area) -> bool:
        """Put an area behind the others, if there is room."""
        left = -self.used % BLOCK_BYTES
        shared = self.begun > 0 and self.used < BLOCK_BYTES
        gap = left if area.in_block and (area.size > left or shared) else 0
        if self.used + gap + area.size > self.room:
            return False
        self.areas += [*((Area("", gap),) if gap else ()), area]
        return True


@dataclass(frozen=True)
class Pages:
    """The digit kernels' pages, upwards to the stack; where the first begins."""

    start: int
    pages: tuple[Area, ...]


ATTENTION_PAGE = "attention_page"
PAGES = SLOT_PAGES
"""Sums of two inputs, hidden units in rows, a page for the columns, slots: in the order of their addresses."""


def digit_pages(target: Target, wanted: Mapping[str, int]) -> Pages:
    """Bytes by name. All but the sums of two are direct pages, which are faster at a multiple of 256.

    The attention's page is where all others but the slots are: they are not wanted then. Raises InputError where
    the SA-1's own memory has no room.
    """
    rounded = {name: -(-wanted.get(name, 0) // PAGE) * PAGE for name in PAGES}
    pages = tuple(Area(name, size) for name, size in rounded.items() if size)
    attention = wanted.get(ATTENTION_PAGE, 0)
    if attention:
        others = sum(size for name, size in rounded.items() if name != "slots")
        more = max(0, -(-(attention - others) // PAGE) * PAGE)
        pages = (*((Area("attention_rest", more),) if more else ()), *pages)
    start = target.stack - sum(page.size for page in pages)
    if target.apart and start < IRAM_START:
        room = target.stack - IRAM_START
        raise InputError(
            f"slots take {target.stack - start:,} bytes of I-RAM, and {room:,} are left: use a smaller shape"
        )
    return Pages(start, pages)
