"""Which kernels a model runs on, by proof and by room, and the reasons in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from asm.layout import Layout, plan
from asm.targets import TARGETS
from quantize.convert import convert, folded
from quantize.kernel import SA1, STOCK
from quantize.kernels.digit_rows import DigitRows
from quantize.kernels.fused import ColumnMlp, FrontTable
from quantize.lower import COLUMNS_PAY, front_rows
from quantize.model import IntegerModel
from quantize.program import leaves
from quantize.ranges import ProvedModel
from quantize.schedule import needs_calibration
from snesgpt.selection.room import check_room
from trainer.errors import InputError
from trainer.files import Array
from trainer.progress import Bar, no_bar
from trainer.weights import Weights


def largest_rom(target: str) -> int:
    """The KiB that a cartridge for this target may have."""
    return TARGETS[target].max_banks * TARGETS[target].bank_bytes >> 10


LARGEST_ROM = largest_rom(STOCK)

MULTIPLIES = {STOCK: "the PPU multiplies", SA1: "the SA-1 multiplies and adds"}


@dataclass(frozen=True)
class Choice:
    """A proved model, the exact tensors that it rounds, the plan of its cartridge, and why it has these kernels."""

    proved: ProvedModel
    exact: Mapping[str, Array]
    layout: Layout
    reasons: tuple[str, ...]

    @property
    def model(self) -> IntegerModel:
        """The integer model."""
        return self.proved.model


def choose(
    weights: Weights,
    kernel: str,
    rom_size: int,
    tokens_per_second: float | None = None,
    bar: Bar = no_bar,
    target: str = STOCK,
) -> Choice:
    """The integer model, its cartridge's layout, and why its kernels are what they are. rom_size in KiB.

    tokens_per_second: of a llama, at least this. kernel is `digits`, `schoolbook` or `auto`: digits unless their
    ranges cannot be proved or their code does not fit. Raises InputError when what is asked for cannot be had.
    """
    from snesgpt.selection.digit_choice import choose_digits

    if rom_size > (largest := largest_rom(target)):
        raise InputError(f"--rom-size allows {rom_size:,} KiB: a cartridge for {target} has at most {largest:,}")
    check_room(weights, (target,))
    if needs_calibration(weights.config) and kernel != "schoolbook":
        return choose_digits(weights, rom_size, tokens_per_second, bar, target)
    if tokens_per_second is not None:
        raise InputError("--tokens-per-second chooses a llama's digits: a microgpt has those that training gave it")
    if kernel == "schoolbook":
        return _schoolbook(weights, rom_size, target, "asked for")
    try:
        return _digits(weights, rom_size, target)
    except InputError as error:
        if kernel == "digits":
            raise
        return _schoolbook(weights, rom_size, target, str(error))


def _schoolbook(weights: Weights, rom_size: int, target: str, why: str) -> Choice:
    exact, proved = folded(weights, centred=True), convert(weights, "schoolbook", target=target)
    return _fitting(proved, exact, rom_size, (f"schoolbook for all matrices: {why}",))


def _digits(weights: Weights, rom_size: int, target: str) -> Choice:
    """On digits: as they pay; where that cannot be, the second MLP matrices by columns, whose sums are shorter;
    then without the front table.

    Raises InputError with the first refusal.
    """
    refusals, exact = list[InputError](), folded(weights, centred=False)
    for front_table, columns in ((None, None), (None, True), (False, None), (False, True)):
        try:
            proved = convert(weights, "digits", target=target, front_table=front_table, columns=columns)
            return _fitting(proved, exact, rom_size, tuple(reasons(proved.model, *refusals[:1])))
        except InputError as error:
            refusals.append(error)
    raise refusals[0]


def _fitting(proved: ProvedModel, exact: Mapping[str, Array], rom_size: int, why: tuple[str, ...]) -> Choice:
    layout = plan(proved)
    kib = layout.image_bytes // 1024
    if kib > rom_size:
        raise InputError(f"the cartridge takes {kib:,} KiB and --rom-size allows {rom_size:,}")
    return Choice(proved, exact, layout, why)


def reasons(model: IntegerModel, refusal: InputError | None = None) -> list[str]:
    """One line for each choice of a cartridge on digits. refusal: of what would have been chosen first."""
    config = model.config
    rows = front_rows(config)
    share = model.info.get("active_hidden")
    seen = f"{share:.0%} of the hidden units are above zero" if share is not None else "no share of zeros is known"
    columns = any(isinstance(kernel, ColumnMlp) for kernel in model.program)
    if columns and refusal and (share is None or share >= COLUMNS_PAY):
        seen += f", but rows do not fit ({refusal})"
    read = "context" if rows > config.vocab_size * config.block_size else "token"
    front = f"embedding to first q, k, v depend on {rows:,} pairs of {read} and position"
    has_front = any(isinstance(kernel, FrontTable) for kernel in model.program)
    clamp = max(kernel.clamp for kernel in leaves(model.program) if isinstance(kernel, DigitRows))
    return [
        f"front table: {front} only"
        if has_front
        else f"no front table: {front}, {6 * config.n_embd * rows:,} bytes",
        "digits in rows for every matrix behind a norm: one add a digit",
        f"second MLP matrix by {'columns' if columns else 'rows'}: {seen}, a column costs three times a row's add",
        f"lm_head: its input is cut to ±{clamp / 256:.1f}, so that its sums fit",
        f"attention: keys and values in bytes, {MULTIPLIES[model.target]}",
    ]
