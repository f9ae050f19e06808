"""The float Llama against PyTorch, whole texts against token by token, and the public model where it is found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from tests.support.llama_files import (
    STORIES,
    STORIES_TOKENIZER,
    Llama,
    Sizes,
    bin_file,
    llama,
    tokenizer_file,
    vocabulary,
)
from tests.support.torch_llama import in_double, ours, torch_logits
from trainer.formats.llama2c import load_llama2c
from trainer.model.decoder import forward_logits, loss_per_token, mean_loss, next_logits
from trainer.model.generate import draw, generate
from trainer.training.packing import Documents
from trainer.weights import Weights

SHAPES = {
    "shared keys": (Sizes(), True),
    "keys of its own for every head": (Sizes(dim=12, n_heads=3, n_kv_heads=3, hidden_dim=20), True),
    "one head of keys": (Sizes(dim=16, n_heads=4, n_kv_heads=1, n_layers=1), False),
    "one head, a long text": (Sizes(dim=6, n_heads=1, n_kv_heads=1, seq_len=40), False),
}
EXACT = 1e-10


def imported(folder: Path, sizes: Sizes, model: Llama, version: int = 0) -> Weights:
    """The weights that import makes of the files of this model, with a made-up vocabulary."""
    (folder / "m.bin").write_bytes(bin_file(sizes, model, version))
    (folder / "t.bin").write_bytes(tokenizer_file(vocabulary(sizes.vocab_size)))
    return load_llama2c(folder / "m.bin", folder / "t.bin")


@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.parametrize(("sizes", "shared"), SHAPES.values(), ids=SHAPES)
def test_logits_are_those_of_pytorch(tmp_path: Path, sizes: Sizes, shared: bool, version: int) -> None:
    model = llama(sizes, shared)
    weights = imported(tmp_path, sizes, model, version)
    tokens = np.random.default_rng(0).integers(sizes.vocab_size, size=(3, sizes.seq_len))
    tokens[:, 0] = 1
    expected = torch_logits(sizes, model, tokens)
    found = forward_logits(in_double(weights), weights.config, ours(tokens, sizes.vocab_size))
    everything = ours(np.arange(sizes.vocab_size), sizes.vocab_size)
    np.testing.assert_allclose(found[:, :, everything], expected, rtol=EXACT, atol=EXACT)
    in_float = forward_logits(weights.tensors, weights.config, ours(tokens, sizes.vocab_size))
    np.testing.assert_allclose(in_float[:, :, everything], expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("windowed", [False, True], ids=["", "windows"])
@pytest.mark.parametrize(("sizes", "shared"), SHAPES.values(), ids=SHAPES)
def test_token_by_token_gives_the_logits_of_the_whole_text(
    tmp_path: Path, sizes: Sizes, shared: bool, windowed: bool
) -> None:
    weights = imported(tmp_path, sizes, llama(sizes, shared))
    if windowed:
        windows = 1 + np.arange(sizes.n_layers * sizes.n_heads) * 3 % sizes.seq_len
        weights = replace(weights, config=replace(weights.config, windows=tuple(windows.tolist())))
    tokens = np.random.default_rng(1).integers(sizes.vocab_size, size=(5, sizes.seq_len))
    tensors, following = in_double(weights), next_logits(in_double(weights), weights.config, 5)
    steps = [following(tokens[:, : length + 1]) for length in range(sizes.seq_len)]
    whole = forward_logits(tensors, weights.config, tokens)
    np.testing.assert_allclose(np.stack(steps, 1), whole, rtol=EXACT, atol=EXACT)


@pytest.mark.parametrize("length", [10, 40])
def test_the_loss_is_that_of_each_document_alone(tmp_path: Path, length: int) -> None:
    sizes = Sizes(seq_len=length)
    model, random = llama(sizes, False), np.random.default_rng(2)
    weights = imported(tmp_path, sizes, model)
    documents = [
        [1, *random.integers(3, 300, size=n).tolist(), 1] for n in (0, 3, length - 1, length, 3 * length, 5)
    ]
    total = count = 0.0
    for document in documents:
        tokens = np.array([document[: length + 1]])
        logits = torch.tensor(torch_logits(sizes, model, tokens[:, :-1])[0])
        total += float(F.cross_entropy(logits, torch.tensor(tokens[0, 1:]), reduction="sum"))
        count += tokens.shape[1] - 1
    in_ours = [ours(np.array(document), 300).tolist() for document in documents]
    assert loss_per_token(in_double(weights), weights.config, in_ours) == pytest.approx(total / count, rel=EXACT)


def test_a_loss_does_not_depend_on_how_many_are_computed_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = imported(tmp_path, Sizes(), llama(Sizes(), True))
    random = np.random.default_rng(3)
    documents = Documents([[299, *random.integers(299, size=n).tolist(), 299] for n in range(12)], 10)
    losses = set()
    for scores in (1, 1000, 1 << 25):
        monkeypatch.setattr("trainer.model.decoder.SCORES_AT_ONCE", scores)
        losses.add(round(mean_loss(in_double(weights), weights.config, documents), 10))
    assert len(losses) == 1


def test_what_is_drawn_depends_on_the_seed_alone_and_ends_with_bos(tmp_path: Path) -> None:
    weights = imported(tmp_path, Sizes(), llama(Sizes(), True))
    first, again, other = (draw(weights.tensors, weights.config, 300, 9, 1.5, seed) for seed in (0, 0, 1))
    bos = weights.config.bos
    assert first.shape == (300, 10) and (first[:, 0] == bos).all()
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    ended = (first[:, 1:] == bos).cumsum(1) > 0
    assert ended[:, -1].any() and not ended.all()
    assert (first[:, 1:][ended] == bos).all()
    with pytest.raises(ValueError, match="within the context"):
        draw(weights.tensors, weights.config, 1, 11, 1.0, 0)


def test_draws_follow_the_distribution(tmp_path: Path) -> None:
    """Each token's count among 20,000 first tokens is as its probability says, within 5 standard deviations."""
    weights, n = imported(tmp_path, Sizes(), llama(Sizes(), True)), 20_000
    logits = forward_logits(in_double(weights), weights.config, np.array([[299]]))[0, 0] / 0.8
    probabilities = np.exp(logits - logits.max())
    probabilities /= probabilities.sum()
    counts = np.bincount(draw(weights.tensors, weights.config, n, 1, 0.8, 0)[:, 1], minlength=300)
    deviations = (counts - n * probabilities) / np.sqrt(n * probabilities * (1 - probabilities) + 1)
    assert np.abs(deviations).max() < 5


