"""A matrix as rows of adds: straight-line code, one unit a row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from asm.cost.instructions import (
    Instruction,
    branch,
    immediate,
    implied,
    indexed,
    long,
    memory,
    skipped,
    swap_bytes,
)
from asm.cost.long_run import LongRun
from asm.kernels.routine import HALVINGS, SLOT_PAGE, Call, Item, Placed, Routine, Site, Template, symbol
from asm.kernels.row_code import Slots, bias_for, row_code
from asm.kernels.shared_sums import MAX_PAIRS
from asm.kernels.straight_code import Chain, Unit
from quantize.digits import Plane
from quantize.kernel import Kind, Leaf
from quantize.kernels.digit_rows import DigitRows
from quantize.schedule import LOGITS
from trainer.errors import InputError

SQUARE_CYCLES = 313
"""Cycles of square_hidden: a product of four parts, and its rounding."""


@dataclass(frozen=True)
class ClampCode(Template):
    """Its routine."""

    template: ClassVar[str] = "clamp"


@dataclass(frozen=True)
class Epilogue:
    """The end of a row, after its sum: the constant added with the bias, then the code that follows."""

    constant: int
    code: Callable[[int], list[Instruction]]
    clears_carry: bool = False


def rows(site: Site, kernel: DigitRows, slots: Slots, epilogue: Epilogue) -> list[Unit]:
    """One unit per row of a matrix: carry clear, the chain of adds, bias off, epilogue.

    A row in sections has a chain for each: what is summed so far waits in row_sum.
    """
    sections, source = kernel.section_planes(site.model), site.proved.ranges.sources[kernel.name]
    constants, (first, _) = kernel.constants(site.model), kernel.block.outputs or (0, 0)
    weight, units = kernel.block.weight, []
    for row, constant in enumerate(constants.tolist()):
        try:
            found = [row_code(layers, row, slots, source, unbiased=kernel.unbiased) for layers in sections]
        except InputError as error:
            raise InputError(f"{weight}[{first + row}]: {error}") from error
        *before, (chain, bias) = [own for own in found if own[0]] or [([immediate("lda", 0)], 0)]
        code = [] if epilogue.clears_carry and row else [implied("clc")]
        for number, (own, own_bias) in enumerate(before):
            code += [*own, immediate("adc", -own_bias), *(ROW_SUM if number else ())]
            code += [memory("sta", "row_sum", direct=False), implied("clc")]
        code += [*chain, immediate("adc", epilogue.constant + constant - bias), *(ROW_SUM if before else ())]
        code += epilogue.code(row)
        count = sum(_count(layers, row) for layers in sections)
        units.append(Unit(f"{weight}[{first + row}]: {count} digits", tuple(code)))
    return units


ROW_SUM = (implied("clc"), memory("adc", "row_sum", direct=False))
"""What the sections before have come to is added."""


def _count(layers: Sequence[Plane], row: int) -> int:
    return int(sum(np.abs(plane.digits[row]).sum() for plane in layers))


def store(label: str) -> Epilogue:
    """Y into a vector of words."""
    return Epilogue(0, lambda row: [memory("sta", f"{label} + {2 * row}", direct=False)])


def accumulate(label: str) -> Epilogue:
    """Y added to a vector of words."""

    def code(row: int) -> list[Instruction]:
        operand = f"{label} + {2 * row}"
        return [
            implied("clc"),
            memory("adc", operand, direct=False),
            memory("sta", operand, direct=False),
        ]

    return Epilogue(0, code)


def store_with_record(label: str, *, far: bool) -> Epilogue:
    """Y and a record's word into a vector of words. X and the data bank are the record's place.

    far: that bank shows no RAM, so that a store needs the whole address.
    """

    def code(row: int) -> list[Instruction]:
        operand = f"{label} + {2 * row}"
        put = long("sta", operand) if far else memory("sta", operand, direct=False)
        return [implied("clc"), indexed("adc", 2 * row), put]

    return Epilogue(0, code)


def store_rectified(slots: Slots, *, squared: bool) -> Epilogue:
    """max(y, 0), or its square, and bias minus it: the second MLP matrix's slots. Carry set = not negative."""

    def code(row: int) -> list[Instruction]:
        return [
            branch("bcs", ":+", 0.5),
            immediate("lda", 0),
            Instruction(":", 0, 0),
            *square(squared),
            memory("sta", f"{slots.label} + PLUS + {2 * row}", direct=False),
            immediate("eor", 0xFFFF),
            implied("sec"),
            immediate("adc", slots.bias),
            memory("sta", f"{slots.label} + {slots.minus} + {2 * row}", direct=False),
        ]

    return Epilogue(0, code)


