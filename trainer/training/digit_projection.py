"""Weights as sums of few signed powers of two: on the console every such digit is one addition.

Two questions are kept apart: how many digits each weight may have (`allocate`), and which value it then takes
(`nearest`). `Projection` asks them for a whole model during training.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TypeVar

import numpy as np

from trainer.config import FAMILIES, ModelConfig, bias_of
from trainer.errors import InputError
from trainer.files import Array

LARGEST = 8
"""The largest magnitude a weight made of digits can have, and its largest digit."""
FINEST_GRID = 12
LOOKED_UP_GRID = 8
MAX_DIGITS = 4
"""The most digits a single weight gets from a budget; a fifth changes no loss that can be measured."""
V = TypeVar("V")

FC2_COST = 0.5
"""An addition of fc2 costs three others (a column, read and written) and runs for active hidden units alone."""


def check_grid(grid: int) -> None:
    """Raises InputError unless the smallest digit, 2^-grid, is from 1 to 2^-12."""
    if not 0 <= grid <= FINEST_GRID:
        raise InputError(f"the grid is {grid}: the smallest digit 2^-grid must have grid from 0 to {FINEST_GRID}")


def count(weights: Array, grid: int) -> Array:
    """The fewest signed powers of two that sum to each weight: the digits of its non-adjacent form.

    weights any shape, on the grid; returns int64 of that shape. With n = |w| 2^grid the form has a digit where n
    and 3n differ (Reitwiesner 1960). Raises ValueError when a weight is not a multiple of 2^-grid.
    """
    scaled = np.abs(np.asarray(weights, np.float64)) * 2.0**grid
    whole = np.rint(scaled).astype(np.int64)
    if not np.array_equal(whole, scaled):
        raise ValueError(f"weights are not multiples of 2^-{grid}")
    digits: Array = np.bitwise_count(whole ^ (3 * whole)).astype(np.int64)
    return digits


def nearest(weights: Array, digits: int | Array, grid: int | Array) -> Array:
    """The nearest sum of at most `digits` signed powers of two from 2^-grid to 8; a tie goes to the smaller.

    weights float32, any shape; digits, grid one number or one per weight; returns float32 of that shape, exact.
    Weights beyond ±8, NaN too, are taken for ±8.
    """
    if not isinstance(grid, int):
        rounded = np.empty_like(weights)
        for own in np.unique(grid).tolist():
            here = grid == own
            rounded[here] = nearest(weights[here], digits if isinstance(digits, int) else digits[here], own)
        return rounded
    values, width = _table(grid)
    cell = np.abs(weights)
    cell *= np.float32(2 ** (grid + 1))
    np.fmin(cell, np.float32(width - 1), out=cell)
    np.ceil(cell, out=cell)
    index = cell.astype(np.intp)
    index += np.minimum(digits, len(values) // width - 1) * width
    rounded = np.copysign(values.take(index), weights)
    rounded += np.float32(0)  # no negative zero
    return rounded


def allocate(weights: Array, costs: Array, budget: float, grid: int | Array, worth: Array | float = 1.0) -> Array:
    """How many digits each weight may have, so that Σ costs · digits ≤ budget: those that buy the most.

    A further digit of a weight takes some squared error off it; digits are granted in the order of that gain
    per cost, up to MAX_DIGITS a weight, until the budget is spent: one price for all. Ties: the earlier weight.
    weights (n,) float32, costs (n,) > 0, grid as in `nearest`; worth (n,): what a squared error costs; returns (n,)
    int64.
    """
    errors = np.stack([weights - nearest(weights, digits, grid) for digits in range(MAX_DIGITS + 1)])
    np.square(errors, out=errors)
    gains = ((errors[:-1] - errors[1:]) * (worth / costs)).reshape(-1)
    order = np.argsort(-gains, kind="stable") % len(weights)
    granted = order[np.cumsum(costs[order]) <= budget]
    return np.bincount(granted, minlength=len(weights))


class Projection:
    """The values that each weight of a model may have, over the vector of all weights in file order.

    What the console looks up, or adds as it is, is only rounded to 2^-8 (see is_digits). All tensors after that
    are digits: `costs` (n,) is the worth of one digit of each. wq is rounded as it is used, divided by
    sqrt(head_dim).
    grids and budgets are those of single matrices, by name or by its last part (fc2: of every layer); all others
    have the grid 2^-grid and share one budget. Raises InputError for a grid out of range, or the name of no matrix.
    """

    def __init__(
        self,
        config: ModelConfig,
        grid: int,
        grids: Mapping[str, int] | None = None,
        budgets: Mapping[str, float] | None = None,
    ) -> None:
        shapes = config.tensor_shapes()
        sizes = {name: rows * columns for name, (rows, columns) in shapes.items()}
        matrices = [name for name in shapes if is_digits(name, config)]
        self.digits = slice(sum(sizes[name] for name in shapes if not is_digits(name, config)), None)
        self.costs = _spread({name: _cost(name, config) for name in matrices}, sizes)
        self._folding = _spread({name: query_scale(name, config) for name in sizes}, sizes).astype(np.float32)
        self.grids = dict.fromkeys(matrices, grid) | of_matrices(grids or {}, matrices)
        for finest in {grid, *self.grids.values()}:
            check_grid(finest)
        self._grid = grid if {grid} >= set(self.grids.values()) else _spread(self.grids, sizes).astype(np.int64)
        own = of_matrices(budgets or {}, matrices)
        owner = np.repeat([name if name in own else "" for name in matrices], [sizes[name] for name in matrices])
        self._groups = [(own.get(name), np.flatnonzero(owner == name)) for name in ("", *own)]

    def __call__(self, parameters: Array, granted: Array) -> Array:
        """The allowed weights nearest to parameters (n_params,); granted (n,) from `allocate`. float32."""
        folded = parameters * self._folding
        digits = nearest(folded[self.digits], granted, self._grid)
        folded *= np.float32(2**LOOKED_UP_GRID)
        np.rint(folded, out=folded)
        folded *= np.float32(2**-LOOKED_UP_GRID)
        folded[self.digits] = digits
        folded /= self._folding
        return folded

    def allocate(
        self,
        parameters: Array,
        digits: float,
        now: Callable[[float], float] = float,
        information: Array | None = None,
    ) -> Array:
        """`allocate` with a budget of this many digits per weight, a digit counting as in `costs`.

        now: what a budget is at this moment of a training. information (n_params,): what a squared error of each
        weight costs; None: all the same.
        """
        folded = (parameters * self._folding)[self.digits]
        worth = np.ones_like(folded) if information is None else (information / self._folding**2)[self.digits]
        granted = np.zeros(len(folded), np.int64)
        for own, group in self._groups:
            costs = self.costs[group]
            budget = now(digits if own is None else own) * float(costs.sum())
            grid = self._grid if isinstance(self._grid, int) else self._grid[group]
            granted[group] = allocate(folded[group], costs, budget, grid, worth[group])
        return granted

    def pull(self, parameters: Array, weights: Array, share: float) -> None:
        """Draw float weights towards the digits that stand for them, in place, by a share of the distance.

        Without it weights near a threshold keep crossing it. parameters, weights (n_params,): weights as projected.
        """
        behind = parameters[self.digits]
        behind += np.float32(share) * (weights[self.digits] - behind)


def of_matrices(given: Mapping[str, V], matrices: Sequence[str]) -> dict[str, V]:
    """Matrix → value, of those given by name or by last part of the name; a whole name counts more.

    Raises InputError for a name that is no matrix made of digits.
    """
    for name in given:
        if all(name not in (matrix, matrix.rpartition(".")[2]) for matrix in matrices):
            raise InputError(f"{name!r} is no matrix made of digits: choose from {', '.join(matrices)}")
    found = {matrix: given[part] for matrix in matrices if (part := matrix.rpartition(".")[2]) in given}
    return found | {name: value for name, value in given.items() if name in matrices}


def _spread(values: Mapping[str, float], sizes: Mapping[str, int]) -> Array:
    """A tensor's value at each of its weights, tensor after tensor."""
    return np.repeat(list(values.values()), [sizes[name] for name in values])


