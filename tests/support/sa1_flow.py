"""Every instruction that the two processors of a linked SA-1 cartridge can reach, with all that is known before it.

The code is read as the processors would: from the vectors on, through every branch and call, with the register
widths, direct page and data bank that the instructions before have set. Where ways join, what differs is unknown.
What only a running machine knows stays unknown too: where pointers and indexes lead.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum

from asm.toolchain import SA1_PREFIX
from tests.support.reachability import records
from tests.support.w65816 import (
    ABSOLUTE_MODES,
    ADDRESSED,
    BRANCHES,
    CALLS,
    DIRECT_MODES,
    JUMPS,
    MODIFIES,
    POINTERS,
    READS,
    RETURNS,
    WRITES,
    Instruction,
    Mode,
    UnknownWidth,
    decode,
)

ENOUGH = 6
"""SA-1 cycles after which every result of the arithmetic unit is ready.

A call, a return and an indirect jump take as many.
"""

BANK = 0x10000

INLINE = {"take_mark": 1}
"""Routines that come back behind bytes of data that follow the call."""

RECORD = "widths_of_"
"""Of a routine's register widths: see contract.inc."""


class Side(Enum):
    """A processor."""

    CONSOLE = "S-CPU"
    CHIP = "SA-1"


class Program:
    """A linked cartridge as its debug file tells it: bytes by address, modules, labels."""

    def __init__(self, image: bytes, debug: bytes) -> None:
        self.image = image
        known = records(debug)
        segments = {n: record for n, record in known["seg"].items() if "oname" in record}
        self._segments = sorted(
            (int(record["start"], 16), int(record["size"], 16), int(record["ooffs"]))
            for record in segments.values()
        )
        modules = {n: record["name"].strip('"').removesuffix(".o") for n, record in known["mod"].items()}
        self._modules: list[tuple[int, int, str]] = []
        self._owners: dict[int, str] = {}
        for number, scope in known["scope"].items():
            self._owners[number] = modules[int(scope["mod"])]
            for span in (known["span"][int(n)] for n in scope.get("span", "").split("+") if n):
                if "parent" not in scope and int(span["seg"]) in segments:
                    start = int(segments[int(span["seg"])]["start"], 16) + int(span["start"])
                    self._modules.append((start, start + int(span["size"]), modules[int(scope["mod"])]))
        self._modules.sort()
        self.labels: dict[int, str] = {}
        self._equates: dict[tuple[Side, str], int] = {}
        for symbol in known["sym"].values():
            name, value = symbol["name"].strip('"'), int(symbol.get("val", "0"), 16)
            if symbol["type"] == "lab" and "seg" in symbol:
                self.labels.setdefault(value, name)
            elif symbol["type"] == "equ" and "scope" in symbol:
                self._equates[side_of(self._owners[int(symbol["scope"])]), name] = value
        self._label_starts = sorted(self.labels)

    def byte(self, at: int) -> int:
        """Raises KeyError where the image has none."""
        start, _, offset = self._segment(at)
        return self.image[offset + at - start]

    def side(self, at: int) -> Side | None:
        """The processor whose module has this address."""
        place = bisect_right(self._modules, (at, 1 << 24, "")) - 1
        start, end, module = self._modules[place]
        return side_of(module) if place >= 0 and start <= at < end else None

    def equate(self, side: Side, name: str) -> int:
        """The value that a constant, or a variable's address, has in the modules of a processor."""
        return self._equates[side, name]

    def routines(self, side: Side) -> Mapping[int, str]:
        """Routines with a record of their register widths, by address."""
        recorded = {
            name.removeprefix(RECORD) for of, name in self._equates if of is side and name.startswith(RECORD)
        }
        return {at: name for at, name in self.labels.items() if name in recorded and self.side(at) is side}

    def code(self, side: Side) -> Iterator[int]:
        """Every address in the modules of a processor."""
        for start, end, module in self._modules:
            if side_of(module) is side:
                yield from range(start, end)

    def recorded(self, side: Side, at: int) -> tuple[bool, bool] | None:
        """Whether a routine is written for registers of 8 bits, if it has a record."""
        record = self._equates.get((side, RECORD + self.labels.get(at, "")))
        return None if record is None else (record >> 8 & 0x7F == 8, record & 0xFF == 8)

    def place(self, at: int) -> str:
        """Label and offset."""
        start = self._label_starts[max(bisect_right(self._label_starts, at) - 1, 0)]
        return f"{self.labels[start]}+{at - start}" if at >= start else f"${at:06X}"

    def _segment(self, at: int) -> tuple[int, int, int]:
        place = bisect_right(self._segments, (at, 1 << 24, 0)) - 1
        if place < 0 or at >= self._segments[place][0] + self._segments[place][1]:
            raise KeyError(f"${at:06X} is in no segment")
        return self._segments[place]


