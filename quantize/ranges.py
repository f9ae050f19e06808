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
from quantize.digits import HALF_WORD
from quantize.fixed import ONE, WORD_MAX
from quantize.model import IntegerModel
from quantize.schedule import Activation, Add, Attention, Embed, Gate, Linear, Norm, Rotary, schedule
from tables.rotary import rotary_worst_error
from tables.rsqrt import rsqrt_worst_error
from trainer.errors import InputError

Floats = NDArray[np.float64]
Image = Callable[[Floats], Floats]
"""W (rows, n) → sup |W v| (rows,) in Q8.8 units, over every v (n,) that can occur."""

HALVES_LIMIT = WORD_MAX - ONE // 2
"""A word up to this is 256 times a signed byte plus a signed byte: the PPU multiplies by one after the other."""

MAX_CUT = (1 << 13) - 1
"""A residual stream that is cut lies within this, so that what is far beyond it can be told from a sum's sign."""

OUT_SUMS = "(sums for the residual stream)"
"""Of the bound on a row's result that is then cut together with the residual stream."""

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


def part(image: Image, first: int, end: int, size: int) -> Image:
    """Elements first … end − 1 of the same vectors, of `size` elements."""
    return lambda w: image(np.pad(w, ((0, 0), (first, size - end))))


def boxed(limits: Floats) -> Image:
    """All vectors whose elements stay within these limits."""
    return lambda w: np.abs(w) @ limits


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


def narrow_limit(shift: int) -> float:
    """The largest value that can be cut to a byte of 2^shift units: 128 of them and a half are added first."""
    return (WORD_MAX - (128 << shift) - (1 << shift >> 1)) / ONE


