"""A pickle as data: an interpreter of the opcodes that plain values need. Nothing is looked up, called or imported.

A global of Python is a name here. A reader says which names it knows, and what of ours is made where one is called.
Values are made of others that are complete, so nothing here recurs however deeply they are nested.
https://github.com/python/cpython/blob/main/Lib/pickletools.py describes the opcodes; its parser is used.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from trainer.documents import SHORT
from trainer.errors import InputError

Make = Callable[[tuple[Any, ...]], object]
"""What is made of the arguments of a call. Raises InputError for arguments that nobody writes."""

LONGEST_NUMBER = 1 << 63


@dataclass(frozen=True)
class Name:
    """A global of Python: its name, and nothing of what it names."""

    name: str


class Ordered(dict[Any, Any]):
    """What is written as an OrderedDict: alone of all values it may be given attributes, which are dropped."""


def ordered(arguments: tuple[Any, ...]) -> Ordered:
    """An empty one, as pickle makes it before its items are set."""
    if arguments:
        raise InputError("calls `collections.OrderedDict` with arguments, which pickle never writes")
    return Ordered()


PLAIN: Mapping[str, Make | None] = {"collections.OrderedDict": ordered}


def unpickled(
    data: bytes, names: Mapping[str, Make | None] = PLAIN, persistent: Callable[[Any], object] | None = None
) -> Any:
    """The value of a pickle: None, bool, int, float, str, list, tuple, dict (keys str or int), or of `names`.

    names: the globals that may be named; None: named, but not called. persistent: what a persistent id stands for.
    Raises InputError, naming it, for any other global and for every opcode that plain values do not need.
    """
    machine = _Machine(names, persistent)
    for opcode, argument, place in _opcodes(data):
        if opcode == "STOP":
            if place + 1 != len(data):
                raise InputError(f"{len(data) - place - 1:,} bytes follow the end of its pickle")
            return machine.result()
        step = STEPS.get(opcode)
        if step is None:
            raise InputError(f"wants pickle's {opcode} at byte {place:,}, which plain data and tensors never need")
        step(machine, argument)
    raise InputError("its pickle has no end")


def _opcodes(data: bytes) -> Iterator[tuple[str, Any, int]]:
    """Name, argument and place of every opcode."""
    try:
        for opcode, argument, place in pickletools.genops(data):
            yield opcode.name, argument, place or 0
    except ValueError as error:
        raise InputError(f"it is not a whole pickle: {SHORT.repr(str(error))}") from error


class _Machine:
    """The stack and the memo of pickle's machine, of which it knows the part that plain values need."""

    def __init__(self, names: Mapping[str, Make | None], persistent: Callable[[Any], object] | None) -> None:
        self._names, self._persistent = names, persistent
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}

    def result(self) -> Any:
        if self._marks or len(self._stack) != 1:
            raise InputError("its pickle ends with a value that is not whole")
        return self._stack[0]

    def push(self, value: object) -> None:
        self._stack.append(value)

    def mark(self) -> None:
        self._marks.append(len(self._stack))

    def pop(self) -> Any:
        if len(self._stack) <= (self._marks[-1] if self._marks else 0):
            raise InputError("its pickle takes a value that is not there")
        return self._stack.pop()

    def pop_to_mark(self) -> list[Any]:
        if not self._marks:
            raise InputError("its pickle takes a value that is not there")
        start = self._marks.pop()
        values = self._stack[start:]
        del self._stack[start:]
        return values

    def top(self, kind: type) -> Any:
        """The last value, which stays, and must be of a kind."""
        value = self.pop()
        if not isinstance(value, kind):
            raise InputError(f"its pickle fills {SHORT.repr(value)}, which is no {kind.__name__}")
        self.push(value)
        return value

    def name(self, name: str) -> None:
        if name not in self._names:
            raise InputError(f"wants `{_shown(name)}`: only tensors and plain data are read, and nothing is run")
        self.push(Name(name))

    def name_from_stack(self) -> None:
        name, module = self.pop(), self.pop()
        if not (isinstance(name, str) and isinstance(module, str)):
            raise InputError("names a global by something that is no text")
        self.name(f"{module}.{name}")

    def call(self) -> None:
        arguments, called = self.pop(), self.pop()
        if not (isinstance(called, Name) and isinstance(arguments, tuple)):
            raise InputError(f"calls {SHORT.repr(called)}: nothing is run")
        make = self._names[called.name]
        if make is None:
            raise InputError(f"calls `{called.name}`: nothing is run")
        self.push(make(arguments))

    def persistent_id(self) -> None:
        if self._persistent is None:
            raise InputError("refers to what is in another file")
        self.push(self._persistent(self.pop()))

    def attributes(self) -> None:
        """Of an Ordered, where torch keeps versions of modules: nothing reads them."""
        self.pop()
        self.top(Ordered)

    def items(self, values: list[Any]) -> None:
        if len(values) % 2:
            raise InputError("its pickle has a key without a value")
        filled = self.top(dict)
        for key, value in zip(values[::2], values[1::2], strict=True):
            if not isinstance(key, str | int):  # a tuple's hash would go as deep as it is nested
                raise InputError(f"has {SHORT.repr(key)} as a key: keys are texts or whole numbers")
            filled[key] = value

    def append(self, values: list[Any]) -> None:
        self.top(list).extend(values)

    def remember(self, number: int | None) -> None:
        value = self.pop()
        self.push(value)
        self._memo[len(self._memo) if number is None else number] = value

    def recall(self, number: int) -> None:
        if number not in self._memo:
            raise InputError("its pickle recalls a value that is not there")
        self.push(self._memo[number])

    def text(self, text: str) -> None:
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise InputError(f"holds {SHORT.repr(text)}, which is half a character and no text") from error
        self.push(text)

    def number(self, number: int) -> None:
        if not -LONGEST_NUMBER <= number < LONGEST_NUMBER:
            raise InputError("holds a whole number of more than 64 bits")
        self.push(number)

    def tuple_of(self, count: int) -> None:
        values = [self.pop() for _ in range(count)]
        self.push(tuple(reversed(values)))


