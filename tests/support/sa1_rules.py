"""What an SA-1 needs of a cartridge's code and no emulator enforces: a linter over the machine code of a built one.

It sees what an instruction's operand tells. It does not see where a pointer or an index leads.
Sources: SNES Development Manual, book II; the register lists that follow it; docs/sa1.md has the reasons.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from tests.support.sa1_flow import (
    ENOUGH,
    UNIT_MODE,
    Program,
    Side,
    State,
    Step,
    Walk,
    after,
    entered,
    walk,
)
from tests.support.w65816 import CALLS, RETURNS, Mode


class Rule(Enum):
    """A rule of the hardware, or of reading the code at all."""

    READY = "a result is read only when it is ready"
    OPENED = "RAM is opened before it is used"
    TOP_BYTE = "nobody reads the sum's top byte"
    NO_DIVISION = "nobody divides"
    OWN_REGISTERS = "each processor has its own registers"
    ASLEEP = "the S-CPU waits in work RAM"
    OWN_MEMORY = "the SA-1 has no work RAM, PPU or S-CPU registers"
    NO_DMA = "the chip's DMA rests"
    VECTORS = "vectors lead to their processor's code in bank 0"
    READABLE = "all code can be followed"


@dataclass(frozen=True)
class Fault:
    """A broken rule: where, and what."""

    rule: Rule
    place: str
    what: str


RESULT, TOP_BYTE = range(0x2306, 0x230A), 0x230A
PRODUCT_CYCLES = 5

START_ADDRESS = 0x2203

WRITTEN = {
    Side.CONSOLE: {*range(0x2200, 0x2209), *range(0x2220, 0x2225), 0x2226, 0x2228, 0x2229, *range(0x2231, 0x2238)},
    Side.CHIP: {
        *range(0x2209, 0x2216),
        *(0x2225, 0x2227, 0x222A),
        *range(0x2230, 0x223A),
        *range(0x223F, 0x2255),
        *range(0x2258, 0x225C),
    },
}
"""The registers that a processor may write. Those of a DMA's addresses are both's."""

READ = {Side.CONSOLE: {0x2300}, Side.CHIP: {*range(0x2301, 0x230E)}}
DMA = range(0x2230, 0x2250)

OPENINGS: Mapping[Side, Mapping[str, Mapping[int, int | None]]] = {
    Side.CONSOLE: {
        "I-RAM": {0x2229: 0xFF},
        "BW-RAM": {0x2226: 0x80, 0x2228: 0x00},
        "window": {0x2226: 0x80, 0x2228: 0x00, 0x2224: None},
    },
    Side.CHIP: {"I-RAM": {0x222A: 0xFF}, "BW-RAM": {0x2227: 0x80}, "window": {0x2227: 0x80, 0x2225: None}},
}
"""Before a processor uses a memory: registers, and what has to be written there; None: whatever it is."""

HEADER_VECTORS = {
    **{0xFFE4: "COP", 0xFFE6: "BRK", 0xFFE8: "ABORT", 0xFFEA: "NMI", 0xFFEE: "IRQ"},
    **{0xFFF4: "COP", 0xFFF8: "ABORT", 0xFFFA: "NMI", 0xFFFC: "reset", 0xFFFE: "IRQ"},
}
RESET = 0xFFFC
EMULATION = 0xFFF0
"""Vectors above it are those of the emulation mode, with registers of 8 bits."""


def memory(side: Side, at: int) -> str:
    """What a processor finds at an address; "" for what it has no business with."""
    bank, low = at >> 16, at & 0xFFFF
    if bank & 0x40 == 0:
        places = {
            "I-RAM": 0x3000 <= low < 0x3800 or (side is Side.CHIP and low < 0x0800),
            "registers": 0x2200 <= low < 0x2400,
            "window": 0x6000 <= low < 0x8000,
            "ROM": low >= 0x8000,
            "console": side is Side.CONSOLE and low < 0x6000,
        }
        return next((name for name, found in places.items() if found), "")
    if bank >= 0xC0:
        return "ROM"
    if bank < 0x50:
        return "BW-RAM"
    return "console" if side is Side.CONSOLE and bank in (0x7E, 0x7F) else ""


class Linter:
    """Both processors' code, followed from the vectors, and the rules on it."""

    def __init__(self, image: bytes, debug: bytes) -> None:
        self.program = Program(image, debug)
        self.console = walk(self.program, Side.CONSOLE, self._vectors())
        self.chip = walk(self.program, Side.CHIP, {at: _reset() for at in self.starts})

    def faults(self) -> list[Fault]:
        """Every broken rule."""
        found = [*self._header(), *self._asleep()]
        for walked in (self.console, self.chip):
            found += self._readable(walked)
            for step in walked.steps.values():
                found += self._registers(walked.side, step)
        found += _Opening(self.program, self.console).faults([self._word(RESET)])
        found += _Opening(self.program, self.chip).faults(self.starts)
        for step in self.chip.steps.values():
            found += [*self._unit(step), *self._own_memory(step)]
        return found

    @cached_property
    def starts(self) -> list[int]:
        """Where the S-CPU lets the SA-1 begin."""
        written = (access for step in self.console.steps.values() for access in step.accesses if access.writes)
        return sorted(
            {a.value for a in written if a.first == START_ADDRESS and a.size == 2 and a.value is not None}
        )

    def _fault(self, rule: Rule, step: Step, what: str) -> Fault:
        return Fault(rule, f"{self.program.place(step.instruction.at)} {step.instruction.name}", what)

    def _word(self, at: int) -> int:
        return self.program.byte(at) | self.program.byte(at + 1) << 8

    def _vectors(self) -> dict[int, State]:
        roots = {}
        for at in HEADER_VECTORS:
            narrow = True if at >= EMULATION else None
            roots[self._word(at)] = _reset() if at == RESET else entered(narrow, narrow, frozenset(), frozenset())
        return roots

    def _header(self) -> Iterator[Fault]:
        for at, name in HEADER_VECTORS.items():
            if self._word(at) < 0x8000 or self.program.side(self._word(at)) is not Side.CONSOLE:
                yield Fault(Rule.VECTORS, f"${at:04X} {name}", f"${self._word(at):04X} is no code of the S-CPU")
        for at in self.starts or [0]:
            if at < 0x8000 or self.program.side(at) is not Side.CHIP:
                yield Fault(Rule.VECTORS, f"${START_ADDRESS:04X}", f"${at:04X} is no code of the SA-1")

    def _readable(self, walked: Walk) -> Iterator[Fault]:
        """Every routine is reached, every way stays on its side, every routine is left as it was entered."""
        for at, why in walked.unreadable.items():
            yield Fault(Rule.READABLE, self.program.place(at), why)
        for at, name in self.program.routines(walked.side).items():
            if at not in walked.steps:
                yield Fault(Rule.READABLE, name, f"nothing that the {walked.side.value} does leads here")
        if walked.side is Side.CHIP:
            yield from self._unread(walked)
        for step in walked.steps.values():
            if self.program.side(step.instruction.at) is not walked.side:
                yield self._fault(Rule.READABLE, step, f"the {walked.side.value} does what is not its own")
            if step.instruction.name in RETURNS and not _returns_as_entered(step):
                yield self._fault(Rule.READABLE, step, "widths, direct page or data bank are not as at the entry")
            widths = None if step.called is None else self.program.recorded(walked.side, step.called)
            if widths not in (None, (step.state.narrow_a, step.state.narrow_x)):
                yield self._fault(Rule.READABLE, step, "the routine is written for other register widths")

    def _unread(self, walked: Walk) -> Iterator[Fault]:
        """The SA-1's modules have code, bytes that a call skips, tables of jumps: nothing else."""
        read = set[int]()
        for step in walked.steps.values():
            last = step.instruction.end if step.called is None else step.next[0]
            read.update(range(step.instruction.at, last))
            if step.instruction.mode is Mode.POINTER_X:
                table = step.instruction.at & 0xFF0000 | step.instruction.operand
                read.update(range(table, table + 2 * len(step.next)))
        if unread := sorted({*self.program.code(walked.side)} - read):
            yield Fault(Rule.READABLE, self.program.place(unread[0]), f"{len(unread)} bytes that nothing leads to")

    def _unit(self, step: Step) -> Iterator[Fault]:
        for access in step.accesses:
            elapsed = step.state.waited + step.instruction.size
            needed = ENOUGH if step.state.summed else PRODUCT_CYCLES
            if access.reads and access.within(RESULT) and elapsed < needed:
                yield self._fault(Rule.READY, step, f"{elapsed} cycles have passed, it takes {needed}")
            if access.reads and access.has(TOP_BYTE):
                yield self._fault(Rule.TOP_BYTE, step, "$230A: emulators disagree about it")
            if access.writes and access.has(UNIT_MODE) and access.written(UNIT_MODE) not in (0, 2):
                yield self._fault(Rule.NO_DIVISION, step, f"{access.written(UNIT_MODE)} is written to MCNT")

    def _registers(self, side: Side, step: Step) -> Iterator[Fault]:
        for access in step.accesses:
            for at in access.within(range(0x2200, 0x2400)):
                if access.writes and at not in WRITTEN[side]:
                    yield self._fault(Rule.OWN_REGISTERS, step, f"the {side.value} writes ${at:04X}")
                if access.reads and at not in READ[side] and at != TOP_BYTE:
                    yield self._fault(Rule.OWN_REGISTERS, step, f"the {side.value} reads ${at:04X}")
                if access.writes and at in DMA:
                    yield self._fault(Rule.NO_DMA, step, f"${at:04X} is written")

    def _own_memory(self, step: Step) -> Iterator[Fault]:
        for access in step.accesses:
            places = (access.first | 0x8000,) if access.somewhere else (access.first, access.last)
            for at in places:
                if not memory(Side.CHIP, at):
                    yield self._fault(Rule.OWN_MEMORY, step, f"${at:06X} is nothing of the SA-1's")
        if step.instruction.name in ("txs", "tcs"):
            top = step.state.x if step.instruction.name == "txs" else step.state.a
            if top is None or memory(Side.CHIP, top) != "I-RAM":
                yield self._fault(Rule.OWN_MEMORY, step, "a stack that is not certainly in I-RAM")
        if step.instruction.name in ("pld", "tcd"):
            pages = after(step.instruction, step.state).direct
            if not pages:
                yield self._fault(Rule.OWN_MEMORY, step, "the direct page is unknown")
            for page in pages:
                if not memory(Side.CHIP, page) or not memory(Side.CHIP, page + 0xFF):
                    yield self._fault(Rule.OWN_MEMORY, step, f"a direct page at ${page:04X}")

    def _asleep(self) -> Iterator[Fault]:
        """No loop in ROM looks whether the SA-1 is done, and what waits in work RAM stays there."""
        told = ("engine_task", "committed", "token_ready")
        polled = {self.program.equate(Side.CONSOLE, name) for name in told} | {0x2300}
        for at, step in self.console.steps.items():
            reads = any(access.reads and any(map(access.has, polled)) for access in step.accesses)
            if at & 0xFFFF >= 0x8000 and reads and at in _reached(self.console.steps, step.next):
                yield self._fault(Rule.ASLEEP, step, "the S-CPU waits in ROM")
            if at < 0x2000:
                out = [to for to in (*step.next, step.called) if to is not None and to >= 0x2000]
                if out:
                    yield self._fault(Rule.ASLEEP, step, f"what waits in work RAM goes to ${out[0]:06X}")


