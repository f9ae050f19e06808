"""The plan of a cartridge: every address, split and number that the templates need, as frozen data.

In this order: the program's routines; work RAM; the routines' templates, which the assembler measures; then
everything gets its place in ROM.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, TypeVar

from asm.cartridge.data_tables import cutoffs, data_tables
from asm.cartridge.report_code import CodeNumbers, code_numbers
from asm.cartridge.transcript import Transcript, transcript
from asm.kernels import routines
from asm.kernels.attention import MAX_SHOWN_HEADS
from asm.kernels.context import MemoryNumbers, memory_numbers
from asm.kernels.digits import DigitNumbers, numbers
from asm.kernels.routine import Call, Item, Routine, Site, Table, Template
from asm.kernels.straight_code import CodePart
from asm.kernels.straight_code import modules as code_modules
from asm.library.calls import CALLS, GameCall
from asm.library.typed_text import TypedText, typed_text
from asm.memory.banks import power_of_two, segment
from asm.memory.log_record import RecordLayout, before_vectors, host_field, saved_bytes
from asm.memory.rom_data import DataTable, Part, lines
from asm.memory.save_format import CAPACITY, VERSION, crc_table
from asm.memory.work_ram import LASTING, PAGE, VECTORS, Area, WorkRam, lay_out
from asm.modules import OPTIONAL_MODULES, PROMPT, STORY, cartridge_modules, in_order, library_modules, modules_with
from asm.render import LATE_INCLUDES, LATE_INCLUDES_OF_LIBRARY, includes, render
from asm.rom_plan import RomBank, RomPlan, SegmentPlace
from asm.screens.about import AboutText, about_text
from asm.screens.look import Look, look
from asm.screens.merge_tables import PieceTables, merge_tables
from asm.screens.names import NameList, name_list
from asm.screens.title import TitleText, title_text
from asm.screens.xray import XrayTables, xray_tables
from asm.targets import TARGETS
from asm.targets.sa1 import BWRAM_BYTES
from asm.targets.target import Target
from asm.toolchain import SA1_PREFIX, Objects, assemble
from quantize.kernels.norm import norm_epsilon
from quantize.model import IntegerModel
from quantize.program import on_digits
from quantize.ranges import ProvedModel, prove
from quantize.sampler import MAX_TEMPERATURE, SEED_MIX, SEED_ROUNDS
from quantize.twins.xray import bar_places
from tables.rsqrt import rsqrt_table
from tables.wave import NOTES, brr_cycle, pitches
from trainer.config import ModelConfig
from trainer.files import scratch_folder
from trainer.progress import Bar, no_bar

T = TypeVar("T", bound=Template)

TITLE = "SNES-GPT"

TEMPLATE_ORDER = ("rotary", "gate", "cut_sum", "column_sums", "clamp", "table_norm", "attention_ppu")
"""The sources of measured routines, in the order in which they are linked; any other comes after them."""

MARK_WORDS, RING_BYTES = {"mark_next": 1, "frames_seen": 1}, 8 * 1024
"""Of a profile build, where the SA-1 notes the time: see sa1/profile.asm."""


@dataclass(frozen=True)
class Numbers:
    """All that config.inc, memory.inc and the measured routines read: known before anything has its place."""

    target: Target
    config: ModelConfig
    temperature: int
    max_temperature: int
    top_p: int
    seed_mix: int
    seed_rounds: int
    norm_epsilon: int
    rsqrt_shift: int
    trace: int
    profile: int
    profile_here: bool
    record_bytes: int
    log_capacity: int
    cache_row: int
    names: NameList
    stream: int
    kept_capacity: int
    save_version: int
    sram_bytes: int
    saved_bytes: int
    before_vectors: int
    shown_heads: int
    max_token_length: int
    bars: int
    label_tiles: int
    max_cutoff: int
    highest_note: int
    buffers: tuple[Area, ...]
    near: tuple[Area, ...]
    wram: WorkRam
    shown_caches_apart: bool
    digits: DigitNumbers | None
    pieces: PieceTables | None
    low_start: int
    typed: TypedText | None
    ranked_by_join: bool
    memory: MemoryNumbers | None


@dataclass(frozen=True)
class Layout(Numbers):
    """All that the templates of a game's library read, and what a prediction needs."""

    proved: ProvedModel
    routines: tuple[Routine[Any], ...]
    objects: Objects
    measured: Mapping[str, bytes]
    calls: tuple[Call, ...]
    parts: tuple[Part, ...]
    data_tables: tuple[DataTable, ...]
    templates: tuple[Template, ...]
    code: tuple[CodePart, ...]
    segments: tuple[SegmentPlace, ...]
    segment_bytes: Mapping[str, int]
    banks: int
    used_banks: int
    rom_banks: tuple[RomBank, ...]
    modules: tuple[str, ...]
    game_calls: tuple[GameCall, ...]

    @property
    def late_includes(self) -> tuple[str, ...]:
        """The includes that are known only now."""
        return LATE_INCLUDES_OF_LIBRARY

    def templates_of(self, kind: type[T]) -> list[T]:
        """The records of measured routines of a kind."""
        return [code for code in self.templates if isinstance(code, kind)]

    @property
    def pictures(self) -> Mapping[str, bytes]:
        """The binary files that the source includes: none."""
        return {}

    @property
    def chain_parts(self) -> Mapping[str, int]:
        """Label of a chain of straight-line code → the parts that it is in."""
        return Counter(part.label.partition("_part")[0] for part in self.code)

    @property
    def image_bytes(self) -> int:
        """Bytes of the ROM."""
        return self.banks * self.target.bank_bytes

    @property
    def bank_bytes(self) -> Mapping[str, int]:
        """Bank, but for the first, which holds the program → bytes in use."""
        found: Counter[int] = Counter()
        for place in self.segments:
            found[place.bank] += self.segment_bytes.get(place.name, 0)
        return {segment(bank): size for bank, size in sorted(found.items()) if size}


