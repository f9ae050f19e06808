"""Which kernels a model runs on, by proof and by room, and the reasons in words."""

from __future__ import annotations

from asm.layout import Layout, plan
from asm.memory.banks import BANK_BYTES
from quantize.convert import quantize
from quantize.fast import COLUMNS_PAY, has_front_table
from quantize.model import IntegerModel
from snesgpt.selection.digit_choice import choose_digits
from trainer.errors import InputError
from trainer.weights import Weights


def choose(
    weights: Weights, kernel: str, rom_size: int, tokens_per_second: float | None = None
) -> tuple[IntegerModel, Layout, list[str]]:
    """The integer model, its cartridge's layout, and why its kernels are what they are. rom_size in KiB.

    tokens_per_second: of a llama, at least so many. kernel is `digits`, `schoolbook` or `auto`: digits unless their
    ranges cannot be proved or their code does not fit. Raises InputError when what is asked for cannot be had.
    """
    if weights.config.rotary and kernel != "schoolbook":
        return choose_digits(weights, rom_size, tokens_per_second)
    if tokens_per_second is not None:
        raise InputError("--tokens-per-second chooses a llama's digits: a microgpt has those that training gave it")
    if kernel == "schoolbook":
        return *_fitting(quantize(weights, "schoolbook"), rom_size), ["schoolbook for all matrices: asked for"]
    try:
        model, layout = _digits(weights, rom_size)
    except InputError as error:
        if kernel == "digits":
            raise
        return *_fitting(quantize(weights, "schoolbook"), rom_size), [f"schoolbook for all matrices: {error}"]
    return model, layout, reasons(model)


def _digits(weights: Weights, rom_size: int) -> tuple[IntegerModel, Layout]:
    """On the fast kernels: as they pay; where that cannot be, the second MLP matrices by columns, whose sums are
    shorter, then without the front table.

    Raises InputError with the first refusal.
    """
    refusals = []
    for front_table, columns in ((None, None), (None, True), (False, None), (False, True)):
        try:
            return _fitting(quantize(weights, "digits", front_table=front_table, columns=columns), rom_size)
        except InputError as error:
            refusals.append(error)
    raise refusals[0]


def _fitting(model: IntegerModel, rom_size: int) -> tuple[IntegerModel, Layout]:
    layout = plan(model)
    kib = layout.banks * BANK_BYTES // 1024
    if kib > rom_size:
        raise InputError(f"the cartridge takes {kib:,} KiB and --rom-size allows {rom_size:,}")
    return model, layout


def reasons(model: IntegerModel) -> list[str]:
    """One line for each choice of the fast cartridge."""
    config = model.config
    rows = config.vocab_size * config.block_size
    share = model.info.get("active_hidden")
    seen = f"{share:.0%} of the hidden units are above zero" if share is not None else "no share of zeros is known"
    columns = model.kernels["layer0.fc2"] == "digit_columns"
    if columns and (share is None or share >= COLUMNS_PAY):
        seen += ", but a sum of its rows does not fit 16 bits"
    front = f"embedding to first q, k, v depend on {rows:,} pairs of token and position"
    table = 6 * config.n_embd * rows
    return [
        f"front table: {front} only" if has_front_table(model) else f"no front table: {front}, {table:,} bytes",
        "digits in rows for every matrix behind a norm: one add a digit",
        f"second MLP matrix by {'columns' if columns else 'rows'}: {seen}, a column costs three times a row's add",
        f"lm_head: its input is cut to ±{model.parameters['lm_head.clamp'] / 256:.1f}, so that its sums fit",
        "attention: keys and values in bytes, the PPU multiplies",
    ]