def square(squared: bool) -> list[Instruction]:
    """A hidden unit squared, if it is to be."""
    return [Instruction("call_far square_hidden", 4, SQUARE_CYCLES)] if squared else []


def store_shifted(label: str, shift: int) -> Epilogue:
    """Y · 2^shift into a vector: the query as the PPU's 16-bit factor."""
    return Epilogue(
        0, lambda row: [*[implied("asl a")] * shift, memory("sta", f"{label} + {2 * row}", direct=False)]
    )


def store_narrow(label: str, shift: int, *, high: bool, cut: bool = False) -> Epilogue:
    """round(y / 2^shift), eight bits, into the low or the high byte of a vector's words: keys and values.

    cut: to what a byte holds; else the proof says that it does.
    """
    half = (1 << shift) >> 1
    cuts = cut_within(0x100 << shift, 0x8000)

    def code(row: int) -> list[Instruction]:
        operand = f"{label} + {2 * row}"
        narrow = [*(cuts if cut else []), *[implied("lsr a")] * shift, immediate("eor", 0x80)]
        if high:
            narrow += [swap_bytes(), memory("ora", operand, direct=False)]
        return [*narrow, memory("sta", operand, direct=False)]

    return Epilogue(half + (128 << shift), code)


def cut_within(size: int, negative: int) -> list[Instruction]:
    """A word cut to 0 … size − 1, which few are not within; words from `negative` on are below 0."""
    beyond = [
        immediate("cmp", negative),
        immediate("lda", 0),
        branch("bcs", ":+", 0),
        immediate("lda", size - 1),
    ]
    return [immediate("cmp", size), branch("bcc", ":+", 1), *map(skipped, beyond), Instruction(":", 0, 0)]


def hidden_bias(site: Site, writer: Leaf) -> int:
    """The bias of the slots of hidden units that a kernel leaves."""
    finest = max(reader.finest(site.model) for reader in site.readers(writer))
    return bias_for(writer.slot_limit, HALVINGS + max(0, finest))


def comment_of(site: Site, kernel: DigitRows) -> str:
    """A matrix in words."""
    outputs, inputs = site.config.tensor_shapes()[kernel.block.weight]
    return f"{kernel.block.weight} {outputs}×{inputs} in signed digits"


