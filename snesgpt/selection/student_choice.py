"""What a distilled model may have at a speed: how many digits, and how much of the past each head of a llama sees.

Both cost nats and save clocks. The digits' nats follow from the Fisher information, those of a head's window are
measured. At every price of a clock each head has a best window, and the digits get the clocks that are left; the
price whose nats are the fewest in all is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from quantize.convert import convert_llama, prepare
from quantize.kernel import STOCK
from quantize.ranges import ProvedModel
from quantize.schedule import needs_calibration
from snesgpt.selection.digit_choice import MIN_DIGITS, Attempt, digits_per_weight
from snesgpt.selection.kernel_choice import choose, largest_rom
from trainer.config import MAX_WINDOWED, ModelConfig
from trainer.documents import checked
from trainer.errors import InputError
from trainer.files import Array
from trainer.model.decoder import active_share
from trainer.notes import Notes
from trainer.progress import Bar
from trainer.training.digit_projection import MAX_DIGITS, Projection
from trainer.training.distill import Choose, Student
from trainer.training.own_text import OwnText
from trainer.training.teacher import Teacher
from trainer.training.train import as_tensors, as_vector
from trainer.weights import Weights

WINDOWS = (4, 8, 16, 32, 64, 96)
"""That a head may get, besides the whole context."""

PRICES = (0.0, *np.geomspace(1e-10, 1e-6, 25).tolist())
"""Of a clock, in nats a token."""

WINDOW_WEIGHT = 4.0
"""Of a window's nats beside those of digits: training takes off most of what rounding costs, and less of what a
window costs. Chosen by three runs: see docs/training.md."""

DIGITS = np.linspace(MIN_DIGITS, 3, 26)
ATTEMPTS, CLOSE_ENOUGH = 4, 0.01

FIRST = (float(MAX_DIGITS), 2.0, 1.0, MIN_DIGITS)
"""Digits per weight that a microgpt is first tried with."""


@dataclass(frozen=True)
class Budget:
    """What decides how the clocks of a token are spent.

    without_rows: clocks when every head sees all positions and there are no digits; digit: clocks of one digit per
    weight. costs, saved (layers, heads, windows): of each window, nats (WINDOW_WEIGHT times) and clocks. errors
    (len(DIGITS),): nats.
    """

    without_rows: float
    digit: float
    costs: Array
    saved: Array
    errors: Array

    def best(self, clocks: float) -> tuple[float, Array]:
        """Digits per weight, and the number of each head's window (layers, heads), that cost the fewest nats.

        Fewer than MIN_DIGITS where that many do not fit in the clocks of a token.
        """
        found = [self._at(price, clocks) for price in PRICES]
        possible = [one for one in found if one[0] >= MIN_DIGITS] or found[-1:]
        digits, _, windows = min(possible, key=lambda one: one[1] + float(np.interp(one[0], DIGITS, self.errors)))
        return digits, windows

    def _at(self, price: float, clocks: float) -> tuple[float, float, Array]:
        """The digits that a price of a clock leaves room for, the nats of its windows, and their numbers."""
        windows = (self.costs - price * self.saved).argmin(-1)
        nats, saved = (
            float(np.take_along_axis(values, windows[..., None], -1).sum()) for values in (self.costs, self.saved)
        )
        return (clocks - self.without_rows + saved) / self.digit, nats, windows


def as_student(
    weights: Weights, config: ModelConfig, tensors: Mapping[str, Array], digits: float, grid: int, text: OwnText
) -> Weights:
    """A teacher's weights file with a student's weights, and the notes that `quantize` reads; text: for these."""
    notes = dict(weights.info) | {"digits": digits, "grid": grid}
    if config.rectified:
        notes["active_hidden"] = active_share(tensors, config, text.documents)
    return replace(weights, config=config, tensors=dict(tensors), info=checked(notes, Notes))


def choose_student(weights: Weights, wanted: float, grid: int, bar: Bar, target: str = STOCK) -> Choose:
    """What a teacher's student may have to reach a predicted speed on a target, tokens a second.

    weights: the teacher's. Raises InputError where not even the fewest digits and the shortest windows reach it.
    """

    def chosen(teacher: Teacher, information: Array) -> Student:
        projection, parameters = Projection(weights.config, grid), as_vector(teacher.tensors)

        def student(digits: float, config: ModelConfig) -> Weights:
            granted = projection.allocate(parameters, digits, information=information)
            tensors = as_tensors(projection(parameters, granted), config)
            return as_student(weights, config, tensors, digits, grid, teacher.apart)

        whole = _whole(weights, lambda digits: student(digits, weights.config), bar, target)
        windows = _windows(weights.config)
        saved = _saved(weights, whole, windows[0], bar, target)
        budget = _budget(whole, saved, teacher, windows, _errors(projection, parameters, information))
        clocks = whole.layout.target.clocks_per_second / wanted
        digits, numbers = budget.best(clocks)
        digits = min(digits, MAX_DIGITS)
        seen = tuple(np.array(windows)[numbers].reshape(-1).tolist())
        cut = replace(weights.config, windows=seen if len(windows) > 1 else ())  # their code is the faster one
        tell = bar("attempts", ATTEMPTS)
        for number in range(ATTEMPTS):
            tell(number)
            if digits < MIN_DIGITS:
                raise InputError(_missed(whole, budget, wanted))
            attempt = Attempt(digits, converted(student(digits, cut), bar, target), bar)
            lacking = -attempt.spare(wanted) / clocks
            if -CLOSE_ENOUGH <= lacking <= 0 or (lacking < 0 and digits == MAX_DIGITS):
                break
            digits = min(digits - (lacking + CLOSE_ENOUGH / 2) * clocks / budget.digit, MAX_DIGITS)
        return Student(digits, cut.windows)

    return chosen


def converted(weights: Weights, bar: Bar, target: str = STOCK) -> ProvedModel:
    """On digits, as `quantize` does it; of a llama with all its digits, however large its cartridge is."""
    if needs_calibration(weights.config):
        return convert_llama(prepare(weights, bar, target))
    return choose(weights, "digits", largest_rom(target), target=target).proved


def _whole(weights: Weights, student: Callable[[float], Weights], bar: Bar, target: str) -> Attempt:
    """A teacher in all its digits; of a microgpt, in as many as can be proved and have room."""
    if needs_calibration(weights.config):
        first = Attempt(0.0, converted(weights, bar, target), bar)
    else:
        first = _first(student, bar, target)
    return replace(first, digits=digits_per_weight(first.proved.model))


def _first(student: Callable[[float], Weights], bar: Bar, target: str) -> Attempt:
    """The first of FIRST that becomes a cartridge. Raises InputError, as `choose` does, where none does."""
    for digits in FIRST:
        try:
            return Attempt(digits, converted(student(digits), bar, target), bar)
        except InputError as error:
            refusal = error
    raise refusal


def _windows(config: ModelConfig) -> tuple[int, ...]:
    """That a head may get, the whole context among them; a microgpt's heads see all of it."""
    if config.learned_positions:
        return (config.block_size,)
    shorter = [window for window in WINDOWS if window < config.block_size <= MAX_WINDOWED]
    return (*shorter, config.block_size)


