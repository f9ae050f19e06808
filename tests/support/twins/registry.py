"""One list of the routines that are called one by one: the Python twin, its cases, the cartridges that have it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from asm.toolchain import SA1_PREFIX
from tests.support.asm_sources import SA1
from tests.support.routine_console import PROGRAM_BANK, WORK_BANK, Call, Memory

Random = np.random.Generator
Calls = Mapping[str, Call]
Cases = Callable[[Memory, Random, int], Calls]
One = Callable[[Memory, Random, int], Call]

DATA_BANKS = {"schoolbook": PROGRAM_BANK, "digits": WORK_BANK, "llama": WORK_BANK, "windows": WORK_BANK}
"""Cartridge → the data bank that its kernels run with; those of the SA-1, `sa1 …`, run with 0."""

RUN_WHOLE = frozenset(
    {
        *("gpt_step", "make_token", "try_token", "advance", "continue_text", "host_loop", "tokenise"),
        *("find_context", "model_alone", "memory_alone", "both_again"),
        *("shade_vector", "shade", "shade_head", "choose_bars", "weigh_at_one", "percent_of_picked"),
        *("put_bars", "put_label"),
        *("join_tokens", "library feed_text", "library make_asked"),
        *("library mul_u16", "cpu_multiplier multiply_factor"),
    }
)
"""Routines with a `twin:` that the tests of parity, of the x-ray screen, of the typed text and of games run."""


@dataclass(frozen=True)
class Twin:
    """A routine's twin: in a cartridge's memory, edge cases and a number of random ones.

    routine: its label, or its name in the template where it is written for every layer (`norm.entry`).
    cases: label → what to give and what to want. every: how many cases there are at all, where that is few.
    """

    routine: str
    cartridges: tuple[str, ...]
    cases: Cases
    every: int | None = None

    def calls(self, memory: Memory, random: Random, count: int) -> Calls:
        """(label → call); at least `least(count)` cases each. A routine that both processors have is the SA-1's."""
        calls = self.cases(memory, random, count)
        if not memory.layout.target.apart:
            return {label: replace(call, bank=DATA_BANKS[self.cartridges[0]]) for label, call in calls.items()}
        own = {label: SA1_PREFIX + label for label in calls if SA1_PREFIX + label in memory.address}
        return {own.get(label, label): replace(call, bank=0) for label, call in calls.items()}

    def least(self, count: int) -> int:
        """The fewest cases that a call asked for `count` random ones must have."""
        return count if self.every is None else self.every


TWINS: dict[str, Twin] = {}
"""Routine → its twin."""


def twin(*cartridges: str, every: int | None = None) -> Callable[[One], One]:
    """Registers the twin of a routine that occurs once in the cartridge, under its own name."""

    def register(function: One) -> One:
        name = function.__name__
        add(Twin(name, cartridges, lambda *given: {name: function(*given)}, every))
        return function

    return register


def twins(routine: str, *cartridges: str) -> Callable[[Cases], Cases]:
    """Registers the twins of a routine that is written for every layer, for every norm, …"""

    def register(function: Cases) -> Cases:
        add(Twin(routine, cartridges, function))
        return function

    return register


def add(new: Twin) -> None:
    """Registers a twin; a routine has one."""
    assert new.routine not in TWINS, f"{new.routine} has a twin already"
    stock = [cartridge for cartridge in new.cartridges if not cartridge.startswith(SA1)]
    assert len({DATA_BANKS[cartridge] for cartridge in stock}) <= 1
    TWINS[new.routine] = new
