"""The logits of a Llama by PyTorch, and its tokens in our numbers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch.nn import functional as F

from tests.support.llama_files import Llama, Sizes
from trainer.files import Array
from trainer.weights import Weights


def in_double(weights: Weights) -> dict[str, Array]:
    return {name: tensor.astype(np.float64) for name, tensor in weights.tensors.items()}


def torch_logits(sizes: Sizes, model: Llama, tokens: Array, epsilon: float = 1e-5) -> Array:
    """Logits (B, T, V), all in the file's terms: gains apart from matrices, tokens (B, T) by the file's numbers."""
    tensors = {name: torch.tensor(tensor, dtype=torch.float64) for name, tensor in model.items()}
    return np.asarray(torch_forward(sizes, tensors, tokens, epsilon))


def torch_forward(
    sizes: Sizes,
    w: Mapping[str, torch.Tensor],
    tokens: Array,
    epsilon: float = 1e-5,
    windows: Array | None = None,
) -> torch.Tensor:
    """The same of tensors that may ask for a gradient. windows (layers, heads): positions seen."""
    batch, length = tokens.shape
    distance = torch.arange(length)[:, None] - torch.arange(length)
    ends = torch.full((sizes.n_layers, sizes.n_heads), length) if windows is None else torch.tensor(windows)
    seen = (distance >= 0) & (distance < ends[..., None, None])
    angles = torch.outer(torch.arange(length), 10000.0 ** -(torch.arange(0, sizes.head, 2).double() / sizes.head))
    turns = torch.polar(torch.ones_like(angles), angles)[:, None]

    def norm(x: torch.Tensor, gain: torch.Tensor) -> torch.Tensor:
        return F.rms_norm(x, x.shape[-1:], gain, eps=epsilon)

    def rotary(x: torch.Tensor) -> torch.Tensor:
        pairs = torch.view_as_complex(x.reshape(*x.shape[:-1], -1, 2))
        return torch.view_as_real(pairs * turns).flatten(3)

    x = w["tok_embeddings"][torch.tensor(tokens)]
    for layer in range(sizes.n_layers):
        h = norm(x, w["attention_norm"][layer])
        q, k, v = (
            (h @ w[name][layer].T).view(batch, length, n, sizes.head)
            for name, n in (("wq", sizes.n_heads), ("wk", sizes.n_kv_heads), ("wv", sizes.n_kv_heads))
        )
        q, k, v = (y.transpose(1, 2) for y in (rotary(q), rotary(k), v))
        heads = F.scaled_dot_product_attention(q, k, v, attn_mask=seen[layer], enable_gqa=True)
        x = x + heads.transpose(1, 2).reshape(batch, length, -1) @ w["wo"][layer].T
        h = norm(x, w["ffn_norm"][layer])
        x = x + (F.silu(h @ w["w1"][layer].T) * (h @ w["w3"][layer].T)) @ w["w2"][layer].T
    return norm(x, w["norm"]) @ w["output"].T


def ours(file_tokens: Array, size: int) -> Array:
    """Our numbers of the file's tokens: BOS, 1 there, is last here."""
    return np.where(file_tokens == 1, size - 1, file_tokens - (file_tokens > 1))
