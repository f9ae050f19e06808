"""Every address, split and number that the templates need, decided here and handed over as frozen data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from asm.cartridge.transcript import Golden, golden
from asm.fast import CodePart
from asm.fast import modules as code_modules
from asm.fast_plan import FastPlan, Planner
from asm.kernels.ppu_attention import AttentionRoutine
from asm.llama import GateRoutine, RotaryRoutine, SumRoutine
from asm.llama_plan import LlamaPlanner
from asm.memory.banks import BANK_BYTES, FAST, Packer, power_of_two, segment
from asm.memory.log_record import RecordLayout
from asm.memory.rom_data import (
    EmittedBlock,
    Part,
    layer_number,
    lines,
    pack,
    pack_addresses,
    pack_whole,
    row_addresses,
    symbol,
)
from asm.memory.save_format import CAPACITY, VERSION, SaveFormat, crc_table
from asm.memory.work_ram import Area, WorkRam, lay_out
from asm.routines import MAX_SHOWN_HEADS, FastTables, NormRoutine, kept_weights
from asm.screens.about import COLUMNS, LINES, AboutText, about_text
from asm.screens.merge_tables import PieceTables, place_pieces
from asm.screens.token_texts import TokenTexts, initials, place_token_texts
from quantize.blocks import norm_epsilon
from quantize.model import IntegerModel
from quantize.sampler import MAX_TEMPERATURE, SEED_MIX, SEED_ROUNDS, cutoff, inverse_temperature
from quantize.schedule import Activation, Add, Attention, Block, Embed, Linear, Norm, schedule
from quantize.twins.xray import bar_places
from tables import cells
from tables.cells import tiles_2bpp
from tables.exp import exp_table
from tables.rsqrt import rsqrt_table
from tables.wave import NOTES, brr_cycle, pitches
from trainer.config import ModelConfig
from trainer.errors import InputError

TITLE = "SNES-GPT"
MIN_ENTRY, MAX_ENTRY = 4, 7
"""Characters of a name in the lists of those made and kept, as powers of two."""

TWO_COLUMNS = 16
"""Names of letters up to this context stand in two columns, a line each; all others on several lines."""

LETTERS_A_LINE = 20
"""Of 29: where words stay whole, a line may end up to nine letters early."""

PROMPT = ("prompt_page", "prompt_list", "prompt_grid")
XRAY = ("xray_page", "xray_texts", "xray_cells", "xray_bars")
STORY = ("story_page", "story_keys", "story_status", "story_text", "tokenise")
"""In place of the screen of prompts where the vocabulary is pieces."""


def modules_with(prompt: tuple[str, ...]) -> tuple[str, ...]:
    """The source files that every cartridge has, around those of the screen where one types."""
    pages = ("names_page", "names_list", *prompt, *XRAY, "kept_page", "about_page")
    return (
        *(
            "main",
            "gpt",
            "math",
            "sampler",
            "inference",
            "screen",
            "labels",
            "pages",
        ),
        *(*pages, "self_test", "sound", "sound_driver", "save", "profile", "data"),
    )


MODULES = modules_with(PROMPT)
SQUARED_MODULES = ("relu2", "square", "square_hidden")
OPTIONAL_MODULES = ("attention", "vector", "relu", *SQUARED_MODULES, "rounding", "embedding", "text")
"""Assembled where something needs them: see _modules."""

FAST_MODULES = ("digits", "attention_ppu", "kernels")
LLAMA_MODULES = ("rotary", "gated")


@dataclass(frozen=True)
class RomBank:
    """A bank of weights: its segment and the address it is seen at, in the fast mirror."""

    segment: str
    start: str


@dataclass(frozen=True)
class Buffer:
    """A vector in low RAM, in words."""

    name: str
    length: int


@dataclass(frozen=True)
class XrayTables:
    """The x-ray screen's shades: tile map entries from zero to the strongest, and where each shade begins."""

    warm_lines: tuple[str, ...]
    cool_lines: tuple[str, ...]
    signed_lines: tuple[str, ...]
    positive_lines: tuple[str, ...]
    share_lines: tuple[str, ...]
    future: int
    bar: int
    base: int
    end: int


