"""What there is to know of a cartridge that make built."""

from __future__ import annotations

import re
from dataclasses import dataclass

from publish.cartridges import Cartridge
from trainer.errors import InputError
from trainer.weights import load_weights

SPEED = re.compile(r"^predicted: .* ([\d.]+) tokens/s$", re.MULTILINE)


@dataclass(frozen=True)
class Facts:
    """weights: numbers of the model. size: bytes of the ROM. tokens_per_second: predicted, of an NTSC console."""

    weights: int
    size: int
    tokens_per_second: float


def facts(cartridge: Cartridge) -> Facts:
    """Those of a cartridge. Raises InputError when it is not built."""
    report = cartridge.folder / "build.txt"
    try:
        size, speed = cartridge.rom.stat().st_size, SPEED.search(report.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{error.filename} is not there: run make cartridges first") from error
    if speed is None:
        raise InputError(f"{report} says no speed: remove {cartridge.folder} and run make cartridges")
    return Facts(load_weights(cartridge.title.paths[0]).config.n_params, size, float(speed[1]))
