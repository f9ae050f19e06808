"""The files of a game's library: banks, includes for three assemblers, an object for ca65, and what to know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from asm.build import Edit, Rom, build, symbols
from asm.cost.predict import Prediction, predict
from asm.layout import plan_library
from asm.library.calls import BYTES, GameCall
from asm.library.place import LOW_END, WORK_RAM, Place, library_target
from asm.memory.work_ram import BANK
from asm.render import render
from asm.targets.sa1 import BWRAM
from asm.targets.target import Target
from asm.toolchain import assemble
from quantize.model import IntegerModel
from quantize.program import on_digits
from quantize.ranges import ProvedModel
from trainer.errors import InputError
from trainer.files import scratch_folder
from trainer.progress import Bar, no_bar

TEXTS = ("gpt.inc", "gpt_asar.asm", "gpt_wla.inc", "gpt.memory", "gpt.segments", "README.txt")
BINARY, OBJECT, SYMBOLS, OBJECT_SOURCE = "gpt.bin", "gpt.o", "gpt.dbg", "gpt_object.asm"
FILES = (BINARY, OBJECT, SYMBOLS, *TEXTS)
"""All that a library's folder holds."""

SHOWN_BANKS = 64
"""Banks of ROM that both emulators show with the SA-1 from power-on."""

STACK_BYTES = 48
"""More than any call takes, the game's own jsl counted: tests/games/test_calls.py looks at poisoned stacks."""


@dataclass(frozen=True)
class Library:
    """A built library. price: clocks of a token with the PPU's multiplier, where it is done without."""

    rom: Rom
    place: Place
    prediction: Prediction | None
    price: float | None
    areas: tuple[RamArea, ...]

    @property
    def target(self) -> Target:
        """Its target."""
        return self.rom.layout.target

    def report(self) -> dict[str, Any]:
        """As plain data."""
        prediction = self.prediction
        return {
            "bytes": len(self.rom.image),
            "first_bank": self.place.first_bank,
            "ram": [[area.begin, area.last] for area in self.areas],
            "clocks_per_token": prediction.clocks_per_token if prediction else None,
            "tokens_per_second": prediction.tokens_per_second if prediction else None,
        }

    def summary(self) -> Iterator[str]:
        """What a person wants to know of it, a line each."""
        if self.prediction:
            clocks, speed = self.prediction.clocks_per_token, self.prediction.tokens_per_second
            yield f"predicted: {clocks:,.0f} clocks a token, {speed:.2f} tokens/s"
        if self.price:
            yield f"with the PPU's multiplier: {self.price:,.0f} clocks a token"
        first, last = self.place.first_bank, self.place.first_bank + self.rom.layout.banks - 1
        yield f"ROM: banks {first} to {last} of 32 KiB"
        for area in self.areas:
            yield f"RAM: ${area.begin:06X} to ${area.last:06X}, {area.what}"


@dataclass(frozen=True)
class RamArea:
    """Bytes that are the library's: their first and their last address; name: of the constants that say so."""

    name: str
    begin: int
    last: int
    what: str


@dataclass(frozen=True)
class Entry:
    """A call and its address."""

    call: GameCall
    address: int


@dataclass(frozen=True)
class Constant:
    """A number that includes define."""

    name: str
    value: int
    meaning: str


@dataclass(frozen=True)
class RomPart:
    """A bank: its number in the game's ROM, its address, its bytes in gpt.bin."""

    number: int
    address: int
    begin: int
    size: int

    @property
    def end(self) -> int:
        """The byte behind it."""
        return self.begin + self.size

    @property
    def offset(self) -> int:
        """Where it is in the game's ROM."""
        return self.number * self.size


@dataclass(frozen=True)
class Facts:
    """What the includes and README.txt say."""

    title: str
    entries: tuple[Entry, ...]
    constants: tuple[Constant, ...]
    banks: tuple[RomPart, ...]
    first_bank: int
    n_banks: int
    guards: bool
    clocks: str
    per_second: str
    price: str
    areas: tuple[RamArea, ...]
    stack: int
    end: int
    letters: str
    goes_on: bool
    hardware: tuple[str, ...]


