"""Weights of any shape without training: ternary matrices, for measuring speed. They make no sense as names.

The default is the shape that the fastest public transformer on a stock console has: 102,400 weights in its
matrices, one digit each, 53.5 % of them non-zero.
"""

from __future__ import annotations

import math
import string
from itertools import product
from pathlib import Path

import click
import numpy as np

from trainer.config import ModelConfig
from trainer.errors import InputError
from trainer.text.alphabet import FONT
from trainer.weights import Weights, save_weights

LETTERS = sorted(FONT - {" ", "\n"})
SYMBOLS = (*LETTERS, *("".join(pair) for pair in product(string.ascii_lowercase, repeat=2)))
MAX_SYMBOLS = 512
TEMPERATURE = 0.5
EMBEDDING_SPREAD = 0.7
QUERY_SCALE = 1 / 4


def random_weights(config: ModelConfig, density: float, seed: int, digits: int = 1) -> Weights:
    """Every matrix 0 or ±2^-k, `density` of it non-zero, k such that outputs are about ½; normal embeddings.

    digits: of a weight that is not zero, each a quarter of the one before. `wq` is so as it is used, divided by
    sqrt(head_dim).
    """
    rng = np.random.default_rng(seed)
    tensors = {}
    for name, shape in config.tensor_shapes().items():
        if name in ("wte", "wpe"):
            tensors[name] = (EMBEDDING_SPREAD * rng.normal(size=shape)).astype(np.float32)
            continue
        scale = 2.0 ** -math.ceil(math.log2(shape[1]) / 2 + digits)
        if name.endswith(".wq"):
            scale *= math.sqrt(config.head_dim) * QUERY_SCALE
        signs = rng.choice([-1, 0, 1], size=shape, p=[density / 2, 1 - density, density / 2])
        values = scale * signs
        for finer in range(1, digits):
            values += scale / 4**finer * np.where(signs, rng.choice([-1, 1], size=shape), 0)
        tensors[name] = values.astype(np.float32)
    return Weights(config, SYMBOLS[: config.bos], tensors, {"temperature": TEMPERATURE})


def matrix_weights(config: ModelConfig) -> int:
    """Weights outside the embeddings."""
    shapes = config.tensor_shapes()
    return sum(math.prod(shape) for name, shape in shapes.items() if name not in ("wte", "wpe"))


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--symbols", default=64, show_default=True, type=click.IntRange(2, MAX_SYMBOLS), help="With end.")
@click.option("--block-size", default=20, show_default=True, help="Context in positions.")
@click.option("--n-embd", default=64, show_default=True, help="Dimensions.")
@click.option("--n-head", default=2, show_default=True, help="Attention heads.")
@click.option("--n-layer", default=3, show_default=True, help="Layers.")
@click.option("--n-hidden", default=128, show_default=True, help="Width of the MLP.")
@click.option("--density", default=0.535, show_default=True, type=click.FloatRange(0, 1), help="Share not zero.")
@click.option(
    "--digits", default=1, show_default=True, type=click.IntRange(1, 3), help="Of a weight that is not 0."
)
@click.option("--seed", default=0, show_default=True, help="Of the random numbers.")
def main(
    out: Path,
    symbols: int,
    block_size: int,
    n_embd: int,
    n_head: int,
    n_layer: int,
    n_hidden: int,
    density: float,
    digits: int,
    seed: int,
) -> None:
    """Write random ternary weights to OUT, a .npz for `snesgpt quantize`."""
    try:
        config = ModelConfig(symbols, block_size, n_embd, n_head, n_layer, n_hidden)
        save_weights(out, random_weights(config, density, seed, digits))
    except InputError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{out}: {matrix_weights(config):,} weights in matrices, {config.n_params:,} in all")


if __name__ == "__main__":
    main()
