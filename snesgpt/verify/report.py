"""What a report code means: which build and console, what the self-test found, and whether the speed is right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from asm.cartridge.report_code import BUILD_DIGITS, MAX_FRAMES, Report, Verdict, encode

FRAMES_PER_SECOND = {False: 60.0988, True: 50.0070}
"""By `pal`."""

CLOSE, CLOSE_FRAMES = 0.02, 2
"""A speed that differs by less, or by no more frames, is the expected one."""

SHOWN = 0.0005
"""A smaller difference is none."""

TO_FILL = ("console model", "flash cart and its firmware", "what was seen")


@dataclass(frozen=True)
class Compared:
    """The ROM that a code is held against.

    build: its build id. expected: what it says of itself in an emulator, `core`; why_not: why there is none.
    """

    rom: Path
    build: str
    core: str = ""
    expected: Report | None = None
    why_not: str = ""


@dataclass(frozen=True)
class Judged:
    """A report, and what it was compared with, if there was a ROM."""

    report: Report
    compared: Compared | None

    @property
    def build(self) -> str:
        """The first digits of the build id."""
        return f"{self.report.build:0{BUILD_DIGITS}X}"

    @property
    def same_build(self) -> bool:
        """Whether the ROM is the one that ran."""
        return self.compared is not None and self.compared.build.startswith(self.build)

    @property
    def tokens_per_second(self) -> float | None:
        """None where nothing was computed, or for longer than a code can say."""
        report = self.report
        if not report.computed or not 0 < report.frames < MAX_FRAMES:
            return None
        return report.computed * FRAMES_PER_SECOND[report.pal] / report.frames

    @property
    def difference(self) -> float | None:
        """The share by which the console is faster than the emulator; None where both have not done the same."""
        expected = self.compared.expected if self.compared else None
        if not expected or self.report.tokens != expected.tokens or not self.tokens_per_second:
            return None
        return expected.frames / self.report.frames - 1

    @property
    def close(self) -> bool:
        """Whether the speed is the expected one, as far as that is known."""
        expected = self.compared.expected if self.compared else None
        if self.difference is None or not expected:
            return True
        return abs(self.difference) <= CLOSE or abs(expected.frames - self.report.frames) <= CLOSE_FRAMES

    def faults(self) -> Iterator[str]:
        """What is not as it should be."""
        report = self.report
        if not report.sum_right and (report.tokens or report.verdict != Verdict.STOPPED):
            yield "the ROM's sum is wrong: the file, the card or the flash cart changed it"
        if report.verdict == Verdict.FAILED:
            yield f"token {report.tokens + 1} is wrong"
        expected = self.compared.expected if self.compared else None
        if expected and report.tokens != expected.tokens:
            yield f"it says {report.tokens} tokens, and the ROM has {expected.tokens}"
        if not self.close:
            yield f"it is {_percent(self.difference or 0)} an emulator"

    def verdict(self) -> str:
        """In a line."""
        if found := [*self.faults()]:
            return f"not as it should be: {'; '.join(found)}"
        if self.report.verdict == Verdict.STOPPED:
            return "a button stopped the self-test: run it to its end"
        unsaid = [] if self.same_build else ["whether this build is a good one"]
        unsaid += [] if self.difference is not None else ["whether the speed is right"]
        return "all is as it should be" + (f"; not known: {', '.join(unsaid)}" if unsaid else "")

    def facts(self) -> dict[str, str]:
        """For people."""
        report = self.report
        return {
            "build": f"{self.build}, {self._of_which_rom()}",
            "cartridge": "SA-1" if report.sa1 else "stock",
            "console": f"{'PAL, 50 Hz' if report.pal else 'NTSC, 60 Hz'}; "
            f"CPU version {report.cpu}, PPU1 {report.ppu1}, PPU2 {report.ppu2}",
            "self-test": self._outcome(),
            "speed": self._speed(),
            "verdict": self.verdict(),
        }

    def for_an_issue(self) -> str:
        """A text to paste, with what the code cannot know left open."""
        known = {"code": encode(self.report), **self.facts()}
        return "\n".join(
            [*(f"- {name}: {fact}" for name, fact in known.items()), *(f"- {name}: " for name in TO_FILL)]
        )

    def data(self) -> dict[str, Any]:
        """For programs."""
        compared, speed = self.compared, self.tokens_per_second
        facts = asdict(self.report) | {"build": self.build, "verdict": self.report.verdict.name.lower()}
        return facts | {
            "code": encode(self.report),
            "tokens_per_second": speed and round(speed, 2),
            "tokens_per_minute": speed and round(60 * speed),
            "rom": str(compared.rom) if compared else None,
            "same_build": self.same_build,
            "expected_frames": compared.expected.frames if compared and compared.expected else None,
            "faults": [*self.faults()],
        }

    def _of_which_rom(self) -> str:
        if not self.compared:
            return "and no ROM to compare it with: give --rom"
        if self.same_build:
            return f"that of {self.compared.rom.name}"
        return f"not that of {self.compared.rom.name}, {self.compared.build[:BUILD_DIGITS]}: give its --rom"

    def _outcome(self) -> str:
        report = self.report
        tokens = {
            Verdict.PASSED: f"all {report.tokens} tokens are right",
            Verdict.FAILED: f"FAILED at token {report.tokens + 1}",
            Verdict.STOPPED: f"stopped by a button after {report.tokens} tokens",
        }[report.verdict]
        if not report.sum_right and report.verdict == Verdict.STOPPED and not report.tokens:
            return "stopped by a button before the ROM's sum was known, or in the first token"
        return f"{'the ROM sum is right' if report.sum_right else 'the ROM sum is WRONG'}, {tokens}"

    def _speed(self) -> str:
        speed, report, compared = self.tokens_per_second, self.report, self.compared
        if speed is None:
            return "not known: the tokens take longer than a code can say" if report.computed else "not known"
        measured = (
            f"{speed:,.2f} tokens/s, {60 * speed:,.0f} in a minute ({report.computed} in {report.frames} frames)"
        )
        if self.difference is not None and compared:
            return f"{measured}; {_percent(self.difference)} this ROM in {compared.core}"
        return f"{measured}; not compared{': ' + compared.why_not if compared and compared.why_not else ''}"


def _percent(difference: float) -> str:
    if abs(difference) < SHOWN:
        return "as fast as"
    return f"{abs(difference):.1%} {'faster' if difference > 0 else 'slower'} than"
