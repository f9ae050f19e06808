"""A step of distillation in numpy and in PyTorch, in turns, on one core:

    OPENBLAS_NUM_THREADS=1 python scripts/distill_benchmark.py build/weights.npz

The same step in both: the student's digits, its forward pass, the divergence from the teacher's logits, the
gradient, Adam. PyTorch comes with the packages of the tests.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from torch.nn import functional as F

from trainer.config import ModelConfig
from trainer.files import Array
from trainer.model.blocks import EPSILON, distance
from trainer.model.llama_gradient import gradient
from trainer.training.adam import Adam
from trainer.training.digit_projection import Projection
from trainer.training.teacher import Teacher
from trainer.training.train import as_tensors, as_vector
from trainer.weights import load_weights

DIGITS, GRID, BATCH, RATE = 1.2, 9, 2048, 1e-6


@click.command()
@click.argument("weights", type=click.Path(path_type=Path, exists=True))
@click.option("--rounds", type=click.IntRange(1), default=10, help="Turns of each, of ten steps.")
def command(weights: Path, rounds: int) -> None:
    """Print the seconds of a step in each, their ratio, and how far the two gradients are apart, as JSON."""
    torch.set_num_threads(1)
    model = load_weights(weights)
    teacher = Teacher(model.tensors, model.config, 0)
    teacher.write(1)
    text = teacher.text.some(np.arange(max(BATCH // model.config.block_size, 1)))
    tokens, taught = text.tokens[:, :-1], text.logits(teacher.tensors["lm_head"])
    projection, start = Projection(model.config, GRID), as_vector(teacher.tensors)
    granted = projection.allocate(start, DIGITS)
    numpy_step, numpy_gradient = _numpy(model.config, projection, granted, start, tokens, taught)
    torch_step, torch_gradient = _torch(model.config, projection, granted, start, tokens, taught)
    ours, theirs = numpy_gradient(), torch_gradient()
    seconds = {"numpy": 0.0, "torch": 0.0}
    for _ in range(rounds):
        for name, step in (("numpy", numpy_step), ("torch", torch_step)):
            begun = time.perf_counter()
            for _ in range(10):
                step()
            seconds[name] += (time.perf_counter() - begun) / 10
    each = {f"{name}_seconds_a_step": total / rounds for name, total in seconds.items()}
    apart = float(np.abs(ours - theirs).max() / np.abs(theirs).max())
    click.echo(
        json.dumps(each | {"ratio": seconds["numpy"] / seconds["torch"], "gradients_apart": apart}, indent=1)
    )


def _numpy(
    config: ModelConfig, projection: Projection, granted: Array, start: Array, tokens: Array, taught: Array
) -> tuple[Callable[[], None], Callable[[], Array]]:
    """Ours: a step, and the gradient where both begin."""
    parameters, adam = start.copy(), Adam(len(start))

    def grads() -> Array:
        student = as_tensors(projection(parameters, granted), config)
        return as_vector(gradient(student, config, tokens, distance(taught))[1])

    def step() -> None:
        adam.update(parameters, grads(), RATE)

    return step, grads


def _torch(
    config: ModelConfig, projection: Projection, granted: Array, start: Array, tokens: Array, taught: Array
) -> tuple[Callable[[], None], Callable[[], Array]]:
    """The same by autograd. The digits are found by the same code in numpy, as an estimator passes them through."""
    parameters = torch.tensor(start, requires_grad=True)
    shares = torch.tensor(np.ascontiguousarray(taught.T)).log_softmax(-1)
    read, angles = torch.tensor(tokens), _angles(config)
    adam = torch.optim.Adam([parameters], lr=RATE, betas=(0.9, 0.99))

    def loss() -> torch.Tensor:
        digits = torch.from_numpy(projection(parameters.detach().numpy(), granted))
        through = parameters + (digits - parameters).detach()
        sizes = [rows * columns for rows, columns in config.tensor_shapes().values()]
        parts = zip(config.tensor_shapes().items(), through.split(sizes), strict=True)
        logits = _forward(config, {name: part.view(shape) for (name, shape), part in parts}, read, angles)
        return F.kl_div(logits.log_softmax(-1), shares, reduction="batchmean", log_target=True)

    def grads() -> Array:
        (found,) = torch.autograd.grad(loss(), parameters)
        return np.asarray(found)

    def step() -> None:
        adam.zero_grad()
        loss().backward()  # type: ignore[no-untyped-call]
        adam.step()

    return step, grads


def _angles(config: ModelConfig) -> tuple[torch.Tensor, torch.Tensor]:
    """cos and sin (T, head_dim / 2)."""
    frequencies = config.rope_base ** (-torch.arange(0, config.head_dim, 2) / config.head_dim)
    angles = torch.outer(torch.arange(config.block_size), frequencies)
    return angles.cos(), angles.sin()


def _forward(config: ModelConfig, w: Mapping[str, Any], tokens: torch.Tensor, angles: Any) -> torch.Tensor:
    """Logits (N, V) of windows (n, T)."""
    (n, length), (cos, sin) = tokens.shape, angles
    x = w["wte"][tokens]

    def turned(y: torch.Tensor) -> torch.Tensor:
        even, odd = y[..., ::2], y[..., 1::2]
        return torch.stack([even * cos - odd * sin, even * sin + odd * cos], -1).flatten(-2)

    def norm(y: torch.Tensor) -> torch.Tensor:
        return y * (y.square().mean(-1, keepdim=True) + EPSILON).rsqrt()

    for layer in range(config.n_layer):
        own = {name: w[f"layer{layer}.{name}"] for name in ("wq", "wk", "wv", "wo", "fc1", "fc3", "fc2")}
        read = norm(x)
        heads = {"wq": config.n_head, "wk": config.kv_heads, "wv": config.kv_heads}
        q, k, v = ((read @ own[m].T).view(n, length, h, config.head_dim).transpose(1, 2) for m, h in heads.items())
        attended = F.scaled_dot_product_attention(turned(q), turned(k), v, is_causal=True, enable_gqa=True)
        x = x + attended.transpose(1, 2).reshape(n, length, -1) @ own["wo"].T
        read = norm(x)
        x = x + (F.silu(read @ own["fc1"].T) * (read @ own["fc3"].T)) @ own["fc2"].T
    logits: torch.Tensor = norm(x).flatten(0, 1) @ w["lm_head"].T
    return logits


if __name__ == "__main__":
    command()