@dataclass(frozen=True)
class Layout:
    """All that the templates read."""

    config: ModelConfig
    title: str
    temperature: int
    max_temperature: int
    top_p: int
    seed_mix: int
    seed_rounds: int
    norm_epsilon: int
    rsqrt_shift: int
    trace: int
    profile: int
    record_bytes: int
    log_capacity: int
    cache_row: int
    entry_bytes: int
    entry_shift: int
    stream: int
    name_columns: int
    name_lines: int
    kept_capacity: int
    save_version: int
    sram_bytes: int
    sram_size_code: int
    crc_lines: tuple[str, ...]
    shown_heads: int
    max_token_length: int
    bars: int
    label_tiles: int
    xray: XrayTables
    buffers: tuple[Buffer, ...]
    wram: WorkRam
    blocks: tuple[EmittedBlock, ...]
    parts: tuple[Part, ...]
    font_segment: str
    exp_lines: tuple[str, ...]
    rsqrt_lines: tuple[str, ...]
    inverse_t_lines: tuple[str, ...]
    max_cutoff: int
    cutoff_lines: tuple[str, ...]
    symbol_lines: tuple[str, ...]
    wave_lines: tuple[str, ...]
    pitch_lines: tuple[str, ...]
    highest_note: int
    golden: Golden
    about: AboutText
    token_texts: TokenTexts
    pieces: PieceTables | None
    banks: int
    rom_banks: tuple[RomBank, ...]
    rom_size_code: int
    modules: tuple[str, ...]
    fast: FastTables | None
    code: tuple[CodePart, ...]
    norms: tuple[NormRoutine, ...]
    attentions: tuple[AttentionRoutine, ...]
    rotaries: tuple[RotaryRoutine, ...]
    gates: tuple[GateRoutine, ...]
    sums: tuple[SumRoutine, ...]


def emit(
    block: Block, model: IntegerModel, record: RecordLayout, parts: Sequence[Part], wram: WorkRam
) -> EmittedBlock:
    """What a block's template needs to know."""
    config, entries = model.config, record.entries
    trace = entries[block.name][0]
    match block:
        case Embed():
            return EmittedBlock(
                "blocks/embed.asm", f"{block.name}: wte[token] + wpe[position]", trace, out=block.out
            )
        case Norm():
            comment = f"{block.name}: {block.out} = rmsnorm({block.source})"
            return EmittedBlock("blocks/norm.asm", comment, trace, out=block.out, source=block.source)
        case Linear():
            outputs, inputs = config.tensor_shapes()[block.weight]
            return EmittedBlock(
                f"blocks/linear_{model.kernels[block.weight]}.asm",
                f"{block.name}: {block.weight} {outputs}×{inputs} · {block.source}, {model.kernels[block.weight]}",
                trace,
                out=symbol(block.out),
                source=block.source,
                inputs=inputs,
                outputs=outputs,
                cached=block.cached,
                bank="$7F" if any(area.name == symbol(block.out) for area in wram.bank_7f) else "$7E",
                parts=tuple(part for part in parts if part.tensor == block.weight),
            )
        case Attention():
            return EmittedBlock(
                "blocks/attention.asm",
                f"{block.name}: {config.n_head} heads of {config.head_dim} over the positions so far",
                trace,
                out=block.out,
                query=block.query,
                keys=symbol(block.keys),
                values=symbol(block.values),
                trace_scores=entries[f"{block.name}.scores"][0],
                trace_weights=entries[f"{block.name}.weights"][0],
                kept_weights=kept_weights(config),
            )
        case Activation():
            comment = f"{block.name}: {block.buffer} = {block.kind}({block.buffer})"
            size = config.n_hidden
            layer = layer_number(block.name)
            return EmittedBlock(
                "blocks/activation.asm",
                comment,
                trace,
                buffer=block.buffer,
                kind=block.kind,
                size=size,
                layer=layer,
            )
        case Add():
            comment = f"{block.name}: {block.out} += {block.source}"
            return EmittedBlock("blocks/add.asm", comment, trace, out=block.out, source=block.source)
        case _:
            raise InputError(f"{block.name}: there is no schoolbook of this block")