def side_of(module: str) -> Side:
    """The processor that a module is assembled for."""
    return Side.CHIP if module.startswith(SA1_PREFIX) else Side.CONSOLE


Held = frozenset[int]
"""What a register may hold; empty: unknown."""

Slot = int | Held | tuple[bool | None, bool | None] | None
"""A byte on the stack: a number, (half of) the direct page, the data bank, the register widths; None: unknown."""


@dataclass(frozen=True)
class Home:
    """How a routine was entered, and has to be left."""

    narrow_a: bool | None
    narrow_x: bool | None
    direct: Held
    bank: Held


@dataclass(frozen=True)
class State:
    """What is known before an instruction. narrow: the register has 8 bits; None: unknown.

    a, x, y: constants, if they hold one. stack: the bytes on top of it, the last pushed at the end. waited: cycles,
    at most ENOUGH, that have certainly passed since the arithmetic unit began. summed: it may add products up.
    """

    narrow_a: bool | None
    narrow_x: bool | None
    direct: Held
    bank: Held
    home: Home
    a: int | None = None
    x: int | None = None
    y: int | None = None
    stack: tuple[Slot, ...] = ()
    waited: int = 0
    summed: bool = True


def entered(narrow_a: bool | None, narrow_x: bool | None, direct: Held, bank: Held, **more: int | bool) -> State:
    """The state at a routine's entry."""
    return State(narrow_a, narrow_x, direct, bank, Home(narrow_a, narrow_x, direct, bank), **more)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Access:
    """Bytes that an instruction reads or writes. value: what is written, if that is a constant."""

    first: int
    size: int
    reads: bool
    writes: bool
    value: int | None = None

    @property
    def last(self) -> int:
        """The address of its last byte."""
        return self.first + self.size - 1

    @property
    def somewhere(self) -> bool:
        """Where in its bank is not known."""
        return self.size == BANK

    def within(self, low: range) -> range:
        """Those of its addresses that are in a range of bank 0, which many banks show."""
        if self.first >> 16 & 0x40 or self.somewhere:
            return range(0)
        first = self.first & 0xFFFF
        return range(max(first, low.start), min(first + self.size, low.stop))

    def has(self, at: int) -> bool:
        """Whether an address in bank 0 is one of them."""
        return bool(self.within(range(at, at + 1)))

    def written(self, at: int) -> int | None:
        """The byte that is written to an address in bank 0, if that is a constant."""
        return None if self.value is None else self.value >> 8 * (at - (self.first & 0xFFFF)) & 0xFF


@dataclass(frozen=True)
class Step:
    """A reached instruction. next: where its routine goes on; called: the routine that it calls."""

    instruction: Instruction
    state: State
    next: tuple[int, ...]
    called: int | None

    @property
    def accesses(self) -> tuple[Access, ...]:
        """What it reads and writes, as far as its operand tells; of an indexed one, where the index is 0."""
        return tuple(accesses(self.instruction, self.state))


@dataclass(frozen=True)
class Walk:
    """All that a processor reaches; places where its code cannot be read, with the reason."""

    side: Side
    steps: Mapping[int, Step]
    unreadable: Mapping[int, str]


def walk(program: Program, side: Side, roots: Mapping[int, State]) -> Walk:
    """Follow the code from these addresses until nothing new is learnt."""
    states, steps, unreadable, waiting = dict(roots), dict[int, Step](), dict[int, str](), list(roots)
    while waiting:
        at = waiting.pop()
        try:
            step, ways = _step(program, at, states[at])
        except UnknownWidth:
            unreadable[at] = "a register's width is unknown"
            continue
        except KeyError as error:
            unreadable[at] = str(error.args[0])
            continue
        steps[at] = step
        for to, state in ways:
            joined = join(states[to], state) if to in states else state
            if joined != states.get(to):
                states[to] = joined
                waiting.append(to)
    return Walk(side, steps, unreadable)