class DigitRowsRoutine(Routine[DigitRows]):
    """Row after row; before the first reader of a norm the sums of two inputs that its readers share."""

    @cached_property
    def slots(self) -> Slots:
        """Where its inputs are."""
        kernel, site = self.kernel, self.site
        if kernel.clamp:
            return Slots(SLOT_PAGE, self.config.n_embd, kernel.clamp >> kernel.clamp_shift)
        writer = site.writer(kernel)
        if writer.slot_limit:
            assert kernel.block.inputs
            first, end = kernel.block.inputs
            return Slots("hidden_slots", end - first, hidden_bias(site, writer), "MINUS_PART")
        return site.shared[kernel.name].slots if kernel.name in site.shared else site.slots_for(kernel)

    @property
    def epilogue(self) -> Epilogue:
        """How its results are kept."""
        form, block = self.kernel.store, self.kernel.block
        match form.kind:
            case Kind.SHIFTED:
                return store_shifted(block.out, form.shift)
            case Kind.LOW_BYTES | Kind.HIGH_BYTES:
                return store_narrow("packed", form.shift, high=form.kind == Kind.HIGH_BYTES)
            case Kind.CUT_LOW_BYTES | Kind.CUT_HIGH_BYTES:
                return store_narrow("packed", form.shift, high=form.kind == Kind.CUT_HIGH_BYTES, cut=True)
            case _:
                return store(self.vector)

    @property
    def vector(self) -> str:
        """Where results that are kept as words go: of a cached value, on its way into the cache."""
        return "value" if self.kernel.block.cached else self.kernel.block.out

    @property
    def chain_label(self) -> str:
        """Where its rows begin."""
        return f"{symbol(self.kernel.name)}_rows"

    @cached_property
    def chain(self) -> Chain:
        """Its rows."""
        units = rows(self.site, self.kernel, self.slots, self.epilogue)
        return Chain(self.chain_label, comment_of(self.site, self.kernel), tuple(units))

    @property
    def calls_before(self) -> tuple[Call, ...]:
        """The steps before its rows."""
        clamp = (self.call("clamp", "slots = ± clamp(residual)", stage="clamp"),) if self.kernel.clamp else ()
        return (*clamp, *shared_calls(self, self.kernel))

    @property
    def calls(self) -> tuple[Call, ...]:
        comment = f"{self.kernel.name}: {comment_of(self.site, self.kernel)}"
        return (*self.calls_before, self.call("linear_digits", comment, entry=self.chain_label))

    @property
    def items_before(self) -> tuple[Item, ...]:
        """What these want."""
        clamp = (ClampCode("clamp_residual", ""),) if self.kernel.clamp else ()
        return (*clamp, *shared_items(self.site, self.kernel))

    @property
    def items(self) -> tuple[Item, ...]:
        return (*self.items_before, self.chain)

    @property
    def vectors(self) -> Mapping[str, int]:
        words = self.kernel.store.kind == Kind.WORDS and self.kernel.block.out != LOGITS
        row_sum = {"row_sum": 1} if self.kernel.sections > 1 else {}
        return row_sum | ({self.vector: len(self.kernel.tensor(self.model))} if words else {})

    @property
    def pages(self) -> Mapping[str, int]:
        return shared_pages(self.site, self.kernel)

    def clocks_before(self, placed: Placed) -> Mapping[str, float]:
        """Their clocks."""
        clamp = {"clamp": placed.clocks("clamp_residual", taken=(1, 0.5))[0]} if self.kernel.clamp else {}
        return clamp | shared_clocks(self.site, self.kernel)

    def clocks(self, run: LongRun, placed: Placed) -> Mapping[str, float]:
        own = self.page_call + chain_clocks(self.site, self.chain, placed)
        return {**self.clocks_before(placed), symbol(self.kernel.name): own}


def chain_clocks(site: Site, chain: Chain, placed: Placed) -> float:
    """The clocks of a chain, in the parts it was cut into."""
    return chain.clocks(site.target, placed.parts.get(chain.label, 1))


def shared_items(site: Site, kernel: DigitRows) -> tuple[Chain, ...]:
    """The sums of two inputs, before the first matrix that reads them."""
    shared = site.shared.get(kernel.name)
    return (shared.chain,) if shared and shared.leader == kernel.name else ()


def shared_calls(routine: Routine[Any], kernel: DigitRows) -> tuple[Call, ...]:
    """The step for these sums."""
    labels = [chain.label for chain in shared_items(routine.site, kernel)]
    return tuple(routine.call("sums", "sums of two inputs", entry=label, stage=label) for label in labels)


def shared_pages(site: Site, kernel: DigitRows) -> Mapping[str, int]:
    """Where they are kept."""
    return {"pair_slots": 2 * MAX_PAIRS} if shared_items(site, kernel) else {}


def shared_clocks(site: Site, kernel: DigitRows) -> dict[str, float]:
    """Their clocks, by label."""
    return {chain.label: site.target.page_call + chain.clocks(site.target) for chain in shared_items(site, kernel)}
