"""Pieces with scores: text to tokens exactly as llama2.c has it, and back to what the cartridge prints."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.llama_files import BYTES, CHARACTERS, Vocabulary, tokenizer_file, vocabulary
from tests.support.vocabularies import KINDS, VOCABULARIES, both, random_texts
from trainer.config import ModelConfig
from trainer.errors import InputError
from trainer.files import read_arrays, write_arrays
from trainer.formats.llama2c import read_tokenizer
from trainer.formats.safetensors import config_beside, load_safetensors, save_safetensors
from trainer.model.decoder import initial_tensors
from trainer.text.alphabet import FONT
from trainer.text.sentencepiece import PieceTokenizer, symbol_of
from trainer.text.vocabulary import MAX_PIECE, check_vocabulary, plain_pieces
from trainer.weights import Weights, load_weights, save_weights


def llama2c_encode(words: Vocabulary, text: str) -> list[int]:
    """run.c's `encode` without BOS, step by step: bytes to characters, then one pair joined at a time."""
    numbers = {text: token for token, text in enumerate(words.texts)}
    data = text.encode()
    tokens = [numbers[b" "]] if data else []
    character = b""
    for at, byte in enumerate(data):
        if byte & 0xC0 != 0x80:
            character = b""
        character += bytes([byte])
        if at + 1 < len(data) and data[at + 1] & 0xC0 == 0x80 and len(character) < 4:
            continue
        tokens += [numbers[character]] if character in numbers else [byte + 3 for byte in character]
        character = b""
    while True:
        best_score, best_token, best_at = np.float32(-1e10), -1, -1
        for at in range(len(tokens) - 1):
            token = numbers.get(words.texts[tokens[at]] + words.texts[tokens[at + 1]], -1)
            if token >= 0 and np.float32(words.scores[token]) > best_score:
                best_score, best_token, best_at = np.float32(words.scores[token]), token, at
        if best_at < 0:
            return tokens
        tokens[best_at : best_at + 2] = [best_token]


def ours(file_tokens: list[int]) -> list[int]:
    """Our numbers of a file's tokens, none of them BOS."""
    return [token - (token > 1) for token in file_tokens]


@pytest.mark.parametrize("kind", VOCABULARIES)
@pytest.mark.parametrize("characters", KINDS.values(), ids=KINDS)
def test_random_texts_become_the_tokens_of_llama2c(kind: str, characters: str) -> None:
    """Over the parameters at least 16 × 800 texts."""
    words, tokenizer = both(kind)
    for text in random_texts(characters, 800, 30, len(characters)):
        assert tokenizer.encode(text) == [tokenizer.bos, *ours(llama2c_encode(words, text)), tokenizer.bos], text


@pytest.mark.slow
@given(st.sampled_from(list(VOCABULARIES)), st.data())
@settings(max_examples=400, deadline=None)
def test_texts_of_pieces_become_the_tokens_of_llama2c(kind: str, data: st.DataObject) -> None:
    words, tokenizer = both(kind)
    typed = [text.decode() for text in words.texts if text not in BYTES and b"\n" not in text]
    anything = st.characters(codec="utf-8", exclude_characters="\0")  # where a string of C ends
    text = "".join(data.draw(st.lists(st.sampled_from([*typed, "<0x41>", "<", ">"]) | anything)))
    assert tokenizer.encode(text)[1:-1] == ours(llama2c_encode(words, text))


def test_a_long_text_becomes_the_tokens_of_llama2c() -> None:
    words, tokenizer = both("equal scores")
    text = "".join(np.random.default_rng(5).choice(list(" abcd"), 700))
    assert tokenizer.encode(text)[1:-1] == ours(llama2c_encode(words, text))


