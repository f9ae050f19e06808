"""The two layouts of attention are the same function, and a batch gets the quicker one."""

from __future__ import annotations

import numpy as np
import pytest

from trainer.model.attention import LONG, Padded, Sliding, attention_over
from trainer.training.packing import Batch, Documents

DOUBLE = np.dtype(np.float64)


def batch_of(lengths: list[int]) -> Batch:
    documents = Documents([[0] * (length + 1) for length in lengths], max(lengths))
    return documents.batch(np.arange(len(documents)))


@pytest.mark.parametrize("lengths", [[1], [3, 1, 5, 5], [40, 7, 33]])
@pytest.mark.parametrize(("n_head", "head_dim", "windows"), [(1, 2, ()), (3, 4, ()), (3, 4, (2, 50, 1))])
def test_padded_and_sliding_attention_agree_in_value_and_gradient(
    lengths: list[int], n_head: int, head_dim: int, windows: tuple[int, ...]
) -> None:
    batch, random = batch_of(lengths), np.random.default_rng(0)
    qkv = random.normal(0, 2, (3 * n_head * head_dim, len(batch.tokens)))
    dout = random.normal(size=(n_head * head_dim, len(batch.tokens)))
    results = []
    for layout in (Sliding(batch, n_head, DOUBLE, windows), Padded(batch, n_head, DOUBLE, windows)):
        out, probabilities = layout(qkv)
        results.append((out, layout.gradient(dout, qkv, probabilities)))
    for sliding, padded in zip(*results, strict=True):
        assert sliding.shape == padded.shape
        np.testing.assert_allclose(padded, sliding, rtol=0, atol=1e-12)


def test_long_documents_are_padded_and_short_ones_slide() -> None:
    assert isinstance(attention_over(batch_of([LONG - 1, 2]), 1, DOUBLE), Sliding)
    assert isinstance(attention_over(batch_of([LONG, 2]), 1, DOUBLE), Padded)
