"""Routines of the cartridge, called one by one in an emulator with everything they do not own full of noise.

A case is registers and images of the memory that a routine works in. After the call every byte must be what the
twin says, or in the routine's documented `out` and `kills`, or untouched. On a cartridge with the SA-1 that
processor calls.
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
from asm.targets.sa1 import BLOCK_BYTES, BWRAM, IRAM_STACK, WINDOW
from asm.targets.target import Target
from asm.toolchain import SA1_PREFIX, assemble, link
from quantize.fixed import Ints
from quantize.model import IntegerModel
from quantize.ranges import prove
from snesgpt.emulator.console import Console
from snesgpt.emulator.ram import WORK_RAM, Ram
from tests.support.asm_sources import SA1, may_change
from trainer.config import ModelConfig

ROMS = Path(__file__).parents[1] / "roms"
HIGH_RAM = 0x7E2000
CASE_HEAD = 10
REGISTERS = {"A": 0, "X": 2, "Y": 4, "flags": 6, "bank": 7, "D": 8}
CARRY, INTERRUPTS_OFF = 0x01, 0x04
KEPT_FLAGS = 0x3C  # widths, decimal, interrupts
PROGRAM_BANK, WORK_BANK = 0x80, 0x7E
"""The data banks: the fast kernels run in work RAM's."""

IRAM = 0x3000
"""Where the S-CPU sees the SA-1's own RAM."""

BOOT_FRAMES, SLOW_BOOT_FRAMES = 10, 120
"""The slow one clears BW-RAM."""

NOISY_FLAGS = 0xC3

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Region:
    """Memory that a case has an image of: its addresses, and the harness's word for how much of it that is."""

    start: int
    end: int
    bytes: str


@dataclass(frozen=True)
class Harness:
    """A program that calls routines: its sources by module, in the place of main; where its cases are, and memory.

    block: see snesgpt.emulator.ram.
    """

    modules: Mapping[str, str]
    program_bank: int
    cases: int
    cases_end: int
    regions: tuple[Region, ...]
    where: str = ""
    block: int | None = None


STOCK_HARNESS = Harness(
    {"harness": "harness.asm"},
    PROGRAM_BANK,
    0x7F0000,
    0x800000,
    (Region(0, 0x2000, "low_bytes"), Region(HIGH_RAM, 0x7F0000, "high_bytes")),
)


def harness_of(layout: Layout) -> Harness:
    """The one for a cartridge's processor. Before the vectors in the window are saves, behind its block areas."""
    if not layout.target.apart:
        return STOCK_HARNESS
    block, saves = divmod(layout.before_vectors, BLOCK_BYTES)
    return Harness(
        {"opener": "opener.asm", SA1_PREFIX + "sa1_harness": "sa1_harness.asm"},
        layout.target.first_bank,
        BWRAM + 0x10020,
        BWRAM + 0x10000 + layout.wram.log_bytes,
        (
            Region(0, IRAM_STACK, "low_bytes"),
            Region(WINDOW + saves, WINDOW + BLOCK_BYTES, "window_bytes"),
            Region(BWRAM + (block + 1) * BLOCK_BYTES, BWRAM + 0x10000, "area_bytes"),
        ),
        SA1,
        block,
    )


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
    harness: Harness
    address: Mapping[str, int]
    size: Mapping[str, int]

    @property
    def config(self) -> ModelConfig:
        """The model's shape."""
        return self.model.config

    def at(self, name: str) -> int:
        """The 24-bit address of `name` or `name+offset`; of what the window shows, there."""
        base, _, offset = name.partition("+")
        address, block = self.address[base] + int(offset or 0), self.harness.block
        shown = block is not None and address // BLOCK_BYTES == BWRAM // BLOCK_BYTES + block
        return WINDOW + address % BLOCK_BYTES if shown else address

    def far(self, name: str) -> int:
        """The same where a long pointer should look: on a stock console low RAM in bank $7E."""
        return self.at(name) | (0 if self.layout.target.apart else 0x7E0000)