def build_library(proved: ProvedModel, place: Place, bar: Bar = no_bar, edit: Edit | None = None) -> Library:
    """Plan and build a model's library where a game lets it be. edit: as in asm.build.build.

    Raises InputError where it does not fit, or the tools are missing.
    """
    target = library_target(proved.model.target, place)
    if not place.ppu_multiplier and not on_digits(proved.model.program):
        raise InputError("the schoolbook kernel does not use the PPU's multiplier: leave --no-ppu-multiplier out")
    layout = plan_library(proved, target, bar)
    price = None
    if target.multiplies_on_cpu:
        usual = library_target(proved.model.target, replace(place, ppu_multiplier=True))
        price = _clocks(predict(plan_library(proved, usual)))
    prediction, rom = predict(layout, bar), build(layout, edit, bar)
    return Library(rom, place, prediction, price, tuple(_areas(rom)))


def library_files(library: Library) -> Mapping[str, bytes]:
    """File name → content, of all that a library's folder holds. Raises InputError as `build_library`."""
    layout = library.rom.layout
    facts = _facts(library)
    texts = render([*TEXTS], layout, facts=facts)
    sources = render([OBJECT_SOURCE], layout, facts=facts) | {BINARY: library.rom.image}
    with scratch_folder() as folder:
        objects = assemble(sources, [Path(OBJECT_SOURCE).stem], folder).files
    return {
        BINARY: library.rom.image,
        SYMBOLS: library.rom.debug,
        OBJECT: objects[Path(OBJECT_SOURCE).stem],
        **texts,
    }


def _clocks(prediction: Prediction | None) -> float | None:
    return prediction.clocks_per_token if prediction else None


def _areas(rom: Rom) -> Iterator[RamArea]:
    """The RAM that it uses. Raises InputError where low RAM has no room."""
    at, target = symbols(rom.debug), rom.layout.target
    low_end = at["LOW_RAM_END"]
    if low_end > LOW_END:
        room = (LOW_END - (low_end - target.direct_page)) & ~0xFF
        raise InputError(
            f"--direct-page is ${target.direct_page:04X}: the library's low RAM would end at ${low_end - 1:04X}, "
            f"beyond ${LOW_END - 1:04X}; use ${room:04X} or less"
        )
    yield RamArea(
        "LOW_RAM",
        target.direct_page,
        low_end - 1,
        "low RAM: a direct page, and what is read through it or beside ROM",
    )
    if target.apart:
        yield RamArea("IRAM", 0x3000, 0x37FF, "I-RAM, all of it")
        yield RamArea("RAM", BWRAM + target.game_bwram, at["high_ram_end"] - 1, "BW-RAM: vectors, keys and values")
    else:
        yield RamArea("RAM", WORK_RAM + target.high_ram, at["high_ram_end"] - 1, "vectors, keys and values")
    second = BWRAM + BANK if target.apart else WORK_RAM + BANK
    if (end := at["bank_7f_end"]) > second + rom.layout.wram.log_bytes:
        yield RamArea("MORE_RAM", second + rom.layout.wram.log_bytes, end - 1, "more of these")


