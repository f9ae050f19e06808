"""What is learned by heart is counted text by text, by length."""

from __future__ import annotations

from scripts.recitation import recited


def test_held_out_texts_are_expected_as_often_as_learned_ones_of_their_length() -> None:
    made = ["ann", "ann", "bob", "eve", "carl", "zoe", "xyz"]
    found = recited(
        made, learned=["ann", "bob", "tim", "carl", "dora"], held_out=["eve", "kim", "anna", "maximilian"]
    )
    assert (found.total, found.learned, found.held_out) == (7, 4, 1)
    assert found.expected == 3 / 3 + 3 / 3 + 1 / 2


def test_a_model_that_knows_nothing_by_heart_says_both_alike() -> None:
    letters = [a + b for a in "abcdefgh" for b in "abcdefgh"]
    found = recited(letters * 3, letters[::2], letters[1::2])
    assert found.held_out == found.expected