def is_digits(name: str, config: ModelConfig) -> bool:
    """Whether a tensor is computed with on the console, rather than looked up or added as it is."""
    front = ("layer0.wq", "layer0.wk", "layer0.wv") if FAMILIES[config.family].exact_front else ()
    return name in config.matrices and name not in front


def _cost(name: str, config: ModelConfig) -> float:
    """Of a digit of a tensor. Where no hidden unit is left out, fc2 is like the others."""
    return FC2_COST if name.endswith(".fc2") and config.rectified else 1.0


def query_scale(name: str, config: ModelConfig) -> float:
    """The factor of a tensor, applied before it is used: 1/sqrt(head_dim) for queries, 1 for all others."""
    return float(config.head_dim**-0.5) if name.endswith((".wq", bias_of(".wq"))) else 1.0


def adds_per_weight(tensors: dict[str, Array], config: ModelConfig, grids: Mapping[str, int]) -> dict[str, float]:
    """Digits per weight of every tensor made of digits, as it is used. Raises ValueError off its grid."""
    used = {
        name: np.rint(tensor * query_scale(name, config) * 2**FINEST_GRID) / 2**FINEST_GRID
        for name, tensor in tensors.items()
        if is_digits(name, config)
    }
    return {name: float(count(tensor, grids[name]).mean()) for name, tensor in used.items()}


@lru_cache
def _table(grid: int) -> tuple[Array, int]:
    """`nearest` of magnitudes, for 0, 1, … digits: flat float32, and the width of one such row.

    Entry i of a row holds for every w with i − 1 < w 2^(grid + 1) ≤ i: halfway points fall on the i.
    """
    check_grid(grid)
    allowed = np.arange(LARGEST * 2**grid + 1)
    digits = count(allowed, 0)
    halves = np.arange(2 * len(allowed) - 1)
    rows = []
    for most in range(int(digits.max()) + 1):
        few = allowed[digits <= most]
        rows.append(few[np.searchsorted(few[1:] + few[:-1], halves)])
    table = np.concatenate(rows) / 2**grid
    return table.astype(np.float32), len(halves)
