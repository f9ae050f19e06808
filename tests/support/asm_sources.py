"""The assembly templates as the tests read them: routines, their headers and what these promise."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from asm.render import INSTEAD, TEMPLATES

_PROC = re.compile(
    r"((?:^;[^\n]*\n)*)(?:^ +\.segment[^\n]*\n)?^(far_)?proc ([\w{} .]+), \d+, \d+\n(.*?)^endproc", re.M | re.S
)
_CALL = re.compile(r"^(?:\w*:)?\s+(?:call|call_far|tail_call) (\w+)", re.M)
_CHANGED = re.compile(r"(?:out|kills):(.*?)(?=\b(?:in|out|kills|about|twin):?\s|\Z)", re.S)


@dataclass(frozen=True)
class Routine:
    """One `proc` or `far_proc`: its file, header comment and body."""

    name: str
    file: Path
    header: str
    body: str
    far: bool

    @property
    def calls(self) -> set[str]:
        """The routines it calls or ends in."""
        return set(_CALL.findall(self.body))

    @property
    def changed(self) -> set[str]:
        """Every word in its header's `out` and `kills`."""
        return set(re.findall(r"\w+", " ".join(_CHANGED.findall(self.header))))


def templates() -> list[Path]:
    """Every file that ends up in the cartridge's source."""
    return sorted(path for path in TEMPLATES.rglob("*") if path.suffix in (".asm", ".inc"))


SA1 = "sa1 "
"""Before the name of a routine that takes another's place in a cartridge with the SA-1. So have those of the other
folders whose files take a place, a library's and those without the PPU's multiplier.
"""


def _folder(path: Path) -> str:
    first = path.relative_to(TEMPLATES).parts[0]
    return f"{first} " if first in INSTEAD else ""


@cache
def routines() -> dict[str, Routine]:
    """Name → routine; one that is written for every layer goes by its name in the template, `norm.entry`."""
    found = (
        Routine(_folder(path) + name.strip("{ }"), path, header, body, far=bool(far))
        for path in templates()
        for header, far, name, body in _PROC.findall(path.read_text(encoding="utf-8"))
    )
    return {routine.name: routine for routine in found}


@cache
def may_change(name: str, where: str = "") -> frozenset[str]:
    """The names that a routine says it changes: its own header's words and those of all it calls.

    where: SA1 for a cartridge with that chip.
    """
    routine = routines().get(where + name) or routines()[name]
    return frozenset(routine.changed).union(*(may_change(called, where) for called in routine.calls))
