"""Master clocks from the position of the beam.

An NTSC frame is 262 lines of 1,364 clocks; in every other frame line 240 is 4 shorter, so the mean is 357,366,
which is what both cores' 60.0988 frames a second are made of. The vertical blank, where the program counts frames,
begins with line 229, where the console counts it.
"""

from __future__ import annotations

from dataclasses import dataclass

from asm.targets.stock import MASTER_CLOCK

LINES, LINE_CLOCKS, SHORT_LINE, BLANK_LINE = 262, 1364, 240, 229
FRAME_CLOCKS = LINES * LINE_CLOCKS - 2
FRAMES_PER_SECOND = MASTER_CLOCK / FRAME_CLOCKS
WORD = 1 << 16


@dataclass(frozen=True)
class Moment:
    """A frame as the program counts them, modulo 2^16, and master clocks since it began; ± 2 for the short line."""

    frame: int
    clocks: int

    def since(self, earlier: Moment) -> int:
        """Master clocks from an earlier moment less than 2^16 frames ago.

        A count of frames that lags behind the beam shows as time running backwards: that frame is added.
        """
        frames = (self.frame - earlier.frame) % WORD
        passed = frames * FRAME_CLOCKS + self.clocks - earlier.clocks
        return passed if passed >= 0 else passed + FRAME_CLOCKS


TIMER_CLOCKS = 1 << 20
"""After as many the SA-1's timer begins anew: nine bits of counts of four clocks, and nine above."""


@dataclass(frozen=True)
class TimerMoment(Moment):
    """The same on the SA-1: clocks of its timer; the frame is the one that the other processor noted last."""

    def since(self, earlier: Moment) -> int:
        """Master clocks from an earlier moment: the timer's, and as many of its rounds as the frames say."""
        frames = (self.frame - earlier.frame) % WORD
        passed = (self.clocks - earlier.clocks) % TIMER_CLOCKS
        rounds = round((frames * FRAME_CLOCKS - passed) / TIMER_CLOCKS)
        return passed + max(rounds, 0) * TIMER_CLOCKS


def timer(low: int, high: int) -> int:
    """The clocks of the SA-1's timer: its low nine bits in one word, the others in another."""
    return (high & 0x1FF) << 11 | (low & 0x1FF) << 2


def clocks_of(line: int, dot: int) -> int:
    """Master clocks from the begin of the vertical blank to a line 0 … 261 and a dot 0 … 339.

    A dot takes 4 clocks, dots 323 and 327 take 6.
    """
    lines = (line - BLANK_LINE) % LINES
    short = 2 if lines > SHORT_LINE - BLANK_LINE else 0
    return lines * LINE_CLOCKS - short + 4 * dot + 2 * (dot > 323) + 2 * (dot > 327)


def beam(low: int, high: int) -> int:
    """The clocks of a latched beam: low bytes of h and v in one word, their ninth bits in another."""
    dot = low & 0xFF | (high & 1) << 8
    line = low >> 8 | (high >> 8 & 1) << 8
    return clocks_of(line, dot)
