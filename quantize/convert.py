"""Float weights to integers: what is folded into the weights, how they are rounded, and what that costs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quantize.calibration import Ranges, ranges
from quantize.digits import MAX_EXPONENT
from quantize.fast import MAX_HEAD_SHIFT, head_shift, with_fast_kernels
from quantize.fixed import FRACTION_BITS, Ints, fits_word, to_q88
from quantize.llama import balanced, centres, cuts, with_llama_kernels
from quantize.model import MAX_LOGIT_SHIFT, IntegerModel
from quantize.ranges import PARTIAL_SUMS, RangeProof
from quantize.sensitivity import Sensitivity, sensitivities, spread
from trainer.errors import InputError
from trainer.weights import Weights

CHOICES = ("schoolbook", "digits")

KEPT_BITS = 6
"""A matrix's largest weight has at least so many: as fine as a grid of 2^-6 for weights up to 1."""

BUDGET_GRID = 9
"""Where digits are counted, they may be as small as 2^-9: a finer one costs no more than another."""

ON_GRID = 1 / 64
"""What a weight off the grid is apart from it, in units: float32 holds folded weights no better."""


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
        if name.endswith(".wq"):
            tensors[name] = tensors[name] / math.sqrt(weights.config.head_dim)
    if centred:
        tensors["lm_head"] = tensors["lm_head"] - tensors["lm_head"].mean(0)
    return tensors


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


def round_tensor(name: str, exact: NDArray[Any], exponent: int = 0) -> Ints:
    """The nearest words in units of 2^-(8 + exponent). Raises InputError naming the first weight that has none."""
    rounded = to_q88(exact * 2**exponent)
    if not fits_word(rounded):
        row, column = np.unravel_index(int(np.abs(exact).argmax()), exact.shape)
        raise InputError(
            f"{name}[{row}, {column}] is {exact[row, column]:.4g}: a Q8.8 weight must lie in ±127.996; "
            "train with more weight decay"
        )
    return rounded


def quantize(
    weights: Weights,
    kernel: str = "schoolbook",
    *,
    front_table: bool | None = None,
    columns: bool | None = None,
) -> IntegerModel:
    """Round every weight to its matrix's grid, choose the kernels, and prove the ranges.

    kernel is `schoolbook` or `digits`; front_table, columns as in with_fast_kernels. The schoolbook's weights are
    Q8.8; a matrix of digits has an exponent where its weights are small. Logits that could leave their word are
    halved, at most three times.
    Raises InputError when a weight is outside Q8.8 or another range cannot be proved, naming it.
    """
    if kernel not in CHOICES:
        raise InputError(f"kernel {kernel!r} is unknown: choose one of {', '.join(CHOICES)}")
    if weights.config.rotary:
        if kernel != "digits":
            raise InputError("a llama model runs on digits alone: there is no schoolbook of its blocks")
        return quantize_llama(prepare(weights))
    return _microgpt(weights, kernel, front_table, columns)


@dataclass(frozen=True)
class Prepared:
    """A llama model ready for rounding: what its text shows, and its tensors in float, balanced."""

    weights: Weights
    seen: Ranges
    plain: Mapping[str, NDArray[Any]]
    exact: Mapping[str, NDArray[Any]]

    @cached_property
    def sensitivity(self) -> Sensitivity:
        """What its weights' errors cost; takes a while to measure."""
        return sensitivities(self.weights.config, self.exact, self.seen.text)


def prepare(weights: Weights) -> Prepared:
    """Draws the text of its own that everything is chosen by."""
    seen, plain = ranges(weights), folded(weights, centred=False)
    return Prepared(weights, seen, plain, balanced(weights.config, plain, seen))


