"""The fast cartridge of a llama: what its blocks need beside what microgpt's do."""

from __future__ import annotations

from asm.fast import (
    HALVINGS,
    chain,
    rows,
    slots_for,
    store,
)
from asm.fast_plan import Planner
from asm.kernels.digit_rows import Slots, bias_for
from asm.kernels.ppu_attention import times
from asm.llama import (
    PART_BYTES,
    GateRoutine,
    RotaryRoutine,
    SumRoutine,
    gate_bytes,
    key_pairs,
    pairs,
    rotary_bytes,
    sum_bytes,
    sum_entry,
)
from asm.llama import (
    Unit as HiddenUnit,
)
from asm.memory.banks import segment
from asm.memory.rom_data import EmittedBlock, HiddenPart, layer_number, pack_whole, symbol
from quantize.blocks import FAR_PRODUCT
from quantize.fixed import WORD_MAX
from quantize.schedule import Add, Attention, Block, Embed, Gate, Linear, parts
from tables.rotary import rotary_table
from tables.silu import silu_table
from trainer.errors import InputError

GROUPS = {"wq": ("wq", "wk", "wv"), "fc1": ("fc1", "fc3"), "lm_head": ("lm_head",)}
"""A llama's matrices that read the same norm, by the first of them."""


class LlamaPlanner(Planner):
    """Lays out a llama's own blocks; the norms and attention are any model's."""

    def emit(self, block: Block) -> None:
        """The code of a block, unless another's has it already."""
        match block:
            case Embed():
                self._embed_token(block)
            case Linear():
                self._store(block)
            case Attention():
                self._turns(block)
                self._attention(block)
            case Gate():
                self._gates(block)
            case Add():
                self._cut_sum(block)
            case _:
                super().emit(block)

    def _embed_token(self, block: Embed) -> None:
        self.plan.data.append(("wte", self.model.tensors["wte"]))
        comment = f"{block.name}: wte[token]"
        stage = symbol(block.name)
        self.blocks.append(EmittedBlock("blocks/embed_token.asm", comment, self._trace(block.name), stage=stage))

    def _store(self, block: Linear) -> None:
        """A matrix whose results go to a vector: what is done with them comes after."""
        config = self.model.config
        layer, _, part = block.weight.rpartition(".")
        if part in GROUPS:
            self.layer_slots = self._paired([f"{layer}.{name}".strip(".") for name in GROUPS[part]])
        slots = self.layer_slots
        if block.inputs:
            first, end = block.inputs
            number = parts(config.n_hidden).index(block.inputs)
            page = f"hidden_slots + {PART_BYTES * number}"
            slots = Slots(page, end - first, self._part_bias(f"{layer}.activation"), "MINUS_PART")
        elif part == "wo":
            slots = slots_for(self.model, self.proof, [block.weight])
        entry, out = symbol(block.name) + "_rows", "value" if part == "wv" else block.out
        units = rows(self.model, self.proof, block.weight, slots, store(out), block)
        self.code += chain(entry, self._comment(block.weight), units, self.packer)
        self.blocks.append(
            EmittedBlock(
                "blocks/linear_digits.asm",
                f"{block.name}: {self._comment(block.weight)}",
                0,
                entry=entry,
                page=slots.label,
                traced=False,
                stage=symbol(block.name),
            )
        )

    def _part_bias(self, gate: str) -> int:
        """Of a gated hidden unit's slots: every part's is the same."""
        parameters = self.model.parameters
        halvings = HALVINGS + max(0, self.model.finest(gate.replace("activation", "fc2")))
        return bias_for(parameters[f"{gate}.limit"] >> parameters[f"{gate}.shift"], halvings)

    def _turns(self, block: Attention) -> None:
        """Before attention: queries and keys turned; keys and values in bytes."""
        model, config = self.model, self.model.config
        layer = block.name.rpartition(".")[0]
        if all(part.tensor != "rotary_table" for part in self.plan.tables_in_rom):
            table = rotary_table(config.head_dim, config.block_size, config.rope_base)
            self.plan.tables_in_rom += (pack_whole("rotary_table", table.reshape(len(table), -1), self.packer),)
        query = model.query_shift(block.name)
        key, value = (model.parameters[f"{block.name}.{name}_shift"] for name in ("key", "value"))
        size = rotary_bytes(config, query, key, value)
        routine = RotaryRoutine(
            entry=f"{symbol(layer)}_rotary",
            comment=f"{layer}: queries and keys turned by their position",
            segment=segment(self.packer.place(size)),
            times_row=tuple(times(2 * config.head_dim)),
            query_pairs=pairs(config, config.n_embd),
            key_pairs=key_pairs(config, model.tensors[f"{layer}.key_centre"][0], key),
            query_shift=query,
            key_shift=key,
            value_shift=value,
            size=size,
        )
        self.plan.rotaries += (routine,)
        self._call(routine.entry, routine.comment)

    def _gates(self, block: Gate) -> None:
        parameters, config = self.model.parameters, self.model.config
        bits, limit, shift = (parameters[f"{block.name}.{name}"] for name in ("bits", "limit", "shift"))
        if limit + (1 << bits >> 1) > FAR_PRODUCT or not shift:
            raise InputError(
                f"{block.name}: gates as large as 2^{bits - 8} do not fit the multiplier: quantize again"
            )
        table = f"silu_{bits}"
        if all(part.tensor != table for part in self.plan.tables_in_rom):
            self.plan.tables_in_rom += (pack_whole(table, silu_table(bits), self.packer),)
        size = gate_bytes(config.n_hidden, bits, shift)
        places = enumerate(parts(config.n_hidden))
        units = [(n, PART_BYTES * p + 2 * (n - first)) for p, (first, end) in places for n in range(first, end)]
        routine = GateRoutine(
            entry=symbol(block.name),
            comment=f"{block.name}: silu(fc1) · fc3",
            segment=segment(self.packer.place(size)),
            table=table,
            bits=bits,
            limit=limit,
            shift=shift,
            bias=self._part_bias(block.name),
            units=tuple(HiddenUnit(*unit) for unit in units),
            size=size,
        )
        self.plan.gates += (routine,)
        self.blocks.append(
            EmittedBlock(
                "blocks/gated.asm",
                routine.comment,
                self._trace(block.name),
                entry=routine.entry,
                bias=routine.bias,
                hidden_parts=tuple(
                    HiddenPart(f"hidden_slots + {PART_BYTES * number}", 2 * first, 2 * (end - first - 1))
                    for number, (first, end) in enumerate(parts(config.n_hidden))
                ),
                layer=layer_number(block.name),
                stage=symbol(block.name),
            )
        )

    def _cut_sum(self, block: Add) -> None:
        bits, doublings = self.model.parameters[f"{block.weight}.cut_bits"], self.model.out_shift(block.weight)
        far = 1 << (14 - doublings) if self.proof.cut_sums[block.name] + (1 << bits) > WORD_MAX else 0
        entry = sum_entry(bits, doublings, far > 0)
        if all(routine.entry != entry for routine in self.plan.sums):
            size = sum_bytes(self.model.config.n_embd, doublings, far > 0)
            place = segment(self.packer.place(size))
            self.plan.sums += (SumRoutine(entry, place, self.model.config.n_embd, bits, doublings, far, size),)
        self.blocks.append(
            EmittedBlock(
                "blocks/sum.asm",
                f"{block.name}: {block.out} += {block.source}, cut",
                self._trace(block.name),
                entry=entry,
                stage=symbol(block.name),
            )
        )

    def _call(self, entry: str, comment: str) -> None:
        self.blocks.append(EmittedBlock("blocks/call.asm", comment, 0, entry=entry, stage=entry))
