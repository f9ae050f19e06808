"""The machines that a cartridge can be made for."""

from __future__ import annotations

from collections.abc import Mapping

from asm.targets.sa1 import SA1
from asm.targets.stock import STOCK
from asm.targets.target import Target

TARGETS: Mapping[str, Target] = {target.name: target for target in (STOCK, SA1)}
