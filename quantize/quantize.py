"""Float weights to integers: what is folded into the weights, how they are rounded, and what that costs."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quantize.fast import with_fast_kernels
from quantize.fixed import Ints, fits_word, from_q88, to_q88
from quantize.quantized import MOST_LOGIT_SHIFT, QuantizedModel
from quantize.ranges import RangeProof
from trainer.errors import InputError
from trainer.weights import Weights

CHOICES = ("schoolbook", "digits")


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


def round_tensor(name: str, exact: NDArray[Any]) -> Ints:
    """The nearest Q8.8. Raises InputError naming the first weight outside ±128."""
    rounded = to_q88(exact)
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
) -> QuantizedModel:
    """Round every weight to Q8.8, choose the kernels, and prove the ranges.

    kernel is `schoolbook` or `digits`; front_table, columns as in with_fast_kernels. Logits that could leave
    their word are halved, at most three times.
    Raises InputError when a weight is outside Q8.8 or another range cannot be proved, naming it.
    """
    if kernel not in CHOICES:
        raise InputError(f"kernel {kernel!r} is unknown: choose one of {', '.join(CHOICES)}")
    exact = folded(weights, centred=kernel == "schoolbook")
    kernels = {name: "schoolbook" for name in exact if name not in ("wte", "wpe")}
    tensors = {name: round_tensor(name, tensor) for name, tensor in exact.items()}
    model = QuantizedModel(weights.config, weights.symbols, tensors, kernels, weights.info, merges=weights.merges)
    if kernel == "digits":
        model = with_fast_kernels(model, front_table=front_table, columns=columns)
    proof = RangeProof(model)
    while not proof.bounds[-1].holds and model.logit_exponent < MOST_LOGIT_SHIFT:
        shift = model.logit_shift + 1
        head = round_tensor("lm_head", exact["lm_head"] / 2**shift)
        model = replace(model, tensors=tensors | {"lm_head": head}, logit_shift=shift)
        proof = RangeProof(model)
    proof.check()
    if model.logit_exponent > MOST_LOGIT_SHIFT:
        raise InputError("lm_head has too many digits in a row for its sums to fit: use another kernel")
    return model


def tensor_errors(weights: Weights, model: QuantizedModel) -> list[TensorError]:
    """What rounding did to each tensor."""
    errors: list[TensorError] = []
    centred = model.kernels["lm_head"] == "schoolbook"
    for name, exact in folded(weights, centred=centred).items():
        scale = 2**model.logit_shift if name == "lm_head" else 1
        change = from_q88(model.tensors[name]) * scale - exact
        rms = float(np.sqrt((change**2).mean()))
        own = float(np.sqrt((exact**2).mean())) or 1.0
        errors.append(
            TensorError(name, exact.shape, float(np.abs(exact).max()), float(np.abs(change).max()), rms, rms / own)
        )
    return errors
