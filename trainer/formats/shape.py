"""The shape that a file of others describes, and what is wrong with it in the file's own words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from trainer.config import ModelConfig
from trainer.errors import InputError

MAX_CONTEXT, USUAL_CONTEXT = 256, 128
"""The longest context of a cartridge, and the default: attention takes longer with every position."""


def described(
    fields: Mapping[str, int], names: Mapping[str, str], context: int | None, **others: Any
) -> ModelConfig:
    """The shape, its context cut to `context`, or to what the cartridge can have.

    fields: by the names that files of this kind have; names: theirs by ours; others: what no field says.
    Raises InputError, in their names.
    """
    positions = fields[names["block_size"]]
    most = min(positions, MAX_CONTEXT)
    if context is not None and not 2 <= context <= most:
        raise InputError(f"--context is {context}: it must be 2 to {most}, as the file has {positions} positions")
    sizes: dict[str, Any] = {ours: fields[theirs] for ours, theirs in names.items()}
    sizes["block_size"] = context or min(most, USUAL_CONTEXT)
    try:
        return ModelConfig(**sizes, **others)
    except InputError as error:
        ours = re.compile(rf"\b({'|'.join(names)})\b")
        raise InputError(ours.sub(lambda found: names[found[0]], str(error))) from error
