"""Kernels whose blocks are one piece of code."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TypeVar

import numpy as np

from asm.cost.instructions import Instruction, branch, jump
from asm.cost.long_run import LongRun
from asm.kernels.context import records_beside_ram
from asm.kernels.digit_columns import AddSums, ColumnSumsCode, column, column_page, column_sums
from asm.kernels.digit_rows import (
    DigitRowsRoutine,
    Epilogue,
    accumulate,
    chain_clocks,
    comment_of,
    rows,
    shared_calls,
    shared_clocks,
    shared_items,
    shared_pages,
    store_rectified,
    store_with_record,
)
from asm.kernels.embedding import row_word
from asm.kernels.routine import HALVINGS, Call, Item, Placed, Routine, symbol
from asm.kernels.row_code import DIRECT_WORDS, Slots, bias_for
from asm.kernels.straight_code import Chain, Unit
from quantize.contexts import contexts_of
from quantize.executor import Executor
from quantize.fixed import Ints
from quantize.kernel import Trace
from quantize.kernels.fused import AddedRows, ColumnMlp, FrontTable, RecalledRows, RowMlp
from trainer.errors import InputError


class FrontTableRoutine(Routine[FrontTable]):
    """A row for every token, or context, at every position: residual stream, query, keys and values in bytes."""

    @property
    def row(self) -> str:
        """The word that says which of a position's rows."""
        return row_word(self.kernel.embedding)

    @property
    def calls(self) -> tuple[Call, ...]:
        comment = "embedding, first norms and first q, k, v of every token and position: a table"
        return (self.call("front", comment, stage="front", of=self.kernel.embed_norm.name),)

    @cached_property
    def data(self) -> Mapping[str, Ints]:
        """(positions · contexts, 3 · d) words, computed by the integer model itself."""
        contexts = contexts_of(self.config, self.kernel.embedding.block.tokens)
        position, context = np.divmod(np.arange(self.config.block_size * len(contexts)), len(contexts))
        executor, trace, text = Executor(self.model), Trace(), contexts.texts[context]
        streams = executor.start(len(text))
        streams.position[:] = position
        if contexts.longest > 1:
            streams.last[:, 1 - contexts.longest :] = text[:, :-1]
        executor.step(streams, text[:, -1], trace)
        attention = next(name.removesuffix(".query") for name in trace if name.endswith(".query"))
        found = [trace[name] for name in (self.kernel.embed_norm.name, f"{attention}.query", f"{attention}.packed")]
        return {"front": np.concatenate(found, axis=1)}

    @property
    def vectors(self) -> Mapping[str, int]:
        return {"residual": self.config.n_embd, "query": self.config.n_embd, "packed": self.config.kv_dim}

    def clocks(self, run: LongRun, placed: Placed) -> Mapping[str, float]:
        target = self.site.target
        return {"front": (184 if target.apart else 480) + target.copied(3 * self.config.n_embd)}


class AddedRowsRoutine(Routine[AddedRows]):
    """Rows that add their results to the residual stream."""

    @property
    def _rows(self) -> DigitRowsRoutine:
        return DigitRowsRoutine(self.kernel.rows, self.site)

    @cached_property
    def chain(self) -> Chain:
        """Its rows."""
        epilogue = accumulate(self.kernel.add.block.out)
        units = rows(self.site, self.kernel.rows, self._rows.slots, epilogue)
        comment = comment_of(self.site, self.kernel.rows)
        return Chain(symbol(self.kernel.name) + "_rows", comment, tuple(units))

    @property
    def calls(self) -> tuple[Call, ...]:
        name, weight = self.kernel.add.name, self.kernel.rows.block.weight.rpartition(".")[2]
        comment = f"{name}: done in the rows of {weight}"
        return (*self._rows.calls, self.call("traced_only", comment, stage=symbol(name), of=name))

    @property
    def items(self) -> tuple[Item, ...]:
        return (*shared_items(self.site, self.kernel.rows), self.chain)

    @property
    def vectors(self) -> Mapping[str, int]:
        return {self.kernel.add.block.out: self.config.n_embd}

    @property
    def pages(self) -> Mapping[str, int]:
        return shared_pages(self.site, self.kernel.rows)

    def clocks(self, run: LongRun, placed: Placed) -> Mapping[str, float]:
        own = {symbol(self.kernel.name): self.page_call + chain_clocks(self.site, self.chain, placed)}
        return {**shared_clocks(self.site, self.kernel.rows), **own}


