"""Gradients: from key colours down the screen to the changes, one channel a line, that the console can make."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tables.look.colours import Colour

LINES = 224
MOST_CHANGES = 60
LONGEST = 127
"""Lines that one entry of a table can last."""

Keys = Sequence[tuple[int, Colour]]
"""Colours at lines of the screen, downwards from line 0; straight between them, constant after the last."""


class Change(NamedTuple):
    """From this line on, a channel (0 red, 1 green, 2 blue) has this value."""

    line: int
    channel: int
    value: int


def data(channel: int, value: int) -> int:
    """The byte for COLDATA: which channel, and its intensity."""
    return 0x20 << channel | value


def changes(keys: Keys) -> list[Change]:
    """What changes from the first key to the last, at most one channel a line: the furthest off first."""
    lines = [line for line, _ in keys]
    wanted = np.stack([np.interp(range(LINES), lines, [c[channel] for _, c in keys]) for channel in range(3)], 1)
    now = np.array(keys[0][1])
    made = []
    for line in range(1, LINES):
        off = np.abs(wanted[line] - now)
        channel = int(off.argmax())
        if off[channel] > 0.5:
            now[channel] = round(float(wanted[line, channel]))
            made.append(Change(line, channel, int(now[channel])))
    assert len(made) <= MOST_CHANGES, f"{len(made)} changes, at most {MOST_CHANGES}"
    return made


def colours(keys: Keys) -> list[Colour]:
    """The colour of each of the LINES lines."""
    now = np.array(keys[0][1])
    at = {change.line: change for change in changes(keys)}
    shown: list[Colour] = []
    for line in range(LINES):
        if change := at.get(line):
            now[change.channel] = change.value
        shown.append((int(now[0]), int(now[1]), int(now[2])))
    return shown


def table(keys: Keys) -> bytes:
    """For HDMA: pairs of a number of lines and a byte for COLDATA, written at the first of them; then 0."""
    made = [Change(0, 0, keys[0][1][0]), *changes(keys)]
    out = bytearray()
    for change, after in zip(made, [*made[1:], None], strict=True):
        lines = after.line - change.line if after else 1
        while lines:
            part = min(lines, LONGEST)
            out += bytes([part, data(change.channel, change.value)])
            lines -= part
    return bytes(out) + b"\0"


def start(keys: Keys) -> bytes:
    """Three bytes for COLDATA: the colour of the first line."""
    return bytes(data(channel, value) for channel, value in enumerate(keys[0][1]))
