"""Routines of the cartridge, called one by one in an emulator with everything they do not own full of noise.

A case is registers, an image of low RAM and one of bank $7E. After the call every byte must be what the twin
says, or in the routine's documented `out` and `kills`, or untouched.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from asm.build import sources, symbols
from asm.cartridge.header import with_checksum
from asm.layout import Layout, plan
from asm.toolchain import assemble, link
from quantize.fixed import Ints
from quantize.model import IntegerModel
from quantize.ranges import prove
from snesgpt.emulator.console import Console
from tests.support.asm_sources import may_change
from trainer.config import ModelConfig

HARNESS = Path(__file__).parents[1] / "roms" / "harness.asm"
HIGH_RAM = 0x7E2000
CASE_BANK, CASE_BANK_BYTES, CASE_HEAD = 0x10000, 0x10000, 10
REGISTERS = {"A": 0, "X": 2, "Y": 4, "flags": 6, "bank": 7, "D": 8}
CARRY, INTERRUPTS_OFF = 0x01, 0x04
KEPT_FLAGS = 0x3C  # widths, decimal, interrupts
PROGRAM_BANK, WORK_BANK = 0x80, 0x7E
"""The data banks: the fast kernels run in work RAM's."""

BOOT_FRAMES = 10
NOISY_FLAGS = 0xC3

Bytes = NDArray[np.uint8]


class Mismatch(AssertionError):
    """A routine did something else than its twin."""


@dataclass(frozen=True)
class Call:
    """N cases of one routine: name → (N,) numbers or (N, k) words; all else is noise before and kept after.

    A name is a register, `carry`, a name of memory.inc, `high_ram`, or one of the latter plus an offset.
    free: names that may hold anything afterwards, besides those in the routine's header.
    The direct page is 0 if not given. bank: the data bank.
    """

    given: Mapping[str, Ints]
    wanted: Mapping[str, Ints]
    free: frozenset[str] = frozenset()
    bank: int = PROGRAM_BANK


@dataclass(frozen=True)
class Memory:
    """The address of each name and how many bytes it has, for one model."""

    model: IntegerModel
    layout: Layout
    address: Mapping[str, int]
    size: Mapping[str, int]

    @property
    def config(self) -> ModelConfig:
        """The model's shape."""
        return self.model.config

    def at(self, name: str) -> int:
        """The 24-bit address of `name` or `name+offset`."""
        base, _, offset = name.partition("+")
        return self.address[base] + int(offset or 0)

    def bank_7e(self, name: str) -> int:
        """The same where a long pointer should look: low RAM in bank $7E."""
        return 0x7E0000 | self.at(name)


@dataclass(frozen=True)
class RoutineRom:
    """The cartridge's modules with the harness for a main program."""

    image: bytes
    memory: Memory


def build_routines(
    model: IntegerModel, edit: Callable[[dict[str, bytes]], None] | None = None, also: Sequence[str] = ()
) -> RoutineRom:
    """Assemble the model's modules with the harness in main's place; `edit` may plant a bug first.

    also: modules that this model's own cartridge does not need.
    """
    layout = plan(prove(model))
    layout = replace(layout, modules=tuple(dict.fromkeys((*layout.modules, *also))))
    files = sources(layout)
    if edit is not None:
        edit(files)
    del files["main.asm"]
    files["harness.asm"] = HARNESS.read_bytes()
    modules = ("harness", *(module for module in layout.modules if module != "main"))
    with tempfile.TemporaryDirectory() as name:
        objects = assemble(files, modules, Path(name)).files
        image = with_checksum(link(objects, files[layout.target.linker_map], Path(name)))
        address = symbols((Path(name) / "image.dbg").read_bytes()) | {"high_ram": HIGH_RAM}
    declared = re.findall(r"^(\w+)\s+\.(?:word|dword|byte|res)", files["memory.inc"].decode(), re.M)
    in_work_ram = {
        name: HIGH_RAM & 0xFF0000 | address[name] for name in declared if 0x2000 <= address[name] < 0x10000
    }
    address |= in_work_ram
    ends = [*declared[1:], declared[-1]]
    size = {one: address[end] - address[one] for one, end in zip(declared, ends, strict=True)}
    return RoutineRom(image, Memory(model, layout, address, size))


class RoutineConsole:
    """A running harness: calls routines by their linker symbols."""

    def __init__(self, console: Console, rom: RoutineRom) -> None:
        self._console, self.memory = console, rom.memory
        console.run(BOOT_FRAMES)

    def check(self, name: str, call: Call, seed: int = 0, header: str = "") -> int:
        """Run every case and compare everything; returns how many. Raises Mismatch with the first wrong one.

        header: the routine whose header says what may change, where that is not `name`'s own; "-" for none.
        """
        frame = _Frame(self.memory, call)
        before = frame.noise(np.random.default_rng(seed), call.bank)
        for field, values in call.given.items():
            frame.put(before, field, values)
        after = self._run(name, before, frame)
        changes = frozenset() if header == "-" else may_change(header or name)
        wanted, free = before.copy(), frame.may_differ(changes | call.free)
        for field, values in call.wanted.items():
            free[frame.put(wanted, field, values)] = False
        wanted[:, REGISTERS["flags"]] = frame.wanted_flags(after, call)
        wrong = (after != wanted) & ~free
        if wrong.any():
            raise Mismatch(f"{name}: {frame.describe(call, wanted, after, wrong)}")
        return len(before)

    def _run(self, name: str, before: Bytes, frame: _Frame) -> Bytes:
        console, at = self._console, self.memory.address
        near = not at[f"widths_of_{name}"] & at["FAR_ROUTINE"]
        assert at[name] >> 16 == PROGRAM_BANK or not near, f"{name} is not in bank $80"
        after, together = before.copy(), CASE_BANK_BYTES // frame.bytes
        for first in range(0, len(before), together):
            part = after[first : first + together]
            console.write(CASE_BANK, part.tobytes())
            for field, value in (
                ("entry", at["enter_near" if near else "enter_far"]),
                ("routine", at[name]),
                ("routine+2", at[name] >> 16),
                ("cases_left", len(part)),
                ("low_bytes", frame.low),
                ("high_bytes", frame.high),
                ("go", 1),
            ):
                console.write_words(self.memory.at(field), np.array([value]))
            try:
                console.run_until(lambda c: not c.read_words(at["go"], 1)[0], 60 + len(part))
            except TimeoutError as error:
                raise Mismatch(f"{name} does not come back") from error
            part[:] = np.frombuffer(console.read(CASE_BANK, part.size), np.uint8).reshape(part.shape)
        return after


