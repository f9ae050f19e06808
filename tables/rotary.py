"""cos and sin of the angles by which rotary positions turn each pair of a head's dimensions."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray


@cache
def rotary_table(head_dim: int, positions: int, base: float) -> NDArray[np.int64]:
    """round(256 · cos θ), round(256 · sin θ) with θ = position / base^(2 · pair / head_dim) (Su et al., 2021).

    Returns (positions, head_dim / 2, 2) Q8.8.
    """
    frequency = base ** (-np.arange(0, head_dim, 2) / head_dim)
    angle = np.arange(positions)[:, None] * frequency
    return np.floor(256 * np.stack([np.cos(angle), np.sin(angle)], axis=-1) + 0.5).astype(np.int64)


def rotary_worst_error(head_dim: int, positions: int, base: float) -> float:
    """The largest distance of a turned unit vector from its exact place: half a unit in each product."""
    frequency = base ** (-np.arange(0, head_dim, 2) / head_dim)
    angle = np.arange(positions)[:, None] * frequency
    exact = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    return float(np.linalg.norm(rotary_table(head_dim, positions, base) / 256 - exact, axis=-1).max())
