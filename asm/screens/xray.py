"""The x-ray screen's tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from asm.memory.rom_data import lines
from quantize.fixed import ONE
from tables import cells


@dataclass(frozen=True)
class Shade:
    """A line of the legend: a tile map entry, and three characters for where it begins."""

    tile: int
    text: str


@dataclass(frozen=True)
class XrayTables:
    """The x-ray screen's shades: tile map entries from zero to the strongest, and where each shade begins."""

    warm_lines: tuple[str, ...]
    cool_lines: tuple[str, ...]
    signed_lines: tuple[str, ...]
    positive_lines: tuple[str, ...]
    share_lines: tuple[str, ...]
    legend: tuple[Shade, ...]
    future: int
    bar: int
    base: int
    end: int


def xray_tables() -> XrayTables:
    """The shares' table holds a shade, twice, for every 64th; the limits end with one that nothing reaches."""
    shades = range(cells.LEVELS + 1)
    return XrayTables(
        warm_lines=lines(cells.entry(*cells.heat(level)) for level in shades),
        cool_lines=lines(cells.entry(*cells.heat(-level)) for level in shades),
        signed_lines=lines([*cells.SIGNED, 0xFFFF]),
        positive_lines=lines([*cells.POSITIVE, 0xFFFF]),
        share_lines=lines(2 * cells.level(share, cells.SHARES) for share in range(cells.WHOLE + 1)),
        legend=tuple(_legend()),
        future=cells.entry(*cells.future()),
        bar=cells.BAR,
        base=cells.entry(cells.BASE, cells.LINE),
        end=cells.END,
    )


SHARES_SHOWN, VALUES_SHOWN = (6, 4, 3, 1), (6, 4, 0, -4, -6)
"""Levels, from top to bottom: beside the attention's rows, and beside the stream's and the hidden units'."""


def _legend() -> Iterator[Shade]:
    for level in SHARES_SHOWN:
        percent = round(100 * cells.SHARES[level - 1] / cells.WHOLE)
        yield Shade(cells.entry(*cells.heat(level)), f"{percent:2}%")
    for level in VALUES_SHOWN:
        least = cells.SIGNED[abs(level) - 1] // ONE if level else 0
        yield Shade(cells.entry(*cells.heat(level)), f"{-least if level < 0 else least:3}")
