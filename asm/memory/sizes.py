"""How many bytes a cartridge will have, bank by bank, before anything is assembled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from asm.layout import Layout
from asm.memory.banks import BANK_BYTES
from asm.routines import vectors_bytes
from asm.screens.about import COLUMNS, LINES
from tables.cells import tiles_2bpp


def image_bytes(layout: Layout) -> int:
    """Bytes of the image."""
    return layout.banks * BANK_BYTES


def segment_bytes(layout: Layout) -> dict[str, int]:
    """Segment of every bank but the first, which holds the program → bytes used: exactly what ld65 will count."""
    sizes: Counter[str] = Counter()
    for name, size in _pieces(layout):
        sizes[name] += size
    return dict(sizes)


def _pieces(layout: Layout) -> Iterator[tuple[str, int]]:
    yield from ((part.segment, part.size) for part in layout.parts)
    yield from ((part.segment, part.size) for part in layout.code)
    for norm in layout.norms:
        yield norm.segment, norm.size
    yield from ((turns.segment, turns.size) for turns in layout.rotaries)
    yield from ((gate.segment, gate.size) for gate in layout.gates)
    yield from ((sums.segment, sums.size) for sums in layout.sums)
    for attention in layout.attentions:
        yield from zip(attention.segments, attention.sizes, strict=True)
    if layout.pieces:
        yield layout.pieces.segment, layout.pieces.size
    if layout.fast:
        fast = layout.fast
        yield fast.segment, vectors_bytes(layout.config.n_embd, fast.head_shift, fast.scaled_sums)
    yield layout.font_segment, len(tiles_2bpp())
    yield layout.about.segment, COLUMNS * LINES
    yield layout.token_texts.segment, layout.token_texts.size