class RecalledRowsRoutine(Routine[RecalledRows]):
    """lm_head's rows, each of which adds its result to a word of the record of the context that was found."""

    @cached_property
    def _rows(self) -> DigitRowsRoutine:
        return DigitRowsRoutine(self.kernel.rows, self.site)

    @property
    def slots(self) -> Slots:
        """Where its inputs are."""
        return self._rows.slots

    @cached_property
    def chain(self) -> Chain:
        """Its rows. Raises InputError where they need RAM that the records' banks do not show."""
        far = not records_beside_ram(self.site)
        if self.kernel.rows.sections > 1:
            raise InputError(
                "lm_head's rows come in sections, which add nothing that a memory says: quantize the weights again"
            )
        if far and 2 * self.slots.inputs > DIRECT_WORDS:
            raise InputError("the memory takes more than 2 MiB beside a wide lm_head: use a larger --memory-least")
        epilogue = store_with_record(self.kernel.recall.block.out, far=far)
        units = rows(self.site, self.kernel.rows, self.slots, epilogue)
        return Chain(self._rows.chain_label, comment_of(self.site, self.kernel.rows), tuple(units))

    @property
    def calls(self) -> tuple[Call, ...]:
        comment = f"{self.kernel.recall.name}: lm_head's rows, added to what the memory says"
        own = self.call("recalled_rows", comment, entry=self._rows.chain_label, of=self.kernel.recall.name)
        return (*self._rows.calls_before, own)

    @property
    def items(self) -> tuple[Item, ...]:
        return (*self._rows.items_before, self.chain)

    @property
    def pages(self) -> Mapping[str, int]:
        return self._rows.pages

    def clocks(self, run: LongRun, placed: Placed) -> Mapping[str, float]:
        found = sum(map(self.site.target.clocks, DATA_BANK))
        own = self.page_call + found + chain_clocks(self.site, self.chain, placed)
        return {**self._rows.clocks_before(placed), symbol(self.kernel.name): own}


DATA_BANK = (
    Instruction("phb", 1, 2, 1),
    Instruction("ldx context_at", 2, 2, 2),
    Instruction("pei (context_at + 1)", 2, 2, 4),
    *[Instruction("plb", 1, 3, 1)] * 3,
)
"""Cycles to make a record's bank the data bank, and back."""

LOOKS = 2 * 10
"""Cycles to find, twice, that nobody looks at a layer."""

SQUARED_MODULES = ("square_hidden", "square", "rounding")
"""The modules that square a hidden unit."""

M = TypeVar("M", ColumnMlp, RowMlp)


class MlpRoutine(Routine[M]):
    """fc1, activation and fc2."""

    @property
    def layer(self) -> int:
        """Its number."""
        return self.kernel.fc1.block.layer

    @property
    def _layer(self) -> str:
        return f"layer{self.layer}"

    @property
    def second_entry(self) -> str:
        """The code that is called second."""
        return f"{self._layer}_fc2_rows"

    @property
    def trace_after(self) -> int:
        """The offset of the sum with the residual stream in the log record."""
        return self.site.trace(self.kernel.add.name)

    def _mlp(self, template: str, way: str, entry: str) -> tuple[Call, ...]:
        comment = f"{self._layer}: fc1, {self.kernel.activation.block.kind}, fc2{way}"
        own = self.call(template, comment, entry=entry, stage=f"{self._layer}_mlp", of=self.kernel.activation.name)
        return (*shared_calls(self, self.kernel.fc1), own)


