"""How many digits a llama gets: all of them, or as many as a speed or a cartridge's size leaves room for."""

from __future__ import annotations

import numpy as np

from asm.cost.instructions import REFRESH
from asm.cost.predict import CLOCKS_A_SECOND, predict
from asm.layout import Layout, plan
from asm.memory.banks import BANK_BYTES
from quantize.convert import prepare, quantize_llama
from quantize.model import IntegerModel
from trainer.errors import InputError
from trainer.weights import Weights

MIN_DIGITS = 0.5
"""Digits per weight below which nothing is left of a model."""

CLOSE_ENOUGH, SHY, ATTEMPTS = 1.03, 0.995, 5
"""A prediction up to so much above the speed asked for will do; each new attempt aims a little beyond it."""


def choose_digits(weights: Weights, rom_size: int, wanted: float | None) -> tuple[IntegerModel, Layout, list[str]]:
    """The model, its layout and the reasons. rom_size in KiB; wanted: predicted tokens a second, at the least.

    Raises InputError where fewer than MIN_DIGITS digits a weight would be needed, or as quantize does.
    """
    prepared, found = prepare(weights), None
    model = quantize_llama(prepared)
    for attempt in range(ATTEMPTS):
        layout, digits = plan(model), digits_per_weight(model)
        prediction = predict(model, layout)
        assert prediction is not None
        kib, rate = layout.banks * BANK_BYTES // 1024, prediction.tokens_per_second
        if kib <= rom_size and (wanted is None or rate >= wanted):
            found = model, layout, _reasons(layout, digits, rate)
            if attempt == 0 or wanted is None or rate <= wanted * CLOSE_ENOUGH:
                break
        room = digits * min(1.0, rom_size / kib * SHY)
        if wanted is not None:
            rows = REFRESH * sum(unit.clocks for part in layout.code for unit in part.units)
            spare = CLOCKS_A_SECOND / wanted - prediction.clocks_per_token
            room = (
                min(room, digits * (1 + spare / rows) * SHY)
                if kib > rom_size
                else digits * (1 + spare / rows) * SHY
            )
        if room < MIN_DIGITS:
            break
        model = quantize_llama(prepared, room)
    if found is None:
        speed = f"{wanted:g} tokens a second in " if wanted is not None else ""
        raise InputError(f"{speed}{rom_size:,} KiB leaves fewer than {MIN_DIGITS} digits a weight: ask for less")
    return found


def digits_per_weight(model: IntegerModel) -> float:
    """Adds per weight of all matrices."""
    names = model.linear_names()
    digits = sum(int(np.abs(plane.digits).sum()) for name in names for plane in model.planes(name))
    return digits / sum(model.tensors[name].size for name in names)


def _reasons(layout: Layout, digits: float, rate: float) -> list[str]:
    """One line for each choice."""
    config, parts = layout.config, sum(block.stage.startswith("layer0_fc2") for block in layout.blocks)
    shared = config.n_head // config.kv_heads
    return [
        f"digits in rows: {digits:.2f} a weight, where they are worth most; {rate:.2f} tokens/s predicted",
        f"attention: keys and values in bytes, {shared} heads share them, the PPU multiplies",
        f"second MLP matrix in {parts} parts, whose sums fit a word",
    ]
