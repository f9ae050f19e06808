"""The float GPT-2 and its hand-written gradient against PyTorch; texts token by token."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from tests.support.models import gpt2_config, gpt2_weights
from trainer.config import ModelConfig, bias_of
from trainer.files import Array
from trainer.model.blocks import distance, product_of_squares, surprise
from trainer.model.decoder import batch_gradient, forward_logits, next_logits
from trainer.model.gpt2 import erf
from trainer.training.packing import Batch, Documents

NEAR = 1e-6
"""As near as our erf is, with the weights of these models."""

SHAPES = {
    "erf": gpt2_config(11, 7, 12, 3, 2, 20),
    "tanh": gpt2_config(11, 7, 12, 3, 2, 20, "gelu_tanh"),
    "one head, one layer, a long text": gpt2_config(5, 40, 6, 1, 1, 9),
}


def exact(config: ModelConfig) -> dict[str, Array]:
    """Weights in float64 large enough to bend every curve."""
    return {name: 1.5 * tensor.astype(np.float64) for name, tensor in gpt2_weights(config, 3).tensors.items()}


def torch_logits(config: ModelConfig, w: dict[str, torch.Tensor], tokens: Array) -> torch.Tensor:
    """Logits (B, T, V) of tokens (B, T), as the definition says it."""
    form = "tanh" if config.activation == "gelu_tanh" else "none"

    def norm(x: torch.Tensor) -> torch.Tensor:
        return F.rms_norm(x, x.shape[-1:], eps=1e-5)

    def linear(name: str, x: torch.Tensor) -> torch.Tensor:
        y = x @ w[name].T
        return y + w[bias_of(name)][:, 0] if bias_of(name) in w else y

    def heads(x: torch.Tensor) -> torch.Tensor:
        return x.view(*x.shape[:2], config.n_head, -1).transpose(1, 2)

    x = w["wte"][torch.tensor(tokens)] + w["wpe"][: tokens.shape[1]]
    for layer in range(config.n_layer):
        own, read = f"layer{layer}", norm(x)
        q, k, v = (heads(linear(f"{own}.{name}", read)) for name in ("wq", "wk", "wv"))
        attended = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + linear(f"{own}.wo", attended.transpose(1, 2).flatten(2))
        x = x + linear(f"{own}.fc2", F.gelu(linear(f"{own}.fc1", norm(x)), approximate=form))
    return linear("lm_head", norm(x))


def leaves(tensors: dict[str, Array]) -> dict[str, torch.Tensor]:
    return {name: torch.tensor(tensor, requires_grad=True) for name, tensor in tensors.items()}


@pytest.mark.parametrize("config", SHAPES.values(), ids=SHAPES)
def test_logits_are_those_of_pytorch(config: ModelConfig) -> None:
    tensors, tokens = (
        exact(config),
        np.random.default_rng(0).integers(config.vocab_size, size=(3, config.block_size)),
    )
    expected = torch_logits(config, leaves(tensors), tokens).detach().numpy()
    np.testing.assert_allclose(forward_logits(tensors, config, tokens), expected, rtol=0, atol=NEAR * 10)
    single = {name: tensor.astype(np.float32) for name, tensor in tensors.items()}
    np.testing.assert_allclose(forward_logits(single, config, tokens), expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("config", SHAPES.values(), ids=SHAPES)
def test_token_by_token_gives_the_logits_of_the_whole_text(config: ModelConfig) -> None:
    tensors, tokens = (
        exact(config),
        np.random.default_rng(1).integers(config.vocab_size, size=(5, config.block_size)),
    )
    following = next_logits(tensors, config, 5)
    steps = [following(tokens[:, : length + 1]) for length in range(config.block_size)]
    np.testing.assert_allclose(np.stack(steps, 1), forward_logits(tensors, config, tokens), rtol=0, atol=1e-10)


@pytest.mark.parametrize("config", SHAPES.values(), ids=SHAPES)
def test_losses_and_gradients_are_those_of_pytorch(config: ModelConfig) -> None:
    tensors, random = exact(config), np.random.default_rng(2)
    tokens, targets = random.integers(config.vocab_size, size=(2, 3, config.block_size))
    flat = targets.reshape(-1)
    batch = Batch(tokens.reshape(-1), np.tile(np.arange(config.block_size), 3), flat, config.block_size)
    taught = random.normal(0, 2, (config.vocab_size, tokens.size))
    theirs = leaves(tensors)
    logits = torch_logits(config, theirs, tokens).flatten(0, 1)
    shares = torch.tensor(taught.T).log_softmax(-1)
    expected = {
        surprise(flat): F.cross_entropy(logits, torch.tensor(flat)),
        distance(taught): F.kl_div(logits.log_softmax(-1), shares, reduction="batchmean", log_target=True),
    }
    for loss, value in expected.items():
        found, grads = batch_gradient(tensors, config, batch, loss)
        truth = torch.autograd.grad(value, list(theirs.values()), retain_graph=True)
        assert found == pytest.approx(value.item(), rel=NEAR) and list(grads) == list(theirs)
        for name, their in zip(theirs, truth, strict=True):
            np.testing.assert_allclose(grads[name], np.asarray(their), rtol=0, atol=NEAR, err_msg=name)


def test_documents_of_different_lengths_have_the_gradient_of_each_alone() -> None:
    config = SHAPES["erf"]
    tensors, documents = exact(config), Documents([[10, 1, 2, 10], [10, 3, 4, 5, 6, 10], [10, 7, 10]], 7)
    alone = [documents.batch(np.array([n])) for n in range(3)]
    together = documents.batch(np.arange(3))
    whole, grads = batch_gradient(tensors, config, together, surprise(together.targets))
    parts = [(batch_gradient(tensors, config, one, surprise(one.targets)), len(one.targets)) for one in alone]
    assert whole == pytest.approx(sum(loss * n for (loss, _), n in parts) / len(together.targets))
    for name, grad in grads.items():
        expected = sum(own[name] * n for (_, own), n in parts) / len(together.targets)
        np.testing.assert_allclose(grad, expected, rtol=0, atol=1e-12, err_msg=name)


def test_of_a_single_token_the_product_of_squares_is_the_square_of_the_gradient() -> None:
    config = SHAPES["erf"]
    tensors, one = exact(config), Batch(np.array([3]), np.array([0]), np.array([5]), 1)
    _, grads = batch_gradient(tensors, config, one, surprise(one.targets))
    _, squares = batch_gradient(tensors, config, one, surprise(one.targets), product_of_squares)
    for name in set(grads) - {"wte", "wpe"}:
        np.testing.assert_allclose(squares[name], grads[name] ** 2, rtol=1e-10, atol=0, err_msg=name)


def test_erf_is_that_of_pytorch() -> None:
    x = np.linspace(-6, 6, 20_001)
    assert np.abs(erf(x) - torch.erf(torch.tensor(x)).numpy()).max() < 1.6e-7