@dataclass(frozen=True)
class CartridgeLayout(Layout):
    """The same of a cartridge of our own, with what its screens and its sound need."""

    title: str
    crc_lines: tuple[str, ...]
    xray: XrayTables
    wave_lines: tuple[str, ...]
    pitch_lines: tuple[str, ...]
    transcript: Transcript
    report: CodeNumbers
    about: AboutText
    title_text: TitleText
    look: Look
    rom_size_code: int
    sram_size_code: int

    @property
    def late_includes(self) -> tuple[str, ...]:
        return LATE_INCLUDES

    @property
    def pictures(self) -> Mapping[str, bytes]:
        return self.look.files


def plan(
    proved: ProvedModel,
    *,
    traced: bool = False,
    profiled: bool = False,
    target: Target | None = None,
    bar: Bar = no_bar,
) -> CartridgeLayout:
    """Decide everything, for a target, by itself the model's.

    Raises InputError when the model does not fit a cartridge or its log.
    """
    planned = _Planned(proved, target or TARGETS[proved.model.target], traced, profiled, bar)
    model, rom = proved.model, planned.rom
    words = title_text(model)
    shown = look(book=bool(model.pieces), small=_small(planned.known))
    for name in shown.elsewhere:
        rom.place(name, shown.sizes[name])
    checked = transcript(model)
    rom.put([Table("golden", checked.checksums)])
    rom.place("ABOUT", about_text(model, 0).size + words.size)
    size = power_of_two(planned.end()) * planned.site.target.bank_bytes
    return CartridgeLayout(
        **planned.all(size // planned.site.target.bank_bytes),
        title=f"{TITLE:21}",
        crc_lines=lines(crc_table()),
        xray=xray_tables(),
        wave_lines=lines(brr_cycle()),
        pitch_lines=lines(pitches()),
        transcript=checked,
        report=code_numbers(planned.site.target),
        about=about_text(model, size // 1024),
        title_text=words,
        look=shown,
        rom_size_code=size_code(size),
        sram_size_code=size_code(planned.known.sram_bytes),
    )


SMALL_WIDTH = 32


def _small(known: Numbers) -> bool:
    """Whether the program leaves room for pictures in its bank: of one narrow layer on digits, with short names."""
    config = known.config
    return (
        known.digits is not None
        and config.n_layer == 1
        and config.n_embd <= SMALL_WIDTH
        and known.names.columns == 2
    )


def plan_library(proved: ProvedModel, target: Target, bar: Bar = no_bar) -> Layout:
    """The same for a game's library, on the target that asm.library.place makes.

    Raises InputError when the model does not fit there.
    """
    planned = _Planned(proved, target, traced=False, profiled=False, bar=bar)
    return Layout(**planned.all(planned.end()))


def work_ram(model: IntegerModel) -> WorkRam:
    """The work RAM of a model's cartridge, which its shape alone decides. Raises InputError as `plan`."""
    site = Site(prove(model), TARGETS[model.target], RecordLayout(model, traced=False))
    made = tuple(routines(site))
    return _work_ram(site, made, _digits(site, made), profiled=False)


class _Planned:
    """A plan as it grows: routines, numbers and code at first, then data; the screens' own comes in between."""

    def __init__(self, proved: ProvedModel, target: Target, traced: bool, profiled: bool, bar: Bar) -> None:
        self.site = Site(proved, target, RecordLayout(proved.model, traced))
        self._routines = tuple(routines(self.site))
        self.known = _numbers(self.site, self._routines, traced=traced, profiled=profiled)
        items, tell = list[Item](), bar("code", len(self._routines))
        for number, routine in enumerate(self._routines):
            tell(number)
            items += routine.items
        items, self._sources, self._objects = _measured(self.known, _unique(items), target)
        self.rom = RomPlan(target, self._objects.segments)
        self.rom.put(items)
        tensors = (tensor for routine in self._routines for tensor in routine.data.items())
        self._parts_of = self.rom.put_tensors(tensors)

    @cached_property
    def _fixed(self) -> tuple[DataTable, ...]:
        """The tables of data.asm."""
        known = self.known
        texts = known.typed.tables if known.typed else known.pieces.tables if known.pieces else ()
        return (*data_tables(self.site.model, shown=not self.site.target.library), *texts)

    def end(self) -> int:
        """Place the rest. Returns the banks that are in use; raises InputError where they are too many."""
        self.rom.place_tables(self._fixed)
        self.rom.check()
        return self.rom.used_banks

    def all(self, banks: int) -> dict[str, Any]:
        """The fields of Layout, for a ROM of this many banks."""
        rom = self.rom
        own = [name.removesuffix(".asm") for name in self._sources]
        code = code_modules(rom.code) if rom.code else {}
        return dict(
            **{name: getattr(self.known, name) for name in Numbers.__dataclass_fields__},
            proved=self.site.proved,
            routines=self._routines,
            objects=self._objects,
            measured=self._sources,
            calls=tuple(call.placed(self._parts_of) for routine in self._routines for call in routine.calls),
            parts=tuple(rom.tables),
            data_tables=self._fixed,
            templates=rom.templates,
            code=tuple(rom.code),
            segments=rom.segments(banks),
            segment_bytes=rom.segment_bytes(),
            banks=banks,
            used_banks=rom.used_banks,
            rom_banks=rom.banks(banks),
            modules=self._modules([*own, *code]),
            game_calls=CALLS if self.site.target.library else (),
        )

    def _modules(self, own: Sequence[str]) -> tuple[str, ...]:
        known, model = self.known, self.site.model
        used = {name for routine in self._routines for name in routine.modules}
        if self.site.target.library:
            called = ["join_tokens"] if known.typed and known.typed.joins else []
            called += ["multiply"] if self.site.target.multiplies_on_cpu else []
            return library_modules(self.site.target, in_order(OPTIONAL_MODULES, used), called, own)
        text = {"text"} if model.pieces or known.names.lines > 1 else set()
        joined = {"join_tokens"} if model.pieces else set()
        library = in_order(OPTIONAL_MODULES, used | text | joined)
        return cartridge_modules(self.site.target, modules_with(STORY if model.pieces else PROMPT), library, own)


def _numbers(site: Site, made: Sequence[Routine[Any]], *, traced: bool, profiled: bool) -> Numbers:
    """The numbers that are known before anything is placed."""
    model, config, target = site.model, site.config, site.target
    digits = _digits(site, made)
    wram = _work_ram(site, made, digits, profiled=profiled)
    names, (max_bars, label_tiles) = name_list(model), bar_places(model.symbols)
    caches = max(area.size for routine in made for area in routine.caches)
    return Numbers(
        target=target,
        config=config,
        temperature=model.temperature,
        max_temperature=MAX_TEMPERATURE,
        top_p=model.top_p,
        seed_mix=SEED_MIX,
        seed_rounds=SEED_ROUNDS,
        norm_epsilon=norm_epsilon(config.n_embd),
        rsqrt_shift=rsqrt_table(config.n_embd).shift,
        trace=int(traced),
        profile=int(profiled),
        profile_here=profiled and target.alone,
        record_bytes=site.record.size,
        log_capacity=wram.log_bytes // site.record.size,
        cache_row=caches // config.block_size,
        names=names,
        stream=int(model.goes_on and config.block_size > 1),
        kept_capacity=CAPACITY,
        save_version=VERSION,
        sram_bytes=BWRAM_BYTES if target.apart else saved_bytes(model),
        saved_bytes=saved_bytes(model),
        before_vectors=_before_vectors(site),
        shown_heads=min(config.n_head, MAX_SHOWN_HEADS),
        max_token_length=max(map(len, model.symbols)),
        bars=min(config.vocab_size, max_bars),
        label_tiles=label_tiles,
        max_cutoff=max(cutoffs(model)),
        highest_note=NOTES - 1,
        buffers=(Area("logits", config.vocab_size),) if digits else _buffers(config, target),
        near=() if digits else _near(config, target),
        wram=wram,
        shown_caches_apart=wram.caches_apart and digits is not None,
        digits=digits,
        pieces=merge_tables(model.pieces, config.block_size, target.bank_bytes) if model.pieces else None,
        typed=typed_text(model, target.bank_bytes) if target.library else None,
        ranked_by_join=bool(model.merges),
        low_start=_low_start(target, digits),
        memory=memory_numbers(site),
    )


def _digits(site: Site, made: Sequence[Routine[Any]]) -> DigitNumbers | None:
    """The numbers of the fast kernels, if there are any. Raises InputError where their pages have no room."""
    pages = _largest(routine.pages for routine in made)
    return numbers(site, pages) if on_digits(site.model.program) else None


def _before_vectors(site: Site) -> int:
    """Bytes of BW-RAM before the vectors: a game's, or those of the saves."""
    return site.target.game_bwram if site.target.library else before_vectors(site.model)


def _low_start(target: Target, digits: DigitNumbers | None) -> int:
    """What a game's library keeps in low RAM begins behind its direct page, or the digit kernels' pages there."""
    return digits.pages_end if digits and target.alone else target.direct_page + PAGE


def _work_ram(site: Site, made: Sequence[Routine[Any]], digits: DigitNumbers | None, *, profiled: bool) -> WorkRam:
    config = site.config
    words = _largest(routine.vectors for routine in made) if digits else {}
    if site.target.apart:
        words |= {"probed_hidden": config.n_hidden} | (MARK_WORDS if profiled else {})
    order = (*LASTING, *VECTORS[1:]) if site.target.apart else VECTORS
    work = [Area(name, 2 * words[name]) for name in in_order(order, words)]
    kept = () if digits else (Area("kept_weights", 2 * min(config.n_head, MAX_SHOWN_HEADS) * config.block_size),)
    if site.target.alone:
        work, kept = [*work, *kept], ()
    what = f"keys and values of {config.n_layer} layers, {config.block_size} positions, {config.kv_dim} dimensions"
    caches = [area for routine in made for area in routine.caches]
    sampler = (
        Area("distance_weights", 2 * max(cutoffs(site.model))),
        Area("likely_weights", 2 * config.vocab_size),
    )
    logits = sample_weights = 2 * config.vocab_size
    if site.target.apart and digits and sample_weights > site.target.stack - digits.pages_start:
        passing = sum(area.size for area in work if area.name not in LASTING)
        work += [Area("", sample_weights - passing)] if sample_weights > passing else []
    buffers = 0 if digits else sum(2 * area.size for area in _buffers(config, site.target))
    header = 0 if site.target.library else host_field("prompt", 0)
    low = header + 2 * config.block_size + (buffers or logits)
    saved = _before_vectors(site)
    shown = {
        "window_tokens": config.block_size,
        **({"weights": config.n_head * config.block_size} if digits else {}),
    }
    of_screens = tuple(Area(name, 2 * length) for name, length in shown.items() if site.target.apart)
    marks = (Area("mark_ring", RING_BYTES),) if site.target.apart and profiled else ()
    areas = (*caches, *sampler, *kept, *of_screens, *marks)
    record = 0 if site.target.library else site.record.size
    return lay_out(site.target, work, areas, record, what, profiled=profiled, low=low, saved=saved)


def _largest(wanted: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """What several want by name: as much as the one that wants most."""
    found: dict[str, int] = {}
    for each in wanted:
        for name, size in each.items():
            found[name] = max(size, found.get(name, 0))
    return found


def _buffers(config: ModelConfig, target: Target) -> tuple[Area, ...]:
    """The schoolbook's vectors, in low RAM or the window, in words."""
    widths = dict.fromkeys(("residual", "query", "normed", "attended", "branch"), config.n_embd)
    widths |= {"hidden": config.n_hidden, "logits": config.vocab_size}
    widths |= dict.fromkeys(("scores", "weights"), config.block_size)
    widths["sample_weights"] = config.vocab_size
    apart = {vector.name for vector in _near(config, target)}
    return tuple(Area(name, length) for name, length in widths.items() if name not in apart)


def _near(config: ModelConfig, target: Target) -> tuple[Area, ...]:
    """Those that its matrices multiply, in the SA-1's own memory, in bytes: it has room for those of any shape."""
    widths = {"normed": config.n_embd, "attended": config.n_embd, "hidden": config.n_hidden}
    return tuple(Area(name, 2 * length) for name, length in widths.items()) if target.apart else ()


def _unique(items: Iterable[Item]) -> list[Item]:
    """Tables and routines that several kernels share once, where they are first wanted."""
    found: dict[str, Item] = {}
    for item in items:
        found.setdefault(item.entry if isinstance(item, Template) else item.label, item)
    return list(found.values())


def _measured(known: Numbers, items: list[Item], target: Target) -> tuple[list[Item], Mapping[str, bytes], Objects]:
    """The items, those split that are larger than a bank; their sources; and their sizes from the assembler."""
    while True:
        sources, objects = _assembled(known, tuple(item for item in items if isinstance(item, Template)))
        large = {name for name, size in objects.segments.items() if size > target.bank_bytes}
        splits = {item: item.split() for item in items if isinstance(item, Template) and large & {*item.segments}}
        if not any(splits.values()):
            return items, sources, objects
        items = [splits.get(item) or item if isinstance(item, Template) else item for item in items]


@lru_cache(maxsize=8)
def _assembled(known: Numbers, templates: tuple[Template, ...]) -> tuple[Mapping[str, bytes], Objects]:
    """The sources of the measured routines, and their object files."""
    sources: dict[str, bytes] = {}
    for name in in_order(TEMPLATE_ORDER, {item.template for item in templates}):
        own = [item for item in templates if item.template == name]
        sources |= render([f"{name}.asm"], known, routines=own)
    if not sources:
        return {}, Objects({}, {})
    common = render(includes(known.target), known) | {"stages.inc": b""}
    with scratch_folder() as folder:
        prefix = SA1_PREFIX if known.target.apart else ""
        modules = [prefix + name.removesuffix(".asm") for name in sources]
        return sources, assemble(common | sources, modules, folder, listed=True)


def size_code(size: int) -> int:
    """A power of two of bytes as the header says it: 2^n KiB."""
    return (size // 1024).bit_length() - 1