@pytest.mark.parametrize("kind", VOCABULARIES)
def test_what_pieces_hold_comes_back(kind: str) -> None:
    words, tokenizer = both(kind)
    known = sorted({text.decode() for text in words.texts if len(text.decode()) == 1} & FONT)
    for text in random_texts("".join(known), 200, 30, 1):
        assert tokenizer.decode(tokenizer.encode(text)) == text


def test_the_space_after_bos_is_not_printed_and_no_other_is_dropped() -> None:
    _, tokenizer = both("sums of pieces")
    space, a, bos = tokenizer.encode(" a")[1], tokenizer.pieces.index((b"a", -1.0)), tokenizer.bos
    assert (tokenizer.symbols[space], tokenizer.symbols[a]) == (" ", "a")
    assert tokenizer.decode([bos, space, space, a, bos]) == " a"
    assert tokenizer.decode([space, a]) == " a"
    assert tokenizer.decode([bos, a, space, bos, space, a]) == "a a"
    assert tokenizer.encode("") == [bos, bos] and tokenizer.decode([bos, bos]) == ""
    assert tokenizer.n_characters([space, a, bos]) == 3
    two = PieceTokenizer([" ", "  b"], pieces=[(b" ", 0.0), (b"  b", 0.0)])
    assert two.decode([two.bos, 1, 1]) == " b  b"


SHOWN = {
    b" the": " the",
    "“é…”".encode(): '"é..."',
    "€日".encode(): "??",
    "\xa0™".encode(): " TM",
    b"<0x0A>": "\n",
    b"<0x41>": "A",
    b"<0x20>": " ",
    b"<0x00>": "",
    b"<0x09>": "",
    b"<0x7F>": "",
    b"<0x9C>": '"',
    b"<0x9D>": '"',
    b"<0x98>": "'",
    b"<0x99>": "'",
    b"<0x93>": "-",
    b"<0x94>": "-",
    b"<0x80>": "?",
    b"<0xBF>": "?",
    b"<0xC3>": "",
    b"<0xF0>": "",
    b"<0x4>": "<0x4>",
    b"\xff": "?",
}


@pytest.mark.parametrize(("piece", "symbol"), SHOWN.items(), ids=map(repr, SHOWN))
def test_what_a_piece_prints(piece: bytes, symbol: str) -> None:
    assert symbol_of(piece) == symbol


def test_a_text_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="no symbol for '\\\\ud800'"):
        both("sums of pieces")[1].encode("a\ud800")
    few = PieceTokenizer([" ", "a"], pieces=[(b" ", 0.0), (b"a", 0.0)])
    with pytest.raises(InputError, match="no symbol for 'b'"):
        few.encode("ab")


def small(pieces: object, symbols: object = (" ", "", "")) -> None:
    check_vocabulary(ModelConfig(4), symbols, (), pieces)  # type: ignore[arg-type]


GOOD = [(b" ", 0.0), (b"a", -1.0), (b"\xff", -2.5)]


def test_symbols_of_pieces_may_repeat_and_be_empty() -> None:
    small(GOOD)
    small(GOOD, ("a" * 16, "\n", "\n"))


