"""The lessons as pages: each program, and what changed since the one before."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from markupsafe import Markup

from publish.markdown import code_lines

NUMBER = re.compile(r"lesson(\d+)_")
GROWN = range(1, 6)
"""The lessons that grow out of the one before: of these a diff shows the idea and little else."""

Opcode = tuple[str, int, int, int, int]
"""As difflib says what became of some lines."""

AROUND = 3
"""Lines that a diff shows before and after a change."""


@dataclass(frozen=True)
class Line:
    """A line of a program. code: highlighted."""

    number: int
    code: Markup


class Change(StrEnum):
    """What became of a line. The values are classes of the stylesheet."""

    SAME = "same"
    GONE = "gone"
    NEW = "new"


@dataclass(frozen=True)
class ChangedLine(Line):
    """A line of a diff. Its number is that in the program before if it is gone, and else in the one after."""

    change: Change

    @property
    def mark(self) -> str:
        """What is before it."""
        return {Change.SAME: " ", Change.GONE: "−", Change.NEW: "+"}[self.change]


@dataclass(frozen=True)
class Lesson:
    """A program of lessons/: a numbered one, or what some of them share."""

    path: Path

    @property
    def name(self) -> str:
        """In addresses."""
        return self.path.stem

    @property
    def number(self) -> int | None:
        """Its place in the course."""
        found = NUMBER.match(self.path.name)
        return int(found[1]) if found else None

    @cached_property
    def source(self) -> str:
        """The program."""
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def title(self) -> str:
        """The first sentence of its docstring."""
        return self._docstring.partition(". ")[0].rstrip(".")

    @cached_property
    def text(self) -> str:
        """The rest of its docstring."""
        return self._docstring.partition(". ")[2]

    @cached_property
    def lines(self) -> list[Line]:
        """The program from its first line to its last."""
        return [Line(number, code) for number, code in enumerate(code_lines(self.source, "python"), 1)]

    @property
    def _docstring(self) -> str:
        return ast.get_docstring(ast.parse(self.source)) or self.name


def lessons(folder: Path) -> list[Lesson]:
    """Every program of a folder, the numbered ones first and in their order."""
    found = [Lesson(path) for path in sorted(folder.glob("*.py")) if path.name != "__init__.py"]
    return sorted(found, key=lambda lesson: (lesson.number is None, lesson.number))


def diff(before: Lesson, after: Lesson) -> list[list[ChangedLine]]:
    """What changed, place by place."""
    match = SequenceMatcher(None, before.source.splitlines(), after.source.splitlines(), autojunk=False)
    return [list(_changes(before, after, place)) for place in match.get_grouped_opcodes(AROUND)]


def _changes(before: Lesson, after: Lesson, place: Iterable[Opcode]) -> Iterator[ChangedLine]:
    for kind, old, old_end, new, new_end in place:
        if kind != "equal":
            yield from (ChangedLine(line.number, line.code, Change.GONE) for line in before.lines[old:old_end])
        change = Change.SAME if kind == "equal" else Change.NEW
        yield from (ChangedLine(line.number, line.code, change) for line in after.lines[new:new_end])