@dataclass(frozen=True)
class RoutineRom:
    """The cartridge's modules with the harness for a main program."""

    image: bytes
    memory: Memory


def build_routines(
    model: IntegerModel,
    edit: Callable[[dict[str, bytes]], None] | None = None,
    also: Sequence[str] = (),
    target: Target | None = None,
) -> RoutineRom:
    """Assemble the model's modules with the harness in main's place; `edit` may plant a bug first.

    also: modules that this model's own cartridge does not need. target: where it is not quite the model's.
    """
    layout = plan(prove(model), target=target)
    layout = replace(layout, modules=tuple(dict.fromkeys((*layout.modules, *also))))
    files, harness = sources(layout), harness_of(layout)
    if edit is not None:
        edit(files)
    del files["main.asm"]
    files |= {name: (ROMS / name).read_bytes() for name in harness.modules.values()}
    modules = (*harness.modules, *(module for module in layout.modules if module != "main"))
    with tempfile.TemporaryDirectory() as name:
        objects = assemble(files, modules, Path(name)).files
        image = with_checksum(link(objects, files[layout.target.linker_map], Path(name)))
        debug = (Path(name) / "image.dbg").read_bytes()
    declared = re.findall(r"^(\w+)\s+\.(?:word|dword|byte|res)", files["memory.inc"].decode(), re.M)
    address = symbols(debug) | {"high_ram": HIGH_RAM}
    if layout.target.apart:
        address["high_ram"] = harness.regions[-1].start
        return RoutineRom(image, Memory(model, layout, harness, *_seen_by_sa1(debug, address, declared)))
    in_work_ram = {
        name: HIGH_RAM & 0xFF0000 | address[name] for name in declared if 0x2000 <= address[name] < 0x10000
    }
    address |= in_work_ram
    return RoutineRom(image, Memory(model, layout, harness, address, _sizes(address, declared)))


def _sizes(address: Mapping[str, int], declared: Sequence[str]) -> dict[str, int]:
    """From each name to the next: every list ends with a name."""
    ends = [*declared[1:], declared[-1]]
    return {one: address[end] - address[one] for one, end in zip(declared, ends, strict=True)}


def _seen_by_sa1(
    debug: bytes, address: Mapping[str, int], declared: Sequence[str]
) -> tuple[dict[str, int], dict[str, int]]:
    """Addresses and sizes of what it sees: I-RAM, which the S-CPU sees at IRAM, scratch, and BW-RAM.

    What only the S-CPU has in work RAM is left out.
    """
    both = re.findall(rb'^sym\t.*name="(\w+)".*,val=0x([0-9A-F]+)', debug, re.M)
    shared = {name.decode(): int(value, 16) - IRAM for name, value in both if IRAM <= int(value, 16) < IRAM + 0x800}
    own = dict(address) | shared
    scratch = set(declared[: declared.index("scratch_end") + 1])
    seen = [name for name in declared if name in scratch | shared.keys() or WINDOW <= own[name] < WORK_RAM]
    sizes = {name: size for name, size in _sizes(own, declared).items() if name in seen and size > 0}
    page = {"attention_page": own["slots"] - own["attention_page"]} if "slots" in own else {}
    return own, sizes | page