def _facts(library: Library) -> Facts:
    layout, target = library.rom.layout, library.target
    model, prediction = layout.proved.model, library.prediction
    start = target.bank_start(0)
    banks = tuple(
        RomPart(library.place.first_bank + n, target.bank_start(n), n * target.bank_bytes, target.bank_bytes)
        for n in range(layout.banks)
    )
    config = model.config
    shape = f"{config.n_embd} dimensions, {config.n_layer} layer{'s' * (config.n_layer > 1)}"
    return Facts(
        title=f"snes-gpt, {shape}, {config.vocab_size} tokens, {target.name}",
        entries=tuple(Entry(call, start + BYTES * n) for n, call in enumerate(layout.game_calls)),
        constants=tuple(_constants(model, library)),
        banks=banks,
        first_bank=library.place.first_bank,
        n_banks=layout.banks,
        guards=target.guards_factor,
        clocks=f"{prediction.clocks_per_token:,.0f}" if prediction else "not predicted",
        per_second=f"{prediction.tokens_per_second:.2f}" if prediction else "not predicted",
        price=f"{library.price:,.0f}" if library.price else "",
        areas=library.areas,
        stack=STACK_BYTES,
        end=config.bos,
        letters="".join(sorted({letter for text in model.symbols for letter in text if letter.isprintable()})),
        goes_on=bool(layout.stream),
        hardware=tuple(_hardware(library)),
    )


def _constants(model: IntegerModel, library: Library) -> Iterator[Constant]:
    config = model.config
    yield Constant("GPT_SA1", int(library.target.apart), "1: the SA-1 computes")
    yield Constant("GPT_FIRST_BANK", library.place.first_bank, "of the ROM, banks of 32 KiB")
    yield Constant("GPT_BANKS", library.rom.layout.banks, "that the library takes")
    yield Constant("GPT_TOKENS", config.vocab_size, "that there are")
    yield Constant("GPT_END", config.bos, "the token that ends a text")
    yield Constant("GPT_CONTEXT", config.block_size, "tokens that the model sees")
    typed = library.rom.layout.typed
    assert typed is not None
    text = typed.most - typed.begins_with_space if typed.joins else config.block_size - 1
    yield Constant("GPT_TEXT", text, "characters that gpt_feed_text takes at most")
    yield Constant("GPT_STEPS", len(library.rom.layout.calls), "of a token: see gpt_progress")
    yield Constant("GPT_TEMPERATURE", model.temperature, "what suits the model, in tenths")
    yield Constant("GPT_TOP_P", model.top_p, "the same, in percent; 0 = off")
    for area in library.areas:
        yield Constant(f"GPT_{area.name}", area.begin, area.what)
        yield Constant(f"GPT_{area.name}_BYTES", area.last + 1 - area.begin, "its size")


def _hardware(library: Library) -> Iterator[str]:
    """What is used, and what a handler may do."""
    target, fast = library.target, library.rom.layout.digits is not None
    if target.apart:
        yield "the SA-1 with its registers ($2200-$23FF), I-RAM, and the BW-RAM above: nobody else may touch these."
        yield "The console's own is free: PPU, DMA, both multipliers, WRAM port, interrupts; so is BMAPS ($2224)."
        if library.place.first_bank + library.rom.layout.banks > SHOWN_BANKS:
            yield "ROM behind 2 MiB is used: before gpt_start the game writes 4, 5, 6 and 7 to $2220-$2223."
        return
    yield "fast ROM: the clocks above are those of a game that has set $420D."
    if target.ppu_multiplier and fast:
        yield "the PPU's multiplier: $211B-$211C are not to be written. $210D-$210E and $211D-$2120 share a latch:"
        yield "  a handler may write them behind gpt_handler_begin, which calls gpt_guard; HDMA may not. No Mode 7."
    if target.multiplies_on_cpu or not fast:
        yield "the CPU's multiplier ($4202-$4206, $4214-$4217): not to be used."
    else:
        yield "the CPU's multiplier and divider: free."
    if fast:
        yield "the WRAM port ($2180-$2183): not to be used, nor DMA to it."
    if target.copies_by_dma and fast:
        yield f"DMA channel {target.dma_channel}: not to be written. All others are free."
        yield "  A game with HDMA is built with --dma-channel none: the first revision of the console crashes"
        yield "  where a DMA ends as HDMA begins."
    else:
        yield "DMA: all channels are free."
    yield "NMI, line interrupts, pads, sound, and all else: free."
