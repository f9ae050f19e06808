"""Every address, split and number that the templates need, decided here and handed over as frozen data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from asm.record import RecordLayout
from quantize.blocks import norm_epsilon
from quantize.fixed import Ints
from quantize.quantized import QuantizedModel
from quantize.sampler import MAX_TEMPERATURE, SEED_MIX, SEED_ROUNDS, inverse_temperature
from quantize.schedule import Activation, Add, Attention, Block, Embed, Linear, Norm, microgpt
from tables.exp import exp_table
from tables.rsqrt import rsqrt_table
from trainer.config import ModelConfig
from trainer.errors import InputError

BANK_BYTES = 0x8000
MAX_BANKS = 128
FAST = 0x80
TITLE = "SNES-GPT"


@dataclass(frozen=True)
class Part:
    """Rows of one tensor that lie together in one bank of ROM."""

    tensor: str
    label: str
    bank: int
    first_row: int
    rows: int
    lines: tuple[str, ...]
    comment: str

    @property
    def segment(self) -> str:
        """The linker segment of its bank."""
        return f"BANK{self.bank}"


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
class EmittedBlock:
    """A block of the schedule as its template sees it: names of memory, sizes, trace offsets."""

    template: str
    comment: str
    trace: int
    out: str = ""
    source: str = ""
    query: str = ""
    keys: str = ""
    values: str = ""
    buffer: str = ""
    kind: str = ""
    inputs: int = 0
    outputs: int = 0
    size: int = 0
    cached: bool = False
    trace_scores: int = 0
    trace_weights: int = 0
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Layout:
    """All that the templates read."""

    config: ModelConfig
    title: str
    shape_text: str
    temperature: int
    max_temperature: int
    seed_mix: int
    seed_rounds: int
    norm_epsilon: int
    rsqrt_shift: int
    trace: int
    record_bytes: int
    log_capacity: int
    buffers: tuple[Buffer, ...]
    caches: tuple[str, ...]
    blocks: tuple[EmittedBlock, ...]
    parts: tuple[Part, ...]
    wte_rows: tuple[str, ...]
    wpe_rows: tuple[str, ...]
    exp_lines: tuple[str, ...]
    rsqrt_lines: tuple[str, ...]
    inverse_t_lines: tuple[str, ...]
    symbol_lines: tuple[str, ...]
    banks: int
    rom_banks: tuple[RomBank, ...]
    rom_size_code: int


def symbol(name: str) -> str:
    """A schedule's name as an assembler's: layer0.wq → layer0_wq."""
    return name.replace(".", "_")


def lines(numbers: Iterable[int], per_line: int = 16) -> tuple[str, ...]:
    """Numbers as operands of .byte or .word, some to a line."""
    texts = [str(number) for number in numbers]
    return tuple(", ".join(texts[i : i + per_line]) for i in range(0, len(texts), per_line))


def pack(tensors: Sequence[tuple[str, Ints]]) -> tuple[Part, ...]:
    """Lay tensors out row by row over banks from bank 1; a row never crosses a bank."""
    parts: list[Part] = []
    bank, free = 1, BANK_BYTES
    for name, values in tensors:
        row_bytes = 2 * values.shape[1]
        row = 0
        while row < len(values):
            if free < row_bytes:
                bank, free = bank + 1, BANK_BYTES
            rows = min(len(values) - row, free // row_bytes)
            text = tuple(", ".join(f"{w & 0xFFFF}" for w in values[r]) for r in range(row, row + rows))
            label = symbol(name) + (f"_from_{row}" if row else "")
            comment = f"{name}: rows {row} to {row + rows - 1} of {len(values)}, {values.shape[1]} wide"
            parts.append(Part(name, label, bank, row, rows, text, comment))
            row, free = row + rows, free - rows * row_bytes
    return tuple(parts)


def row_addresses(parts: Sequence[Part], tensor: str, width: int) -> tuple[str, ...]:
    """An address expression for every row of a tensor."""
    return tuple(
        f"{part.label} + {2 * width * row}" for part in parts if part.tensor == tensor for row in range(part.rows)
    )


def emit(block: Block, model: QuantizedModel, record: RecordLayout, parts: Sequence[Part]) -> EmittedBlock:
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
            )
        case Activation():
            comment = f"{block.name}: {block.buffer} = {block.kind}({block.buffer})"
            size = config.n_hidden
            return EmittedBlock(
                "blocks/activation.asm", comment, trace, buffer=block.buffer, kind=block.kind, size=size
            )
        case Add():
            comment = f"{block.name}: {block.out} += {block.source}"
            return EmittedBlock("blocks/add.asm", comment, trace, out=block.out, source=block.source)


def plan(model: QuantizedModel, *, traced: bool = False) -> Layout:
    """Decide everything. Raises InputError when the model does not fit a cartridge or its log."""
    config = model.config
    record = RecordLayout(config, traced)
    if not record.capacity:
        raise InputError(f"a traced token takes {record.size} bytes: the log in bank $7F holds 65,536")
    parts = pack(list(model.tensors.items()))
    banks = _power_of_two(max((part.bank for part in parts), default=0) + 1)
    if banks > MAX_BANKS:
        raise InputError(f"the weights need {banks} banks of 32 KiB: a LoROM cartridge has {MAX_BANKS}")
    schedule = microgpt(config)
    caches = tuple(symbol(block.out) for block in schedule if isinstance(block, Linear) and block.cached)
    d = config.n_embd
    widths = dict.fromkeys(("residual", "normed", "query", "attended", "branch"), d)
    widths |= {"hidden": config.n_hidden, "logits": config.vocab_size}
    table = rsqrt_table(d)
    return Layout(
        config=config,
        title=f"{TITLE:21}",
        shape_text=f"{d}x{config.n_layer}, {config.n_head} heads, {config.n_params} weights",
        temperature=model.temperature,
        max_temperature=MAX_TEMPERATURE,
        seed_mix=SEED_MIX,
        seed_rounds=SEED_ROUNDS,
        norm_epsilon=norm_epsilon(d),
        rsqrt_shift=table.shift,
        trace=int(traced),
        record_bytes=record.size,
        log_capacity=record.capacity,
        buffers=tuple(Buffer(name, length) for name, length in widths.items()),
        caches=caches,
        blocks=tuple(emit(block, model, record, parts) for block in schedule),
        parts=parts,
        wte_rows=row_addresses(parts, "wte", d),
        wpe_rows=row_addresses(parts, "wpe", d),
        exp_lines=lines(exp_table().tolist()),
        rsqrt_lines=lines(table.entries.tolist()),
        inverse_t_lines=lines([inverse_temperature(t, model.logit_shift) for t in range(MAX_TEMPERATURE + 1)]),
        symbol_lines=lines([*(ord(character) for character in model.symbols), 0]),
        banks=banks,
        rom_banks=tuple(RomBank(f"BANK{bank}", f"${FAST + bank:02X}8000") for bank in range(1, banks)),
        rom_size_code=(banks * BANK_BYTES // 1024).bit_length() - 1,
    )


def _power_of_two(number: int) -> int:
    return 1 << (number - 1).bit_length()
