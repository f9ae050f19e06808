"""What the routines of attention in bytes share: the tables of their softmax."""

from __future__ import annotations

import numpy as np

from asm.kernels.routine import Table
from quantize.fixed import Ints
from quantize.kernels.byte_attention import EXP7, RECIPROCALS, reciprocal
from trainer.config import ModelConfig

MAX_WEIGHT = 127
HALF_WORD = 0x8000
EXP7_BYTES = 256


def exp7_table() -> Ints:
    """(256,) EXP7, and its last entry, zero, to the end."""
    table: Ints = EXP7[np.minimum(np.arange(EXP7_BYTES), len(EXP7) - 1)]
    return table


def softmax_tables() -> tuple[Table, Table]:
    """Of exp, and of reciprocals for sums from MAX_WEIGHT: the best position alone has that."""
    sums = np.arange(RECIPROCALS)
    reciprocals = np.where(sums < MAX_WEIGHT, 0, reciprocal(sums))
    return Table("exp7_table", exp7_table(), 1), Table("reciprocal_table", reciprocals)


def max_sum(config: ModelConfig) -> int:
    """The largest sum of a head's weights before they are scaled."""
    return MAX_WEIGHT * config.block_size
