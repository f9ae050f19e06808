"""Text to tokens and back, exactly: characters, merged pairs, and windows of a running text."""

from __future__ import annotations

import json
import re
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.config import ModelConfig
from trainer.errors import InputError
from trainer.text.alphabet import FONT
from trainer.text.bpe import learn_pairs
from trainer.text.corpus import NAMES, read_corpus
from trainer.text.tokenizer import MAX_TOKEN, MAX_WORD, WORD, Tokenizer
from trainer.text.vocabulary import check_vocabulary
from trainer.training.packing import Documents

POEM = ("the king  of the hill", "the queen\nof the ring\n the end", "a ringing thing, the best thing: éé éé")
ALPHABET = "".join(sorted(set().union(*POEM, "xyz")))
texts = st.text(st.sampled_from(ALPHABET), max_size=40) | st.lists(st.sampled_from(POEM)).map("".join)


@cache
def pairs(size: int = 50) -> Tokenizer:
    return learn_pairs(POEM * 3, ALPHABET, size)


@given(texts)
def test_merged_tokens_give_the_text_back(text: str) -> None:
    tokenizer = pairs()
    tokens = tokenizer.encode(text)
    assert tokens[0] == tokens[-1] == tokenizer.bos
    assert tokenizer.decode(tokens) == text
    assert tokenizer.n_characters(tokens[1:]) == len(text) + 1


@given(texts)
def test_they_are_the_tokens_that_the_library_would_make(text: str) -> None:
    from tokenizers import Regex, models, pre_tokenizers
    from tokenizers import Tokenizer as Library

    tokenizer = pairs()
    vocabulary = {symbol: number for number, symbol in enumerate(tokenizer.symbols)}
    library = Library(models.BPE(vocabulary, list(tokenizer.merges)))
    library.pre_tokenizer = pre_tokenizers.Split(Regex(WORD), behavior="isolated")
    assert tokenizer.encode(text)[1:-1] == library.encode(text).ids


def test_tokens_are_the_characters_first_then_pairs_within_words_and_no_more_than_asked_for() -> None:
    tokenizer = pairs()
    assert "".join(tokenizer.symbols[: len(ALPHABET)]) == tokenizer.characters == ALPHABET
    assert len(tokenizer.symbols) <= 49 and " the" in tokenizer.symbols and "ing" in tokenizer.symbols
    assert not any("\n" in symbol or " " in symbol[1:] for symbol in tokenizer.symbols if len(symbol) > 1)
    check_vocabulary(ModelConfig(tokenizer.bos + 1), tokenizer.symbols, tokenizer.merges)


def test_learning_is_repeatable_and_keeps_tokens_short() -> None:
    names = read_corpus(NAMES)
    first = learn_pairs(names.documents, names.symbols, 256)
    assert learn_pairs(reversed(names.documents), names.symbols, 256) == first
    assert len(first.symbols) == 255
    long = learn_pairs(["x" * 64] * 9, "xyz", 512)
    assert MAX_TOKEN // 2 <= max(map(len, long.symbols)) <= MAX_TOKEN


def test_too_few_tokens_are_refused() -> None:
    with pytest.raises(InputError, match="26 characters: --tokens must be at least 28"):
        learn_pairs(["x"], "abcdefghijklmnopqrstuvwxyz", 27)


def test_a_character_it_does_not_know_is_named_also_within_a_word() -> None:
    with pytest.raises(InputError, match=r"no symbol for 'q'.*alphabet is 'ab'"):
        Tokenizer(("a", "b", "ab"), (("a", "b"),)).encode("abq")


def test_a_running_text_is_read_in_windows_that_overlap_by_half() -> None:
    running = Tokenizer("abcdefghij", running=True)
    assert list(running.encode_all(["abcdefghij"], 4)) == [
        [10, 0, 1, 2, 3],
        [10, 2, 3, 4, 5],
        [10, 4, 5, 6, 7],
        [10, 6, 7, 8, 9],
    ]
    assert list(running.encode_all(["abcde", "j"], 4)) == [[10, 0, 1, 2, 3], [10, 2, 3, 4], [10, 9]]
    assert Documents(running.encode_all(["abcde"], 4), 4).lengths.tolist() == [4, 3]


@given(st.text(st.sampled_from("abc"), min_size=1, max_size=50), st.integers(2, 9))
def test_every_character_of_a_running_text_is_predicted(text: str, block_size: int) -> None:
    windows = list(Tokenizer("abc", running=True).encode_all([text], block_size))
    step = block_size // 2
    seen = {
        step * number + place: token
        for number, window in enumerate(windows)
        for place, token in enumerate(window[1:])
    }
    assert [seen[place] for place in range(len(text))] == ["abc".index(letter) for letter in text]
    assert max(map(len, windows)) <= block_size + 1


@pytest.mark.parametrize(
    ("symbols", "merges", "message"),
    [
        (["a", "bb", ""], (), "different symbols"),
        (["a", "b", "a"], (), "different symbols"),
        (["a", "b", "\r"], (), r"the alphabet has '\r'"),
        (["a", "b", "日"], (), "the alphabet has '日'"),
        (["a", "b", "a" * 17], (), "is longer than 16"),
        (["a", "b", "ab"], (("b", "a"),), "'b' and 'a' are merged, but"),
    ],
)
def test_a_vocabulary_that_cannot_be(symbols: list[str], merges: tuple[tuple[str, str], ...], message: str) -> None:
    with pytest.raises(InputError) as caught:
        check_vocabulary(ModelConfig(4), symbols, merges)
    assert message in str(caught.value)


def test_the_whole_font_and_the_newline_fit_a_vocabulary() -> None:
    symbols = sorted({*FONT, "\n"})
    assert len(symbols) <= 255
    check_vocabulary(ModelConfig(len(symbols) + 1), symbols, ())
    assert json.loads(json.dumps(symbols)) == symbols


def test_a_word_without_end_is_several() -> None:
    """Sequences of a genome, say: the time to merge one word grows with the square of its length."""
    random = np.random.default_rng(0)
    text = "".join(random.choice(list("acgt"), 20_000))
    assert max(map(len, re.findall(WORD, text))) == MAX_WORD
    tokenizer = learn_pairs([text, text[::-1]], "acgt", 40)
    tokens = tokenizer.encode(text)
    assert tokenizer.decode(tokens) == text and len(tokens) < len(text) / 2
