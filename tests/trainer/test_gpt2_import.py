"""Folders of GPT-2: the same model after folding, its own tokens, and refused in one line when they are none."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer as Library

from snesgpt.cli import run
from tests.support.gpt2_files import END, TEXT, gpt2_folder, in_rows, learned
from tests.support.gpt2_reference import Sizes, folded_logits, gpt2, reference_logits
from trainer.errors import InputError
from trainer.files import Array
from trainer.formats.byte_level import SHOWN, Encoding, read_encoding, used, vocabulary_of
from trainer.formats.gpt2_checkpoint import NEVER
from trainer.formats.reader import Options
from trainer.formats.readers import read_model
from trainer.text.tokenizer import MAX_TOKEN, Tokenizer
from trainer.weights import Weights

SIZES = Sizes(vocab_size=600, n_layer=2)
MODEL = gpt2(SIZES)
NEAR = 1e-5


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def folder_of(
    sizes: Sizes = SIZES, model: dict[str, Array] | None = None, vocabulary: str = "", **others: Any
) -> Path:
    """A new one. others: `old`, and fields of config.json."""
    path = Path(f"gpt{len(list(Path().iterdir()))}")
    gpt2_folder(path, sizes, model or MODEL, vocabulary or learned(sizes.vocab_size), **others)
    return path


def read(path: Path, **options: Any) -> Weights:
    return read_model(path, Options(**options))


def refused(path: Path, **options: Any) -> str:
    with pytest.raises(InputError) as raised:
        read(path, **options)
    assert "\n" not in str(raised.value) and len(str(raised.value)) < 1000
    return str(raised.value)


def library(path: Path) -> Library:
    return Library.from_file(str(path / "tokenizer.json"))


def rows_of(weights: Weights, path: Path) -> list[int]:
    """The file's number of each of our tokens but BOS."""
    words = library(path)
    bytes_of = {words.decode([token]): token for token in range(words.get_vocab_size())}
    return [bytes_of[symbol] for symbol in weights.symbols]


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize(("name", "gelu"), [("gelu", "gelu"), ("gelu_new", "gelu_tanh")])
@pytest.mark.parametrize("epsilon", [1e-5, 1e-3])
def test_the_folded_model_is_gpt2(tied: bool, name: str, gelu: str, epsilon: float) -> None:
    sizes = replace(SIZES, tied=tied, n_inner=20)
    model = gpt2(sizes)
    path = folder_of(sizes, model, activation_function=name, layer_norm_epsilon=epsilon)
    weights, random = read(path), np.random.default_rng(2)
    rows = [*rows_of(weights, path), library(path).get_vocab()[END]]
    for _ in range(3):
        tokens = random.integers(len(rows), size=sizes.block_size)
        found = folded_logits(weights.tensors, weights.config, tokens)
        expected = reference_logits(sizes, model, np.array(rows)[tokens], gelu, epsilon)[:, rows]
        np.testing.assert_allclose(found, expected, rtol=0, atol=NEAR)
        other = reference_logits(sizes, model, np.array(rows)[tokens], "gelu_tanh" if gelu == "gelu" else "gelu")
        assert np.abs(other[:, rows] - found).max() > 10 * NEAR


def test_older_and_newer_ways_to_write_a_folder() -> None:
    plain = read(folder_of())
    bare = folder_of(old=True, n_inner=32)
    tensors = {name.removeprefix("transformer."): array for name, array in in_rows(MODEL).items()}
    tensors |= {"h.0.attn.bias": np.ones((1, 1, 12, 12), np.uint8), "lm_head.weight": tensors["wte.weight"]}
    tensors |= {"h.1.attn.masked_bias": np.array(-1e4, np.float32)}
    safetensors.numpy.save_file(tensors, bare / "model.safetensors")
    other = read(bare)
    assert (other.config, other.symbols, other.merges) == (plain.config, plain.symbols, plain.merges)
    for name, tensor in plain.tensors.items():
        np.testing.assert_array_equal(other.tensors[name], tensor)
    fields = json.loads(learned(SIZES.vocab_size))
    fields["model"]["merges"] = [" ".join(pair) for pair in fields["model"]["merges"]]
    fields["model"] |= {"continuing_subword_prefix": "", "end_of_word_suffix": "", "unk_token": END}
    assert read(folder_of(vocabulary=json.dumps(fields))).merges == plain.merges
    assert read(folder_of(), context=7).config.block_size == 7


