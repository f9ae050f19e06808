"""Float weights to integers: what is folded into the weights, how they are rounded, and what that costs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quantize.calibration import Ranges as Seen
from quantize.calibration import ranges
from quantize.digits import MAX_EXPONENT
from quantize.equalize import balanced, centres, filled
from quantize.fixed import FRACTION_BITS, ONE, WORD_MAX, Ints, fits_word, to_q88
from quantize.kernel import STOCK
from quantize.kernels.digit_columns import PARTIAL_SUMS
from quantize.lower import MAX_HEAD_SHIFT, head_shift, on_digits
from quantize.lower import schoolbook as schoolbook_program
from quantize.lower_calibrated import FULL_WORD, calibrated, crowded, fitted
from quantize.model import MAX_LOGIT_SHIFT, IntegerModel
from quantize.program import Program
from quantize.ranges import ProvedModel, Ranges, proved
from quantize.remedy import remedy
from quantize.schedule import needs_calibration
from quantize.sensitivity import sensitivities, spread
from trainer.config import bias_of
from trainer.errors import InputError
from trainer.files import Array
from trainer.progress import Bar, no_bar
from trainer.weights import Weights

CHOICES = ("schoolbook", "digits")

KEPT_BITS = 6
"""Bits that a matrix's largest weight has at least: as fine as a grid of 2^-6 for weights up to 1."""

BUDGET_GRID, BUDGET_BITS = 9, 8
"""Where digits are counted, they may be as small as 2^-9, or finer where that is less than 8 bits of the largest
weight: a small digit costs no more than another."""

PARTNERS = {"wq": "wk", "wk": "wq", "wv": "wo", "wo": "wv"}
"""What a llama's matrix is balanced with, so that keys and values fill their bytes."""

ON_GRID = 1 / 64
"""The farthest that a weight on the grid may be from it, in units: float32 holds folded weights no better."""


@dataclass(frozen=True)
class TensorError:
    """How far a tensor moved: largest and root-mean-square change, the latter also against its own size."""

    name: str
    shape: tuple[int, ...]
    largest_weight: float
    max_error: float
    rms_error: float
    relative_error: float


def folded(weights: Weights, *, centred: bool) -> dict[str, NDArray[Any]]:
    """The float tensors as the integer model uses them.

    1/sqrt(head_dim) is part of the query weights. If centred, the mean row of lm_head is taken off: it moves
    every logit alike, which no softmax sees, and without it the logits stay smaller. (Not for digits: their
    few digits would become many.)
    """
    tensors = {name: tensor.astype(np.float64) for name, tensor in weights.tensors.items()}
    for name in tensors:
        if name.endswith((".wq", bias_of(".wq"))):
            tensors[name] = tensors[name] / math.sqrt(weights.config.head_dim)
    if centred:
        tensors["lm_head"] = tensors["lm_head"] - tensors["lm_head"].mean(0)
    return tensors


def of_logits(name: str) -> bool:
    """Whether a tensor makes logits: these are halved where logits have no room."""
    return name in ("lm_head", bias_of("lm_head")) or name.endswith(".logits")


def exponent_for(exact: NDArray[Any]) -> int:
    """In units of 2^-(8 + how much) a matrix should be kept.

    The least that holds every weight as it is; if none does, as many as leave the largest weight KEPT_BITS bits
    or more: digits that small weights do not need would be adds for nothing.
    """
    for exponent in range(MAX_EXPONENT + 1):
        words = exact * 2.0 ** (FRACTION_BITS + exponent)
        if fits_word(np.rint(words)) and np.abs(words - np.rint(words)).max() <= ON_GRID:
            return exponent
    free = FRACTION_BITS - KEPT_BITS + math.frexp(float(np.abs(exact).max()))[1]
    return min(max(0, -free), MAX_EXPONENT)


def budget_grid(exact: NDArray[Any]) -> int:
    """The smallest digit, 2^-this, that a matrix may have where digits are counted."""
    finest = BUDGET_BITS - math.frexp(float(np.abs(exact).max()))[1]
    return min(max(BUDGET_GRID, finest), FRACTION_BITS + MAX_EXPONENT)


