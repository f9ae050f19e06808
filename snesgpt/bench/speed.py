"""How fast a cartridge makes its names: on its screen, all included, and as a bare loop that shows nothing."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from snesgpt.bench.beam_clock import FRAME_CLOCKS, FRAMES_PER_SECOND
from snesgpt.bench.names_screen import NamesPage

SKIPPED = 8
"""The first tokens of a page: it always begins at the same place in a frame, later tokens end anywhere in one."""

MIN_SKIPPED = 1
"""Where a token takes several frames."""


@dataclass(frozen=True)
class Speed:
    """A number of tokens, and the frames and pages in which they were made."""

    tokens: int
    frames: int
    pages: int

    @property
    def clocks_per_token(self) -> float:
        """Master clocks."""
        return self.frames * FRAME_CLOCKS / self.tokens

    @property
    def tokens_per_second(self) -> float:
        """On an NTSC machine."""
        return FRAMES_PER_SECOND * self.tokens / self.frames

    @property
    def relative_error(self) -> float:
        """Standard error from looking once a frame: both ends of a page are seen up to a frame late, alike."""
        return math.sqrt(self.pages / 6) / self.frames


def measure_speed(
    page: NamesPage, tokens: int, progress: Callable[[int], None] = lambda _: None, *, skipped: int = SKIPPED
) -> Speed:
    """Speed over at least `tokens` tokens: of each page those after the first `skipped`, until there are enough.

    Both ends are moments when a token is counted, seen at the end of their frame: on average half a frame late at
    either end, so that the difference has no bias. Waiting at a complete page does not count.
    """
    timed = frames = pages = 0
    while timed < tokens:
        if page.complete:
            page.begin()
        first = last = begun = seen = 0
        while not page.complete and (not first or timed + seen - begun < tokens):
            page.step()
            if page.tokens != seen:
                seen, last = page.tokens, page.console.frames
                if not first and seen >= skipped:
                    first, begun = last, seen
                progress(min(timed + seen - begun, tokens) if first else timed)
        if first:
            timed, frames, pages = timed + seen - begun, frames + last - first, pages + 1
    return Speed(timed, frames, pages)


UNLOGGED = 2
"""The host's command for a request whose tokens nobody reads."""

MAX_DOCUMENTS = 0xFFFF


def measure_bare(
    page: NamesPage,
    tokens: int,
    tenths: int,
    seed: int,
    progress: Callable[[int], None] = lambda _: None,
    *,
    top_p: int = 0,
) -> Speed:
    """The same tokens without anything a person sees or hears: no drawing, no note, no pad, no log.

    The first documents of `seed`, at least `tokens` tokens after the first SKIPPED. It takes the cartridge over.
    """
    asked = {"seed": seed, "temperature": tenths, "top_p": top_p, "count": MAX_DOCUMENTS, "prompt_length": 0}
    for name, value in asked.items():
        page.ram.write_words(page.address(f"host_{name}"), np.array([value]))
    page.ram.write_words(page.address("host_command"), np.array([UNLOGGED]))
    page.run_until(lambda: page.word("host_status") == 1)
    page.ram.write_words(page.address("tokens_made"), np.zeros(2, np.int16))
    page.run_until(lambda: page.tokens >= SKIPPED)
    first, begun = page.console.frames, page.tokens
    seen, last = begun, first
    while seen - begun < tokens:
        page.step()
        if page.tokens != seen:
            seen, last = page.tokens, page.console.frames
            progress(min(seen - begun, tokens))
    return Speed(seen - begun, last - first, 1)
