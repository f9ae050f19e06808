"""Attention on the SA-1's arithmetic unit: sums of products, head by head.

A cell of a layer's cache is a word: key in the low byte, value in the high one. Each dimension has a row of cells,
by position, so that both sums go along with one index of 8 bits. Positions are in chunks: see
asm/memory/cache_chunks.py. The weights of one head are in the chip's own RAM meanwhile; pairs of positions
that have any are linked, so that the sums of values pass the others by.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate, groupby, pairwise
from typing import ClassVar

import numpy as np

from asm.cost.long_run import LongRun
from asm.kernels.byte_attention import HALF_WORD, max_sum, softmax_tables
from asm.kernels.routine import Call, Item, Placed, Routine, Template, piece_name, symbol
from asm.memory.cache_chunks import cache_chunks
from asm.memory.log_record import cache_room
from asm.memory.work_ram import ATTENTION_PAGE, Area
from quantize.fixed import FRACTION_BITS
from quantize.kernels.byte_attention import RECIPROCALS, VALUE_BITS
from quantize.kernels.mac_attention import PAIR, MacAttention
from tables.exp import EXP_STEP_BITS

MAX_SIGNED = 64
"""As many words reaches an 8-bit index whose sign says that it is below zero."""

UNSIGNED_END = "cpy #$FE"
"""Tells an index that is 2 below zero from any other."""

LINKS_A_ROW = 3
"""Of four bytes."""

LOOP_BYTES, PRODUCT_BYTES, BRANCH = 28, 10, 128
"""Code bytes of the loop over scores, of each of its products, and how far back a branch reaches."""


@dataclass(frozen=True)
class Cut:
    """A window in a chunk: the words that say where it begins, for loops over positions and over pairs."""

    first: int
    last: str
    stop: str
    bottom: str


@dataclass(frozen=True)
class Window:
    """The positions of a window but the newest, and where it begins in every chunk."""

    back: int
    cuts: tuple[Cut, ...]


@dataclass(frozen=True)
class Chunk:
    """Positions in one block of BW-RAM, from the first of them on; the symbol of their cells.

    last: the word with the index of the newest, 2 below zero if there is none; top: of its pair.
    lit: that with the index of the first pair with weight. Of pairs it is odd, and 0 for none. links: a byte at the
    same index leads from pair to pair. ends: there are positions after it.
    """

    number: int
    first: int
    positions: int
    ends: bool
    cache: str
    last: str
    top: str
    lit: str
    links: str

    @property
    def weights(self) -> int:
        """Bytes from the first chunk's weights to its own."""
        return 2 * self.first

    @property
    def end(self) -> int:
        """The position after its last."""
        return self.first + self.positions

    @property
    def row_bytes(self) -> int:
        """Of a dimension's cells."""
        return 2 * self.positions

    @property
    def later(self) -> bool:
        """Whether there are positions before it."""
        return self.number > 0


@dataclass(frozen=True)
class Span:
    """A chunk as a head sees it.

    compare: the instruction, if any, that tells whether an index is past the end; more, past: the branches for
    both. look: the same of the index to begin with, for which 8 bits may not do; some, none: the branches.
    bottom: the word with the index of its first pair; none if that is the chunk's.
    """

    chunk: Chunk
    compare: str
    bottom: str
    may_be_empty: bool

    @property
    def compare_clocks(self) -> int:
        """Of the comparison."""
        return {"": 0, UNSIGNED_END: 4}.get(self.compare, 8)

    @property
    def more(self) -> str:
        """The branch that is taken while there are positions left."""
        return "bne" if self.compare else "bpl"

    @property
    def past(self) -> str:
        """The one that is taken when there are none."""
        return "beq" if self.compare else "bmi"

    @property
    def look(self) -> str:
        """The instruction, if any, that tells whether there is a position: a full chunk's last is like none."""
        return f"lda a:{self.chunk.last}" if self.compare == UNSIGNED_END else self.compare

    @property
    def some(self) -> str:
        """The branch that is taken if there is one."""
        return "bpl" if self.compare == UNSIGNED_END else self.more

    @property
    def none(self) -> str:
        """The one that is taken if there is none."""
        return "bmi" if self.compare == UNSIGNED_END else self.past


