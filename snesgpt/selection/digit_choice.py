"""How many digits a llama gets: all of them, or as many as a speed or a cartridge's size leaves room for."""

from __future__ import annotations

import numpy as np

from asm.cost.predict import Prediction, predict
from asm.layout import Layout, plan
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


def choose_digits(weights: Weights, rom_size: int, wanted: float | None, bar: Bar = no_bar) -> Choice:
    """The model, its layout and the reasons. rom_size in KiB; wanted: predicted tokens a second, at least.

    Raises InputError where fewer than MIN_DIGITS digits a weight would be needed, where ATTEMPTS are too few, or as
    convert does.
    """
    prepared, found, tell = prepare(weights, bar), None, bar("attempts", ATTEMPTS)
    proved = convert_llama(prepared)
    asked = digits_per_weight(proved.model)
    for attempt in range(ATTEMPTS):
        tell(attempt)
        layout = plan(proved, bar=bar)
        prediction = predict(layout, bar)
        assert prediction is not None
        kib, rate = layout.image_bytes // 1024, prediction.tokens_per_second
        if kib <= rom_size and (wanted is None or rate >= wanted):
            found = Choice(proved, prepared.exact, layout, _reasons(layout, rate))
            if attempt == 0 or wanted is None or rate <= wanted * CLOSE_ENOUGH:
                break
        shares = [rom_size / kib] if kib > rom_size else []
        shares += [1 + _spare(layout, prediction, wanted)] if wanted is not None else []
        asked *= min(shares) * SHY
        if asked < MIN_DIGITS:
            break
        proved = convert_llama(prepared, asked)
    if found is None:
        speed = f"{wanted:g} tokens a second in " if wanted is not None else ""
        few = f"leaves fewer than {MIN_DIGITS} digits a weight"
        why = few if asked < MIN_DIGITS else f"was not reached in {ATTEMPTS} attempts"
        raise InputError(f"{speed}{rom_size:,} KiB {why}: ask for less")
    return found


def _spare(layout: Layout, prediction: Prediction, wanted: float) -> float:
    """The clocks of a token that a speed leaves over, as a share of those that rows of digits take."""
    target = layout.target
    rows = target.refresh * sum(unit.clocks(target) for part in layout.code for unit in part.units)
    return (target.clocks_per_second / wanted - prediction.clocks_per_token) / rows


def digits_per_weight(model: IntegerModel) -> float:
    """Adds per weight of all matrices."""
    kernels = [kernel for kernel in leaves(model.program) if isinstance(kernel, DigitRows)]
    digits = sum(int(np.abs(plane.digits).sum()) for kernel in kernels for plane in kernel.planes(model))
    return digits / sum(kernel.tensor(model).size for kernel in kernels)


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
