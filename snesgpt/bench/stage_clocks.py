"""Where a token's clocks go: the marks of a profile build, read frame by frame while it makes its names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from asm.build import Rom, symbols
from snesgpt.bench.beam_clock import Moment, TimerMoment, beam, timer
from snesgpt.bench.names_screen import FIRST_SEED, NamesPage
from snesgpt.emulator.console import Console

MARK_WORDS = 4
MARKS, BLANK_MARKS = 1024, 64
OVERHEAD = "overhead"
"""A mark with another right behind it, once a token: its time is what every mark takes."""

REST = "rest"
IDLE = ("page_start", REST)
"""Stages in which no token is being made."""

BLANK_MARK_CLOCKS = 390
"""Clocks that the interrupt's own mark adds after the moment it notes, with the interrupt's return (180 clocks).
That moment is as late as the return would be: the interrupt without its mark ends there."""

VERTICAL_BLANK = "vertical_blank"


@dataclass
class Profile:
    """Sums over many tokens. Clocks are master clocks; the interrupt's are taken out of the stages it fell into."""

    names: dict[int, str]
    clocks: Counter[str] = field(default_factory=Counter)
    marks: Counter[str] = field(default_factory=Counter)
    blank_clocks: int = 0
    total_clocks: int = 0
    interrupted: bool = True
    _blank_ends: dict[int, int] = field(default_factory=dict)
    _last: tuple[str, Moment] | None = None

    @property
    def tokens(self) -> int:
        """Tokens that were begun."""
        return self.marks[OVERHEAD]

    def blank_ended(self, frame: int, clocks: int) -> None:
        """Notes that the interrupt of a frame took `clocks` clocks."""
        self._blank_ends[frame] = clocks

    def rests(self) -> None:
        """Notes that what the last mark began is a rest: the page is complete, and nobody has asked for another."""
        if self._last is not None:
            self._last = REST, self._last[1]

    def add(self, number: int, moment: Moment, until: int) -> bool:
        """The next mark; False when it begins another token than the first `until` ones, and ends the profile.

        Stages before the first token are not counted, and those before and after a page neither.
        """
        name = self.names[number]
        before, self._last = self._last, (name, moment)
        if before is None:
            self._last = self._last if name == OVERHEAD else None
            return True
        stage, since = before
        passed = moment.since(since)
        if stage not in IDLE:
            interrupts = (moment.frame - since.frame) % 65536 if self.interrupted else 0
            frames = range(since.frame + 1, since.frame + 1 + interrupts)
            blanks = [self._blank_ends.get(frame % 65536, 0) for frame in frames]
            self.clocks[stage] += passed - sum(blanks) - BLANK_MARK_CLOCKS * len(blanks)
            self.marks[stage] += 1
            self.blank_clocks += sum(blanks)
            self.total_clocks += passed
        return not (name == OVERHEAD and self.tokens >= until)

    def stages(self) -> dict[str, float]:
        """Clocks per token of every stage in the order of its first mark, marks taken off; last the interrupt.

        The interrupt takes a fixed part of all time, so that its part of a token grows with the rest.
        """
        cost = self.clocks[OVERHEAD] / self.marks[OVERHEAD]
        stages = {
            name: (self.clocks[name] - cost * self.marks[name]) / self.tokens
            for name in self.marks
            if name != OVERHEAD
        }
        if not self.interrupted:
            return stages
        part = self.blank_clocks / self.total_clocks
        return stages | {VERTICAL_BLANK: sum(stages.values()) * part / (1 - part)}


def stage_names(rom: Rom) -> dict[int, str]:
    """Number of a mark → stage, from the build's own list."""
    found = re.findall(r"^STAGE_(\w+) = (\d+)$", rom.sources["stages.inc"].decode(), re.M)
    return {int(number): name for name, number in found}


def measure_stages(
    rom: Rom,
    core: str,
    tokens: int,
    *,
    tenths: int | None = None,
    seed: int = FIRST_SEED,
    patience: int = 2000,
    progress: Callable[[int], None] = lambda _: None,
) -> Profile:
    """Run a profile build's page of names and read its marks until `tokens` tokens were timed.

    Raises InputError when the ROM does nothing.
    """
    apart = rom.layout.target.apart
    profile = Profile(stage_names(rom), interrupted=not apart)
    with Console(rom.image, core) as console:
        page = NamesPage(console, symbols(rom.debug), tenths=tenths, seed=seed, patience=patience)
        marks = _timer_marks(page, profile) if apart else _marks(page, profile)
        for number, moment in marks:
            if not profile.add(number, moment, tokens):
                return profile
            progress(min(profile.tokens, tokens))
    raise AssertionError("a page of names never ends")


def marks_end(at: int, end: int) -> int:
    """The offset in the ring up to which there are new marks behind `at`. end: the console's word for it.

    A frame may end between the two bytes of that word: then it lies up to 256 bytes behind, and nothing is new.
    """
    ring = 2 * MARK_WORDS * MARKS
    return at if (end - at) % ring >= ring - 0x100 else end


def _timer_marks(page: NamesPage, profile: Profile) -> Iterator[tuple[int, Moment]]:
    """Every mark of the SA-1 in turn; A when a page is complete."""
    ring, at = page.address("mark_ring"), page.word("mark_next")
    while True:
        end = marks_end(at, page.word("mark_next"))
        while at != end:
            number, low, high, count = page.ram.words(ring + at, MARK_WORDS).view(np.uint16).tolist()
            yield number & 0xFF, TimerMoment(count, timer(low, high))
            at = (at + 2 * MARK_WORDS) % (2 * MARK_WORDS * MARKS)
        if page.complete:
            profile.rests()
            page.begin()
        else:
            page.step()


def _marks(page: NamesPage, profile: Profile) -> Iterator[tuple[int, Moment]]:
    """Every mark in turn, once the interrupts before it are known; Start when a page is complete."""
    ring, at = page.address("mark_ring"), page.word("mark_next")
    waiting: list[tuple[int, Moment]] = []
    while True:
        frame, end = page.word("frames"), marks_end(at, page.word("mark_next"))
        ends = page.ram.words(page.address("blank_marks"), 2 * BLANK_MARKS).view(np.uint16).reshape(-1, 2)
        for ended in range(max(1, frame - BLANK_MARKS + 1), frame):
            low, high = ends[ended % BLANK_MARKS].tolist()
            profile.blank_ended(ended, beam(low, high))
        while at != end:
            number, low, high, count = page.ram.words(ring + at, MARK_WORDS).view(np.uint16).tolist()
            waiting.append((number & 0xFF, Moment(count, beam(low, high))))
            at = (at + 2 * MARK_WORDS) % (2 * MARK_WORDS * MARKS)
        known = next((n for n, (_, moment) in enumerate(waiting) if moment.frame >= frame), len(waiting))
        yield from waiting[:known]
        del waiting[:known]
        if page.complete and not waiting:
            page.begin()
        else:
            page.step()