def plan(model: IntegerModel, *, traced: bool = False, profiled: bool = False) -> Layout:
    """Decide everything. Raises InputError when the model does not fit a cartridge or its log."""
    config, blocks_in_order = model.config, schedule(model.config)
    record, packer = RecordLayout(model, traced), Packer()
    planner = LlamaPlanner if config.rotary else Planner
    fast = planner(model, packer, record).run() if model.kernels["lm_head"] == "digits" else None
    wram = _work_ram(model, fast, record, profiled=profiled)
    parts = pack(fast.data if fast else list(model.tensors.items()), packer)
    parts += _addresses(parts, config, packer)
    font = segment(packer.place(len(tiles_2bpp())))
    transcript = golden(model)
    golden_part = pack_whole("golden", transcript.checksums, packer)
    about_segment = segment(packer.place(COLUMNS * LINES))
    token_texts = place_token_texts(model.symbols, packer)
    pieces = place_pieces(model.pieces, config.block_size, packer) if model.pieces else None
    blocks = (
        fast.blocks
        if fast
        else tuple(
            replace(emit(block, model, record, parts, wram), stage=symbol(block.name)) for block in blocks_in_order
        )
    )
    banks = power_of_two(packer.bank + 1)
    d = config.n_embd
    table = rsqrt_table(d)
    entry_shift, name_columns, name_lines = _name_list(model)
    max_bars, label_tiles = bar_places(model.symbols)
    sram_bytes = SaveFormat(1 << entry_shift).sram_bytes
    temperatures = range(MAX_TEMPERATURE + 1)
    cutoffs = [cutoff(inverse_temperature(t, model.logit_exponent)) for t in temperatures]
    return Layout(
        config=config,
        title=f"{TITLE:21}",
        temperature=model.temperature,
        max_temperature=MAX_TEMPERATURE,
        top_p=model.top_p,
        seed_mix=SEED_MIX,
        seed_rounds=SEED_ROUNDS,
        norm_epsilon=norm_epsilon(d),
        rsqrt_shift=table.shift,
        trace=int(traced),
        profile=int(profiled),
        record_bytes=record.size,
        log_capacity=wram.log_bytes // record.size,
        cache_row=config.kv_dim if fast else 2 * d,
        entry_bytes=1 << entry_shift,
        entry_shift=entry_shift,
        stream=int(model.goes_on and config.block_size > 1),
        name_columns=name_columns,
        name_lines=name_lines,
        kept_capacity=CAPACITY,
        save_version=VERSION,
        sram_bytes=sram_bytes,
        sram_size_code=size_code(sram_bytes),
        crc_lines=lines(crc_table()),
        shown_heads=min(config.n_head, MAX_SHOWN_HEADS),
        max_token_length=max(map(len, model.symbols)),
        bars=min(config.vocab_size, max_bars),
        label_tiles=label_tiles,
        xray=_xray_tables(),
        buffers=(Buffer("logits", config.vocab_size),) if fast else _buffers(config),
        wram=wram,
        blocks=blocks,
        parts=(*parts, *(fast.tables_in_rom if fast else ()), golden_part),
        font_segment=font,
        exp_lines=lines(exp_table().tolist()),
        rsqrt_lines=lines(table.entries.tolist()),
        inverse_t_lines=lines([inverse_temperature(t, model.logit_exponent) for t in temperatures]),
        max_cutoff=max(cutoffs),
        cutoff_lines=lines(cutoffs),
        symbol_lines=lines(initials(model.symbols)),
        wave_lines=lines(brr_cycle()),
        pitch_lines=lines(pitches()),
        highest_note=NOTES - 1,
        golden=transcript,
        about=about_text(model, banks * BANK_BYTES // 1024, about_segment),
        token_texts=token_texts,
        pieces=pieces,
        banks=banks,
        rom_banks=tuple(RomBank(segment(bank), f"${FAST + bank:02X}8000") for bank in range(1, banks)),
        rom_size_code=size_code(banks * BANK_BYTES),
        modules=_modules(model, fast),
        fast=fast.tables() if fast else None,
        code=fast.code if fast else (),
        norms=fast.norms if fast else (),
        attentions=fast.attentions if fast else (),
        rotaries=fast.rotaries if fast else (),
        gates=fast.gates if fast else (),
        sums=fast.sums if fast else (),
    )


def _modules(model: IntegerModel, fast: FastPlan | None) -> tuple[str, ...]:
    """The source files to assemble: no routine that this cartridge does not use."""
    schoolbook, relu2 = fast is None, model.config.activation == "relu2"
    used = {
        "attention": schoolbook,
        "vector": schoolbook,
        "relu": schoolbook and not relu2,
        "relu2": schoolbook and relu2,
        "square": relu2,
        "square_hidden": relu2 and not schoolbook,
        "rounding": schoolbook or relu2,
        "embedding": fast is None or "wpe" in dict(fast.data),
        "text": bool(model.pieces) or _name_list(model)[2] > 1,
    }
    modules = modules_with(STORY) if model.pieces else MODULES
    modules += tuple(name for name in OPTIONAL_MODULES if used[name])
    if not fast:
        return modules
    own = LLAMA_MODULES if model.config.rotary else ()
    return (*modules, *own, *dict.fromkeys((*FAST_MODULES, *code_modules(fast.code))))


def _optional_modules(model: IntegerModel, fast: FastPlan | None) -> dict[str, bool]:
    """Source file → whether anything of this cartridge needs it."""
    schoolbook, activation = fast is None, model.config.activation
    return {
        "attention": schoolbook,
        "vector": schoolbook,
        "relu": schoolbook and activation == "relu",
        "relu2": schoolbook and activation == "relu2",
        "square": activation == "relu2",
        "rounding": schoolbook or activation == "relu2",
        "embedding": fast is None or any(name == "wpe" for name, _ in fast.data),
        "text": bool(model.pieces) or _name_list(model)[2] > 1,
    }


def _name_list(model: IntegerModel) -> tuple[int, int, int]:
    """Of the list of names: characters of an entry as a power of two, columns, lines of a name."""
    context, letters = model.config.block_size, not model.pieces and all(len(text) == 1 for text in model.symbols)
    if letters and context <= TWO_COLUMNS and not model.reading.running:
        return MIN_ENTRY, 2, 1
    shift = min((context - 1).bit_length(), MAX_ENTRY) if letters else MAX_ENTRY
    shift = max(shift, MIN_ENTRY + 1)
    return shift, 1, -(-(1 << shift) // LETTERS_A_LINE)


def size_code(size: int) -> int:
    """A power of two of bytes as the header says it: 2^n KiB."""
    return (size // 1024).bit_length() - 1


def _xray_tables() -> XrayTables:
    """The shares' table holds a shade, twice, for every 64th; the limits end with one that nothing reaches."""
    shades = range(cells.LEVELS + 1)
    return XrayTables(
        warm_lines=lines(cells.entry(*cells.heat(level)) for level in shades),
        cool_lines=lines(cells.entry(*cells.heat(-level)) for level in shades),
        signed_lines=lines([*cells.SIGNED, 0xFFFF]),
        positive_lines=lines([*cells.POSITIVE, 0xFFFF]),
        share_lines=lines(2 * cells.level(share, cells.SHARES) for share in range(cells.WHOLE + 1)),
        future=cells.entry(*cells.future()),
        bar=cells.BAR,
        base=cells.entry(cells.BASE, cells.LINE),
        end=cells.END,
    )


def _addresses(parts: Sequence[Part], config: ModelConfig, packer: Packer) -> tuple[Part, ...]:
    """Where the rows of tables lie that are looked up by token or position."""
    widths = {"wte": ("wte_rows", config.n_embd), "wpe": ("wpe_rows", config.n_embd)}
    widths["front"] = ("front_row_addresses", 3 * config.n_embd)
    return tuple(
        pack_addresses(label, row_addresses(parts, tensor, width), packer)
        for tensor, (label, width) in widths.items()
        if any(part.tensor == tensor for part in parts)
    )


def _work_ram(model: IntegerModel, fast: FastPlan | None, record: RecordLayout, *, profiled: bool) -> WorkRam:
    config = model.config
    cutoffs = [cutoff(inverse_temperature(t, model.logit_exponent)) for t in range(MAX_TEMPERATURE + 1)]
    row = config.block_size * config.n_embd
    names = [symbol(b.out) for b in schedule(config) if isinstance(b, Linear) and b.cached]
    caches = fast.caches if fast else tuple(Area(name, 2 * row) for name in names)
    what = f"keys and values of {config.n_layer} layers, {config.block_size} positions, {config.n_embd} dimensions"
    areas = (*caches, Area("distance_weights", 2 * max(cutoffs)), Area("likely_weights", 2 * config.vocab_size))
    shown = min(config.n_head, MAX_SHOWN_HEADS)
    work = _work(config) if fast else (Area("kept_weights", 2 * shown * config.block_size),)
    return lay_out(work, areas, record.size, what, profiled=profiled)


def _work(config: ModelConfig) -> tuple[Area, ...]:
    """The fast kernels' vectors; the first three in this order: the front table's row fills them in one go."""
    d, kv, hidden = config.n_embd, config.kv_dim, config.n_hidden
    words = {"residual": d, "query": d, "packed": kv, "normed": d, "attended": d, "hidden": hidden}
    if config.rotary:
        words |= {"key": kv, "value": kv, "branch": d, "gate": hidden, "up": hidden, "turn_by": config.head_dim}
        words |= dict.fromkeys(("product_low", "turned_first", "turned_second"), 1)
    words |= {"best": config.n_head, "weights": config.n_head * config.block_size}
    return tuple(Area(name, 2 * length) for name, length in words.items())


def _buffers(config: ModelConfig) -> tuple[Buffer, ...]:
    """The schoolbook's vectors, in low RAM."""
    widths = dict.fromkeys(("residual", "query", "normed", "attended", "branch"), config.n_embd)
    widths |= {"hidden": config.n_hidden, "logits": config.vocab_size}
    widths |= dict.fromkeys(("scores", "weights"), config.block_size)
    return tuple(Buffer(name, length) for name, length in widths.items())
