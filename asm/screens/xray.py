"""The x-ray screen's tables."""

from __future__ import annotations

from dataclasses import dataclass

from asm.memory.rom_data import lines
from tables import cells


@dataclass(frozen=True)
class XrayTables:
    """The x-ray screen's shades: tile map entries from zero to the strongest, and where each shade begins."""

    warm_lines: tuple[str, ...]
    cool_lines: tuple[str, ...]
    signed_lines: tuple[str, ...]
    positive_lines: tuple[str, ...]
    share_lines: tuple[str, ...]
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
        future=cells.entry(*cells.future()),
        bar=cells.BAR,
        base=cells.entry(cells.BASE, cells.LINE),
        end=cells.END,
    )
