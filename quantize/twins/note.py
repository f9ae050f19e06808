"""From a draw to a note: how surprising the letter was, in whole bits."""

from __future__ import annotations

import numpy as np

from quantize.fixed import Ints
from tables.wave import NOTES


def note(weights: Ints, chosen: Ints) -> Ints:
    """floor(−log₂ p) of the chosen letters' probabilities p = w / Σw, 15 at most.    asm: play_letter

    How often Σw can be halved and stay at least w. At T = 0 there are no weights: the console plays note 0.
    weights (B, candidates) Q0.16; chosen (B,); returns (B,) 0 … 15.
    """
    own = np.take_along_axis(weights, chosen[:, None], -1)
    halved = weights.sum(-1, keepdims=True) >> np.arange(1, NOTES)
    return np.asarray((halved >= own).sum(-1), np.int64)