def _shown(name: str) -> str:
    """A name as the message has it."""
    shown = SHORT.repr(name)[1:-1]
    return shown if name.isprintable() else repr(shown)


Step = Callable[[_Machine, Any], None]

STEPS: Mapping[str, Step] = {
    **dict.fromkeys(("PROTO", "FRAME"), lambda machine, _: None),
    "NONE": lambda machine, _: machine.push(None),
    "NEWTRUE": lambda machine, _: machine.push(True),
    "NEWFALSE": lambda machine, _: machine.push(False),
    **dict.fromkeys(("BININT", "BININT1", "BININT2", "LONG1"), _Machine.number),
    "BINFLOAT": _Machine.push,
    **dict.fromkeys(("SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"), _Machine.text),
    "EMPTY_DICT": lambda machine, _: machine.push({}),
    "EMPTY_LIST": lambda machine, _: machine.push([]),
    "EMPTY_TUPLE": lambda machine, _: machine.push(()),
    "MARK": lambda machine, _: machine.mark(),
    "TUPLE": lambda machine, _: machine.push(tuple(machine.pop_to_mark())),
    "TUPLE1": lambda machine, _: machine.tuple_of(1),
    "TUPLE2": lambda machine, _: machine.tuple_of(2),
    "TUPLE3": lambda machine, _: machine.tuple_of(3),
    "APPEND": lambda machine, _: machine.append([machine.pop()]),
    "APPENDS": lambda machine, _: machine.append(machine.pop_to_mark()),
    "SETITEM": lambda machine, _: machine.items([machine.pop(), machine.pop()][::-1]),
    "SETITEMS": lambda machine, _: machine.items(machine.pop_to_mark()),
    **dict.fromkeys(("BINPUT", "LONG_BINPUT"), _Machine.remember),
    "MEMOIZE": lambda machine, _: machine.remember(None),
    **dict.fromkeys(("BINGET", "LONG_BINGET"), _Machine.recall),
    "GLOBAL": lambda machine, name: machine.name(name.replace(" ", ".", 1)),
    "STACK_GLOBAL": lambda machine, _: machine.name_from_stack(),
    "REDUCE": lambda machine, _: machine.call(),
    "BUILD": lambda machine, _: machine.attributes(),
    "BINPERSID": lambda machine, _: machine.persistent_id(),
}
"""What every opcode does that pickle writes for plain values, and torch for tensors, in protocols 2 to 5."""