@pytest.mark.parametrize(
    ("pieces", "symbols", "message"),
    [
        (GOOD[:2], " ab", "there are 2 pieces: a vocabulary of 4 has 3"),
        (GOOD, " a", "a vocabulary of 4 has 3 symbols, plus BOS"),
        (GOOD, (" ", "a", 7), "a vocabulary of 4 has 3 symbols"),
        (GOOD, (" ", "a", "日"), "the alphabet has '日'"),
        (GOOD, (" ", "a", "a" * 17), "is longer than 16 characters"),
        ([*GOOD[:2], (b"", 0.0)], " ab", "piece 2 is b''"),
        ([*GOOD[:2], ("b", 0.0)], " ab", "piece 2 is 'b'"),
        ([*GOOD[:2], (b"a\0", 0.0)], " ab", "piece 2 is b'a"),
        ([*GOOD[:2], (b"b" * (MAX_PIECE + 1), 0.0)], " ab", "it must be 1 to 64 bytes"),
        ([*GOOD[:2], (b"b", float("nan"))], " ab", "the score of piece 2 is nan"),
        ([*GOOD[:2], (b"b", float("inf"))], " ab", "the score of piece 2 is inf"),
        ([*GOOD[:2], (b"b", True)], " ab", "the score of piece 2 is True"),
        ([*GOOD[:2], (b"b", "1")], " ab", "the score of piece 2 is '1'"),
        ([*GOOD[:2], (b"a", 0.0)], " ab", "pieces 1 and 2 are both b'a'"),
        ([(b"x", 0.0), *GOOD[1:]], " ab", "no piece is ' '"),
    ],
)
def test_pieces_that_cannot_be(pieces: object, symbols: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        small(pieces, symbols)


def test_merges_and_pieces_exclude_each_other() -> None:
    with pytest.raises(InputError, match="merges and pieces"):
        check_vocabulary(ModelConfig(4), ("a", "b", "ab"), [("a", "b")], [(b" ", 0.0), (b"a", 0.0), (b"b", 0.0)])


def with_pieces() -> Weights:
    words, tokenizer = both("scores in disorder")
    config = ModelConfig(len(words.texts), 8, 8, 2, 1, 8, "swiglu", "llama")
    return Weights(config, tokenizer.symbols, initial_tensors(config, 0), pieces=tokenizer.pieces)


def test_pieces_are_kept_by_the_weights_file_and_by_the_pair(tmp_path: Path) -> None:
    weights, file, pair = with_pieces(), tmp_path / "w.npz", tmp_path / "w.safetensors"
    save_weights(file, weights)
    save_safetensors(pair, config_beside(pair), weights)
    for again in (load_weights(file), load_safetensors(pair, config_beside(pair))):
        assert again.tokenizer == weights.tokenizer
        assert again.config == weights.config


def test_other_models_have_no_pieces_in_their_file(tmp_path: Path) -> None:
    config = ModelConfig(3)
    save_weights(tmp_path / "w.npz", Weights(config, "ab", initial_tensors(config, 0)))
    assert "pieces" not in read_arrays(tmp_path / "w.npz")[0]


@pytest.mark.parametrize("pieces", [7, [7], [["a"]], [[7, 0.0]], [["日", 0.0]], {"a": 1}, [["a", 0.0]] * 3])
def test_damaged_pieces_of_a_file_are_refused(tmp_path: Path, pieces: object) -> None:
    weights, file, pair = with_pieces(), tmp_path / "w.npz", tmp_path / "w.safetensors"
    save_weights(file, weights)
    header, arrays = read_arrays(file)
    write_arrays(file, header | {"pieces": pieces}, arrays)
    with pytest.raises(InputError, match=r"w.npz"):
        load_weights(file)
    save_safetensors(pair, config_beside(pair), weights)
    fields = json.loads(config_beside(pair).read_text())
    config_beside(pair).write_text(json.dumps(fields | {"pieces": pieces}))
    with pytest.raises(InputError, match=r"w.json: .*pieces"):
        load_safetensors(pair, config_beside(pair))


def test_the_header_holds_a_character_for_every_byte() -> None:
    everything = [(bytes([byte]), float(byte)) for byte in range(1, 256)]
    assert plain_pieces(everything) == [[chr(byte), float(byte)] for byte in range(1, 256)]


def test_a_tokenizer_file_is_read_in_its_order(tmp_path: Path) -> None:
    words = vocabulary(300)
    (tmp_path / "t.bin").write_bytes(tokenizer_file(words))
    read = read_tokenizer(tmp_path / "t.bin", 300)
    assert (read.texts, read.scores) == (list(words.texts), list(words.scores))
    assert (read.bos, read.eos, read.silent) == (1, 1, frozenset({0, 1, 2}))
    assert set(CHARACTERS) <= set(read.texts)
