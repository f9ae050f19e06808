"""The layout of work RAM: pages below the stack, vectors in bank $7E, the caches in what both banks leave.

Addresses that memory.inc can count itself are its own; here is what has to be known before: which bank a cache
goes to, how long the log may be, and that all of it fits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
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
            f"vectors take {vectors:,} bytes of work RAM, and {room_7e:,} are left: "
            f"{_advice(target)} fewer heads or less context"
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
                f"in pieces of up to {areas[0].size:,}, and {_log(record)}leaves {room:,}: "
                f"{_advice(target)} fewer layers, fewer dimensions or less context"
            )
        left[bank] -= area.size
        placed[bank].append(area)
    in_7f = sum(area.size for area in placed[1])
    log = 0 if target.library else target.log_end - in_7f
    return WorkRam(tuple(work), tuple(placed[0]), tuple(placed[1]), log, target.high_ram)


def _advice(target: Target) -> str:
    return "give a lower --ram, or use" if target.library else "use"


def _log(record: int) -> str:
    return f"a log of {record:,} bytes a token " if record else "what begins there "


def _in_bwram(
    target: Target, work: Sequence[Area], areas: Sequence[Area], record: int, what: str, low: int, saved: int
) -> WorkRam:
    """Saves, vectors, areas that need not be in a block, caches; in the second bank the log first.

    Saves end and the vectors begin in one block, and caches begin there too if there is room. The others take whole
    blocks up to the end of a bank. The least full comes first: what it leaves joins what the vectors leave.
    """
    begun, vectors = saved % BLOCK_BYTES, sum(area.size for area in work)
    if begun + low + vectors > BLOCK_BYTES:
        raise InputError(
            f"vectors take {low + vectors:,} bytes of BW-RAM, and their block has {BLOCK_BYTES - begun:,}: "
            f"{_advice(target)} a smaller vocabulary, fewer hidden units or fewer dimensions"
        )
    left = BLOCK_BYTES - begun - low - vectors
    shared, *others = _blocks([area for area in areas if area.in_block], left)
    whole = _least_first(others)
    room = BANK - saved - low - vectors, target.log_end - record
    in_first = room[0] // BLOCK_BYTES
    first, second = _at_the_end(whole[:in_first]), _at_the_end(whole[in_first:])
    loose = sorted((area for area in areas if not area.in_block), key=lambda area: -area.size)
    beside = _fitting(loose, room[0] - _size(shared) - _size(first))
    second = [*(area for area in loose if area not in beside), *second]
    if _size(second) > room[1]:
        raise InputError(
            f"{what}, and the sampler's tables, take {_size(areas):,} bytes of BW-RAM, "
            f"and {_log(record)}leaves {sum(room):,}: "
            f"{_advice(target)} fewer layers, fewer dimensions or less context"
        )
    gap = Area("", room[0] - _size((*shared, *beside, *first)))
    return WorkRam(
        tuple(work),
        tuple(area for area in (*shared, *beside, gap, *first) if area.size),
        tuple(area for area in second if area.size),
        target.log_end - _size(second),
        WINDOW + begun + low,
    )


def _size(areas: Iterable[Area]) -> int:
    return sum(area.size for area in areas)


def _fitting(areas: Sequence[Area], left: int) -> list[Area]:
    """Those that fit some bytes together, each taken while there is room."""
    found = []
    for area in areas:
        if area.size <= left:
            left -= area.size
            found.append(area)
    return found


def _blocks(areas: Sequence[Area], left: int) -> list[tuple[Area, ...]]:
    """What each block holds. The first has `left` bytes; an area that has no room begins the next block."""
    found: list[tuple[Area, ...]] = [()]
    for area in areas:
        if _size((*found[-1], area)) <= (left if len(found) == 1 else BLOCK_BYTES):
            found[-1] = (*found[-1], area)
        else:
            found.append((area,))
    return found


def _least_first(blocks: list[tuple[Area, ...]]) -> list[tuple[Area, ...]]:
    least = min(range(len(blocks)), key=lambda number: _size(blocks[number]), default=0)
    return [*blocks[least : least + 1], *blocks[:least], *blocks[least + 1 :]]


def _at_the_end(blocks: Sequence[tuple[Area, ...]]) -> list[Area]:
    """Blocks up to the end of a bank: the first, at the end of its own; each other one begins its own."""
    found = [*blocks[0]] if blocks else []
    for block in blocks[1:]:
        found += [*block, Area("", BLOCK_BYTES - _size(block))]
    return found


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
    start = target.pages_start or target.stack - sum(page.size for page in pages)
    if target.apart and start < IRAM_START:
        room = target.stack - IRAM_START
        raise InputError(
            f"slots take {target.stack - start:,} bytes of I-RAM, and {room:,} are left: use a smaller shape"
        )
    return Pages(start, pages)