class ColumnMlpRoutine(MlpRoutine[ColumnMlp]):
    """One stream: a hidden unit above zero jumps to its column and comes back."""

    @property
    def second_entry(self) -> str:
        return AddSums(self.exponent).entry

    @property
    def sums(self) -> ColumnSumsCode:
        """The same for all layers."""
        return column_sums(self.site)

    @property
    def exponent(self) -> int:
        """The sums are 2^this times too large."""
        return self.model.exponent(self.kernel.fc2.block.weight)

    @cached_property
    def chain(self) -> Chain:
        """The rows of fc1: carry set = above zero."""
        fc1, label = self.kernel.fc1, self._layer

        def gate(row: int) -> list[Instruction]:
            return [branch("bcc", ":+", 0.85), jump(f"{label}_unit{row}")]

        plain = rows(self.site, fc1, self.site.shared[fc1.name].slots, Epilogue(0, gate, clears_carry=True))
        units = [Unit(unit.comment, unit.code, f"{label}_after{n}") for n, unit in enumerate(plain)]
        comment = f"{fc1.block.weight}: {len(plain)} rows; carry set = above zero"
        return Chain(f"{label}_mlp", comment, tuple(units))

    @cached_property
    def columns(self) -> list[Chain]:
        """One for each hidden unit."""
        layers, page = self.kernel.fc2.planes(self.model), column_page(self.config.n_embd)
        label, weight, squared = self._layer, self.kernel.fc2.block.weight, self.kernel.activation.squared
        found = []
        for unit in range(self.config.n_hidden):
            body = Unit(f"{weight}, column {unit}", tuple(column(layers, unit, page, squared=squared)))
            found.append(Chain(f"{label}_unit{unit}", body.comment, (body,), f"jml {label}_after{unit}"))
        return found

    @property
    def modules(self) -> tuple[str, ...]:
        return ("clear_hidden", *(SQUARED_MODULES if self.kernel.activation.squared else ()))

    @property
    def calls(self) -> tuple[Call, ...]:
        return self._mlp("mlp_digits", ": a column for every unit above zero", f"{self._layer}_mlp")

    @property
    def items(self) -> tuple[Item, ...]:
        return (self.sums, *shared_items(self.site, self.kernel.fc1), self.chain, *self.columns)

    @property
    def vectors(self) -> Mapping[str, int]:
        return {"hidden": self.config.n_hidden}

    @property
    def pages(self) -> Mapping[str, int]:
        return shared_pages(self.site, self.kernel.fc1)

    def clocks(self, run: LongRun, placed: Placed) -> Mapping[str, float]:
        share = run.mean(run[self.kernel.activation.name])
        cycle = self.site.target.fetch
        columns = [column.clocks(self.site.target) + 4 * cycle for column in self.columns]
        active = sum(p * (clocks - 5 / 6 * cycle) for clocks, p in zip(columns, share, strict=True))
        skipped = sum((1 - p) * 23 / 6 * cycle for p in share)
        clear, *add = placed.clocks("column_sums")
        sums = clear + add[self.sums.sums.index(AddSums(self.exponent))]
        own = self.page_call + LOOKS * cycle + sums + chain_clocks(self.site, self.chain, placed) + active - skipped
        return {**shared_clocks(self.site, self.kernel.fc1), f"{self._layer}_mlp": float(own)}


class RowMlpRoutine(MlpRoutine[RowMlp]):
    """Where most hidden units are above zero, the second matrix in rows too."""

    @cached_property
    def hidden_slots(self) -> Slots:
        """The slots of the hidden units."""
        inputs, fc2 = self.config.n_hidden, self.kernel.fc2
        largest = self.site.proved.ranges.largest_source(fc2.name)
        bias = bias_for(largest, HALVINGS + self.model.exponent(fc2.block.weight))
        return Slots("hidden_slots", inputs, bias, "MINUS_HIDDEN", positive=True)

    @cached_property
    def chains(self) -> tuple[Chain, Chain]:
        """The rows of either matrix."""
        fc1, fc2, slots = self.kernel.fc1, self.kernel.fc2, self.hidden_slots
        first = store_rectified(slots, squared=self.kernel.activation.squared)
        units = rows(self.site, fc1, self.site.shared[fc1.name].slots, first)
        second = rows(self.site, fc2, slots, accumulate(self.kernel.add.block.out))
        return (
            Chain(f"{self._layer}_fc1_rows", comment_of(self.site, fc1), tuple(units)),
            Chain(f"{self._layer}_fc2_rows", comment_of(self.site, fc2), tuple(second)),
        )

    @property
    def modules(self) -> tuple[str, ...]:
        return SQUARED_MODULES if self.kernel.activation.squared else ()

    @property
    def calls(self) -> tuple[Call, ...]:
        return self._mlp("mlp_rows", " in rows", f"{self._layer}_fc1_rows")

    @property
    def items(self) -> tuple[Item, ...]:
        return (*shared_items(self.site, self.kernel.fc1), *self.chains)

    @property
    def vectors(self) -> Mapping[str, int]:
        return {"hidden": self.config.n_hidden}

    @property
    def pages(self) -> Mapping[str, int]:
        return {**shared_pages(self.site, self.kernel.fc1), "hidden_slots": 4 * self.config.n_hidden}

    def clocks(self, run: LongRun, placed: Placed) -> Mapping[str, float]:
        own = self.page_call + 164 + sum(chain_clocks(self.site, chain, placed) for chain in self.chains)
        return {**shared_clocks(self.site, self.kernel.fc1), f"{self._layer}_mlp": own}
