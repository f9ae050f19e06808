"""Arrays of numbers as text: little-endian bytes in base64, in the smallest type that holds them."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import numpy as np
from numpy.typing import NDArray

TYPES = ("int8", "uint8", "int16", "uint16", "int32", "uint32")
"""What JavaScript has arrays of, the smallest first."""


def packed(values: NDArray[Any]) -> dict[str, str]:
    """Floats as float32. Its inverse is lab/src/model/packed.js. values: of any shape, row by row."""
    kind = "float32" if np.issubdtype(values.dtype, np.floating) else _smallest(values)
    return {"packed": kind, "base64": b64encode(values.astype(f"<{np.dtype(kind).str[1:]}").tobytes()).decode()}


def _smallest(values: NDArray[Any]) -> str:
    low, high = int(values.min(initial=0)), int(values.max(initial=0))
    return next(kind for kind in TYPES if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max)


def tensor(values: NDArray[Any]) -> dict[str, Any]:
    """An array with its shape."""
    return {"shape": list(values.shape), "values": packed(values)}