def test_which_tokens_stay() -> None:
    """Those that print; the one that ends a text becomes BOS with its own rows; no other can be shown."""
    path = folder_of()
    weights, words = read(path), library(path)
    texts = [words.decode([token]) for token in range(SIZES.vocab_size)]
    assert weights.symbols == tuple(text for text in texts if text and len(text) <= MAX_TOKEN and {*text} <= SHOWN)
    assert {"é", " ", "\n", "'s", "an"} <= set(weights.symbols) and END not in weights.symbols
    begins = words.token_to_id(END)
    wte = MODEL["transformer.wte.weight"][begins].astype(float)
    np.testing.assert_allclose(weights.tensors["wte"][-1], wte - wte.mean(), atol=1e-6)
    assert weights.tensors["lm_head_bias"][-1, 0] != NEVER


def test_a_vocabulary_without_an_end_gets_one() -> None:
    words = learned(SIZES.vocab_size, ())
    weights = read(folder_of(vocabulary=words))
    wte = weights.tensors["wte"]
    np.testing.assert_allclose(wte[-1], wte[:-1].mean(0), rtol=0, atol=1e-6)
    assert weights.tensors["lm_head_bias"][-1, 0] == NEVER and not weights.tensors["lm_head"][-1].any()


def test_special_tokens_of_config_json_begin_and_end_a_text() -> None:
    path = folder_of(vocabulary=learned(600, ("<s>", "<pad>", "</s>")), bos_token_id=0, eos_token_id=2)
    weights = read(path)
    wte, gain = MODEL["transformer.wte.weight"].astype(float), MODEL["transformer.ln_f.weight"].astype(float)
    np.testing.assert_allclose(weights.tensors["wte"][-1], wte[0] - wte[0].mean(), atol=1e-6)
    np.testing.assert_allclose(weights.tensors["lm_head"][-1], wte[2] * gain, atol=1e-6)
    assert not {"<s>", "<pad>", "</s>"} & set(weights.symbols)
    ordinary = folder_of(vocabulary=learned(600, ("<s>",)), bos_token_id=50, eos_token_id=None)
    assert read(ordinary).tensors["lm_head_bias"][-1, 0] == NEVER


@cache
def both(size: int) -> tuple[Library, Tokenizer]:
    """The library with a vocabulary, and our tokenizer of the same."""
    fields = json.loads(learned(size))["model"]
    merges = [tuple(pair) for pair in fields["merges"]]
    known = vocabulary_of(Encoding(fields["vocab"], merges, frozenset([END])), None, None, None)
    return Library.from_str(learned(size)), Tokenizer(known.texts, known.merges)


def theirs(words: Library, text: str) -> list[str]:
    return [words.decode([token]) for token in words.encode(text).ids]


def ours(words: Tokenizer, text: str) -> list[str]:
    return [words.symbols[token] for token in words.encode(text)[1:-1]]


LETTERS = "abdehilnorstuvwABCT"
WORD = st.one_of(
    st.text(LETTERS, min_size=1, max_size=12),
    st.sampled_from(sorted(set(re.findall(r"[a-z]+", TEXT)))),
    st.text("0123456789", min_size=1, max_size=5),
    st.text('.,:;!?()[]{}`*_-|<>/"', min_size=1, max_size=4),
)
CONTRACTED = st.tuples(WORD.filter(str.isalpha), st.sampled_from(["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"]))
UNIT = st.one_of(st.lists(WORD, min_size=1, max_size=3).map("".join), CONTRACTED.map("".join))
PLAIN_TEXT = st.lists(st.tuples(UNIT, st.sampled_from(" \n")).map("".join), max_size=12).map("".join)
"""Words, numbers and signs of ASCII side by side, a space or line break between units, a contraction at an end."""


@pytest.mark.parametrize("size", [257, 400, 1000])
@given(text=PLAIN_TEXT)
@settings(max_examples=150, deadline=None)
def test_the_tokens_of_a_text_are_the_library_s(size: int, text: str) -> None:
    words, tokenizer = both(size)
    assert ours(tokenizer, text) == theirs(words, text)


def test_the_tokens_of_a_whole_text_are_the_library_s() -> None:
    """But for spaces in a row, and for apostrophes that are not those of a contraction behind letters."""
    words, tokenizer = both(1000)
    lines = [" ".join(line.split()) for line in TEXT.splitlines()]
    lines = [line for line in lines if not re.search(r"'(?!(s|t|re|ve|m|ll|d)\b)|(?<![^\W\d_])'", line)]
    assert len(lines) > 150
    for line in lines:
        assert ours(tokenizer, line) == theirs(words, line), line


