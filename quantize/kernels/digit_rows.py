"""A matrix as rows of adds: one for each signed power of two that its weights are sums of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from quantize.digits import Plane, partials, planes
from quantize.fixed import FRACTION_BITS, ONE, WORD_MAX, Ints, narrow_limit, round_shift
from quantize.images import Image, clamped, moved, scaled, shifted
from quantize.kernel import SLOTS, WORDS, Form, Kind, TraceEntry, number
from quantize.kernels.matrix import Floats, MatrixKernel, Product, columns, product
from quantize.schedule import LOGITS
from trainer.config import ModelConfig

if TYPE_CHECKING:
    from quantize.model import IntegerModel
    from quantize.ranges import Ranges

BYTE = 127.0

MAX_SECTIONS = 4
"""In four sections even rows of 128 inputs as large as a norm leaves them fit a word."""


class Digits:
    """Horner over the planes in which a row has digits, least significant first.

    acc = round(acc / 2^gap) + T_k x from one such plane to the next; at last round(acc / 2^k) down to plane 0.
    Halves round up, which leaves half a unit on top of a row, on average. unbiased: a row's last halving, if it is
    by one bit, takes the half off instead.

    floor(floor(a / m) / n) is floor(a / mn): all of a row's floors are one, and its halves one constant, so that
    y = floor((W x + halves) / 2^(8 + exponent)).
    """

    def __init__(self, weights: Ints, exponent: int = 0, *, unbiased: bool = False) -> None:
        self._columns, self._bits = columns(weights), FRACTION_BITS + exponent
        self._halves = halves(planes(weights, exponent), len(weights), self._bits, unbiased=unbiased)

    def __call__(self, x: Ints) -> Ints:
        return (product(x, self._columns) + self._halves) >> self._bits


def halves(layers: Sequence[Plane], outputs: int, bits: int, *, unbiased: bool) -> Ints:
    """The amount that the halvings of each row add to it before they floor, (outputs,), in units of 2^-bits."""
    total, shift = np.zeros(outputs, np.int64), np.zeros(outputs, np.int64)
    for below, present in [*((p.shift, p.digits.any(1)) for p in layers), (0, np.ones(outputs, bool))]:
        gap = np.where(present, np.maximum(shift - below, 0), 0)
        half = np.where(unbiased and below == 0, gap > 1, gap > 0) * (1 << gap >> 1)
        total += half << (bits - shift)
        shift = np.where(present, below, shift)
    return total


def floored_plane(layers: Sequence[Plane], row: int) -> int | None:
    """The plane before which an unbiased row is halved last, if by one bit: its number, or how many there are.

    (n − 1 + 1) >> 1 is n >> 1: the rounding is taken off.
    """
    present = [(number, plane.shift) for number, plane in enumerate(layers) if plane.digits[row].any()]
    if not present:
        return None
    if last := present[-1][1]:
        return len(layers) if last == 1 else None
    if len(present) > 1 and present[-2][1] == 1:
        return present[-1][0]
    return None


def cut(x: Ints, clamp: int, shift: int) -> Ints:
    """x cut to ±clamp, over 2^shift.    asm: clamp_residual

    x (..., n) Q8.8; returns (..., n) with 8 − shift fractional bits.
    """
    return round_shift(np.clip(x, -clamp, clamp), shift)


@dataclass(frozen=True)
class DigitRows(MatrixKernel):
    """A matrix by Digits.

    store: how its results are kept. source_shift: its inputs are over 2^this. out_shift: its results come over
    2^this, to fit a word. clamp: its inputs are cut to ±this, over 2^clamp_shift; 0: they are not. unbiased: as in
    Digits. sections: ranges of its inputs, whose sums are computed and rounded one by one, then added.
    """

    store: Form = WORDS
    unbiased: bool = False
    source_shift: int = number(0, 7, 0)
    out_shift: int = number(0, 3, 0)
    clamp: int = number(0, WORD_MAX, 0)
    clamp_shift: int = number(0, 3, 0)
    sections: int = number(1, MAX_SECTIONS, 1)

    @property
    def reads(self) -> Mapping[str, Form]:
        return {self.block.source: WORDS if self.clamp else SLOTS}

    @property
    def writes(self) -> Mapping[str, Form]:
        return {self.block.out: self.store}

    def observed(self, config: ModelConfig) -> tuple[TraceEntry, ...]:
        """Logits only: other results are kept in another form, or added where they are needed."""
        return self.traced(config) if self.block.name == LOGITS else ()

    def finest(self, model: IntegerModel) -> int:
        """The last digit adds its input times 2^-(8 + this): the exponent, and the halvings around it."""
        return model.exponent(self.block.weight) + self.out_shift - self.source_shift

    @property
    def digit_weight(self) -> str:
        return self.block.weight

    def planes(self, model: IntegerModel) -> list[Plane]:
        """The digits that its rows add."""
        return planes(self.tensor(model), self.finest(model))

    def _ranges(self, inputs: int) -> list[slice]:
        """The columns of each section, about as many in all."""
        ends = [inputs * number // self.sections for number in range(self.sections + 1)]
        return [slice(first, end) for first, end in pairwise(ends)]

    def section_planes(self, model: IntegerModel) -> list[list[Plane]]:
        """The same section by section: no other columns have digits."""
        layers, sections = self.planes(model), list[list[Plane]]()
        for section in self._ranges(self.tensor(model).shape[1]):
            own = [np.zeros_like(plane.digits) for plane in layers]
            for digits, plane in zip(own, layers, strict=True):
                digits[:, section] = plane.digits[:, section]
            sections.append([Plane(p.shift, digits) for p, digits in zip(layers, own, strict=True) if digits.any()])
        return sections

    def product(self, model: IntegerModel) -> Product:
        tensor, finest = self.tensor(model), self.finest(model)
        ranges = self._ranges(tensor.shape[1])
        sums = [Digits(tensor[:, own], finest, unbiased=self.unbiased) for own in ranges]

        bias = self.constants(model)

        def added(x: Ints) -> Ints:
            total: Ints = np.sum([each(x[:, own]) for each, own in zip(sums, ranges, strict=True)], axis=0)
            return total + bias

        return sums[0] if self.sections == 1 and not bias.any() else added

    def constants(self, model: IntegerModel) -> Ints:
        """What its rows add to their results, (outputs,)."""
        return round_shift(self.bias(model), self.out_shift)

    def crowding(self, ranges: Ranges, step: int) -> float:
        """The largest word that a row's sum may come to on its way down the planes.

        Of an image that grows with every coefficient. step: what the bias of every slot is a multiple of. A row
        takes bias off down to what its sum needs, and a step; then it adds two inputs and their bias.
        """
        image, largest = ranges.sources[self.name], 0.0
        bias = 2 * step * np.ceil(ranges.largest_source(self.name) / step)
        for layers in self.section_planes(ranges.model):
            for done, (plane, (before, after)) in enumerate(zip(layers, partials(layers), strict=True)):
                reach = image(np.maximum(np.abs(before), np.abs(after))).max() + done
                largest = max(largest, 2 * reach + (1 << plane.shift) + bias)
        return float(largest)

    def input(self, x: Ints) -> Ints:
        x = super().input(x)
        return cut(x, self.clamp, self.clamp_shift) if self.clamp else x

    def weights(self, model: IntegerModel) -> Floats:
        values: Floats = super().weights(model) * 2.0 ** (self.source_shift - self.out_shift)
        return values

    def source_image(self, ranges: Ranges) -> Image:
        image = super().source_image(ranges)
        if not self.clamp:
            return image
        largest = ranges.elements(self.block.source).max() / ONE
        ranges.note(self.block.name, "before its clamp", largest, (WORD_MAX - self.clamp) / ONE)
        return scaled(clamped(image, self.clamp), self.clamp_shift)

    def rounded(self, exact: Image, ranges: Ranges) -> Image:
        image, bias = moved(exact, float(self.sections)), self.constants(ranges.model).astype(np.float64)
        return shifted(image, bias) if bias.any() else image

    def bounds(self, ranges: Ranges) -> None:
        super().bounds(ranges)
        ranges.constants[self.block.out] = self.constants(ranges.model).astype(np.float64)
        largest, shift = ranges.elements(self.block.out).max(), self.store.shift
        if self.store.kind in (Kind.LOW_BYTES, Kind.HIGH_BYTES):  # which are not cut to a byte
            ranges.note(self.block.name, "in a byte", largest / 2.0**shift, BYTE)
        if self.store.kind in (Kind.CUT_LOW_BYTES, Kind.CUT_HIGH_BYTES):
            ranges.note(self.block.name, "before it is cut", largest / ONE, narrow_limit(shift))