class _Opening:
    """The order of the boot: which registers a processor has certainly written before each access to RAM."""

    def __init__(self, program: Program, walked: Walk) -> None:
        self.program, self.walked = program, walked
        self.known: dict[tuple[int, frozenset[int]], frozenset[int]] = {}
        self.found: dict[tuple[str, str], Fault] = {}

    def faults(self, starts: Iterable[int]) -> list[Fault]:
        """In order of the code."""
        for start in starts:
            self._opened(start, frozenset())
        return list(self.found.values())

    def _opened(self, entry: int, before: frozenset[int]) -> frozenset[int]:
        """The registers written when a routine ends that begins with these. One that never ends has written all."""
        if (entry, before) in self.known:
            return self.known[entry, before]
        self.known[entry, before] = before  # where it calls itself
        written, waiting, ends = {entry: before}, [entry], []
        while waiting:
            at = waiting.pop()
            step = self.walked.steps.get(at)
            if step is None:
                continue
            now = written[at] | self._writes(step)
            self._check(step, written[at])
            if step.called is not None:
                now = self._opened(step.called, now)
            if step.instruction.name in RETURNS:
                ends.append(now)
            for to in step.next:
                joined = written[to] & now if to in written else now
                if joined != written.get(to):
                    written[to] = joined
                    waiting.append(to)
        result = frozenset.intersection(*ends) if ends else frozenset(range(0x2200, 0x2300))
        self.known[entry, before] = result
        return result

    def _writes(self, step: Step) -> frozenset[int]:
        """Registers that it writes with what they need."""
        side = self.walked.side
        needed = {at: value for values in OPENINGS[side].values() for at, value in values.items()}
        return frozenset(
            at
            for access in step.accesses
            if access.writes
            for at in access.within(range(0x2200, 0x2300))
            if needed.get(at) in (None, access.written(at))
        )

    def _check(self, step: Step, written: frozenset[int]) -> None:
        for kind in self._kinds(step):
            if missing := {*OPENINGS[self.walked.side].get(kind, ())} - written:
                place = f"{self.program.place(step.instruction.at)} {step.instruction.name}"
                registers = ", ".join(f"${at:04X}" for at in sorted(missing))
                what = f"the {self.walked.side.value} uses {kind} before {registers} is written"
                self.found[place, what] = Fault(Rule.OPENED, place, what)

    def _kinds(self, step: Step) -> set[str]:
        side = self.walked.side
        ends = {at for access in step.accesses for at in (access.first, access.last)}
        found = {memory(side, at) for at in ends}
        name = step.instruction.name
        if side is Side.CHIP and (name in CALLS or name in RETURNS or name[:2] in ("ph", "pe", "pl")):
            found.add("I-RAM")  # its stack
        return found


def faults(image: bytes, debug: bytes) -> list[Fault]:
    """All that is wrong with the code of an SA-1 cartridge: its image and ld65's debug file."""
    return Linter(image, debug).faults()


def _reset() -> State:
    """A processor as it leaves reset."""
    return entered(True, True, frozenset((0,)), frozenset((0,)))


def _returns_as_entered(step: Step) -> bool:
    """Whether widths, direct page and data bank are those of the entry; an interrupt's are unknown there."""
    state, home = step.state, step.state.home
    if not home.bank or step.instruction.name == "rti":
        return True
    same = (state.narrow_a, state.narrow_x) == (home.narrow_a, home.narrow_x)
    return (
        same and bool(state.direct) and state.direct <= home.direct and bool(state.bank) and state.bank <= home.bank
    )


def _reached(steps: Mapping[int, Step], starts: Iterable[int]) -> set[int]:
    """All that a routine does after this, calls left out."""
    found, waiting = set[int](), [*starts]
    while waiting:
        at = waiting.pop()
        if at not in found and at in steps:
            found.add(at)
            waiting += steps[at].next
    return found