class RangeProof:
    """Walks the schedule once.

    bounds lists every intermediate in order; images and sources hold what each buffer, and each matrix's
    input, can be, cut_sums how large a sum of the residual stream is before it is cut: the code generator plans
    with them.
    """

    def __init__(self, model: IntegerModel) -> None:
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
        self.cut_sums: dict[str, float] = {}
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
        for block in schedule(self.config):
            match block:
                case Embed():
                    images[block.out] = self._embedding if block.positions else self._token_embedding
                case Norm():
                    self._norm_source(block)
                    images[block.out] = ball(self._radius)
                case Linear():
                    images[block.out] = self._linear(block)
                case Rotary():
                    self._turned(block)
                    continue
                case Attention():
                    self._scores(block)
                    images[block.out] = self._attended(block)
                case Activation():
                    images[block.buffer] = self._activation(block)
                case Gate():
                    images[block.out] = self._gated(block)
                case Add():
                    images[block.out] = (
                        self._cut(block) if block.weight else self._sum(images[block.out], images[block.source])
                    )
            self._note_vector(block.name, block.buffer if isinstance(block, Activation) else block.out)

    def _note(self, name: str, largest: float, limit: float) -> None:
        self.bounds.append(Bound(name, float(largest), limit))

    def _note_vector(self, name: str, buffer: str) -> None:
        self._note(name, self._elements(buffer).max() / ONE, WORD_MAX / ONE)

    def _elements(self, buffer: str) -> Floats:
        size = self._size(buffer)
        image = self.images[buffer]
        if buffer not in self._seen or self._seen[buffer][0] is not image:
            self._seen[buffer] = image, image(np.eye(size))
        elements = self._seen[buffer][1]
        saturates = buffer == "hidden" and self.config.activation == "relu2"
        return np.minimum(elements, WORD_MAX) if saturates else elements

    def _size(self, buffer: str) -> int:
        config, part = self.config, buffer.rpartition(".")[2]
        if part in ("hidden", "gate", "up"):
            return config.n_hidden
        if part in ("key", "keys", "values"):
            return config.kv_dim
        return config.vocab_size if part == "logits" else config.n_embd

    def _token_embedding(self, w: Floats) -> Floats:
        largest: Floats = np.abs(w @ self.model.tensors["wte"].T.astype(np.float64)).max(1)
        return largest

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

    def _turned(self, block: Rotary) -> None:
        """A pair is no longer than the norm of its two rows allows, and the rounded cosine and sine make it; the
        floors move an element by two.
        """
        config, layer = self.config, block.name.rpartition(".")[0]
        longer = 1 + rotary_worst_error(config.head_dim, config.block_size, config.rope_base)
        for buffer, weight, kept in ((block.query, "wq", block.query), (block.key, "wk", block.keys)):
            self._note(f"{block.name} ({buffer} before)", self._elements(buffer).max() / ONE, HALVES_LIMIT / ONE)
            pairs = self._weights(f"{layer}.{weight}").reshape(-1, 2, config.n_embd)
            longest = (np.linalg.norm(pairs, 2, axis=(1, 2)) * self._radius + np.sqrt(2)) * longer + 2
            self.images[kept] = boxed(longest.repeat(2))
            self._note(f"{block.name} ({buffer})", longest.max() / ONE, WORD_MAX / ONE)
        keys = self._elements(block.keys) + np.abs(self.model.tensors[f"{layer}.key_centre"][0])
        shift = self.model.parameters[f"{layer}.attention.key_shift"]
        self._note(f"{block.name} (key from its centre)", keys.max() / ONE, narrow_limit(shift))

    def _gated(self, block: Gate) -> Image:
        bits, shift = (self.model.parameters[f"{block.name}.{number}"] for number in ("bits", "shift"))
        self._note(f"{block.name} (gate)", self._elements(block.gate).max() / ONE, (2**bits - 1) / ONE)
        self._note(f"{block.name} (up)", self._elements(block.up).max() / ONE, HALVES_LIMIT / ONE)
        limit = self.model.parameters[f"{block.name}.limit"]
        return boxed(np.full(self.config.n_hidden, float(limit >> shift)))

    def _cut(self, block: Add) -> Image:
        """What it adds fits a word as it is halved; where doubling it back would not, the sum is cut anyway."""
        largest = self._elements(block.source).max() / ONE
        self._note(f"{block.weight} {OUT_SUMS}", largest, HALF_WORD / ONE)
        before = self._elements(block.out).max()
        self._note(f"{block.name} (before)", before / ONE, MAX_CUT / ONE)
        self.cut_sums[block.name] = largest * ONE * 2 ** self.model.out_shift(block.weight) + before
        return boxed(
            np.full(self.config.n_embd, float((1 << self.model.parameters[f"{block.weight}.cut_bits"]) - 1))
        )

    def _linear(self, block: Linear) -> Image:
        weights = self._weights(block.weight)
        image = self.images[block.source]
        weights = weights * 2.0 ** (self.model.exponent(block.weight) - self.model.finest(block.weight))
        if block.inputs:
            first, end = block.inputs
            weights, image = weights[:, first:end], part(image, first, end, self._size(block.source))
        clamp = self.model.parameters.get(f"{block.weight}.clamp")
        if clamp is not None:
            largest = self._elements(block.source).max() / ONE
            self._note(f"{block.name} (before its clamp)", largest, (WORD_MAX - clamp) / ONE)
            image = scaled(clamped(image, clamp), self.model.parameters[f"{block.weight}.shift"])
        self.sources[block.weight] = self.sources[block.name] = image
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
        if self.config.rotary:  # its values are cut
            self._note(f"{block.name} (value)", self._elements(block.values).max() / ONE, narrow_limit(shift))
            floors = self.config.block_size / 2.0 ** (VALUE_BITS - shift)
            return boxed(np.full(self.config.n_embd, 1.005 * 128 * 2.0**shift + floors + 1))
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
        if self.config.rotary:
            self._turned_scores(block)
            return
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

    def _turned_scores(self, block: Attention) -> None:
        """|q·k| ≤ ‖q‖ · ‖k‖ of every head; keys are cut to a byte."""
        config, parameters = self.config, self.model.parameters
        scale = 2.0 ** parameters[f"{block.name}.query_shift"]
        layer = block.name.rpartition(".")[0]
        self._note(f"{block.name} (query)", self._elements(block.query).max() * scale / ONE, WORD_MAX / ONE)
        heads = self._weights(f"{layer}.wq").reshape(config.n_head, config.head_dim, config.n_embd)
        longest = np.linalg.norm(heads, 2, axis=(1, 2)).max() * self._radius + 3 * np.sqrt(config.head_dim)
        score = longest * scale * 128 * np.sqrt(config.head_dim) / ONE + config.head_dim
        self._note(f"{block.name} (scores)", score / ONE, WORD_MAX / ONE)

    def _narrow(self, block: Attention, layer: str, shift: int) -> None:
        """Rows of digits do not saturate: their keys and values must fit a byte. The front table's may be cut."""
        if self.model.kernels[f"{layer}.wk"] != "digits":
            return
        values = self.model.parameters[f"{block.name}.value_shift"]
        for name, source, by in (("keys", block.keys, shift), ("values", block.values, values)):
            self._note(f"{block.name} ({name} in a byte)", self._elements(source).max() / 2.0**by, 127.0)

    def _weights(self, name: str) -> Floats:
        return self.model.weights(name)


def prove(model: IntegerModel) -> list[Bound]:
    """Every bound, in the order of the schedule. Raises InputError naming the first that fails."""
    proof = RangeProof(model)
    proof.check()
    return proof.bounds