class RoutineConsole:
    """A running harness: calls routines by their linker symbols."""

    def __init__(self, console: Console, rom: RoutineRom) -> None:
        self._console, self.memory = console, rom.memory
        self._ram = Ram(console, rom.memory.harness.block)
        console.run(BOOT_FRAMES)
        if (at := rom.memory.address).get("harness_ready"):
            console.run_until(
                lambda _: self._ram.word(at["harness_ready"]) == at["HARNESS_READY"], SLOW_BOOT_FRAMES
            )

    def check(self, name: str, call: Call, seed: int = 0, header: str = "") -> int:
        """Run every case and compare everything; returns how many. Raises Mismatch with the first wrong one.

        header: the routine whose header says what may change, where that is not `name`'s own; "-" for none.
        """
        frame = _Frame(self.memory, call)
        before = frame.noise(np.random.default_rng(seed), call.bank)
        for field, values in call.given.items():
            frame.put(before, field, values)
        after = self._run(name, before, frame)
        changes = frozenset() if header == "-" else may_change(header or name, self.memory.harness.where)
        wanted, free = before.copy(), frame.may_differ(changes | call.free)
        for field, values in call.wanted.items():
            free[frame.put(wanted, field, values)] = False
        wanted[:, REGISTERS["flags"]] = frame.wanted_flags(after, call)
        wrong = (after != wanted) & ~free
        if wrong.any():
            raise Mismatch(f"{name}: {frame.describe(call, wanted, after, wrong)}")
        return len(before)

    def _run(self, name: str, before: Bytes, frame: _Frame) -> Bytes:
        console, ram, at, harness = self._console, self._ram, self.memory.address, self.memory.harness
        near = not at[f"widths_of_{name}"] & at["FAR_ROUTINE"]
        assert at[name] >> 16 == harness.program_bank or not near, f"{name} is not in the program's bank"
        after, together = before.copy(), (harness.cases_end - harness.cases) // frame.bytes
        words = dict(zip((region.bytes for region in harness.regions), frame.used, strict=True))
        for first in range(0, len(before), together):
            part = after[first : first + together]
            ram.write(harness.cases, part.tobytes())
            for field, value in (
                ("entry", at["enter_near" if near else "enter_far"]),
                ("routine", at[name]),
                ("cases_left", len(part)),
                *words.items(),
            ):
                ram.write_words(at[field], np.array([value]))
            ram.write_words(at["routine"] + 2, np.array([at[name] >> 16]))
            ram.write_words(at["go"], np.array([1]))
            try:
                console.run_until(lambda _: not ram.word(at["go"]), 60 + len(part))
            except TimeoutError as error:
                raise Mismatch(f"{name} does not come back") from error
            part[:] = np.frombuffer(ram.read(harness.cases, part.size), np.uint8).reshape(part.shape)
        return after


class _Frame:
    """The layout of a call's cases in memory: registers, as much of every region as they touch."""

    def __init__(self, memory: Memory, call: Call) -> None:
        self.memory, self.regions = memory, memory.harness.regions
        ends = [[region.start] for region in self.regions]
        ends[0].append(memory.address["state_end" if memory.harness.where else "direct_page_end"])
        for name, values in [*call.given.items(), *call.wanted.items()]:
            if name not in REGISTERS and name != "carry":
                start = memory.at(name)
                ends[self._region(start)].append(start + self.width(name, values))
        self.used = [max(own) - region.start for own, region in zip(ends, self.regions, strict=True)]
        self.bytes = CASE_HEAD + sum(self.used)
        self.count = max(len(values) for values in call.given.values())

    def _region(self, address: int) -> int:
        """Its number; beyond the last for an address in none of them."""
        inside = (n for n, region in enumerate(self.regions) if region.start <= address < region.end)
        return next(inside, len(self.regions))

    def width(self, name: str, values: Ints) -> int:
        """Bytes a value takes: words of a vector; a register or a direct-page name as it is declared."""
        if values.ndim == 2:
            return 2 * int(values.shape[1])
        return 2 if name in REGISTERS else min(self.memory.size[name], 4)

    def column(self, name: str) -> int:
        """Where a name begins in a case."""
        if name in REGISTERS:
            return REGISTERS[name]
        region = self._region(address := self.memory.at(name))
        return CASE_HEAD + sum(self.used[:region]) + address - self.regions[region].start

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
            address = self.memory.at(word) if word in self.memory.size else -1
            if (region := self._region(address)) < len(self.regions):
                start, end = self.column(word), CASE_HEAD + sum(self.used[: region + 1])
                free[:, start : min(start + self.memory.size[word], end)] = True
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
        offset, region = column - CASE_HEAD, 0
        while offset >= self.used[region]:
            offset, region = offset - self.used[region], region + 1
        address = self.regions[region].start + offset
        below = [name for name in self.memory.size if self.memory.address[name] <= address]
        name = max(below, key=self.memory.address.__getitem__)
        return f"{name}+{address - self.memory.address[name]}"