def _step(program: Program, at: int, state: State) -> tuple[Step, list[tuple[int, State]]]:
    """An instruction, and the state after it wherever it leads."""
    instruction = decode(program.byte, at, state.narrow_a, state.narrow_x)
    then, target = after(instruction, state), instruction.target
    if instruction.name in CALLS:
        if target is None:
            raise KeyError("an indirect call")
        back = instruction.end + INLINE.get(program.labels.get(target, ""), 0)
        returned = replace(then, a=None, x=None, y=None, waited=ENOUGH, summed=True)
        inside = entered(then.narrow_a, then.narrow_x, then.direct, then.bank, waited=ENOUGH, summed=then.summed)
        return Step(instruction, state, (back,), target), [(target, inside), (back, returned)]
    if instruction.name in RETURNS or instruction.name == "stp":
        return Step(instruction, state, (), None), []
    if instruction.mode is Mode.POINTER_X:
        places, then = tuple(_table(program, instruction)), replace(then, waited=ENOUGH)
    elif instruction.name in JUMPS and target is None:
        raise KeyError("an indirect jump")
    else:
        runs_on = () if instruction.name in JUMPS else (instruction.end,)
        jumps = instruction.name in JUMPS or instruction.name in BRANCHES
        places = (*runs_on, *((target,) if jumps and target is not None else ()))
    return Step(instruction, state, places, None), [(place, then) for place in places]


def _table(program: Program, jump: Instruction) -> Iterator[int]:
    """The labels in a table of addresses, to the next label."""
    bank, at = jump.at & 0xFF0000, jump.operand
    while at == jump.operand or bank | at not in program.labels:
        target = bank | program.byte(bank | at) | program.byte(bank | at + 1) << 8
        if target not in program.labels:
            return
        yield target
        at += 2


def join(one: State, other: State) -> State:
    """What holds on both ways."""
    deep = min(len(one.stack), len(other.stack))
    tops = zip(one.stack[len(one.stack) - deep :], other.stack[len(other.stack) - deep :], strict=True)
    return State(
        narrow_a=_same(one.narrow_a, other.narrow_a),
        narrow_x=_same(one.narrow_x, other.narrow_x),
        direct=_either(one.direct, other.direct),
        bank=_either(one.bank, other.bank),
        home=Home(
            _same(one.home.narrow_a, other.home.narrow_a),
            _same(one.home.narrow_x, other.home.narrow_x),
            _either(one.home.direct, other.home.direct),
            _either(one.home.bank, other.home.bank),
        ),
        a=one.a if one.a == other.a else None,
        x=one.x if one.x == other.x else None,
        y=one.y if one.y == other.y else None,
        stack=tuple(left if left == right else None for left, right in tops),
        waited=min(one.waited, other.waited),
        summed=one.summed or other.summed,
    )


def _same(one: bool | None, other: bool | None) -> bool | None:
    return one if one == other else None


def _either(one: Held, other: Held) -> Held:
    """Unknown, if one of them is."""
    return one | other if one and other else frozenset()


UNIT_MODE, UNIT_BEGINS = 0x2250, 0x2254

CHANGES = {
    "a": {"lda", "adc", "sbc", "and", "ora", "eor", "pla", "txa", "tya", "tdc", "tsc", "xba", "mvn", "mvp"},
    "x": {"ldx", "tax", "tyx", "tsx", "plx", "inx", "dex", "mvn", "mvp"},
    "y": {"ldy", "tay", "txy", "ply", "iny", "dey", "mvn", "mvp"},
}
"""Register → the instructions that change it, besides those on the accumulator."""

FLAG_A, FLAG_X = 0x20, 0x10


def after(instruction: Instruction, state: State) -> State:
    """The state behind an instruction that runs on."""
    known = _unit(instruction, state)
    known = _constants(instruction, known)
    if change := EFFECTS.get(instruction.name):
        known = change(instruction, known)
    return known


def _unit(instruction: Instruction, state: State) -> State:
    """What the arithmetic unit does."""
    waited, summed = min(ENOUGH, state.waited + instruction.cycles), state.summed
    for access in accesses(instruction, state):
        if access.writes and access.has(UNIT_MODE):
            mode = access.written(UNIT_MODE)
            summed = mode is None or bool(mode & 2)
        if access.writes and access.has(UNIT_BEGINS):
            waited = 0
    return replace(state, waited=waited, summed=summed)


def _constants(instruction: Instruction, state: State) -> State:
    known = {
        register: instruction.operand if instruction.mode in (Mode.IMMEDIATE_A, Mode.IMMEDIATE_X) else None
        for register, names in CHANGES.items()
        if instruction.name in names or (register == "a" and instruction.mode is Mode.ACCUMULATOR)
    }
    if instruction.name not in ("lda", "ldx", "ldy"):
        known = dict.fromkeys(known)
    return replace(state, **known)  # type: ignore[arg-type]


def _widths(instruction: Instruction, state: State) -> State:
    bits, narrow = instruction.operand, instruction.name == "sep"
    if bits & FLAG_A:
        state = replace(state, narrow_a=narrow, a=None)
    if bits & FLAG_X:
        state = replace(state, narrow_x=narrow, x=None, y=None)
    return state


