"""How many digits a llama gets: all of them, or as many as a speed or a cartridge's size leaves room for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from asm.cost.predict import Prediction, predict
from asm.layout import Layout, plan
from asm.memory.banks import power_of_two
from asm.targets import TARGETS, stock
from quantize.convert import convert_llama, prepare
from quantize.kernel import STOCK
from quantize.kernels.digit_columns import ActiveColumns
from quantize.kernels.digit_rows import DigitRows
from quantize.model import IntegerModel
from quantize.program import leaves
from quantize.ranges import ProvedModel
from quantize.schedule import parts
from snesgpt.selection.kernel_choice import MULTIPLIES, Choice
from trainer.errors import InputError
from trainer.progress import Bar, no_bar
from trainer.weights import Weights

MIN_DIGITS = 0.5
"""Digits per weight below which nothing is left of a model."""

CLOSE_ENOUGH, SHY, ATTEMPTS = 1.03, 0.995, 5
"""A prediction up to this much above the speed asked for will do; each new attempt aims a little beyond it."""


BANK_KIB = stock.STOCK.bank_bytes >> 10

LEAST_BYTES = 2
"""Of ROM a digit, about: what is larger even so is not laid out."""

MANY_BANKS = 1 << 12
"""As much ROM as a model takes: to see how much that is."""


@dataclass(frozen=True)
class Attempt:
    """A model with this number of digits a weight, and its cartridge, however large."""

    digits: float
    proved: ProvedModel
    bar: Bar

    @cached_property
    def layout(self) -> Layout:
        """On the console, with ROM of any size."""
        return plan(
            self.proved, target=replace(TARGETS[self.proved.model.target], max_banks=MANY_BANKS), bar=self.bar
        )

    @property
    def kib(self) -> int:
        """The ROM that it takes."""
        return self.layout.used_banks * BANK_KIB

    @cached_property
    def prediction(self) -> Prediction:
        """Of its speed."""
        prediction = predict(self.layout, self.bar)
        assert prediction is not None
        return prediction

    @property
    def row_clocks(self) -> float:
        """Those of a token that rows of digits take."""
        units = (unit for part in self.layout.code for unit in part.units)
        return self.layout.target.refresh * sum(unit.clocks(self.layout.target) for unit in units)

    def spare(self, wanted: float) -> float:
        """The clocks of a token that a speed leaves over; below 0: that it lacks."""
        return self.layout.target.clocks_per_second / wanted - self.prediction.clocks_per_token


@dataclass(frozen=True)
class Goal:
    """A ROM of this number of KiB at most; the predicted tokens a second, at least, if any are asked for."""

    kib: int
    rate: float | None

    def met(self, attempt: Attempt) -> bool:
        """Whether this model will do."""
        return attempt.kib <= self.kib and (self.rate is None or attempt.prediction.tokens_per_second >= self.rate)

    def limited(self, attempts: Sequence[Attempt]) -> bool:
        """Whether ROM is short."""
        return any(attempt.kib > self.kib for attempt in attempts)

    def done(self, attempts: Sequence[Attempt]) -> bool:
        """Whether the last is met, and hardly leaves room or time for more digits."""
        last, limited = attempts[-1], self.limited(attempts)
        if not self.met(last) or (len(attempts) == 1 and not limited):
            return self.met(last)
        full = limited and last.kib * CLOSE_ENOUGH + BANK_KIB > self.kib
        if self.rate is None:
            return full or not limited
        return full or last.prediction.tokens_per_second <= self.rate * CLOSE_ENOUGH

    def digits(self, attempts: Sequence[Attempt]) -> float:
        """How many to try next."""
        last = attempts[-1]
        shares = [_share(attempts, self.kib)] if self.limited(attempts) else []
        if self.rate is not None and last.kib <= self.kib:
            shares.append(1 + last.spare(self.rate) / last.row_clocks)
        return last.digits * min(shares) * SHY


def choose_digits(
    weights: Weights, rom_size: int, wanted: float | None, bar: Bar = no_bar, target: str = STOCK
) -> Choice:
    """The model, its layout and the reasons. rom_size in KiB; wanted: predicted tokens a second, at least.

    Raises InputError where fewer than MIN_DIGITS digits a weight would be needed, where ATTEMPTS are too few, or as
    convert does.
    """
    prepared, tell = prepare(weights, bar, target), bar("attempts", ATTEMPTS)
    goal = Goal((power_of_two(rom_size // BANK_KIB + 1) >> 1) * BANK_KIB, wanted)
    first = convert_llama(prepared)
    digits, most = digits_per_weight(first.model), goal.kib * 1024 / LEAST_BYTES / matrix_weights(first.model)
    attempts = [
        Attempt(digits, first, bar) if digits <= most else Attempt(most, convert_llama(prepared, most), bar)
    ]
    while not goal.done(attempts) and len(attempts) < ATTEMPTS:
        tell(len(attempts))
        if (digits := goal.digits(attempts)) < MIN_DIGITS:
            break
        attempts.append(Attempt(digits, convert_llama(prepared, digits), bar))
    met = [attempt for attempt in attempts if goal.met(attempt)]
    if not met:
        raise InputError(_missed(attempts[-1], rom_size, wanted))
    best = max(met, key=lambda attempt: attempt.digits)
    layout = replace(best.layout, target=TARGETS[best.proved.model.target])
    reasons = _reasons(layout, best.prediction.tokens_per_second)
    return Choice(best.proved, prepared.exact, layout, reasons)


def _missed(last: Attempt, rom_size: int, wanted: float | None) -> str:
    """Why there is no such model."""
    speed = f" at {last.prediction.tokens_per_second:.3g} tokens a second" if wanted is not None else ""
    asked = f" at {wanted:g}" if wanted is not None else ""
    return (
        f"{last.digits:.2f} digits a weight take {last.kib:,} KiB{speed}, {rom_size:,} KiB{asked} are asked for, "
        f"and {MIN_DIGITS} digits are the fewest: ask for less speed or a larger --rom-size, or use a smaller shape"
    )


def _share(attempts: Sequence[Attempt], kib: int) -> float:
    """The share of the last attempt's digits that a ROM has room for: as the last two say, or its instructions."""
    last = attempts[-1]
    if len(attempts) > 1 and attempts[-2].kib != last.kib:
        each = (attempts[-2].kib - last.kib) / (attempts[-2].digits - last.digits)
        return 1 + (kib - last.kib) / (each * last.digits)
    units = (unit for part in last.layout.code for unit in part.units)
    digits = sum(instruction.size for unit in units for instruction in unit.code if instruction.accesses) / 1024
    return max(kib - last.kib + digits, 0) / digits


