"""Text comes in whole and checked, and the held-out tenth is never trained on."""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.errors import InputError
from trainer.text.corpus import read_corpus, split
from trainer.text.tokenizer import Tokenizer
from trainer.training.packing import Documents, Shuffled

words = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no text in it"),
        (b"\n\r\n\n", "no text in it"),
        (b"anna\nbo\xff\n", "line 2: not UTF-8"),
        (b"aaa\na\n", "repeats the one character 'a'"),
        ("anna\n\nzoł\n".encode(), "line 3: the cartridge's font has no 'ł' (U+0142) in column 3: remove"),
        (b"tab\there\n", "line 1: the cartridge's font has no '\\t' (U+0009) in column 4: write ' ' for it"),
    ],
)
def test_a_bad_text_is_one_line_that_says_where(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_corpus(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_text_and_a_directory_say_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read_corpus(tmp_path / "absent.txt")
    with pytest.raises(InputError, match="is a directory"):
        read_corpus(tmp_path)


def test_line_ends_byte_order_mark_empty_and_repeated_lines_leave_no_trace(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(b"\xef\xbb\xbfbob\r\n\r\nanna\nbob\r\n de ")
    corpus = read_corpus(path)
    assert corpus.documents == ("bob", "anna", " de ")
    assert corpus.n_lines == 4
    assert corpus.symbols == " abdeno"
    assert [corpus.n_cut(size) for size in (3, 4, 5)] == [3, 2, 0]


@given(words)
def test_tokens_are_the_text_between_two_bos(text: str) -> None:
    tokenizer = Tokenizer("".join(sorted(set(text))))
    tokens = tokenizer.encode(text)
    assert tokens[0] == tokens[-1] == tokenizer.bos == len(tokenizer.symbols)
    assert len(tokens) == len(text) + 2
    assert tokenizer.decode(tokens) == text


def test_a_character_outside_the_alphabet_is_named() -> None:
    with pytest.raises(InputError, match="no symbol for 'z'"):
        Tokenizer("abc").encode("abz")
    with pytest.raises(InputError, match=r"no symbol for 'z', '½', 'q' \(in 'abz½'\)"):
        list(Tokenizer("abc").encode_all(["abc", "abz½", "qz"], 8))


@given(st.lists(words, min_size=2).filter(lambda texts: len(set(texts)) > 1), st.randoms())
def test_the_split_is_disjoint_complete_and_blind_to_order_and_repetition(texts: list[str], random: Random) -> None:
    training, held_out = split(texts, 0.1)
    assert not set(training) & set(held_out)
    assert sorted(training + held_out) == sorted(set(texts))
    assert len(held_out) == max(1, round(0.1 * len(set(texts))))
    shuffled = texts + texts[:3]
    random.shuffle(shuffled)
    assert split(shuffled, 0.1) == (training, held_out)


def test_the_split_never_changes() -> None:
    assert split([f"name{i}" for i in range(20)])[1] == ["name3", "name10"]


@pytest.mark.parametrize("share", [0.99999, 0.5, 1e-9])
def test_of_any_share_something_is_left_on_both_sides(share: float) -> None:
    for count in range(2, 9):
        training, held_out = split([f"name{i}" for i in range(count)], share)
        assert training and held_out


def test_one_distinct_document_cannot_be_split() -> None:
    with pytest.raises(InputError, match="one distinct line"):
        split(["ab", "ab"])


@given(st.lists(st.lists(st.integers(0, 8), max_size=9), min_size=1, max_size=6), st.integers(2, 5), st.randoms())
def test_a_batch_holds_every_prediction_of_its_documents_cut_to_the_context(
    texts: list[list[int]], block_size: int, random: Random
) -> None:
    indices = list(range(len(texts)))
    random.shuffle(indices)
    batch = Documents([[9, *text, 9] for text in texts], block_size).batch(np.array(indices))
    wanted = [
        (position, token, target)
        for index in indices
        for position, (token, target) in enumerate(zip([9, *texts[index]], [*texts[index], 9], strict=True))
        if position < block_size
    ]
    columns = zip(batch.positions.tolist(), batch.tokens.tolist(), batch.targets.tolist(), strict=True)
    assert list(columns) == wanted
    assert batch.longest == 1 + max(position for position, _, _ in wanted)


def test_every_epoch_meets_every_document_once_in_an_order_of_its_own() -> None:
    whole = Shuffled(7, seed=1).take(0, 21).reshape(3, 7)
    assert (np.sort(whole) == np.arange(7)).all()
    assert len({tuple(epoch) for epoch in whole.tolist()}) == 3
    assert Shuffled(7, seed=1).take(5, 9).tolist() == whole.reshape(-1)[5:14].tolist()
    assert Shuffled(7, seed=2).take(0, 7).tolist() != whole[0].tolist()