def _saved(weights: Weights, whole: Attempt, window: int, bar: Bar, target: str) -> float:
    """The clocks of a token that one window for all heads saves."""
    config = weights.config
    if window == config.block_size:
        return 0.0
    cut = replace(weights, config=replace(config, windows=(window,) * (config.n_layer * config.n_head)))
    narrow = Attempt(whole.digits, convert_llama(prepare(cut, bar, target)), bar)
    return whole.prediction.clocks_per_token - narrow.prediction.clocks_per_token


def _errors(projection: Projection, parameters: Array, information: Array) -> Array:
    """The nats that rounding to each number of DIGITS costs: half the information times the squared error."""
    nats = []
    for digits in DIGITS.tolist():
        rounded = projection(parameters, projection.allocate(parameters, digits, information=information))
        squares = np.square(rounded - parameters, dtype=np.float64)
        nats.append(0.5 * float(information.astype(np.float64) @ squares))
    return np.array(nats)


def _budget(whole: Attempt, saved: float, teacher: Teacher, windows: tuple[int, ...], errors: Array) -> Budget:
    """whole: the teacher with all digits, whose heads see all; saved: clocks, if all had the first window."""
    config, prediction = teacher.config, whole.prediction
    seen = np.arange(1, 1 + config.block_size)
    unseen = np.array([prediction.shares @ np.maximum(seen - window, 0) for window in windows])
    each = saved / (config.n_layer * config.n_head * max(unseen[0], 1.0))  # clocks of a head and position
    costs = WINDOW_WEIGHT * teacher.window_costs(windows[:-1])
    costs = np.concatenate([costs, np.zeros((*costs.shape[:2], 1))], -1)
    rows = whole.row_clocks
    by_window = np.broadcast_to(each * unseen, costs.shape)
    return Budget(prediction.clocks_per_token - rows, rows / whole.digits, costs, by_window, errors)


def _missed(whole: Attempt, budget: Budget, wanted: float) -> str:
    """Why there is no such student."""
    least = budget.without_rows - float(budget.saved[..., 0].sum()) + MIN_DIGITS * budget.digit
    most = whole.layout.target.clocks_per_second / least
    shortest = "with the shortest windows of attention " if budget.saved.any() else ""
    return (
        f"{wanted:g} tokens a second leave no room for {MIN_DIGITS} digits a weight: {shortest}"
        f"these make about {most:.2g}; ask for less, or use a smaller shape"
    )
