"""Float64 for whatever is measured on the way from a checkpoint to a cartridge.

BLAS adds in another order on another processor, and the last bits of numpy's exp differ. In float32 that is enough
for other integers here and there: of a Llama with 260,000 weights each processor made another model. In float64 a
number is 2^-45 off at most, and the chance that one of a million is rounded apart is about one in 100,000.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from trainer.files import Array


def double(tensors: Mapping[str, Array]) -> dict[str, Array]:
    """In float64: a model computes in the type of its tensors."""
    return {name: tensor.astype(np.float64) for name, tensor in tensors.items()}