def digits_per_weight(model: IntegerModel) -> float:
    """Adds per weight of all matrices that run on digits; 0 where none does."""
    kernels = [kernel for kernel in leaves(model.program) if isinstance(kernel, DigitRows | ActiveColumns)]
    digits = sum(int(np.abs(plane.digits).sum()) for kernel in kernels for plane in kernel.planes(model))
    return digits / max(sum(kernel.tensor(model).size for kernel in kernels), 1)


def matrix_weights(model: IntegerModel) -> int:
    """Weights of all matrices."""
    return sum(model.tensors[name].size for name in model.config.matrices)


def _reasons(layout: Layout, rate: float) -> tuple[str, ...]:
    """One line for each choice."""
    digits = digits_per_weight(layout.proved.model)
    config, multiplies = layout.config, MULTIPLIES[layout.target.name]
    shared, windows = config.n_head // config.kv_heads, sorted(config.windows)
    keys = f"{shared} heads share them" if shared > 1 else "every head has its own"
    seen = f"; they see {windows[0]} to {windows[-1]} positions" if windows else ""
    return (
        f"digits in rows: {digits:.2f} a weight, where they are worth most; {rate:.2f} tokens/s predicted",
        f"attention: keys and values in bytes, {keys}, {multiplies}{seen}",
        f"second MLP matrix in {len(parts(config.n_hidden))} parts, whose sums fit a word",
    )