@given(text=st.text("ab' \n1.é", max_size=40))
@settings(max_examples=300, deadline=None)
def test_tokens_of_any_text_are_that_text(text: str) -> None:
    _, tokenizer = both(1000)
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_a_large_vocabulary_needs_a_text_to_keep() -> None:
    """What a text uses, what that was merged from, and the newline; and the text's tokens are the same."""
    sizes = replace(SIZES, vocab_size=1400)
    model, path = gpt2(sizes), folder_of(sizes, gpt2(sizes))
    message = refused(path)
    assert re.search(r"of its 1,400 tokens 1,2\d\d can be shown: 1 to 1,023 .*; --keep TEXT keeps", message)
    Path("text").write_text("Ann's 128 names, \nand Emma--isn't.")
    weights, (words, tokenizer) = read(path, keep=Path("text")), both(1400)
    text = Path("text").read_text()
    assert ours(weights.tokenizer, text) == ours(tokenizer, text) == theirs(words, text)
    assert 20 < len(weights.symbols) < 200 and "\n" in weights.symbols
    assert set(weights.symbols) == used(tokenizer.symbols, tokenizer.merges, text)
    rows = rows_of(weights, path)
    gain = model["transformer.ln_f.weight"]
    np.testing.assert_allclose(
        weights.tensors["lm_head"][:-1], model["transformer.wte.weight"][rows] * gain, atol=1e-6
    )
    Path("text").write_text("a\n½")
    assert "text, line 2" in refused(path, keep=Path("text"))
    Path("text").write_text(TEXT)
    message = refused(path, keep=Path("text"))
    assert re.search(r"text uses 1,1\d\d of its 1,400 tokens, .*: 1 to 1,023 .*; give another text", message)


CONFIGS: dict[str, list[Any]] = {
    "architectures": [["GPT2LMHeadModel", "GPT2Model"], "GPT2LMHeadModel"],
    "activation_function": ["relu", "gelu_fast", 1],
    "scale_attn_weights": [False],
    "scale_attn_by_inverse_layer_idx": [True, 1],
    "add_cross_attention": [True],
    "layer_norm_epsilon": [0.0, -1e-5, 1.0, "small"],
    "tie_word_embeddings": ["yes", 1],
    "n_embd": [0, -1, 7, 129, 768, 8.0, "8", True, 10**30, [8]],
    "n_inner": [0, -1, 513, 12.5],
    "n_layer": [0, -1, 7],
    "n_head": [0, -1, 3],
    "n_positions": [0, 1, -1, "10"],
    "vocab_size": [0, -1, 599, "600"],
    "bos_token_id": ["1", [1]],
    "eos_token_id": [[1, 2]],
}


@pytest.mark.parametrize("field", CONFIGS)
def test_a_field_of_config_json_that_cannot_be(field: str) -> None:
    for wrong in CONFIGS[field]:
        message = refused(folder_of(**{field: wrong}))
        assert message.startswith("gpt") and field in message, (wrong, message)


@pytest.mark.parametrize(
    ("field", "wrong", "tensor"),
    [
        ("n_embd", 16, "wte.weight"),
        ("n_inner", 13, "h.0.mlp.c_fc"),
        ("n_layer", 1, "h.1"),
        ("n_layer", 3, "h.2"),
        ("n_positions", 11, "wpe.weight"),
        ("vocab_size", 601, "wte.weight"),
        ("tie_word_embeddings", False, "lm_head.weight"),
    ],
)
def test_tensors_of_another_shape_than_described(field: str, wrong: Any, tensor: str) -> None:
    assert re.search(rf"model.safetensors: .*{tensor}", refused(folder_of(**{field: wrong})))


def test_a_tensor_with_two_names() -> None:
    path = folder_of()
    tensors = in_rows(MODEL)
    safetensors.numpy.save_file(
        tensors | {"wte.weight": tensors["transformer.wte.weight"]}, path / "model.safetensors"
    )
    assert "a tensor is there twice, with transformer. before its name" in refused(path)


def merge(left: str, right: str) -> Callable[[dict[str, Any]], object]:
    return lambda fields: fields["model"]["merges"].insert(0, [left, right])