def round_tensor(weights: Weights, name: str, exact: NDArray[Any], exponent: int = 0) -> Ints:
    """The nearest words in units of 2^-(8 + exponent). Raises InputError for the largest weight if it has none."""
    rounded = to_q88(exact * 2**exponent)
    if not fits_word(rounded):
        row, column = np.unravel_index(int(np.abs(exact).argmax()), exact.shape)
        largest, limit = float(exact[row, column]), WORD_MAX / ONE / 2**exponent
        partner = PARTNERS.get(name.rpartition(".")[2])
        louder = partner and abs(largest) > abs(weights.tensors[name][row, column])
        raise InputError(
            f"{name}[{row}, {column}] is {largest:.4g}{f' once scaled with {partner}' if louder else ''}: "
            f"a Q8.8 weight must be within ±{limit:.3f}; "
            + remedy(weights.config, weights.info, name, abs(largest) / limit)
        )
    return rounded


def quantize(
    weights: Weights,
    kernel: str = "schoolbook",
    *,
    target: str = STOCK,
    front_table: bool | None = None,
    columns: bool | None = None,
) -> IntegerModel:
    """The model of `convert`."""
    return convert(weights, kernel, target=target, front_table=front_table, columns=columns).model


def convert(
    weights: Weights,
    kernel: str = "schoolbook",
    *,
    target: str = STOCK,
    front_table: bool | None = None,
    columns: bool | None = None,
) -> ProvedModel:
    """Round every weight to its matrix's grid, choose the kernels, and prove the ranges.

    kernel is `schoolbook` or `digits`; front_table, columns as in lower.on_digits. The schoolbook's weights are
    Q8.8; a matrix of digits has an exponent where its weights are small. Logits that could leave their word are
    halved, at most three times.
    Raises InputError when a weight is outside Q8.8 or another range cannot be proved, naming it, or when a block
    has no such kernel.
    """
    if kernel not in CHOICES:
        raise InputError(f"kernel {kernel!r} is unknown: choose one of {', '.join(CHOICES)}")
    if kernel == "schoolbook":
        return _with_short_logits(weights, {}, target, lambda model: model)
    if needs_calibration(weights.config):
        return convert_llama(prepare(weights, target=target))
    plain = folded(weights, centred=False)
    return _with_short_logits(
        weights,
        {name: exponent_for(plain[name]) for name in weights.config.matrices},
        target,
        lambda model: on_digits(model, front_table=front_table, columns=columns),
    )


@dataclass(frozen=True)
class Prepared:
    """A calibrated model ready for rounding: what its text shows, and its tensors in float, balanced.

    middles: of every key dimension's range, what keys are measured from. target: the machine that it is for. bar:
    who looks.
    """

    weights: Weights
    seen: Seen
    exact: Mapping[str, NDArray[Any]]
    middles: Mapping[str, NDArray[Any]]
    bar: Bar = no_bar
    target: str = STOCK

    @cached_property
    def sensitivity(self) -> Mapping[str, Array]:
        """The cost of errors in its weights; takes a while to measure."""
        return sensitivities(self.weights.config, self.exact, self.seen.text, self.bar)


def prepare(weights: Weights, bar: Bar = no_bar, target: str = STOCK) -> Prepared:
    """Draws the text of its own that everything is chosen by. Weights made of digits keep them."""
    seen, plain = ranges(weights, bar), folded(weights, centred=False)
    digits = "grid" in weights.info
    exact = balanced(weights.config, plain, seen, digits=digits)
    middles = centres(weights.config, plain, seen, digits=digits)
    if weights.config.biases:
        exact, seen = filled(weights.config, exact, seen)
    return Prepared(weights, seen, exact, middles, bar, target)


def convert_llama(prepared: Prepared, digits: float | None = None) -> ProvedModel:
    """Every matrix in digits: this many a weight, on average, where they are worth most; None: all, to 2^-8.

    A matrix whose rows have no room for their sums is kept on a coarser grid, logits that have none are halved.
    Raises InputError as convert does.
    """
    weights, exact = prepared.weights, dict(prepared.exact)
    matrices = weights.config.matrices
    if digits is not None:
        total = digits * sum(exact[name].size for name in matrices)
        exact |= spread(exact, prepared.sensitivity, total, {name: budget_grid(exact[name]) for name in matrices})
    exponents = {name: exponent_for(exact[name]) for name in matrices}
    middles = {name: to_q88(centre) for name, centre in prepared.middles.items()}

    def integers(logit_shift: int) -> Ranges:
        tensors = _rounded(weights, exact, exponents, logit_shift) | middles
        program = calibrated(weights.config, tensors, prepared.seen, prepared.target)
        return fitted(_model(weights, tensors, program, exponents, logit_shift, prepared.target))

    ranges = integers(0)
    while finer := [name for name in crowded(ranges) if exponents[name]]:
        exponents |= {name: exponents[name] - 1 for name in finer}
        ranges = integers(0)
    result = proved(_with_room_for_logits(ranges, integers))
    for name, sum_ in crowded(result.ranges).items():
        raise InputError(
            f"{name}: the sums of its digits come to {sum_:,.0f} on their way, and a word holds {FULL_WORD - 1:,}; "
            + remedy(weights.config, weights.info, name, sum_ / FULL_WORD)
        )
    return result


