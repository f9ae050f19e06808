"""Tables looked up by the last tokens: which contexts are known, what they add, and how it is learned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.models import remembering
from trainer.config import LONGEST, ModelConfig
from trainer.errors import InputError
from trainer.memory import Memory, is_memory, last_tokens, logit_table, vector_table
from trainer.model.blocks import surprise
from trainer.model.decoder import batch_decoder, forward, forward_logits, gradient
from trainer.training.packing import Documents

SHAPE = ModelConfig(vocab_size=7, block_size=9, n_embd=8, n_head=2, n_layer=2, n_hidden=12)
BOS = SHAPE.bos

texts = st.lists(st.lists(st.integers(0, BOS - 1), min_size=1, max_size=8), min_size=1, max_size=12)


def packed(given: list[list[int]]) -> Documents:
    return Documents([[BOS, *text, BOS] for text in given], SHAPE.block_size)


def tensors(config: ModelConfig, seed: int = 0) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    return {name: random.normal(0, 0.5, shape) for name, shape in config.tensor_shapes().items()}


@given(texts, texts, st.integers(1, 3))
def test_what_is_known_is_what_the_text_showed_often_enough(
    read: list[list[int]], asked: list[list[int]], least: int
) -> None:
    counts: dict[tuple[int, ...], int] = {}
    for text in read:
        padded = [BOS] * LONGEST + text
        for end in range(LONGEST, len(padded) + 1):
            for length in range(2, LONGEST + 1):
                context = tuple(padded[end - length : end])
                counts[context] = counts.get(context, 0) + 1
    try:
        memory = Memory.of_text(2, LONGEST, packed(read), BOS, least)
    except InputError:
        assert not any(n >= least and len(context) == LONGEST for context, n in counts.items())
        return
    batch = packed(asked).batch(np.arange(len(asked)))
    last = last_tokens(batch, LONGEST, BOS)
    for length in range(2, LONGEST + 1):
        columns, rows = memory.rows(length, last)
        wanted = [tuple(row) for row in last[:, -length:].tolist()]
        assert columns.tolist() == [n for n, context in enumerate(wanted) if counts.get(context, 0) >= least]
        assert [tuple(row) for row in memory.contexts(length)[rows].tolist()] == [wanted[n] for n in columns]


@pytest.mark.parametrize(("vectors", "logits"), [(2, 0), (0, 4), (3, 2), (2, 3)])
def test_the_gradient_is_the_slope_of_the_loss(vectors: int, logits: int) -> None:
    config = remembering(SHAPE, vectors, logits)
    weights, random = tensors(config), np.random.default_rng(1)
    documents = packed(random.integers(0, BOS, (6, 8)).tolist())
    batch = documents.batch(np.arange(6))
    loss = surprise(batch.targets)
    _, grads = gradient(weights, config, batch, loss)
    for name in (name for name in weights if is_memory(name)):
        direction = random.normal(size=weights[name].shape)
        ends = [
            loss(forward(weights | {name: weights[name] + step * direction}, config, batch)[0])[0]
            for step in (-1e-4, 1e-4)
        ]
        assert np.isclose((ends[1] - ends[0]) / 2e-4, (grads[name] * direction).sum(), rtol=1e-5), name
        assert (grads[name] != 0).any(), name


def test_a_token_at_a_time_gives_the_same_logits_as_all_at_once() -> None:
    config = remembering(SHAPE, 2, 4)
    weights, random = tensors(config), np.random.default_rng(2)
    tokens = np.concatenate([np.full((5, 1), BOS), random.integers(0, BOS, (5, 8))], axis=1)
    decoder = batch_decoder(weights, config, len(tokens))
    one_by_one = np.stack([decoder.step(column) for column in tokens.T], axis=1)
    np.testing.assert_allclose(one_by_one, forward_logits(weights, config, tokens), rtol=0, atol=1e-12)


def test_tables_of_zeros_say_nothing() -> None:
    config = remembering(SHAPE, 3, 4)
    weights = {name: tensor * (not is_memory(name)) for name, tensor in tensors(config).items()}
    tokens = np.random.default_rng(3).integers(0, BOS, (4, 9))
    plain = forward_logits(weights, replace(config, memory=None), tokens)
    np.testing.assert_array_equal(forward_logits(weights, config, tokens), plain)


def test_a_file_says_which_contexts_are_known() -> None:
    config = remembering(SHAPE, 2, 3)
    assert config.memory
    assert ModelConfig.from_dict(config.to_dict()) == config
    assert set(config.memory.tables(7, 8)) == {vector_table(2), logit_table(2), logit_table(3)}


PLAIN = {"vectors": 0, "logits": 3, "known": [[0, 1, 2, 1], [0, 2, 1]]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"logits": 5}, "memory logits of 5 tokens: it must be 0, or 2 to 4"),
        ({"logits": 0}, "of every length up to its longest"),
        ({"known": [[0, 1]]}, "of every length up to its longest"),
        ({"known": [[0, 1, 2], [0, 2, 1]]}, "there is no known context of 2 tokens, or only a part of one"),
        ({"known": [[0, 1, 2, 1], [0, 2, 1, 1]]}, "there is no known context of 3 tokens, or only a part of one"),
        ({"known": [[], []]}, "there is no known context of 2 tokens"),
        ({"known": [[2, 1, 0, 1], [0, 2, 1]]}, "of 2 tokens are not in order"),
        ({"known": [[0, 1, 0, 1], [0, 2, 1]]}, "of 2 tokens are not in order"),
        ({"known": [[0, 1, 2, 1], [0, 1, 2]]}, "of a known context of 3 tokens the end is not known"),
        ({"known": [[0, 1, 2, 9], [0, 2, 9]]}, "a known context holds token 9, and the vocabulary has 7"),
        ({"known": [[0, 1, 2, 5000], [0, 2, 1]]}, "memory.known"),
        ({"known": "abc"}, "memory.known"),
        ({"more": 1}, "more"),
    ],
)
def test_contexts_that_do_not_fit_are_refused(change: dict[str, object], message: str) -> None:
    assert ModelConfig.from_dict(SHAPE.to_dict() | {"memory": PLAIN})
    with pytest.raises(InputError, match=message):
        ModelConfig.from_dict(SHAPE.to_dict() | {"memory": PLAIN | change})


def test_only_microgpts_remember() -> None:
    memory = remembering(SHAPE, 2, 2).memory
    with pytest.raises(InputError, match="a memory is of microgpt models, and family is 'gpt2'"):
        replace(SHAPE, family="gpt2", activation="gelu", memory=memory)