def _push(slots: Callable[[Instruction, State], tuple[Slot, ...]]) -> Callable[[Instruction, State], State]:
    return lambda instruction, state: replace(state, stack=state.stack + slots(instruction, state))


def _pull(state: State, size: int) -> tuple[State, tuple[Slot, ...]]:
    """size bytes, the one that was pushed first in front; unknown ones from below what is known."""
    padded = (*(None,) * size, *state.stack)
    return replace(state, stack=state.stack[:-size]), padded[-size:]


def _forget(instruction: Instruction, state: State) -> State:
    return _pull(state, instruction.width)[0]


def _plb(instruction: Instruction, state: State) -> State:
    state, (slot,) = _pull(state, 1)
    bank = frozenset((slot,)) if isinstance(slot, int) else slot if isinstance(slot, frozenset) else frozenset()
    return replace(state, bank=bank)


def _pld(instruction: Instruction, state: State) -> State:
    state, (high, low) = _pull(state, 2)
    if isinstance(high, int) and isinstance(low, int):
        return replace(state, direct=frozenset((high << 8 | low,)))
    return replace(state, direct=high if isinstance(high, frozenset) and high == low else frozenset())


def _plp(instruction: Instruction, state: State) -> State:
    state, (slot,) = _pull(state, 1)
    narrow_a, narrow_x = slot if isinstance(slot, tuple) else (None, None)
    return replace(state, narrow_a=narrow_a, narrow_x=narrow_x, a=None, x=None, y=None)


def _tcd(instruction: Instruction, state: State) -> State:
    return replace(state, direct=frozenset() if state.a is None else frozenset((state.a,)))


def _move(instruction: Instruction, state: State) -> State:
    return replace(state, bank=frozenset((instruction.operand & 0xFF,)), a=0xFFFF)


EFFECTS: dict[str, Callable[[Instruction, State], State]] = {
    **dict.fromkeys(("sep", "rep"), _widths),
    **dict.fromkeys(("pha", "phx", "phy"), _push(lambda i, state: (None,) * i.width)),
    **dict.fromkeys(("pla", "plx", "ply"), _forget),
    "pea": _push(lambda i, state: (i.operand >> 8, i.operand & 0xFF)),
    **dict.fromkeys(("pei", "per"), _push(lambda i, state: (None, None))),
    "phk": _push(lambda i, state: (i.at >> 16,)),
    "phb": _push(lambda i, state: (state.bank,)),
    "phd": _push(lambda i, state: (state.direct, state.direct)),
    "php": _push(lambda i, state: ((state.narrow_a, state.narrow_x),)),
    "plb": _plb,
    "pld": _pld,
    "plp": _plp,
    "tcd": _tcd,
    **dict.fromkeys(("tcs", "txs"), lambda i, state: replace(state, stack=())),
    **dict.fromkeys(("mvn", "mvp"), _move),
}


def accesses(instruction: Instruction, state: State) -> Iterator[Access]:
    """What an instruction reads and writes, but for its stack: as far as its operand tells."""
    name, mode = instruction.name, instruction.mode
    if mode in POINTERS:
        for page in state.direct:
            yield Access(page + instruction.operand & 0xFFFF, POINTERS[mode], reads=True, writes=False)
    elif mode is Mode.BLOCK:
        yield from _moved(instruction, state)
    elif mode in ADDRESSED and name in {*READS, *WRITES, *MODIFIES}:
        reads, writes = name not in WRITES, name in {*WRITES, *MODIFIES}
        value = {"sta": state.a, "stx": state.x, "sty": state.y, "stz": 0}.get(name)
        if mode in DIRECT_MODES:
            starts = [page + instruction.operand & 0xFFFF for page in state.direct]
        elif mode in ABSOLUTE_MODES:
            starts = [bank << 16 | instruction.operand for bank in state.bank or (0,)]
        else:
            starts = [instruction.operand]
        for start in starts:
            yield Access(start, instruction.width, reads=reads, writes=writes, value=value)


def _moved(instruction: Instruction, state: State) -> Iterator[Access]:
    """The blocks of a mvn whose registers are known; else whole banks."""
    for bank, start, writes in (
        (instruction.operand >> 8, state.x, False),
        (instruction.operand & 0xFF, state.y, True),
    ):
        if start is None or state.a is None or instruction.name == "mvp":
            yield Access(bank << 16, BANK, reads=not writes, writes=writes)
        else:
            yield Access(bank << 16 | start, state.a + 1, reads=not writes, writes=writes)
