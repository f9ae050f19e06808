"""The proof that nothing overflows: a bound for every value the console computes, from the weights alone.

Each kernel adds its part. Each vector of the schedule is known by its image (quantize/images.py). No text can
exceed the bounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from quantize.fixed import ONE, WORD_MAX
from quantize.images import Floats, Image
from quantize.model import IntegerModel
from quantize.program import check_forms, check_target, leaves
from quantize.remedy import remedy
from tables.rsqrt import rsqrt_worst_error
from trainer.errors import InputError

__all__ = ["Bound", "Floats", "Image", "ProvedModel", "Ranges", "prove"]


@dataclass(frozen=True)
class Bound:
    """The largest magnitude of a block's result, or of another value of it, and the largest that fits.

    In units of the value (not Q8.8).
    """

    block: str
    value: str
    largest: float
    limit: float

    @property
    def name(self) -> str:
        """As messages have it: layer0.attention (scores)."""
        return f"{self.block} ({self.value})" if self.value else self.block

    @property
    def holds(self) -> bool:
        """True when the value always fits."""
        return self.largest <= self.limit


class Ranges:
    """Every kernel's part of the proof, in order.

    bounds lists every intermediate. By vector: images, sizes, and matrices, the weights (outputs, inputs) that it
    was computed with, and constants, (outputs,), that were added then. By block: sources, the image of what a
    matrix reads; norm_sources, the largest element that a norm reads; cut_sums, how large a sum of the residual
    stream is before it is cut; gates, how large a gate is, or what a table is looked up by.
    """

    def __init__(self, model: IntegerModel) -> None:
        self.model = model
        self.config = model.config
        self.bounds: list[Bound] = []
        self.images: dict[str, Image] = {}
        self.sizes: dict[str, int] = {}
        self.matrices: dict[str, Floats] = {}
        self.constants: dict[str, Floats] = {}
        self.sources: dict[str, Image] = {}
        self.norm_sources: dict[str, float] = {}
        self.cut_sums: dict[str, float] = {}
        self.gates: dict[str, float] = {}
        self.source_sizes: dict[str, int] = {}
        self._largest_sources: dict[str, float] = {}
        self._elements: dict[str, tuple[Image, Floats]] = {}
        self._limits: dict[str, float] = {}
        for kernel in model.program:
            kernel.bounds(self)

    @cached_property
    def radius(self) -> float:
        """No vector that leaves an RMSNorm is longer, in Q8.8 units."""
        d = self.config.n_embd
        exact = ONE * np.sqrt(d) * (1 + rsqrt_worst_error(d))
        slack = max(kernel.norm_slack for kernel in leaves(self.model.program))
        return float(exact * np.sqrt(1 + slack) + np.sqrt(d))

    def set(self, block: str, out: str, image: Image, size: int, limit: float | None = None) -> None:
        """A block's result: its image, its size, and its bound. limit: where its elements saturate."""
        self.images[out], self.sizes[out] = image, size
        self._limits[out] = np.inf if limit is None else limit
        self.note(block, "", self.elements(out).max() / ONE, WORD_MAX / ONE)

    def note(self, block: str, value: str, largest: float, limit: float) -> None:
        """A bound, in units of the value."""
        self.bounds.append(Bound(block, value, float(largest), limit))

    def elements(self, vector: str) -> Floats:
        """The largest magnitude of each element, in Q8.8 units."""
        image = self.images[vector]
        if vector not in self._elements or self._elements[vector][0] is not image:
            self._elements[vector] = image, image(np.eye(self.sizes[vector]))
        return np.minimum(self._elements[vector][1], self._limits.get(vector, np.inf))

    def largest_source(self, block: str) -> float:
        """The largest magnitude of an element that a matrix reads, in Q8.8 units."""
        image = self.sources[block]
        if block not in self._largest_sources:
            self._largest_sources[block] = float(image(np.eye(self.source_sizes[block])).max())
        return self._largest_sources[block]

    @cached_property
    def reach(self) -> dict[str, float]:
        """Bound name → largest magnitude in Q8.8 units."""
        return {bound.name: bound.largest * ONE for bound in self.bounds}

    def check(self) -> None:
        """Raises InputError naming the first value that could overflow, by what its matrix's worst part could."""
        failing = [bound for bound in self.bounds if not bound.holds]
        if not failing:
            return
        bound, matrix = failing[0], {kernel.name: kernel.digit_weight for kernel in leaves(self.model.program)}
        own = matrix.get(bound.block)
        times = max(b.largest / b.limit for b in failing if b is bound or (own and matrix.get(b.block) == own))
        raise InputError(
            f"range proof fails at {bound.name}: it could reach {bound.largest:.1f} and "
            f"{bound.limit:.1f} is the most that fits; " + remedy(self.config, self.model.info, bound.block, times)
        )


@dataclass(frozen=True)
class ProvedModel:
    """A model that may become a cartridge: its kernels go together, and none of its values can overflow."""

    model: IntegerModel
    ranges: Ranges

    @property
    def bounds(self) -> list[Bound]:
        """Every intermediate's, in the order of the program."""
        return self.ranges.bounds


def prove(model: IntegerModel) -> ProvedModel:
    """The proof.

    Raises InputError naming a kernel that the target has no code for, two that do not go together, or the first
    bound that fails.
    """
    return proved(Ranges(model))


def proved(ranges: Ranges) -> ProvedModel:
    """The same, of ranges that are known. Raises InputError as `prove`."""
    check_target(ranges.model.target, ranges.model.program)
    check_forms(ranges.model.program)
    ranges.check()
    return ProvedModel(ranges.model, ranges)
