"""Bugs on purpose: how one is planted in the generated sources, and how the proof must notice it.

A test file is a table of `Bug`s and a line that says which check must see them. A bug whose text is not there as
often as it says can't be planted, and that is an error: no table goes out of date in silence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pytest

from asm.build import build_rom
from quantize.executor import Executor
from quantize.model import IntegerModel
from quantize.sampler import Request
from snesgpt.emulator.console import Console
from snesgpt.verify.host import Host
from snesgpt.verify.parity import Parity, verify
from tests.support.routine_console import Mismatch, RoutineConsole, build_routines
from tests.support.twins.registry import TWINS

Files = dict[str, bytes]
Edit = Callable[[Files], None]
Match = re.Match[str]
New = str | Callable[[Match], str]
Batches = Sequence[list[Request]]
Rows = list[list[int]]

FRAMES_PER_TOKEN = 60


@dataclass(frozen=True)
class Place:
    """A part of a generated file; bounds: its text → where the part begins and ends."""

    file: str
    bounds: Callable[[str], tuple[int, int]]


def routine(name: str, file: str) -> Place:
    """A `proc`'s lines."""

    def bounds(text: str) -> tuple[int, int]:
        start = text.index(f"proc {name}, ")
        return start, text.index("\nendproc", start)

    return Place(file, bounds)


def block(name: str) -> Place:
    """A block of the forward pass, to the comment over the next one."""

    def bounds(text: str) -> tuple[int, int]:
        start = text.index(f"; --- {name}:")
        return start, (text + "; --- ").index("; --- ", start + 1)

    return Place("gpt.asm", bounds)


def behind(mark: str, file: str) -> Place:
    """From a text that marks the place to the end of the file."""
    return Place(file, lambda text: (text.index(mark), len(text)))


def rows(weight: str, row: int = 0) -> Place:
    """A matrix's code from one of its rows on."""
    return behind(f"        ; {weight}[{row}]: ", "kernels.asm")


@dataclass(frozen=True)
class Pattern:
    """A regex, and how often it must match: `times` times, or at least once."""

    regex: str
    times: int | Literal["first", "every"]


def regex(pattern: str, times: int = 1) -> Pattern:
    """It matches exactly `times` times, and each match is changed."""
    return Pattern(pattern, times)


def first(pattern: str) -> Pattern:
    """Only the first match is changed."""
    return Pattern(pattern, "first")


def every(pattern: str) -> Pattern:
    """Every match is changed."""
    return Pattern(pattern, "every")


@dataclass(frozen=True)
class Bug:
    """In a generated file, or in a part of one, `old` becomes `new`.

    old: a text that occurs there exactly once, or a pattern whose groups `new` may use. caught_by: what the proof
    must name then, a stage and a value, or a routine. model: where it is not the table's.
    """

    name: str
    place: str | Place
    old: str | Pattern
    new: New
    caught_by: str = ""
    model: IntegerModel | None = field(default=None, repr=False, kw_only=True)

    def __str__(self) -> str:
        return self.name

    def __call__(self, files: Files) -> None:
        """Plant it. Raises AssertionError if `old` does not occur there as often as it should."""
        place = self.place if isinstance(self.place, Place) else Place(self.place, lambda text: (0, len(text)))
        text = files[place.file].decode()
        start, end = place.bounds(text)
        old, new = self.old, self.new
        if isinstance(old, str):
            assert isinstance(new, str)
            old, new = regex(re.escape(old)), new.replace("\\", r"\\")
        limit = 1 if old.times == "first" else 0
        part, found = re.subn(old.regex, new, text[start:end], count=limit, flags=re.M)
        wanted = old.times if isinstance(old.times, int) else max(found, 1)
        assert found == wanted, f"{self.name}: {self.old!r} occurs {found} times in {place.file}, not {wanted}"
        assert part != text[start:end], f"{self.name}: {place.file} is as it was"
        files[place.file] = (text[:start] + part + text[end:]).encode()


def all_of(*bugs: Bug) -> Edit:
    """Several bugs as one."""

    def edit(files: Files) -> None:
        for bug in bugs:
            bug(files)

    return edit


def numbers(label: str, change: Callable[[Rows], Rows]) -> tuple[str, Pattern, Callable[[Match], str]]:
    """(file, old, new) that change the table at a label of data.asm, given as rows of numbers."""

    def changed(found: Match) -> str:
        lines = found[2].splitlines()
        kind = lines[0].split()[0]
        before = [[int(n) for n in line.split(None, 1)[1].split(",")] for line in lines]
        after = change([list(row) for row in before])
        assert [len(row) for row in after] == [len(row) for row in before]
        return found[1] + "".join(f"        {kind} {', '.join(map(str, row))}\n" for row in after)

    return "data.asm", regex(rf"^({label}:\n)((?:        \.(?:word|byte) .*\n)+)"), changed


def add(index: int, amount: int) -> Callable[[Rows], Rows]:
    """One entry of a table more or less."""

    def change(table: Rows) -> Rows:
        row, column = divmod(index, len(table[0]))
        table[row][column] += amount
        return table

    return change


def parity(
    model: IntegerModel, edit: Edit | None, batches: Batches, core: str = "snes9x", noise: int | None = None
) -> Parity:
    """The proof as it is run on every cartridge, on one with a bug; noise: what memory holds at power-on."""
    with Console(build_rom(model, traced=True, edit=edit).image, core) as console:
        if noise is not None:
            console.scramble(noise)
        host = Host(console, model, frames_per_token=FRAMES_PER_TOKEN)
        return verify(host, Executor(model), list(batches), stop_at_first=True)


def parity_must_name(bug: Bug, model: IntegerModel, batches: Batches) -> None:
    """The parity check finds the first difference where the bug says."""
    found = parity(bug.model or model, bug, batches)
    assert found.mismatches and found.first is not None
    assert bug.caught_by in found.first


def twin_must_notice(bug: Bug, model: IntegerModel, count: int) -> None:
    """The routine that the bug names differs from its twin in one of its edge cases or of `count` random ones."""
    rom = build_routines(bug.model or model, bug)
    with Console(rom.image) as console:
        harness = RoutineConsole(console, rom)
        calls = TWINS[bug.caught_by].calls(rom.memory, np.random.default_rng(0), count)
        with pytest.raises(Mismatch):
            for label, call in calls.items():
                harness.check(label, call, header=bug.caught_by)


def parity_finds_nothing(model: IntegerModel, batches: Batches, least: int) -> None:
    """Without a bug: nothing differs in `least` tokens and more."""
    found = parity(model, None, batches)
    assert (found.mismatches, found.first) == (0, None)
    assert found.tokens >= least