class _Frame:
    """The layout of a call's cases in memory: registers, as much low RAM as they touch, then high RAM."""

    def __init__(self, memory: Memory, call: Call) -> None:
        self.memory = memory
        ends = [memory.address["direct_page_end"]]
        high = [HIGH_RAM]
        for name, values in [*call.given.items(), *call.wanted.items()]:
            if name not in REGISTERS and name != "carry":
                start = memory.at(name)
                (high if start >= HIGH_RAM else ends).append(start + self.width(name, values))
        self.low = max(ends)
        self.high = max(high) - HIGH_RAM
        self.bytes = CASE_HEAD + self.low + self.high
        self.count = max(len(values) for values in call.given.values())

    def width(self, name: str, values: Ints) -> int:
        """Bytes a value takes: words of a vector; a register or a direct-page name as it is declared."""
        if values.ndim == 2:
            return 2 * int(values.shape[1])
        return 2 if name in REGISTERS else min(self.memory.size[name], 4)

    def column(self, name: str) -> int:
        """Where a name begins in a case."""
        if name in REGISTERS:
            return REGISTERS[name]
        address = self.memory.at(name)
        return CASE_HEAD + (self.low + address - HIGH_RAM if address >= HIGH_RAM else address)

    def noise(self, random: np.random.Generator, bank: int) -> Bytes:
        """Cases full of noise, with legal flags and data bank."""
        cases = random.integers(0, 256, (self.count, self.bytes), dtype=np.uint8)
        cases[:, REGISTERS["flags"]] &= NOISY_FLAGS
        cases[:, REGISTERS["flags"]] |= INTERRUPTS_OFF
        cases[:, REGISTERS["bank"]] = bank
        cases[:, REGISTERS["D"] : CASE_HEAD] = 0
        return cases

    def put(self, cases: Bytes, name: str, values: Ints) -> tuple[slice, slice]:
        """Write values, modulo their width; returns where."""
        if name == "carry":
            return slice(0), slice(0)
        width, start = self.width(name, values), self.column(name)
        columns = np.arange(width)
        if values.ndim == 2:
            data = values.astype("<i2").view(np.uint8).reshape(len(values), width)
        else:
            data = (values[:, None] >> (8 * columns) & 0xFF).astype(np.uint8)
        cases[:, start : start + width] = data
        return slice(None), slice(start, start + width)

    def may_differ(self, words: frozenset[str]) -> NDArray[np.bool_]:
        """(N, bytes) True where any value is allowed: what these registers and names of memory hold."""
        free = np.zeros((self.count, self.bytes), bool)
        for word in words:
            if word in self.memory.size and self.memory.address[word] < self.low:
                start = self.column(word)
                free[:, start : min(start + self.memory.size[word], CASE_HEAD + self.low)] = True
            elif word in self.memory.size and HIGH_RAM <= self.memory.address[word] < HIGH_RAM + self.high:
                start = self.column(word)
                free[:, start : start + self.memory.size[word]] = True
            elif word in ("A", "X", "Y"):
                free[:, REGISTERS[word] : REGISTERS[word] + 2] = True
        return free

    def wanted_flags(self, after: Bytes, call: Call) -> Bytes:
        """The flags as they came, but for those that must be as the twin and the house rules say."""
        flags: Bytes = after[:, REGISTERS["flags"]] & ~np.uint8(KEPT_FLAGS) | np.uint8(INTERRUPTS_OFF)
        if "carry" in call.wanted:
            flags = flags & ~np.uint8(CARRY) | call.wanted["carry"].astype(np.uint8)
        return flags

    def describe(self, call: Call, wanted: Bytes, after: Bytes, wrong: NDArray[np.bool_]) -> str:
        """The first wrong byte by case, name, expected and got, and what the case was given."""
        case, column = map(int, np.argwhere(wrong)[0])
        given = ", ".join(f"{name} {values[case].tolist()}" for name, values in call.given.items())
        place = self._name_of(column)
        return f"case {case} ({given}): {place} expected {wanted[case, column]}, got {after[case, column]}"

    def _name_of(self, column: int) -> str:
        if column < CASE_HEAD:
            return max((name for name, at in REGISTERS.items() if at <= column), key=REGISTERS.__getitem__)
        if column >= CASE_HEAD + self.low:
            return f"high_ram+{column - CASE_HEAD - self.low}"
        address = column - CASE_HEAD
        below = [name for name in self.memory.size if self.memory.address[name] <= address]
        name = max(below, key=self.memory.address.__getitem__)
        return f"{name}+{address - self.memory.address[name]}"
