"""The fast cartridge: which code and tables it has, where they lie, and the blocks that call them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from asm.fast import (
    SLOTS,
    CodePart,
    Unit,
    accumulate,
    chain,
    column_page,
    front_rows,
    hidden_slots,
    mlp,
    page_bytes,
    rows,
    slots_for,
    store,
    store_hidden,
    store_narrow,
    store_shifted,
)
from asm.kernels.digit_rows import Slots, pair_code
from asm.kernels.ppu_attention import AttentionRoutine, halves, max_sum, place, sizes, split_sizes
from asm.kernels.shared_sums import MAX_PAIRS, choose_pairs
from asm.llama import (
    PART_BYTES,
    GateRoutine,
    RotaryRoutine,
    SumRoutine,
)
from asm.memory.banks import Packer, segment
from asm.memory.log_record import RecordLayout
from asm.memory.rom_data import EmittedBlock, Part, layer_number, pack_bytes, pack_whole, symbol
from asm.memory.work_ram import Area, digit_pages
from asm.routines import FastTables, NormRoutine, ScaledSums, Variant, norm_bytes, vectors_bytes
from quantize.blocks import EXP7, RECIPROCALS, VALUE_BITS, reciprocal, square_table, table_epsilon
from quantize.fast import has_front_table
from quantize.fixed import FRACTION_BITS, Ints
from quantize.model import IntegerModel
from quantize.ranges import RangeProof
from quantize.schedule import Add, Attention, Block, Embed, Linear, Norm, parts, schedule
from tables.exp import EXP_STEP_BITS
from tables.rsqrt import rsqrt_table

EXP7_BYTES = 256
HALF_WORD = 0x8000
SUM_BITS = 30


@dataclass
class FastPlan:
    """What a planner decided; `data` still has to be packed."""

    model: IntegerModel
    norm_bias: int
    blocks: tuple[EmittedBlock, ...] = ()
    code: tuple[CodePart, ...] = ()
    norms: tuple[NormRoutine, ...] = ()
    attentions: tuple[AttentionRoutine, ...] = ()
    rotaries: tuple[RotaryRoutine, ...] = ()
    gates: tuple[GateRoutine, ...] = ()
    sums: tuple[SumRoutine, ...] = ()
    caches: tuple[Area, ...] = ()
    segment: str = ""
    pairs: bool = False
    tables_in_rom: tuple[Part, ...] = ()
    data: list[tuple[str, Ints]] = field(default_factory=list)

    def tables(self) -> FastTables:
        """The numbers."""
        config, columns = self.model.config, column_page(self.model.config.n_embd)
        own, slots = page_bytes(config.n_embd)
        kernels = [self.model.kernels[f"layer{n}.fc2"] for n in range(config.n_layer)]
        hidden = 4 * config.n_hidden if "digits" in kernels else 0
        if config.rotary:
            hidden = PART_BYTES * len(parts(config.n_hidden))
        pages = digit_pages(2 * MAX_PAIRS if self.pairs else 0, hidden, own, slots)
        return FastTables(
            page=columns.label,
            sums=columns.sums,
            shifted=columns.shifted,
            pages_start=pages.start,
            pages=pages.pages,
            segment=self.segment,
            norm_bias=self.norm_bias,
            head_clamp=self.model.parameters.get("lm_head.clamp", 0),
            head_shift=self.model.parameters.get("lm_head.shift", 0),
            scaled_sums=scaled_sums(self.model),
            exp7_entries=_exp7().index(0),
        )


def scaled_sums(model: IntegerModel) -> tuple[ScaledSums, ...]:
    """One for every exponent above 0 of a matrix in columns."""
    names = [name for name in model.linear_names() if model.kernels[name] == "digit_columns"]
    return tuple(ScaledSums(exponent) for exponent in sorted({model.exponent(name) for name in names} - {0}))


def _exp7() -> list[int]:
    return [int(EXP7[min(i, len(EXP7) - 1)]) for i in range(EXP7_BYTES)]


def _reciprocals() -> list[int]:
    """2^21 / S for S from 127; below it, where no sum of weights lies, zero."""
    sums = np.arange(RECIPROCALS)
    return [int(r) for r in np.where(sums < 127, 0, reciprocal(sums))]


class Planner:
    """Walks the schedule and lays out code as it goes."""

    def __init__(self, model: IntegerModel, packer: Packer, record: RecordLayout) -> None:
        self.model, self.packer, self.record = model, packer, record
        self.proof = RangeProof(model)
        self.proof.check()
        readers = [name for name in model.linear_names() if self._reads_norm(name)]
        self.norm_slots = slots_for(model, self.proof, readers)
        self.layer_slots = self.norm_slots
        self.plan = FastPlan(model, self.norm_slots.bias)
        self.blocks: list[EmittedBlock] = []
        self.code: list[CodePart] = []

    def run(self) -> FastPlan:
        """The whole schedule."""
        config, shift = self.model.config, self.model.parameters.get("lm_head.shift", 0)
        size = vectors_bytes(config.n_embd, shift, scaled_sums(self.model))
        self.plan.segment = segment(self.packer.place(size))
        self.plan.tables_in_rom = (
            pack_bytes("exp7_table", _exp7(), self.packer),
            pack_whole("reciprocal_table", np.array(_reciprocals()), self.packer),
        )
        for block in schedule(config):
            self.emit(block)
        self.plan.blocks, self.plan.code = tuple(self.blocks), tuple(self.code)
        return self.plan

    def emit(self, block: Block) -> None:
        """The code of a block, unless another's has it already."""
        match block:
            case Embed() if has_front_table(self.model):
                self._front()
            case Embed():
                self._embed(block)
            case Norm() if self.model.kernel_of(block.name) == "table":
                self._norm(block)
            case Linear() if block.weight == "lm_head":
                self._logits(block)
            case Linear() if self.model.kernels[block.weight] == "digits":
                self._linear(block)
            case Attention():
                self._attention(block)
            case Add():
                self._add(block)
            case _:
                pass

    def _reads_norm(self, weight: str) -> bool:
        part = weight.rpartition(".")[2]
        reads = part in ("wq", "wk", "wv", "fc1", "fc3") or (part == "lm_head" and self.model.config.rotary)
        return reads and self.model.kernels[weight] == "digits"

    def _trace(self, name: str) -> int:
        return self.record.entries[name][0] if name in self.record.entries else 0

    def _front(self) -> None:
        model, attention = self.model, "layer0.attention"
        words = front_rows(
            model,
            model.parameters[f"{attention}.key_shift"],
            model.parameters[f"{attention}.value_shift"],
        )
        self.plan.data.append(("front", words))
        comment = "embedding, first norms and first q, k, v of every token and position: a table"
        self.blocks.append(EmittedBlock("blocks/front.asm", comment, self._trace("embed_norm"), stage="front"))

    def _embed(self, block: Embed) -> None:
        """Where a table of every token at every position would be too large."""
        self.plan.data += [(name, self.model.tensors[name]) for name in ("wte", "wpe")]
        comment = f"{block.name}: wte[token] + wpe[position]"
        stage = symbol(block.name)
        self.blocks.append(
            EmittedBlock("blocks/embed.asm", comment, self._trace(block.name), out="residual", stage=stage)
        )

    def _paired(self, weights: Sequence[str]) -> Slots:
        """The norm's slots with the pairs that these matrices share, and the code that forms them, first."""
        pairs = choose_pairs([self.model.planes(name) for name in weights])
        slots = replace(self.norm_slots, pairs=pairs)
        if pairs:
            entry = symbol(weights[0]) + "_pairs"
            code = pair_code(slots)
            units = [Unit(f"pairs from {n // 48}", tuple(code[n : n + 96])) for n in range(0, len(code), 96)]
            self.code += chain(
                entry, f"{len(pairs)} sums of two inputs for {', '.join(weights)}", units, self.packer
            )
            self.blocks.append(
                EmittedBlock(
                    "blocks/linear_digits.asm", "sums of two inputs", 0, entry=entry, traced=False, stage=entry
                )
            )
            self.plan.pairs = True
        return slots

    def _norm(self, block: Norm) -> None:
        bits = self.model.parameters[f"{block.name}.bits"]
        doublings = self.model.parameters.get(f"{block.name}.doublings", 0)
        table = f"squares_{bits}"
        if all(part.tensor != table for part in self.plan.tables_in_rom):
            self.plan.tables_in_rom += (pack_whole(table, square_table(bits), self.packer),)
        entry = f"norm_{bits}"
        if all(norm.entry != entry for norm in self.plan.norms):
            self.plan.norms += (self._norm_routine(entry, bits, doublings, table),)
        into_stream = block.out == "residual"
        self.blocks.append(
            EmittedBlock(
                "blocks/norm_embedding.asm" if into_stream else "blocks/norm_table.asm",
                f"{block.name}: {'residual' if into_stream else 'slots = ±'} rmsnorm({block.source})",
                self._trace(block.name),
                entry=entry,
                stage=symbol(block.name),
            )
        )

    def _norm_routine(self, entry: str, bits: int, doublings: int, table: str) -> NormRoutine:
        d = self.model.config.n_embd
        highest = rsqrt_table(d).shift + bits + doublings - 17
        min_pairs = (31 - (SUM_BITS - 1)) // 2
        shifts = range(highest - 15, highest - min_pairs + 1)
        variants = tuple(Variant(max(shift, 0), max(-shift, 0)) for shift in shifts)
        size = norm_bytes(d, bits, doublings, variants)
        return NormRoutine(
            entry=entry,
            comment=f"slots = ± rmsnorm of a residual stream within ±2^{bits}",
            segment=segment(self.packer.place(size)),
            bits=bits,
            epsilon=table_epsilon(d, bits),
            squares=table,
            variants=variants,
            variants_below=-shifts[0],
            size=size,
            doublings=doublings,
        )

    def _linear(self, block: Linear) -> None:
        layer, _, part = block.name.rpartition(".")
        if part == "fc1":
            self._mlp(layer)
            return
        if part == "fc2":  # went with fc1
            return
        if part == "q":
            self.layer_slots = self._paired([f"{layer}.w{letter}" for letter in "qkv"])
        slots = slots_for(self.model, self.proof, [block.weight]) if part == "o" else self.layer_slots
        attention = f"{layer}.attention"
        epilogue = {
            "q": lambda: store_shifted("query", self.model.parameters[f"{attention}.key_shift"]),
            "k": lambda: store_narrow("packed", self.model.parameters[f"{attention}.key_shift"], high=False),
            "v": lambda: store_narrow("packed", self.model.parameters[f"{attention}.value_shift"], high=True),
            "o": lambda: accumulate("residual"),
        }[part]()
        entry = symbol(block.name) + "_rows"
        units = rows(self.model, self.proof, block.weight, slots, epilogue)
        self.code += chain(entry, self._comment(block.weight), units, self.packer)
        self.blocks.append(
            EmittedBlock(
                "blocks/linear_digits.asm",
                f"{block.name}: {self._comment(block.weight)}",
                0,
                entry=entry,
                traced=False,
                stage=symbol(block.name),
            )
        )

    def _comment(self, weight: str) -> str:
        outputs, inputs = self.model.config.tensor_shapes()[weight]
        return f"{weight} {outputs}×{inputs} in signed digits"

    def _mlp(self, layer: str) -> None:
        if self.model.kernels[f"{layer}.fc2"] == "digits":
            self._mlp_rows(layer)
            return
        label, exponent = symbol(layer), self.model.exponent(f"{layer}.fc2")
        slots = self._paired([f"{layer}.fc1"])
        fused = mlp(self.model, self.proof, layer, slots, self.packer)
        self.code += [*fused.rows, *fused.columns]
        self.blocks.append(
            EmittedBlock(
                "blocks/mlp_digits.asm",
                f"{layer}: fc1, {self.model.config.activation}, fc2: a column for every unit above zero",
                self._trace(f"{layer}.activation"),
                trace_after=self._trace(f"{layer}.mlp_residual"),
                entry=f"{label}_mlp",
                second_entry=ScaledSums(exponent).entry if exponent else "add_sums",
                layer=layer_number(layer),
                stage=f"{label}_mlp",
            )
        )

    def _mlp_rows(self, layer: str) -> None:
        """Where most hidden units are above zero, the second matrix in rows too."""
        label, config = symbol(layer), self.model.config
        slots = hidden_slots(self.model, self.proof, layer)
        first = store_hidden(slots, squared=config.activation == "relu2")
        units = rows(self.model, self.proof, f"{layer}.fc1", self._paired([f"{layer}.fc1"]), first)
        self.code += chain(f"{label}_fc1_rows", self._comment(f"{layer}.fc1"), units, self.packer)
        units = rows(self.model, self.proof, f"{layer}.fc2", slots, accumulate("residual"))
        self.code += chain(f"{label}_fc2_rows", self._comment(f"{layer}.fc2"), units, self.packer)
        self.blocks.append(
            EmittedBlock(
                "blocks/mlp_rows.asm",
                f"{layer}: fc1, {config.activation}, fc2 in rows",
                self._trace(f"{layer}.activation"),
                trace_after=self._trace(f"{layer}.mlp_residual"),
                entry=f"{label}_fc1_rows",
                second_entry=f"{label}_fc2_rows",
                layer=layer_number(layer),
                stage=f"{label}_mlp",
            )
        )

    def _add(self, block: Add) -> None:
        """The attention's residual sum is part of wo's rows; the MLP's of its own block."""
        if block.name.endswith("attention_residual"):
            self.blocks.append(
                EmittedBlock(
                    "blocks/traced_only.asm",
                    f"{block.name}: done in the rows of wo",
                    self._trace(block.name),
                    out="residual",
                    stage=symbol(block.name),
                )
            )

    def _logits(self, block: Linear) -> None:
        parameters = self.model.parameters
        slots = Slots(SLOTS, self.model.config.n_embd, parameters["lm_head.clamp"] >> parameters["lm_head.shift"])
        units = rows(self.model, self.proof, block.weight, slots, store("logits"))
        self.code += chain("logits_rows", self._comment(block.weight), units, self.packer)
        self.blocks.append(EmittedBlock("blocks/clamp.asm", "slots = ± clamp(residual)", 0, stage="clamp"))
        self.blocks.append(
            EmittedBlock(
                "blocks/linear_digits.asm",
                f"logits: {self._comment(block.weight)}",
                0,
                entry="logits_rows",
                traced=False,
                stage="logits",
            )
        )

    def _attention(self, block: Attention) -> None:
        config, parameters = self.model.config, self.model.parameters
        layer = block.name.rpartition(".")[0]
        label, traced = symbol(layer), self.record.traced
        keys, values = symbol(block.keys), symbol(block.values)
        shift = VALUE_BITS - parameters[f"{block.name}.value_shift"]
        bias = slots_for(self.model, self.proof, [f"{layer}.wo"]).bias
        parts, drop = (
            halves(config, keys, values),
            EXP_STEP_BITS + self.model.score_bits(block.name) - FRACTION_BITS,
        )
        pieces = sizes(config, parts, shift, drop, traced=traced)
        segments, split = place(self.packer, pieces)
        routine = AttentionRoutine(
            entry=f"{label}_attention",
            comment=f"{block.name}: {config.n_head} heads of {config.head_dim} over the positions so far",
            segment=segments[0],
            weigh_segment=segments[1],
            mean_segment=segments[2],
            split=split,
            keys=keys,
            values=values,
            halves=parts,
            long=len(parts) > 1,
            long_sums=max_sum(config) >= RECIPROCALS,
            max_sums=max_sum(config) >= 8 * RECIPROCALS,
            query_shift=self.model.query_shift(block.name),
            score_drop=drop,
            bias=bias,
            mean_start=HALF_WORD + ((1 << shift) >> 1),
            mean_shift=shift,
            mean_to_slot=(bias - (HALF_WORD >> shift)) & 0xFFFF,
            trace_query=self._trace(f"{block.name}.query"),
            trace_packed=self._trace(f"{block.name}.packed"),
            trace_scores=self._trace(f"{block.name}.scores"),
            trace_weights=self._trace(f"{block.name}.weights"),
            sizes=split_sizes(pieces) if split else pieces,
        )
        self.plan.caches += tuple(Area(name, config.block_size * config.kv_dim) for name in (keys, values))
        self.plan.attentions += (routine,)
        self.blocks.append(
            EmittedBlock(
                "blocks/attention_ppu.asm",
                routine.comment,
                self._trace(block.name),
                entry=routine.entry,
                stage=routine.entry,
            )
        )
