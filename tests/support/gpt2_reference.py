"""GPT-2 as its papers and nanoGPT's model.py define it, in numpy: nothing is folded or shared with the trainer.

Vaswani et al. 2017, Ba et al. 2016 (LayerNorm), Hendrycks and Gimpel 2016 (GELU), Radford et al. 2019.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from trainer.config import ModelConfig
from trainer.files import Array
from trainer.model.decoder import forward_logits


@dataclass(frozen=True)
class Sizes:
    """A small GPT-2, by nanoGPT's names; its MLP is four times as wide as the model unless n_inner says more."""

    n_layer: int = 2
    n_head: int = 2
    n_embd: int = 8
    block_size: int = 12
    vocab_size: int = 11
    bias: bool = True
    tied: bool = True
    n_inner: int = 0

    @property
    def hidden(self) -> int:
        """Width of the MLP."""
        return self.n_inner or 4 * self.n_embd


def gpt2(sizes: Sizes, seed: int = 0) -> dict[str, Array]:
    """A random one in float32, by nanoGPT's names, matrices (outputs, inputs); no gain is 1 and no bias 0."""
    random = np.random.default_rng(seed)
    d = sizes.n_embd

    def normal(*shape: int) -> Array:
        return random.normal(0.1, 0.5, shape).astype(np.float32)

    linear = {"attn.c_attn": (3 * d, d), "attn.c_proj": (d, d), "mlp.c_fc": (sizes.hidden, d)}
    linear["mlp.c_proj"] = (d, sizes.hidden)
    model = {"transformer.wte.weight": normal(sizes.vocab_size, d)}
    model["transformer.wpe.weight"] = normal(sizes.block_size, d)
    norms = [f"transformer.h.{layer}.ln_{n}" for layer in range(sizes.n_layer) for n in (1, 2)]
    for name in (*norms, "transformer.ln_f"):
        model[f"{name}.weight"] = normal(d) + np.float32(1)
        if sizes.bias:
            model[f"{name}.bias"] = normal(d)
    for layer in range(sizes.n_layer):
        for name, shape in linear.items():
            model[f"transformer.h.{layer}.{name}.weight"] = normal(*shape)
            if sizes.bias:
                model[f"transformer.h.{layer}.{name}.bias"] = normal(shape[0])
    model["lm_head.weight"] = model["transformer.wte.weight"] if sizes.tied else normal(sizes.vocab_size, d)
    return model


def erf_gelu(x: Array) -> Array:
    """x · Φ(x)."""
    y: Array = x * 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))
    return y


def tanh_gelu(x: Array) -> Array:
    """Its approximation, of the original GPT-2."""
    y: Array = 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return y


GELUS = {"gelu": erf_gelu, "gelu_tanh": tanh_gelu}


def reference_logits(
    sizes: Sizes, model: Mapping[str, Array], tokens: Array, gelu: str = "gelu", epsilon: float = 1e-5
) -> Array:
    """Logits (T, V) of one text, tokens (T,), in float64."""
    w = {name: array.astype(np.float64) for name, array in model.items()}

    def linear(x: Array, name: str) -> Array:
        y: Array = x @ w[f"{name}.weight"].T + w.get(f"{name}.bias", np.zeros(1))
        return y

    def layer_norm(x: Array, name: str) -> Array:
        centred = x - x.mean(axis=-1, keepdims=True)
        normal = centred / np.sqrt(centred.var(axis=-1, keepdims=True) + epsilon)
        y: Array = normal * w[f"{name}.weight"] + w.get(f"{name}.bias", np.zeros(1))
        return y

    length, width = len(tokens), sizes.n_embd // sizes.n_head
    x = w["transformer.wte.weight"][tokens] + w["transformer.wpe.weight"][:length]
    for layer in range(sizes.n_layer):
        at = f"transformer.h.{layer}"
        q, k, v = np.split(linear(layer_norm(x, f"{at}.ln_1"), f"{at}.attn.c_attn"), 3, axis=1)
        heads = []
        for head in range(sizes.n_head):
            own = slice(head * width, (head + 1) * width)
            scores = q[:, own] @ k[:, own].T / math.sqrt(width)
            scores[np.triu_indices(length, 1)] = -np.inf
            chances = np.exp(scores - scores.max(axis=1, keepdims=True))
            heads.append(chances / chances.sum(axis=1, keepdims=True) @ v[:, own])
        x = x + linear(np.concatenate(heads, axis=1), f"{at}.attn.c_proj")
        hidden = GELUS[gelu](linear(layer_norm(x, f"{at}.ln_2"), f"{at}.mlp.c_fc"))
        x = x + linear(hidden, f"{at}.mlp.c_proj")
    return layer_norm(x, "transformer.ln_f") @ w["lm_head.weight"].T


def folded_logits(tensors: Mapping[str, Array], config: ModelConfig, tokens: Array) -> Array:
    """Logits (T, V) of one text by the family gpt2, in float64: what the readers' weights mean."""
    double = {name: array.astype(np.float64) for name, array in tensors.items()}
    logits: Array = forward_logits(double, config, tokens[None])[0]
    return logits
