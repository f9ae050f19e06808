"""The tree of known contexts: what is found is the longest end of a text that is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantize.contexts import Contexts, contexts_of
from tests.support.models import remembering
from trainer.config import ModelConfig

SHAPE = ModelConfig(vocab_size=6, block_size=8, n_embd=8, n_head=2, n_hidden=8)


def context_of(config: ModelConfig, tree: Contexts, node: int) -> tuple[int, ...]:
    """The tokens of a node's context, by its number."""
    length = int(np.searchsorted(tree.first, node, "right"))
    if length == 1:
        return (node,)
    assert config.memory
    return tuple(config.memory.contexts(length)[node - tree.first[length - 1]].tolist())


@given(st.integers(2, 4), st.integers(0, 20), st.lists(st.integers(0, 5), min_size=4, max_size=4))
def test_the_longest_known_end_of_a_text_is_found(longest: int, seed: int, text: list[int]) -> None:
    config = remembering(SHAPE, 0, longest, seed=seed, documents=6)
    assert config.memory
    tree = contexts_of(config, longest)
    known = {tuple(c) for n in config.memory.lengths for c in config.memory.contexts(n).tolist()}
    lengths = [n for n in range(1, longest + 1) if n == 1 or tuple(text[-n:]) in known]
    (found,) = tree.find(np.array([text])).tolist()
    assert context_of(config, tree, found) == tuple(text[-max(lengths) :])
    for shorter in range(1, longest + 1):
        own = contexts_of(config, shorter)
        assert tree.shorter(shorter)[found] == own.find(np.array([text]))[0]


@pytest.mark.parametrize("longest", [2, 3, 4])
def test_every_context_but_one_that_is_always_longer_is_found_by_a_text(longest: int) -> None:
    config = remembering(SHAPE, 0, longest, documents=5)
    tree = contexts_of(config, longest)
    found = tree.find(tree.texts)
    hidden = np.flatnonzero(found != np.arange(len(tree)))
    assert len(hidden) < len(tree) / 4
    for node in hidden:
        assert (tree.children[node] != node).all()


def test_a_row_is_the_sum_of_its_contexts_rows() -> None:
    config, random = remembering(SHAPE, 0, 3), np.random.default_rng(0)
    assert config.memory
    tree, tokens = contexts_of(config, 3), random.integers(-9, 9, (6, 4))
    tables = {n: random.integers(-9, 9, (len(config.memory.codes[n]), 4)) for n in (2, 3)}
    table = tree.table(tokens, tables)
    for node in range(len(tree)):
        context = context_of(config, tree, node)
        wanted = tokens[context[-1]].copy()
        for n in range(2, len(context) + 1):
            wanted += tables[n][config.memory.contexts(n).tolist().index(list(context[-n:]))]
        assert table[node].tolist() == wanted.tolist()
