"""The proof that nothing overflows: a bound for every value the console computes, from the weights alone.

Each vector v of the schedule is known by its `image`: for any matrix W, the largest |W v| row by row. What
leaves an RMSNorm lies in a ball, so W raises it by a row's own length (Cauchy–Schwarz); a linear map composes;
attention averages; a sum of vectors is a sum of images; every rounding adds its half. No text can exceed them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quantize.blocks import NORM_SLACK, VALUE_BITS, norm_epsilon
from quantize.fixed import ONE, WORD_MAX
from quantize.quantized import QuantizedModel
from quantize.schedule import Activation, Add, Attention, Embed, Linear, Norm, microgpt
from tables.rsqrt import rsqrt_worst_error
from trainer.errors import InputError

Floats = NDArray[np.float64]
Image = Callable[[Floats], Floats]
"""W (rows, n) → sup |W v| (rows,) in Q8.8 units, over every v (n,) that can occur."""

PARTIAL_SUMS = " (partial sums)"
"""Of the bound on what a column's sums hold on the way."""


@dataclass(frozen=True)
class Bound:
    """The largest magnitude `name` can take, and what still fits its word, in units of the value (not Q8.8)."""

    name: str
    largest: float
    limit: float

    @property
    def holds(self) -> bool:
        """True when the value always fits."""
        return self.largest <= self.limit


def ball(radius: float) -> Image:
    """All vectors up to this length."""
    return lambda w: np.linalg.norm(w, axis=1) * radius


def scaled(image: Image, shift: int) -> Image:
    """The same vectors over 2^shift, rounded."""
    return image if shift == 0 else moved(lambda w: image(w) / 2**shift, 0.5)


def moved(image: Image, by: float) -> Image:
    """The same vectors, each element moved by at most `by`."""
    return lambda w: image(w) + np.abs(w).sum(1) * by


def clamped(image: Image, limit: float) -> Image:
    """The same vectors, each element cut to ±limit."""
    return lambda w: np.minimum(image(w), np.abs(w).sum(1) * limit)