def quantize_llama(prepared: Prepared, digits: float | None = None) -> IntegerModel:
    """Every matrix in digits: so many a weight, on average, where they are worth most; None: all, to 2^-8.

    Raises InputError as quantize does.
    """
    weights, exact = prepared.weights, dict(prepared.exact)
    matrices = [name for name in exact if name != "wte"]
    if digits is not None:
        total = digits * sum(exact[name].size for name in matrices)
        exact |= spread(exact, prepared.sensitivity, total, dict.fromkeys(matrices, BUDGET_GRID))
    exponents = {name: exponent_for(exact[name]) for name in matrices}
    tensors = {name: round_tensor(name, tensor, exponents.get(name, 0)) for name, tensor in exact.items()}
    tensors |= {name: to_q88(centre) for name, centre in centres(prepared.plain, prepared.seen).items()}
    parameters = {f"{name}.exponent": exponent for name, exponent in exponents.items() if exponent}
    model = IntegerModel(
        weights.config,
        weights.symbols,
        tensors,
        dict.fromkeys(matrices, "digits"),
        weights.info,
        parameters=parameters | cuts(weights.config, prepared.seen),
        merges=weights.merges,
        pieces=weights.pieces,
    )
    model = with_llama_kernels(model, prepared.seen)
    RangeProof(model).check()
    return model


def _microgpt(weights: Weights, kernel: str, front_table: bool | None, columns: bool | None) -> IntegerModel:
    exact = folded(weights, centred=kernel == "schoolbook")
    matrices = [name for name in exact if name not in ("wte", "wpe")]
    exponents = {name: exponent_for(exact[name]) if kernel == "digits" else 0 for name in matrices}

    def integers(logit_shift: int) -> IntegerModel:
        scaled = exact | {"lm_head": exact["lm_head"] / 2**logit_shift}
        tensors = {name: round_tensor(name, tensor, exponents.get(name, 0)) for name, tensor in scaled.items()}
        model = IntegerModel(
            weights.config,
            weights.symbols,
            tensors,
            dict.fromkeys(matrices, "schoolbook"),
            weights.info,
            logit_shift,
            {f"{name}.exponent": exponent for name, exponent in exponents.items() if exponent},
            weights.merges,
            weights.pieces,
        )
        if kernel == "digits":
            return with_fast_kernels(model, front_table=front_table, columns=columns)
        return model

    model = integers(0)
    while _too_fine(model, exponents):
        model = integers(0)
    proof = RangeProof(model)
    while not proof.bounds[-1].holds and model.logit_exponent < MAX_LOGIT_SHIFT:
        model = integers(model.logit_shift + 1)
        proof = RangeProof(model)
    proof.check()
    if model.logit_exponent > MAX_LOGIT_SHIFT:
        raise InputError("lm_head has too many digits in a row for its sums to fit: use another kernel")
    return model


def _too_fine(model: IntegerModel, exponents: dict[str, int]) -> bool:
    """Lower each exponent with which a matrix's sums have no room; True if there is one."""
    crowded = {b.name.removesuffix(PARTIAL_SUMS) for b in RangeProof(model).bounds if not b.holds}
    if head_shift(model) + exponents["lm_head"] > MAX_HEAD_SHIFT:
        crowded.add("lm_head")
    lower = [name for name, exponent in exponents.items() if name in crowded and exponent]
    exponents |= {name: exponents[name] - 1 for name in lower}
    return bool(lower)


def tensor_errors(weights: Weights, model: IntegerModel) -> list[TensorError]:
    """What rounding did to each tensor."""
    errors: list[TensorError] = []
    centred = model.kernels["lm_head"] == "schoolbook"
    tensors = folded(weights, centred=centred)
    if weights.config.rotary:
        tensors = balanced(weights.config, tensors, ranges(weights))
    for name, exact in tensors.items():
        scale = 2**model.logit_shift if name == "lm_head" else 1
        change = model.weights(name) * scale - exact
        rms = float(np.sqrt((change**2).mean()))
        own = float(np.sqrt((exact**2).mean())) or 1.0
        errors.append(
            TensorError(name, exact.shape, float(np.abs(exact).max()), float(np.abs(change).max()), rms, rms / own)
        )
    return errors