@dataclass(frozen=True)
class Dimension:
    """A dimension of a head: its number among the queries and results, its row's among those of a chunk."""

    number: int
    row: int


@dataclass(frozen=True)
class MacHead:
    """A head: its number, its dimensions, what it sees. row: its weights' offset among all heads', in bytes.

    windows: its own, where the head before had another.
    """

    number: int
    row: int
    dimensions: tuple[Dimension, ...]
    spans: tuple[Span, ...]
    windows: tuple[Window, ...]

    @property
    def windowed(self) -> bool:
        """Whether it does not see all positions."""
        return bool(self.spans[0].bottom)


@dataclass(frozen=True)
class HeadPart:
    """The part of a head's code that is in one segment: its weights, the means of some of its dimensions."""

    head: MacHead
    weighs: bool
    dimensions: tuple[Dimension, ...]


@dataclass(frozen=True)
class Piece:
    """The code that is together in a segment."""

    later: bool
    segment: str
    parts: tuple[HeadPart, ...]


@dataclass(frozen=True)
class MacAttentionCode(Template):
    """A layer's attention.

    weights, best: addresses in the attention's page. short_loop: a branch reaches over the loop of a head's scores.
    """

    template: ClassVar[str] = "attention_mac"
    layer: int
    chunks: tuple[Chunk, ...]
    heads: tuple[MacHead, ...]
    rows: int
    weights: str
    best: str
    page_bytes: int
    short_loop: bool
    long_sums: bool
    max_sums: bool
    query_shift: int
    score_drop: int
    bias: int
    mean_start: int
    mean_shift: int
    mean_to_slot: int
    trace_query: int
    trace_packed: int
    trace_scores: int
    trace_weights: int

    def split(self) -> MacAttentionCode | None:
        return replace(self, pieces=self.pieces + 1) if self.pieces < len(self._dimensions) else None

    @property
    def _dimensions(self) -> list[tuple[MacHead, Dimension]]:
        return [(head, dimension) for head in self.heads for dimension in head.dimensions]

    @property
    def head_pieces(self) -> tuple[Piece, ...]:
        """Of about as many dimensions."""
        own = self._dimensions
        ends = [len(own) * number // self.pieces for number in range(self.pieces + 1)]
        between = zip(self.segments, pairwise(ends), strict=True)
        return tuple(
            Piece(n > 0, segment, tuple(_parts(own[first:end])))
            for n, (segment, (first, end)) in enumerate(between)
        )

    @property
    def chunked(self) -> bool:
        """Whether there are several chunks."""
        return len(self.chunks) > 1

    @property
    def half_step(self) -> int:
        """Half a step of the table of exp, in units of the scores: added for rounding."""
        return (1 << self.score_drop) >> 1 if self.score_drop > 0 else 0

    @property
    def score_doublings(self) -> int:
        """How often a score below the best is doubled, where it is coarser than the table of exp."""
        return max(0, -self.score_drop)


def _parts(dimensions: Sequence[tuple[MacHead, Dimension]]) -> Iterator[HeadPart]:
    for head, group in groupby(dimensions, lambda each: each[0]):
        own = tuple(dimension for _, dimension in group)
        yield HeadPart(head, own[0] == head.dimensions[0], own)


@dataclass(frozen=True)
class _Page:
    """The attention's page: a head's weights, at an odd address, so that few indices cross a page, and a word more;
    links from pair to pair; words. chunks: the positions of each.

    Links are in rows of four bytes, one for each of LINKS_A_ROW chunks. A link is written as a word: the zero in
    its upper half goes over that of the next chunk, which is written later, or over the last byte.
    """

    chunks: Sequence[int]
    windowed: bool

    @property
    def weights(self) -> str:
        return self._at(1)

    def links(self, chunk: int) -> str:
        table, column = divmod(chunk, LINKS_A_ROW)
        return f"{self._at(self._links + sum(self._tables[:table]))} + {column}"

    @property
    def best(self) -> str:
        return self._word(0)

    @property
    def bytes(self) -> int:
        return self._words + 2 * self._count

    def last(self, chunk: int) -> str:
        return self._word(1 + chunk)

    def top(self, chunk: int) -> str:
        return self._word(1 + len(self.chunks) + chunk)

    def lit(self, chunk: int) -> str:
        return self._word(1 + 2 * len(self.chunks) + chunk)

    def cut(self, chunk: int) -> tuple[str, str]:
        """Of the window of the head whose turn it is."""
        place = 1 + 3 * len(self.chunks) + 2 * chunk
        return self._word(place), self._word(place + 1)

    @property
    def _links(self) -> int:
        return 1 + 2 * (sum(self.chunks) + 1)

    @property
    def _words(self) -> int:
        return self._links + sum(self._tables)

    @property
    def _tables(self) -> list[int]:
        """Bytes of each row of links, one for every pair of its longest chunk."""
        firsts = range(0, len(self.chunks), LINKS_A_ROW)
        return [2 * max(self.chunks[first : first + LINKS_A_ROW]) for first in firsts]

    @property
    def _count(self) -> int:
        return 1 + len(self.chunks) * (5 if self.windowed else 3)

    def _word(self, number: int) -> str:
        return self._at(self._words + 2 * number)

    def _at(self, offset: int) -> str:
        return f"{ATTENTION_PAGE} + {offset}"


class MacAttentionRoutine(Routine[MacAttention]):
    """Scores, weights and means of a layer."""

    @cached_property
    def code(self) -> MacAttentionCode:
        """Its template's record."""
        kernel, block, config, trace = self.kernel, self.kernel.block, self.config, self.site.trace
        shift, page = VALUE_BITS - kernel.value_shift, self._page
        bias = self.site.slots_for(*self.site.readers(kernel)).bias
        base = min(bias << shift, HALF_WORD)
        return MacAttentionCode(
            entry=symbol(block.name),
            comment=f"{block.name}: {config.n_head} heads of {config.head_dim} over the positions so far",
            layer=block.layer,
            chunks=self._chunks,
            heads=tuple(map(self._head, range(config.n_head))),
            rows=config.kv_dim,
            weights=page.weights,
            best=page.best,
            page_bytes=page.bytes,
            short_loop=PRODUCT_BYTES * config.head_dim + LOOP_BYTES <= BRANCH,
            long_sums=max_sum(config) >= RECIPROCALS,
            max_sums=max_sum(config) >= 8 * RECIPROCALS,
            query_shift=kernel.query_shift,
            score_drop=EXP_STEP_BITS + kernel.score_bits - FRACTION_BITS,
            bias=bias,
            mean_start=base + ((1 << shift) >> 1),
            mean_shift=shift,
            mean_to_slot=(bias - (base >> shift)) & 0xFFFF,
            trace_query=trace(f"{block.name}.query"),
            trace_packed=trace(f"{block.name}.packed"),
            trace_scores=trace(f"{block.name}.scores"),
            trace_weights=trace(f"{block.name}.weights"),
        )

    @cached_property
    def _page(self) -> _Page:
        lengths = cache_chunks(self.config, cache_room(self.model))[self.kernel.block.layer]
        return _Page(lengths, any(map(self._window, range(self.config.n_head))))

    @cached_property
    def _chunks(self) -> tuple[Chunk, ...]:
        page, cache = self._page, symbol(self.kernel.block.keys)
        ends = tuple(accumulate(page.chunks))
        return tuple(
            Chunk(
                number=n,
                first=end - positions,
                positions=positions,
                ends=end < ends[-1],
                cache=piece_name(cache, n),
                last=page.last(n),
                top=page.top(n),
                lit=page.lit(n),
                links=page.links(n),
            )
            for n, (end, positions) in enumerate(zip(ends, page.chunks, strict=True))
        )

    def _window(self, head: int) -> int:
        """The positions that a head sees, where that is not the whole context; else 0."""
        seen = self.config.seen(self.kernel.block.layer)[head]
        return seen if seen < self.config.block_size else 0

    def _head(self, number: int) -> MacHead:
        config = self.config
        width, window = config.head_dim, self._window(number)
        shared = number // (config.n_head // config.kv_heads) * width
        before = next(filter(None, map(self._window, reversed(range(number)))), 0)
        return MacHead(
            number=number,
            row=2 * config.block_size * number,
            dimensions=tuple(Dimension(number * width + n, shared + n) for n in range(width)),
            spans=tuple(self._span(chunk, windowed=window > 0) for chunk in self._chunks),
            windows=(Window(window - 1, self._cuts),) if window not in (0, before) else (),
        )

    @property
    def _cuts(self) -> tuple[Cut, ...]:
        return tuple(Cut(2 * c.first, c.last, *self._page.cut(c.number)) for c in self._chunks)

    def _span(self, chunk: Chunk, *, windowed: bool) -> Span:
        if not windowed:
            compare = UNSIGNED_END if chunk.positions > MAX_SIGNED else ""
            return Span(chunk, compare, "", may_be_empty=chunk.later)
        stop, bottom = self._page.cut(chunk.number)
        return Span(chunk, f"cpy a:{stop}", bottom, may_be_empty=len(self._chunks) > 1)

    @property
    def calls(self) -> tuple[Call, ...]:
        return (self.call("attention_ppu", self.code.comment, entry=self.code.entry),)

    @property
    def items(self) -> tuple[Item, ...]:
        return (*softmax_tables(), self.code)

    @property
    def vectors(self) -> Mapping[str, int]:
        config = self.config
        return {"query": config.n_embd, "packed": config.kv_dim, "attended": config.n_embd}

    @property
    def caches(self) -> tuple[Area, ...]:
        """One for the keys and values of each chunk."""
        return tuple(
            Area(chunk.cache, chunk.row_bytes * self.config.kv_dim, in_block=True) for chunk in self._chunks
        )

    @property
    def pages(self) -> Mapping[str, int]:
        return {ATTENTION_PAGE: self._page.bytes}

    def clocks(self, run: LongRun, placed: Placed) -> Mapping[str, float]:
        """By head, by position, near or far, and by pair, with weight or without: see attention_mac.asm."""
        code, config, name = self.code, self.config, self.kernel.name
        near, lit = (float(run.mean(run[f"{name}.{what}"])) for what in ("near", "pairs"))
        once = self._once + sum(map(self._each_head, code.heads))
        at = run["position"]
        found = once + (self._near - self._far) * near + (_LIT_PAIR - _DARK_PAIR + _VALUES * config.head_dim) * lit
        for head, window in zip(code.heads, config.seen(self.kernel.block.layer), strict=True):
            first = np.maximum(at + 1 - window, 0)
            positions, pairs = (float(run.mean(at // each - first // each + 1)) for each in (1, PAIR))
            seen = (np.where((at >= chunk.first) & (first < chunk.end), 1.0, 0.0) for chunk in code.chunks)
            spans = sum(float(run.mean(each)) for each in seen)
            compare = head.spans[0].compare_clocks
            found += positions * (self._score + self._far + 2 * compare + 4 * head.windowed)
            found += pairs * (_DARK_PAIR + 16 * head.windowed) + 8 * float(run.mean(np.log1p(at - first)))
            found += spans * (42 + code.chunked * (32 + 3 * compare + config.head_dim * 22))
            found += (len(code.chunks) - spans) * (56 + 3 * compare + config.head_dim * 14)
        return {code.entry: found}

    @property
    def _once(self) -> float:
        """Until the first head, and after the last."""
        config, code = self.config, self.code
        chunks = 70 + code.chunked * 6 + 94 * (len(code.chunks) - 1)
        return self.page_call + 48 + chunks + 30 * config.kv_dim + 24 * config.n_embd

    def _each_head(self, head: MacHead) -> float:
        """But for positions and chunks."""
        means = 72 + 4 * self.code.mean_shift + 10 * bool(self.code.mean_to_slot)
        windowed = head.windowed * (22 + 20 * len(head.spans))
        windowed += sum(36 + 92 * len(window.cuts) for window in head.windows)
        return 146 + 16 * self.code.long_sums + windowed + len(head.dimensions) * means

    @property
    def _score(self) -> int:
        return 68 + 4 * (not self.code.short_loop) + 34 * self.config.head_dim

    @property
    def _near(self) -> int:
        return 82 + 4 * max(self.code.score_drop, 0) + 14 * self.code.score_doublings

    @property
    def _far(self) -> int:
        return 64 + 4 * max(self.code.score_drop, 0) + 14 * self.code.score_doublings


_LIT_PAIR, _DARK_PAIR, _VALUES = 128, 46, 86
"""Clocks to scale a pair of weights and link it, to pass one by, and to add its values in a dimension."""
