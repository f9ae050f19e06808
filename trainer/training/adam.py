"""Adam with decoupled weight decay, over all weights as one vector."""

from __future__ import annotations

import numpy as np

from trainer.files import Array

BETA1, BETA2 = 0.9, 0.99
EPSILON = 1e-8


class Adam:
    """Adam: θ −= lr · (m̂ / (sqrt(v̂) + ε) + λ θ), m and v running means of the gradient and its square.

    m, v (n,) float32; λ one for all weights, or (n,). updates counts the steps taken, for the bias correction
    m̂ = m / (1 − β1^t).
    Kingma & Ba 2015, arXiv:1412.6980; decay as in Loshchilov & Hutter 2019, arXiv:1711.05101.
    """

    def __init__(self, n: int, weight_decay: float | Array = 0.0) -> None:
        self.m, self.v = np.zeros(n, np.float32), np.zeros(n, np.float32)
        self.updates = 0
        self.weight_decay = weight_decay

    def update(self, parameters: Array, gradient: Array, learning_rate: float | Array) -> None:
        """One step, in place: parameters (n,) float32, gradient (n,); learning_rate one for all, or (n,)."""
        self.updates += 1
        self.m += np.float32(1 - BETA1) * (gradient - self.m)
        self.v += np.float32(1 - BETA2) * (gradient * gradient - self.v)
        denominator = np.sqrt(self.v / np.float32(1 - BETA2**self.updates))
        denominator += np.float32(EPSILON)
        if np.any(self.weight_decay):
            parameters *= np.asarray(1 - learning_rate * self.weight_decay, np.float32)
        parameters -= np.asarray(learning_rate / (1 - BETA1**self.updates), np.float32) * self.m / denominator


def linear_decay(peak: float, progress: float) -> float:
    """Learning rate at `progress` from 0 (peak) to 1 (zero)."""
    return peak * max(0.0, 1 - progress)
