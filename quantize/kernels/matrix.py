"""The part that all ways to compute y = W x share: exact products in float64, a matrix's place in the schedule."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quantize.fixed import Ints
from quantize.images import Image, part
from quantize.kernel import WORDS, Form, Leaf, State, Step, TraceEntry
from quantize.schedule import Linear
from trainer.config import ModelConfig

if TYPE_CHECKING:
    from quantize.model import IntegerModel
    from quantize.ranges import Ranges

Floats = NDArray[np.float64]
Product = Callable[[Ints], Ints]
"""y = W x for one fixed W: x (..., inputs) Q8.8; returns (..., outputs) Q8.8."""


def columns(matrix: Ints) -> Floats:
    """A matrix as `product` wants it."""
    return np.ascontiguousarray(matrix.T, np.float64)


def product(x: Ints, transposed: Floats) -> Ints:
    """x · transposed, exact: float64 holds every partial sum (below 2^53) and BLAS is fast."""
    return np.asarray(x.astype(np.float64) @ transposed, np.int64)


@dataclass(frozen=True)
class MatrixKernel(Leaf):
    """A matrix, or some columns of one, times a vector."""

    block: Linear

    @property
    def reads(self) -> Mapping[str, Form]:
        return {self.block.source: WORDS}

    @property
    def writes(self) -> Mapping[str, Form]:
        return {self.block.out: WORDS}

    def traced(self, config: ModelConfig) -> tuple[TraceEntry, ...]:
        first, end = self.block.outputs or (0, config.tensor_shapes()[self.block.weight][0])
        return (TraceEntry(self.block.name, (end - first,)),)

    def tensor(self, model: IntegerModel) -> Ints:
        """The rows and columns that take part, (outputs, inputs) in units of 2^-(8 + exponent)."""
        return model.tensors[self.block.weight][self._part]

    @property
    def _part(self) -> tuple[slice, slice]:
        return slice(*(self.block.outputs or (None,))), slice(*(self.block.inputs or (None,)))

    def bias(self, model: IntegerModel) -> Ints:
        """What is added to its results, (outputs,) Q8.8; zeros if there is nothing."""
        if not self.block.bias:
            return np.zeros(len(self.tensor(model)), np.int64)
        return model.tensors[self.block.bias][self._part[0], 0]

    @abstractmethod
    def product(self, model: IntegerModel) -> Product:
        """Its meaning."""

    def input(self, x: Ints) -> Ints:
        """The vector that its matrix reads, made of its source."""
        first, end = self.block.inputs or (0, None)
        return x[:, first:end]

    def bind(self, model: IntegerModel) -> Step:
        block, multiply = self.block, self.product(model)

        def run(state: State) -> None:
            result = multiply(self.input(state.buffers[block.source]))
            if block.cached:
                state.caches[block.out][np.arange(len(result)), state.position] = result
            state.keep(block.name, block.out, result, (block.outputs or (0,))[0])

        return run

    def source_image(self, ranges: Ranges) -> Image:
        """The image of the vector that its matrix reads."""
        image = ranges.images[self.block.source]
        if self.block.inputs is None:
            return image
        return part(image, *self.block.inputs, ranges.sizes[self.block.source])

    def weights(self, model: IntegerModel) -> Floats:
        """The values that its results are sums of, (outputs, inputs)."""
        return model.weights(self.block.weight)[self._part]

    def bounds(self, ranges: Ranges) -> None:
        block, weights = self.block, self.weights(ranges.model)
        ranges.sources[block.name] = image = self.source_image(ranges)
        ranges.source_sizes[block.name] = weights.shape[1]
        ranges.matrices[block.out] = weights
        ranges.set(block.name, block.out, self.rounded(lambda w: image(w @ weights), ranges), len(weights))

    @abstractmethod
    def rounded(self, exact: Image, ranges: Ranges) -> Image:
        """The image of its results, from that of the exact products."""
