"""How many digits a llama gets: all of them, or as many as a speed or a cartridge's size leaves room for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from asm.cost.predict import Prediction, predict
from asm.layout import Layout, plan
from asm.memory.banks import power_of_two
from asm.targets.stock import STOCK
from quantize.convert import convert_llama, prepare
from quantize.kernels.digit_rows import DigitRows
from quantize.model import IntegerModel
from quantize.program import leaves
from quantize.schedule import parts
from snesgpt.selection.kernel_choice import Choice
from trainer.errors import InputError
from trainer.progress import Bar, no_bar
from trainer.weights import Weights

MIN_DIGITS = 0.5
"""Digits per weight below which nothing is left of a model."""

CLOSE_ENOUGH, SHY, ATTEMPTS = 1.03, 0.995, 5
"""A prediction up to this much above the speed asked for will do; each new attempt aims a little beyond it."""


BANK_KIB = STOCK.bank_bytes >> 10

LEAST_BYTES = 1.5
"""Of ROM a digit: two in one instruction of three bytes. What is larger even so is not laid out."""

ANY_SIZE = replace(STOCK, max_banks=1 << 12)
"""The stock console with as much ROM as a model takes: to see how much that is."""


def choose_digits(weights: Weights, rom_size: int, wanted: float | None, bar: Bar = no_bar) -> Choice:
    """The model, its layout and the reasons. rom_size in KiB; wanted: predicted tokens a second, at least.

    Raises InputError where fewer than MIN_DIGITS digits a weight would be needed, where ATTEMPTS are too few, or as
    convert does.
    """
    prepared, tell = prepare(weights, bar), bar("attempts", ATTEMPTS)
    proved, found, missed = convert_llama(prepared), None, ""
    room = (power_of_two(rom_size // BANK_KIB + 1) >> 1) * STOCK.bank_bytes
    asked = digits_per_weight(proved.model)
    if (most := room / LEAST_BYTES / matrix_weights(proved.model)) < asked:
        asked = most
        proved = convert_llama(prepared, asked)
    for attempt in range(ATTEMPTS):
        tell(attempt)
        layout = plan(proved, target=ANY_SIZE, bar=bar)
        fits = layout.image_bytes <= room
        shares = [] if fits else [_share(layout, room)]
        missed = f"take {layout.used_banks * BANK_KIB:,} KiB"
        if fits or wanted is not None:
            prediction = predict(layout, bar)
            assert prediction is not None
            rate = prediction.tokens_per_second
            missed += f" and make {rate:.3g} tokens a second"
            if fits and (wanted is None or rate >= wanted):
                found = Choice(proved, prepared.exact, replace(layout, target=STOCK), _reasons(layout, rate))
                if attempt == 0 or wanted is None or rate <= wanted * CLOSE_ENOUGH:
                    break
            shares += [1 + _spare(layout, prediction, wanted)] if wanted is not None else []
        missed = f"{asked:.2f} digits a weight {missed}"
        asked *= min(shares) * SHY
        if asked < MIN_DIGITS:
            break
        proved = convert_llama(prepared, asked)
    if found is None:
        speed = f" and {wanted:g} tokens a second" if wanted is not None else ""
        raise InputError(
            f"{missed}; {rom_size:,} KiB{speed} are asked for, and fewer than {MIN_DIGITS} digits make no model: "
            "ask for less speed, allow a larger --rom-size, or use a smaller shape"
        )
    return found


def _share(layout: Layout, room: int) -> float:
    """The share of the digits that this many bytes of ROM have room for."""
    units = (unit for part in layout.code for unit in part.units)
    digits = sum(instruction.size for unit in units for instruction in unit.code if instruction.accesses)
    rest = layout.used_banks * STOCK.bank_bytes - digits
    return max(room - rest, 0) / digits


def _spare(layout: Layout, prediction: Prediction, wanted: float) -> float:
    """The clocks of a token that a speed leaves over, as a share of those that rows of digits take."""
    target = layout.target
    rows = target.refresh * sum(unit.clocks(target) for part in layout.code for unit in part.units)
    return (target.clocks_per_second / wanted - prediction.clocks_per_token) / rows


def digits_per_weight(model: IntegerModel) -> float:
    """Adds per weight of all matrices."""
    kernels = [kernel for kernel in leaves(model.program) if isinstance(kernel, DigitRows)]
    digits = sum(int(np.abs(plane.digits).sum()) for kernel in kernels for plane in kernel.planes(model))
    return digits / matrix_weights(model)


def matrix_weights(model: IntegerModel) -> int:
    """Weights of all matrices."""
    return sum(model.tensors[name].size for name in model.linear_names())


def _reasons(layout: Layout, rate: float) -> tuple[str, ...]:
    """One line for each choice."""
    digits = digits_per_weight(layout.proved.model)
    config = layout.config
    shared = config.n_head // config.kv_heads
    return (
        f"digits in rows: {digits:.2f} a weight, where they are worth most; {rate:.2f} tokens/s predicted",
        f"attention: keys and values in bytes, {shared} heads share them, the PPU multiplies",
        f"second MLP matrix in {len(parts(config.n_hidden))} parts, whose sums fit a word",
    )