def averaged(image: Image, heads: int) -> Image:
    """Each head's columns averaged over positions apart from the others', rounded."""

    def bound(w: Floats) -> Floats:
        width = w.shape[1] // heads
        masks = [np.arange(w.shape[1]) // width == head for head in range(heads)]
        total: Floats = np.sum([image(w * mask) for mask in masks], axis=0)
        return total

    return moved(bound, 0.5)


def gated(matrix: Floats, radius: float, squared: bool) -> Image:
    """relu(matrix · u) or its square over the ball of u: positive and negative coefficients apart.

    Each side is Σ a·act(w·u) with a ≥ 0. With λ the largest eigenvalue of Σ a w wᵀ, the squares sum to at most
    λ r²; relu is (z + |z|)/2, its first half |Σ a w| r / 2, its second by Cauchy–Schwarz √(Σ|a w| · λ') r / 2.
    """

    def side(a: Floats) -> float:
        if squared:
            return float(max(np.linalg.eigvalsh((matrix.T * a) @ matrix)[-1], 0) * radius**2 / ONE)
        rows = a[:, None] * matrix
        lengths = np.linalg.norm(rows, axis=1)
        rows, lengths = rows[lengths > 0], lengths[lengths > 0]
        if not len(rows):
            return 0.0
        spread = max(np.linalg.eigvalsh((rows.T / lengths) @ rows)[-1], 0)
        return float((np.linalg.norm(rows.sum(0)) + np.sqrt(lengths.sum() * spread)) / 2 * radius)

    def bound(w: Floats) -> Floats:
        sides = [max(side(np.maximum(row, 0)), side(np.maximum(-row, 0))) for row in w]
        return np.array(sides)

    steepest = float(np.linalg.norm(matrix, axis=1).max() * radius / ONE)
    slope = 2 * steepest + 1 if squared else 1.0
    return lambda w: bound(w) + np.abs(w).sum(1) * (slope / 2 + 0.5)


class RangeProof:
    """Walks the schedule once.

    bounds lists every intermediate in order; images and sources hold what each buffer, and each matrix's
    input, can be: the code generator plans its sums with them.
    """

    def __init__(self, model: QuantizedModel) -> None:
        self.model = model
        self.config = model.config
        self.bounds: list[Bound] = []
        d = self.config.n_embd
        exact = ONE * np.sqrt(d) * (1 + rsqrt_worst_error(d))
        fast = any(kernel == "table" for kernel in model.kernels.values())
        self._radius = float(exact * np.sqrt(1 + NORM_SLACK * fast) + np.sqrt(d))
        self.images: dict[str, Image] = {}
        self.sources: dict[str, Image] = {}
        self.norm_sources: dict[str, float] = {}
        self._seen: dict[str, tuple[Image, Floats]] = {}
        self._walk()

    def check(self) -> None:
        """Raises InputError naming the first value that could overflow."""
        for bound in self.bounds:
            if not bound.holds:
                raise InputError(
                    f"range proof fails at {bound.name}: it could reach {bound.largest:.1f} and "
                    f"{bound.limit:.1f} is the most that fits; train with more weight decay"
                )

    def _walk(self) -> None:
        images = self.images
        for block in microgpt(self.config):
            match block:
                case Embed():
                    images[block.out] = self._embedding
                case Norm():
                    self._norm_source(block)
                    images[block.out] = ball(self._radius)
                case Linear():
                    images[block.out] = self._linear(block)
                case Attention():
                    self._scores(block)
                    images[block.out] = self._attended(block)
                case Activation():
                    images[block.buffer] = self._activation(block)
                case Add():
                    images[block.out] = self._sum(images[block.out], images[block.source])
            self._note_vector(block.name, block.buffer if isinstance(block, Activation) else block.out)

    def _note(self, name: str, largest: float, limit: float) -> None:
        self.bounds.append(Bound(name, float(largest), limit))

    def _note_vector(self, name: str, buffer: str) -> None:
        self._note(name, self._elements(buffer).max() / ONE, WORD_MAX / ONE)

    def _elements(self, buffer: str) -> Floats:
        size = {"hidden": self.config.n_hidden, "logits": self.config.vocab_size}.get(buffer, self.config.n_embd)
        image = self.images[buffer]
        if buffer not in self._seen or self._seen[buffer][0] is not image:
            self._seen[buffer] = image, image(np.eye(size))
        elements = self._seen[buffer][1]
        saturates = buffer == "hidden" and self.config.activation == "relu2"
        return np.minimum(elements, WORD_MAX) if saturates else elements

    def _embedding(self, w: Floats) -> Floats:
        rows = [w @ self.model.tensors[name].T.astype(np.float64) for name in ("wte", "wpe")]
        largest: Floats = np.abs(rows[0][:, :, None] + rows[1][:, None, :]).max((1, 2))
        return largest

    @staticmethod
    def _sum(a: Image, b: Image) -> Image:
        return lambda w: a(w) + b(w)

    def _activation(self, block: Activation) -> Image:
        matrix = self._weights(block.name.replace("activation", "fc1"))
        return gated(matrix, self._radius, block.kind == "relu2")

    def _linear(self, block: Linear) -> Image:
        weights = self._weights(block.weight)
        image = self.images[block.source]
        clamp = self.model.parameters.get(f"{block.weight}.clamp")
        if clamp is not None:
            largest = self._elements(block.source).max() / ONE
            self._note(f"{block.name} (before its clamp)", largest, (WORD_MAX - clamp) / ONE)
            image = scaled(clamped(image, clamp), self.model.parameters[f"{block.weight}.shift"])
        self.sources[block.weight] = image
        mapped: Image = lambda w: image(w @ weights)  # noqa: E731
        kernel = self.model.kernels[block.weight]
        if kernel == "digit_columns":
            return moved(mapped, self._partial_sums(block, mapped))
        return moved(mapped, 1.0 if kernel == "digits" else 0.5)

    def _partial_sums(self, block: Linear, mapped: Image) -> float:
        """A column adds a weight's positive digits before it takes off the negative: a detour of the smaller.

        Returns how far roundings can move an output: half a unit a digit, and the last one's half.
        """
        layers, scale = self.model.planes(block.weight), 2 ** self.model.exponent(block.weight)
        up = sum(np.maximum(plane.digits, 0) / 2.0**plane.shift for plane in layers)
        down = sum(np.maximum(-plane.digits, 0) / 2.0**plane.shift for plane in layers)
        detour = float((np.minimum(up, down) * self._elements(block.source)).max(initial=0))
        digits = float(sum(np.abs(plane.digits).sum(1) for plane in layers).max(initial=0)) if layers else 0.0
        outputs = len(self.model.tensors[block.weight])
        largest = float(mapped(np.eye(outputs)).max()) * scale + detour + digits
        self._note(f"{block.name}{PARTIAL_SUMS}", largest / ONE, WORD_MAX / ONE)
        return float(digits / 2 / scale + (scale > 1) / 2)

    def _attended(self, block: Attention) -> Image:
        mean = averaged(self.images[block.values], self.config.n_head)
        if self.model.kernel_of(block.name) == "exact":
            return mean
        shift = self.model.parameters[f"{block.name}.value_shift"]
        slack = 2.0**shift / 2 + self.config.block_size / 2.0 ** (VALUE_BITS - shift) + 1
        return moved(lambda w: 1.005 * mean(w), slack)

    def _norm_source(self, block: Norm) -> None:
        elements = self._elements(block.source)
        self.norm_sources[block.name] = float(elements.max())
        if self.model.kernel_of(block.name) == "table":
            bits = self.model.parameters[f"{block.name}.bits"]
            self._note(f"{block.name} (source)", elements.max() / ONE, (2**bits - 1) / ONE)
            return
        squares = (elements**2).sum() + norm_epsilon(self.config.n_embd)
        self._note(f"{block.name} (sum of squares)", squares / ONE**2, (2**32 - 1) / ONE**2)

    def _scores(self, block: Attention) -> None:
        """|q·k| ≤ ‖Wqᵀ Wk‖ · radius², head by head, and the roundings of q, of k and of the products."""
        layer = block.name.rpartition(".")[0]
        query, key = self._weights(f"{layer}.wq"), self._weights(f"{layer}.wk")
        width, largest = self.config.head_dim, 0.0
        coarse = 1.0
        if self.model.kernel_of(block.name) == "ppu":
            shift = self.model.parameters[f"{block.name}.key_shift"]
            coarse = 2.0**shift
            self._narrow(block, layer, shift)
            self._note(f"{block.name} (query)", self._elements(block.query).max() * coarse / ONE, WORD_MAX / ONE)
        for head in range(self.config.n_head):
            rows = slice(head * width, (head + 1) * width)
            q, k = query[rows], key[rows]
            half = np.sqrt(width) / 2
            off = half * (1 + coarse) * (np.linalg.norm(q, 2) + np.linalg.norm(k, 2)) * self._radius
            score = np.linalg.norm(q.T @ k, 2) * self._radius**2 + off + half**2 * coarse + width * ONE
            largest = max(largest, float(score) / ONE**2 + 0.5 / ONE)
        self._note(f"{block.name} (scores)", largest, WORD_MAX / ONE)

    def _narrow(self, block: Attention, layer: str, shift: int) -> None:
        """Rows of digits do not saturate: their keys and values must fit a byte. The front table's may be cut."""
        if self.model.kernels[f"{layer}.wk"] != "digits":
            return
        values = self.model.parameters[f"{block.name}.value_shift"]
        for name, source, by in (("keys", block.keys, shift), ("values", block.values, values)):
            self._note(f"{block.name} ({name} in a byte)", self._elements(source).max() / 2.0**by, 127.0)

    def _weights(self, name: str) -> Floats:
        return self.model.weights(name)


def prove(model: QuantizedModel) -> list[Bound]:
    """Every bound, in the order of the schedule. Raises InputError naming the first that fails."""
    proof = RangeProof(model)
    proof.check()
    return proof.bounds
