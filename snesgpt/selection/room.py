"""Whether a machine has the RAM for a model: its shape alone says so, before anything is computed."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace

from asm.layout import work_ram
from quantize.empty import empty_models
from quantize.kernel import STOCK
from trainer.errors import InputError
from trainer.weights import Weights


def check_room(weights: Weights, targets: Sequence[str] = (STOCK,)) -> None:
    """Raises InputError with the sizes where no cartridge of such a shape fits the RAM of any of these machines.

    Of a Llama, whose context can be cut, with one that does.
    """
    refusal = _refusal(weights, targets)
    if refusal and weights.config.learned_positions:
        raise refusal
    if refusal:
        contexts = range(2, weights.config.block_size)
        too_long = bisect_left(contexts, True, key=lambda n: _refusal(_cut(weights, n), targets) is not None)
        fits = f"; `snesgpt import --context {contexts[too_long - 1]}` makes one that fits" if too_long else ""
        raise InputError(f"{refusal}{fits}")


def _cut(weights: Weights, context: int) -> Weights:
    """With fewer positions: rotary ones have no weights, and no window is longer than the context."""
    windows = tuple(min(window, context) for window in weights.config.windows)
    return replace(weights, config=replace(weights.config, block_size=context, windows=windows))


def _refusal(weights: Weights, targets: Sequence[str]) -> InputError | None:
    """Why there is no room; None where there is."""
    refusals: list[InputError] = []
    for model in (model for target in targets for model in empty_models(weights, target)):
        try:
            work_ram(model)
            return None
        except InputError as error:
            refusals.append(error)
    return refusals[0]