def _model(
    weights: Weights,
    tensors: Mapping[str, Ints],
    program: Program,
    exponents: Mapping[str, int],
    logit_shift: int,
    target: str,
) -> IntegerModel:
    return IntegerModel(
        weights.config,
        weights.symbols,
        tensors,
        program,
        {**weights.info, "weights_digest": weights.digest},
        logit_shift,
        {name: exponent for name, exponent in exponents.items() if exponent},
        weights.merges,
        weights.pieces,
        target,
    )


def _with_short_logits(
    weights: Weights, exponents: dict[str, int], target: str, lower: Callable[[IntegerModel], IntegerModel]
) -> ProvedModel:
    """The model with exponents that leave sums room, and lm_head halved as often as its logits ask for.

    exponents of the matrices on digits, by name; none for the schoolbook.
    """
    exact, exponents = folded(weights, centred=not exponents), dict(exponents)

    def integers(logit_shift: int) -> Ranges:
        tensors = _rounded(weights, exact, exponents, logit_shift)
        program = schoolbook_program(weights.config)
        return Ranges(lower(_model(weights, tensors, program, exponents, logit_shift, target)))

    ranges = integers(0)
    while _too_fine(ranges, exponents):
        ranges = integers(0)
    ranges = _with_room_for_logits(ranges, integers)
    if ranges.model.logit_exponent > MAX_LOGIT_SHIFT:
        raise InputError("lm_head has too many digits in a row for its sums to fit: use another kernel")
    return proved(ranges)


def _rounded(
    weights: Weights, exact: Mapping[str, NDArray[Any]], exponents: Mapping[str, int], logit_shift: int
) -> dict[str, Ints]:
    """Every tensor in words. logit_shift: how often lm_head is halved."""
    scaled = {name: tensor / 2**logit_shift if of_logits(name) else tensor for name, tensor in exact.items()}
    return {name: round_tensor(weights, name, tensor, exponents.get(name, 0)) for name, tensor in scaled.items()}


def _with_room_for_logits(ranges: Ranges, integers: Callable[[int], Ranges]) -> Ranges:
    """The ranges with lm_head halved as often as its logits ask for. integers: those for a number of them."""
    while not ranges.bounds[-1].holds and ranges.model.logit_exponent < MAX_LOGIT_SHIFT:
        ranges = integers(ranges.model.logit_shift + 1)
    return ranges


def _too_fine(ranges: Ranges, exponents: dict[str, int]) -> bool:
    """Lower each exponent with which a matrix's sums have no room; True if there is one."""
    sums = [bound for bound in ranges.bounds if bound.value in ("", PARTIAL_SUMS)]
    crowded = {bound.block for bound in sums if not bound.holds}
    if exponents and head_shift(ranges.model) + exponents["lm_head"] > MAX_HEAD_SHIFT:
        crowded.add("lm_head")
    lower = [name for name, exponent in exponents.items() if name in crowded and exponent]
    exponents |= {name: exponents[name] - 1 for name in lower}
    return bool(lower)


def tensor_errors(tensors: Mapping[str, NDArray[Any]], model: IntegerModel) -> list[TensorError]:
    """The errors that rounding caused in each tensor. tensors: in float, as the integer model uses them."""
    errors: list[TensorError] = []
    for name, exact in tensors.items():
        scale = 2**model.logit_shift if of_logits(name) else 1
        change = model.weights(name) * scale - exact
        rms = float(np.sqrt((change**2).mean()))
        own = float(np.sqrt((exact**2).mean())) or 1.0
        errors.append(
            TensorError(name, exact.shape, float(np.abs(exact).max()), float(np.abs(change).max()), rms, rms / own)
        )
    return errors