CHANGES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "no model": (lambda f: f.pop("model"), "model is missing"),
    "another kind": (lambda f: f["model"].update(type="WordPiece"), "model.type is 'WordPiece'"),
    "dropout": (lambda f: f["model"].update(dropout=0.1), "model.dropout is 0.1"),
    "bytes for unknown letters": (lambda f: f["model"].update(byte_fallback=True), "model.byte_fallback is not"),
    "whole words": (lambda f: f["model"].update(ignore_merges=True), "model.ignore_merges is not"),
    "a suffix": (lambda f: f["model"].update(end_of_word_suffix="</w>"), "model.end_of_word_suffix is '</w>'"),
    "small letters": (lambda f: f.update(normalizer={"type": "Lowercase"}), "normalizer.type is 'Lowercase'"),
    "other words": (lambda f: f.update(pre_tokenizer={"type": "Whitespace"}), "pre_tokenizer"),
    "no words": (lambda f: f.update(pre_tokenizer=None), "pre_tokenizer is None"),
    "no words of its own": (lambda f: f["pre_tokenizer"].update(use_regex=False), "pre_tokenizer.use_regex is not"),
    "a space before": (
        lambda f: f["pre_tokenizer"].update(add_prefix_space=True),
        "pre_tokenizer.add_prefix_space is not what GPT-2 has: it must be False",
    ),
    "a byte missing": (lambda f: f["model"]["vocab"].pop("A"), "it has no token for the byte 0x41, of 'A'"),
    "one number twice": (lambda f: f["model"]["vocab"].update(A=5), "two of its tokens have one number"),
    "a number beyond": (lambda f: f["model"]["vocab"].update(A=1 << 40), "a value of model.vocab is of"),
    "a merge of three": (lambda f: f["model"]["merges"].append("a b c"), "is 'a b c': it must be two texts"),
    "a merge of what comes later": (merge("th", "e"), "merge 0 is of 'th' and 'e': both must be bytes or merged"),
    "a merge that makes nothing": (merge("Q", "Z"), "merge 0 is of 'Q' and 'Z': both must be bytes or merged"),
    "a merge of a special token": (merge(END, "a"), f"merge 0 is of '{END}' and 'a'"),
    "added and not special": (lambda f: f["added_tokens"][0].update(special=False), "which is not special"),
    "added of no kind": (lambda f: f.update(added_tokens=7), "added_tokens is 7: it must be a list"),
}


@pytest.mark.parametrize(("change", "message"), CHANGES.values(), ids=CHANGES)
def test_a_tokenizer_json_that_cannot_be(change: Callable[[dict[str, Any]], object], message: str) -> None:
    fields = json.loads(learned(SIZES.vocab_size))
    change(fields)
    shown = refused(folder_of(vocabulary=json.dumps(fields)))
    assert "tokenizer.json: " in shown and message in shown


def test_half_a_folder() -> None:
    for old, names in (
        (False, ["tokenizer.json", "model.safetensors"]),
        (True, ["merges.txt", "model.safetensors"]),
    ):
        for name in names:
            path = folder_of(old=old)
            (path / name).unlink()
            assert name in refused(path)
            (path / name).write_bytes(b"{\xff")
            assert name in refused(path)
    path = folder_of(old=True)
    (path / "vocab.json").unlink()
    assert "tokenizer.json does not exist: the vocabulary of a GPT-2's folder is" in refused(path)
    (path / "config.json").write_text(json.dumps({"architectures": ["MistralForCausalLM"]}))
    assert "architectures[0] is 'MistralForCausalLM'" in refused(path)


@pytest.mark.parametrize("old", [False, True])
def test_the_encoding_is_the_same_from_either_kind_of_file(old: bool) -> None:
    assert read_encoding(folder_of(old=old)).merges == read_encoding(folder_of()).merges


@pytest.mark.slow
@given(st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_folder_is_refused_or_a_model(data: st.DataObject) -> None:
    path = Path("gpt")
    old = data.draw(st.booleans())
    gpt2_folder(path, SIZES, MODEL, learned(SIZES.vocab_size), old=old)
    names = ["config.json", "model.safetensors", *(["vocab.json", "merges.txt"] if old else ["tokenizer.json"])]
    if old:
        (path / "tokenizer.json").unlink(missing_ok=True)
    at = path / data.draw(st.sampled_from(names))
    broken = bytearray(at.read_bytes())
    for place in data.draw(st.lists(st.integers(0, min(len(broken), 9000) - 1), min_size=1, max_size=3)):
        broken[place] = data.draw(st.integers(0, 255))
    at.write_bytes(broken)
    with suppress(InputError):
        assert isinstance(read(path), Weights)


@pytest.mark.parametrize("option", ["--tokenizer", "--config", "--meta"])
def test_options_of_other_files(capsys: pytest.CaptureFixture[str], option: str) -> None:
    path = folder_of()
    assert run(["import", str(path), option, "x", "--out", "w.npz"]) == 1
    assert f"{option} does not go with a GPT-2's folder, which is how {path} is read" in capsys.readouterr().err