def test_generated_texts_are_what_draw_draws(tmp_path: Path) -> None:
    weights = imported(tmp_path, Sizes(), llama(Sizes(), True))
    rows = draw(weights.tensors, weights.config, 4, 10, 0.7, 3)
    texts = generate(weights.tensors, weights.config, weights.tokenizer, 4, 0.7, 3)
    assert texts == [weights.tokenizer.decode(row) for row in rows]


def public_model() -> list[Weights]:
    """TinyStories-260K, where it is found."""
    return [load_llama2c(STORIES, STORIES_TOKENIZER)] if STORIES.exists() and STORIES_TOKENIZER.exists() else []


def test_the_public_model_tells_of_lily() -> None:
    """As llama2.c does with temperature 0."""
    for weights in public_model():
        tokens = weights.tokenizer.encode("Zoo")[:-1]
        while len(tokens) < 40:
            logits = forward_logits(weights.tensors, weights.config, np.array([tokens]))[0, -1]
            tokens.append(int(logits.argmax()))
        told = weights.tokenizer.decode(tokens)
        assert told.startswith("Zoo was a little girl named Lily. She loved to play outside in the park.")


def test_the_public_model_is_itself() -> None:
    """Nats a token on what it draws at temperature 1 are its entropy: about 1.2."""
    for weights in public_model():
        rows = draw(weights.tensors, weights.config, 40, 100, 1.0, 0)
        assert 1.1 < loss_per_token(weights.tensors, weights.config, rows.tolist()) < 1.35
