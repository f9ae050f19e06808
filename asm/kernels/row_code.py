"""Rows of signed digits as straight-line code: which slots are added when, and why no carry is ever left over.

Inputs are in `slots` as non-negative words, B + x and B − x, so that every step is an `adc` that leaves the
carry clear. `lsr` halves the sum between planes and leaves the rounding half in the carry, where the next `adc`
takes it in. B is a multiple of every halving to come, so the sum's bias stays exact, and the row's last
instruction takes it off. Where a sum could pass 65,535, part of the bias is taken off on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from asm.cost.instructions import Instruction, immediate, implied, memory
from asm.kernels.shared_sums import Pair, Partners, Term, cover, partners
from quantize.digits import Plane
from quantize.fixed import Ints
from quantize.kernels.digit_rows import floored_plane
from trainer.errors import InputError

Floats = NDArray[np.float64]
Image = Callable[[Floats], Floats]

DIRECT_WORDS = 128
WORD = 1 << 16


@dataclass(frozen=True)
class Operand:
    """The operand of one instruction, ±x_column or the sum of a pair.

    bias: what its slot has on top of it; largest: the largest word that slot can hold.
    """

    terms: tuple[Term, ...]
    lda: Instruction
    adc: Instruction
    bias: int
    largest: int


@dataclass(frozen=True)
class Slots:
    """The layout of a vector of n inputs in work RAM: word i is bias + x_i, word n + i is bias − x_i.

    label names the page, minus the offset of its second half; the first 128 words are reached through the
    direct page. Inputs that are never negative are in word i as they are.
    """

    label: str
    inputs: int
    bias: int
    minus: str = "MINUS"
    positive: bool = False
    pairs: tuple[Pair, ...] = ()

    @cached_property
    def partners(self) -> Partners:
        """The pairs by their first term."""
        return partners(self.pairs)

    @cached_property
    def _operands(self) -> dict[tuple[Term, ...], Operand]:
        return {}

    def operand(self, terms: tuple[Term, ...]) -> Operand:
        """The same one for every row that wants it."""
        if terms not in self._operands:
            code = self.read("lda", terms), self.read("adc", terms)
            self._operands[terms] = Operand(terms, *code, self.bias_of(terms), self.largest(terms))
        return self._operands[terms]

    def bias_of(self, terms: Sequence[Term]) -> int:
        """The bias in the slot of a term, or of a pair."""
        return sum(0 if self.positive and sign > 0 else self.bias for _, sign in terms)

    def largest(self, terms: Sequence[Term]) -> int:
        """The largest word that slot can hold."""
        return len(terms) * (self.bias if self.positive else 2 * self.bias)

    def read(self, mnemonic: str, terms: Sequence[Term]) -> Instruction:
        """The instruction that takes ±x_column, or the sum of a pair."""
        if len(terms) == 2:
            number = self.pairs.index((terms[0], terms[1]))
            return memory(mnemonic, f"pair_slots + {2 * number}", direct=False)
        ((column, sign),) = terms
        word = column if sign > 0 else self.inputs + column
        direct = word < DIRECT_WORDS
        operand = f"{'PLUS' if sign > 0 else self.minus} + {2 * column}"
        return memory(mnemonic, f"<{operand}" if direct else f"{self.label} + {operand}", direct=direct)


def pair_code(slots: Slots) -> list[Instruction]:
    """Form every pair: the carry is clear before and after."""
    code = [implied("clc")] if slots.pairs else []
    for first, second in slots.pairs:
        code += [slots.read("lda", [first]), slots.read("adc", [second])]
        code.append(slots.read("sta", [first, second]))
    return code


def bias_for(largest: float, halvings: int) -> int:
    """The least multiple of 2^halvings that keeps bias ± x non-negative."""
    step = 1 << halvings
    return -(-int(np.ceil(largest)) // step) * step


@dataclass
class _Sum:
    """A row under way: its instructions, the bias in the accumulator, and the exact partial row."""

    slots: Slots
    image: Image
    partial: Floats
    halvings: int
    bias: int = 0
    started: bool = False
    roundings: int = 0
    ceiling: int = 0
    code: list[Instruction] = field(default_factory=list)

    def reach(self) -> float:
        return float(self.image(self.partial[None])[0]) + self.roundings

    def halve(self, times: int) -> None:
        if not self.started:
            return
        self.code += [implied("lsr a")] * times
        assert self.bias % (1 << times) == 0
        self.bias >>= times
        self.ceiling = (self.ceiling >> times) + 1
        self.partial = self.partial / 2**times
        self.roundings += 1

    def add(self, operand: Operand, *, floored: bool = False) -> bool:
        """Add it; False where the sum could then pass 65,535. floored: without the rounding."""
        bias, ceiling = self.bias + operand.bias, self.ceiling + operand.largest
        for column, sign in operand.terms:
            self.partial[column] += sign
        if ceiling >= WORD:  # seen plainly in most rows; else the proof decides
            ceiling = int(np.ceil(bias + self.reach()))
            if ceiling >= WORD:
                for column, sign in operand.terms:
                    self.partial[column] -= sign
                return False
        if floored and self.started:
            self.code.append(implied("clc"))
        self.code.append(operand.adc if self.started else operand.lda)
        self.bias, self.ceiling, self.started = bias, ceiling, True
        return True

    def lighten(self) -> None:
        """Take off all bias that the sum can spare. The carry is clear before and after."""
        step = 1 << self.halvings
        spare = int((self.bias - self.reach()) // step) * step
        if spare <= 0:
            raise InputError("a row of digits does not fit 16 bits even without bias: use another kernel")
        self.code += [immediate("sbc", spare - 1), implied("clc")]
        self.bias -= spare
        self.ceiling -= spare


def row_code(
    planes: Sequence[Plane], row: int, slots: Slots, image: Image, *, unbiased: bool = False
) -> tuple[list[Instruction], int]:
    """Instructions that leave bias + y in A with the carry clear or holding the last rounding, and that bias.

    The caller's `adc #-bias` takes both off. The row begins with the carry clear. unbiased: as the kernel's twin.
    Raises InputError when the row cannot fit 16 bits.
    """
    total = planes[0].shift if planes else 0
    state = _Sum(slots, image, np.zeros(slots.inputs), total)
    shift = total
    floored = floored_plane(planes, row) if unbiased else None
    for number, plane in enumerate(planes):
        if not (terms := _terms(plane.digits[row])):
            continue
        gap, shift = shift - plane.shift, plane.shift
        state.halve(gap)
        state.halvings = shift
        for place, covered in enumerate(cover(terms, slots.partners)):
            operand, floors = slots.operand(covered), number == floored and place == 0
            if not state.add(operand, floored=floors):
                if place == 0:
                    _lighten_before_halving(state, gap)
                else:
                    state.lighten()
                if not state.add(operand, floored=floors):
                    raise InputError("a row of digits does not fit 16 bits: use another kernel")
    state.halve(shift)
    if floored == len(planes):
        state.code.append(implied("clc"))
    return state.code, state.bias


def _terms(digits: Ints) -> list[Term]:
    """The terms that a row of a plane adds, input by input. digits (inputs,): a 2 is the same term twice."""
    columns = digits.nonzero()[0]
    return [
        (column, 1 if digit > 0 else -1)
        for column, digit in zip(columns.tolist(), digits[columns].tolist(), strict=True)
        for _ in range(abs(digit))
    ]


def _lighten_before_halving(state: _Sum, gap: int) -> None:
    """The carry holds a rounding after `lsr`: take the bias off before the halving instead."""
    if not gap:
        state.lighten()
        return
    halved = state.code[-gap:]
    del state.code[-gap:]
    state.bias <<= gap
    state.ceiling <<= gap
    state.partial = state.partial * 2**gap
    state.halvings += gap
    state.lighten()
    state.code.pop()  # the clc: lsr sets the carry anyway
    state.code += halved
    state.bias >>= gap
    state.ceiling = (state.ceiling >> gap) + 1
    state.partial = state.partial / 2**gap
    state.halvings -= gap


def evaluate(code: Sequence[Instruction], bias: int, slots: Slots, x: Ints) -> int:
    """Run a row's code in Python as the 65816 would, carry and all: the planner's own check."""
    words = [*((0 if slots.positive else slots.bias) + x), *(slots.bias - x)]
    sums = [slots.bias_of(pair) + sum(sign * int(x[column]) for column, sign in pair) for pair in slots.pairs]
    a = carry = 0
    for instruction in (*code, immediate("adc", -bias)):
        mnemonic, _, operand = instruction.text.partition(" ")
        if mnemonic == "lsr":
            a, carry = a >> 1, a & 1
            continue
        if mnemonic == "clc":
            carry = 0
            continue
        if operand.startswith("#"):
            value = int(operand[2:], 16)
        else:
            place = int(operand.rpartition("+")[2]) // 2
            minus = slots.inputs if "MINUS" in operand else 0
            value = int(sums[place] if operand.startswith("a:pair_slots") else words[place + minus])
        if mnemonic == "lda":
            a = value
        else:
            total = a + carry + (value if mnemonic == "adc" else value ^ 0xFFFF)
            a, carry = total & 0xFFFF, total >> 16
    return a - WORD if a >= WORD // 2 else a
