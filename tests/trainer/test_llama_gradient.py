"""The hand-written gradient of the Llama is PyTorch's, and the slope of the loss."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from tests.support.llama_files import Sizes
from tests.support.torch_llama import torch_forward
from trainer.config import ModelConfig
from trainer.files import Array
from trainer.model.blocks import Loss, distance, product_of_squares, surprise
from trainer.model.decoder import forward_logits
from trainer.model.llama_gradient import gradient

EXACT = 1e-10
THEIRS = {"wq": "wq", "wk": "wk", "wv": "wv", "wo": "wo", "fc1": "w1", "fc3": "w3", "fc2": "w2"}
SHAPES = {
    "shared keys": Sizes(vocab_size=11),
    "keys of its own for every head": Sizes(dim=12, n_heads=3, n_kv_heads=3, hidden_dim=20, vocab_size=9),
    "one head of keys, one layer": Sizes(n_kv_heads=1, n_layers=1, vocab_size=14),
    "one head": Sizes(dim=6, n_heads=1, n_kv_heads=1, n_layers=3, vocab_size=5),
}


def model(sizes: Sizes, windows: tuple[int, ...] = ()) -> tuple[ModelConfig, dict[str, Array], Array, Array]:
    """Weights in float64 large enough to bend every curve, windows, and what follows each of their tokens (N,)."""
    shape = (sizes.vocab_size, sizes.seq_len, sizes.dim, sizes.n_heads, sizes.n_layers, sizes.hidden_dim)
    config = ModelConfig(*shape, "swiglu", "llama", sizes.n_kv_heads, windows=windows)
    random = np.random.default_rng(7)
    tensors = {name: random.normal(0, 0.5, shape) for name, shape in config.tensor_shapes().items()}
    tokens, targets = random.integers(config.vocab_size, size=(2, 3, config.block_size))
    return config, tensors, tokens, targets.reshape(-1)


def from_teacher(config: ModelConfig, columns: int) -> tuple[Array, Loss]:
    """A teacher's logits, and the mean divergence from it."""
    taught = np.random.default_rng(8).normal(0, 2, (config.vocab_size, columns))
    return taught, distance(taught)


def by_torch(
    sizes: Sizes, tensors: dict[str, Array], tokens: Array, windows: Array | None = None
) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """Our tensors as PyTorch's leaves, and their logits (N, V). Our numbers of tokens serve as the file's."""
    leaves = {name: torch.tensor(tensor, requires_grad=True) for name, tensor in tensors.items()}
    file = {
        theirs: torch.stack([leaves[f"layer{layer}.{name}"] for layer in range(sizes.n_layers)])
        for name, theirs in THEIRS.items()
    }
    gains = {name: torch.ones(sizes.n_layers, sizes.dim).double() for name in ("attention_norm", "ffn_norm")}
    file |= gains | {"tok_embeddings": leaves["wte"], "output": leaves["lm_head"], "norm": gains["ffn_norm"][0]}
    return leaves, torch_forward(sizes, file, tokens, windows=windows).flatten(0, 1)


@pytest.mark.parametrize("windowed", [False, True], ids=["", "windows"])
@pytest.mark.parametrize("sizes", SHAPES.values(), ids=SHAPES)
def test_losses_and_gradients_are_those_of_pytorch(sizes: Sizes, windowed: bool) -> None:
    shape = sizes.n_layers, sizes.n_heads
    windows = np.random.default_rng(9).integers(1, sizes.seq_len + 1, shape) if windowed else None
    config, tensors, tokens, targets = model(sizes, () if windows is None else tuple(windows.reshape(-1).tolist()))
    taught, from_taught = from_teacher(config, tokens.size)
    leaves, logits = by_torch(sizes, tensors, tokens, windows)
    shares = torch.tensor(taught.T).log_softmax(-1)
    expected = {
        surprise(targets): F.cross_entropy(logits, torch.tensor(targets)),
        from_taught: F.kl_div(logits.log_softmax(-1), shares, reduction="batchmean", log_target=True),
    }
    for loss, value in expected.items():
        found, grads = gradient(tensors, config, tokens, loss)
        truth = torch.autograd.grad(value, list(leaves.values()), retain_graph=True)
        assert found == pytest.approx(value.item(), rel=EXACT) and list(grads) == list(leaves)
        for name, theirs in zip(leaves, truth, strict=True):
            np.testing.assert_allclose(grads[name], np.asarray(theirs), rtol=0, atol=EXACT, err_msg=name)


def test_the_gradient_is_the_slope_of_the_loss() -> None:
    config, tensors, tokens, _ = model(Sizes(dim=8, n_heads=4, hidden_dim=6, vocab_size=7, seq_len=6))
    _, loss = from_teacher(config, tokens.size)
    _, grads = gradient(tensors, config, tokens, loss)
    step = 1e-6

    def at(tensor: Array, index: tuple[int, ...], value: Array) -> float:
        kept, tensor[index] = tensor[index], value
        found = loss(forward_logits(tensors, config, tokens).reshape(-1, config.vocab_size).T)[0]
        tensor[index] = kept
        return found

    for name, tensor in tensors.items():
        for index in np.ndindex(tensor.shape):
            above, below = (at(tensor, index, tensor[index] + sign * step) for sign in (1, -1))
            assert grads[name][index] == pytest.approx((above - below) / (2 * step), abs=1e-7), (name, index)


def test_single_precision_is_near_double() -> None:
    config, tensors, tokens, targets = model(SHAPES["shared keys"])
    single = {name: tensor.astype(np.float32) for name, tensor in tensors.items()}
    _, exact = gradient(tensors, config, tokens, surprise(targets))
    _, found = gradient(single, config, tokens, surprise(targets))
    for name, grad in exact.items():
        assert found[name].dtype == np.float32
        np.testing.assert_allclose(found[name], grad, rtol=0, atol=1e-4 * np.abs(grad).max(), err_msg=name)


def test_of_a_single_token_the_product_of_squares_is_the_square_of_the_gradient() -> None:
    config, tensors, tokens, targets = model(SHAPES["shared keys"])
    _, grads = gradient(tensors, config, tokens[:1, :1], surprise(targets[:1]))
    _, squares = gradient(tensors, config, tokens[:1, :1], surprise(targets[:1]), product_of_squares)
    for name in set(grads) - {"wte"}:
        np.testing.assert_allclose(squares[name], grads[name] ** 2, rtol=EXACT, atol=0, err_msg=name)
