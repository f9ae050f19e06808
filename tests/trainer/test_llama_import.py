"""Llama checkpoints in the files of others: read exactly, and refused in one line when they lie."""

from __future__ import annotations

import json
import pickle
import re
import struct
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from snesgpt.cli import run
from snesgpt.selection.losses import held_out
from tests.support.llama_files import Sizes, bin_file, hugging_face, llama, tokenizer_file, vocabulary
from tests.support.torch_llama import in_double, ours, torch_logits
from tests.support.vocabularies import KINDS, random_texts
from trainer.errors import InputError
from trainer.formats.hugging_face import load_hugging_face
from trainer.formats.llama2c import FIELDS, load_llama2c
from trainer.formats.llama_checkpoint import NOTES
from trainer.model.decoder import forward_logits, loss_per_token
from trainer.weights import Weights, load_weights

SIZES = Sizes()
MODEL = llama(SIZES, True)
WORDS = vocabulary(SIZES.vocab_size)
TOKENIZER = tokenizer_file(WORDS)
HEADERS = {0: 0, 1: 8}
"""Where the seven numbers begin, by version."""

MAX_MEMORY = 4 << 20
"""Bytes: of these files the largest has 60,000."""


@cache
def checkpoint(version: int, shared: bool = True) -> bytes:
    return bin_file(SIZES, MODEL if shared else llama(SIZES, False), version)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with tok.bin to work in."""
    monkeypatch.chdir(tmp_path)
    Path("tok.bin").write_bytes(TOKENIZER)
    return tmp_path


def read(data: bytes, tokenizer: bytes = TOKENIZER, context: int | None = None) -> Weights:
    Path("m.bin").write_bytes(data)
    Path("tok.bin").write_bytes(tokenizer)
    return load_llama2c(Path("m.bin"), Path("tok.bin"), context)


def refused(data: bytes, tokenizer: bytes = TOKENIZER) -> str:
    """The one line that says why, with little memory taken."""
    with pytest.raises(InputError) as raised:
        tracemalloc.start()
        try:
            read(data, tokenizer)
        finally:
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
    assert peak < MAX_MEMORY
    assert "\n" not in str(raised.value)
    return str(raised.value)


def equal(one: Weights, other: Weights) -> None:
    assert one.config == other.config
    assert (one.symbols, one.info) == (other.symbols, other.info)
    for name, tensor in one.tensors.items():
        np.testing.assert_array_equal(tensor, other.tensors[name], err_msg=name)


def patched(data: bytes, at: int, value: bytes) -> bytes:
    return data[:at] + value + data[at + len(value) :]


@pytest.mark.parametrize("shared", [True, False])
def test_both_versions_hold_the_same_model(shared: bool) -> None:
    zero, one = read(checkpoint(0, shared)), read(checkpoint(1, shared))
    equal(zero, one)
    assert zero.pieces == one.pieces


def test_what_is_folded_and_where_bos_goes() -> None:
    weights, size = read(checkpoint(0)), SIZES.vocab_size
    np.testing.assert_array_equal(
        weights.tensors["wte"][[0, 1, 2, size - 1]], MODEL["tok_embeddings"][[0, 2, 3, 1]]
    )
    np.testing.assert_array_equal(weights.tensors["lm_head"][-1], MODEL["tok_embeddings"][1] * MODEL["norm"])
    np.testing.assert_array_equal(weights.tensors["layer1.wk"], MODEL["wk"][1] * MODEL["attention_norm"][1])
    np.testing.assert_array_equal(weights.tensors["layer1.fc3"], MODEL["w3"][1] * MODEL["ffn_norm"][1])
    np.testing.assert_array_equal(weights.tensors["layer0.fc2"], MODEL["w2"][0])
    assert weights.config.bos == size - 1 and weights.info == NOTES
    assert [text for text, _ in weights.pieces] == [text for text in WORDS.texts if text != b"\n<s>\n"]
    assert weights.symbols[:2] == ("", "") and weights.symbols[2 + 10] == "\n"


def test_the_context_is_the_file_s_or_128_or_as_asked() -> None:
    long = replace(SIZES, seq_len=512)
    assert read(checkpoint(0)).config.block_size == SIZES.seq_len
    assert read(bin_file(long, MODEL, 0)).config.block_size == 128
    assert read(bin_file(long, MODEL, 1), context=128).config.block_size == 128
    for context, most, file in ((1, 256, long), (257, 256, long), (11, 10, SIZES), (0, 10, SIZES)):
        with pytest.raises(InputError, match=f"--context is {context}: it must be 2 to {most}, as the file has"):
            read(bin_file(file, MODEL, 0), context=context)


HARMLESS = {(1, "seq_len", value) for value in (SIZES.seq_len + 1, SIZES.seq_len - 1, 1 << 16)}
"""Version 1 has nothing whose length follows from the number of positions."""


@pytest.mark.parametrize("version", HEADERS)
@pytest.mark.parametrize("field", FIELDS)
def test_every_number_of_a_header_that_is_wrong(version: int, field: str) -> None:
    data, right = checkpoint(version), getattr(SIZES, field)
    at = HEADERS[version] + 4 * FIELDS.index(field)
    for wrong in (0, -1, 1, right + 1, right - 1, -right, 2**31 - 1, -(2**31), 1 << 16):
        changed = patched(data, at, struct.pack("<i", wrong))
        if (version, field, wrong) in HARMLESS:
            assert read(changed).config.block_size == min(wrong, 128)
        else:
            message = refused(changed)
            assert message.startswith("m.bin: ") and field in message, (wrong, message)


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("version", HEADERS)
def test_a_file_that_ends_anywhere_else(version: int, shared: bool) -> None:
    data = checkpoint(version, shared)
    sizes = [4 * tensor.size for tensor in MODEL.values()]
    boundaries = list(accumulate(sizes, initial=256 if version else 28))
    for length in {0, 1, 4, 27, 28, 29, 255, 256, 257, len(data) - 1, len(data) - 4, *boundaries} - {len(data)}:
        if length < len(data):
            assert "bytes" in refused(data[:length])
    assert f"it has {len(data) + 1:,} bytes, and its header describes {len(data):,}: dim 16, " in refused(
        data + b"\0"
    )
    assert "classifier shared" in refused(data * 2) or not shared


def test_what_only_version_1_has() -> None:
    data = checkpoint(1)
    assert "version is 2: read are 0 and 1" in refused(patched(data, 4, struct.pack("<i", 2)))
    assert "version is -1" in refused(patched(data, 4, struct.pack("<i", -1)))
    assert "shared_classifier is 2" in refused(patched(data, 36, b"\2"))
    assert "classifier separate" in refused(patched(data, 36, b"\0"))
    assert "padding" in refused(patched(data, 37, b"\1"))
    assert "padding" in refused(patched(data, 255, b"\1"))
    assert "m.bin: " in refused(patched(data, 0, b"3"))  # no magic: read as version 0


def test_files_that_are_none() -> None:
    assert "m.bin: " in refused(pickle.dumps({"dim": 8}) * 9)
    assert "m.bin: " in refused(b"hello world\n" * 50)
    assert "m.bin: it has 0 bytes" in refused(b"")
    with Path("m.bin").open("wb") as file:
        file.truncate((64 << 20) + 1)
    with pytest.raises(InputError, match=r"m\.bin: it has 67,108,865 bytes"):
        load_llama2c(Path("m.bin"), Path("tok.bin"))
    with pytest.raises(InputError, match=r"none\.bin: it does not exist"):
        load_llama2c(Path("none.bin"), Path("tok.bin"))
    Path("m.bin").write_bytes(checkpoint(0))
    with pytest.raises(InputError, match=r"none\.bin: it does not exist"):
        load_llama2c(Path("m.bin"), Path("none.bin"))
    with pytest.raises(InputError, match=r"\.: cannot be read: Is a directory"):
        load_llama2c(Path("m.bin"), Path())


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_none_are_named(number: float) -> None:
    data = checkpoint(1)
    at = len(data) - 4  # of the last matrix, w3
    assert "layer1.fc3 holds NaN or infinity" in refused(patched(data, at, struct.pack("<f", number)))
    large = replace_gain(3e38)
    assert "holds NaN or infinity" in refused(large)


def replace_gain(value: float) -> bytes:
    """A checkpoint whose products with one gain no float32 can hold."""
    return patched(checkpoint(1), 256, np.full(2 * SIZES.dim * 2, value, np.float32).tobytes())


def entries() -> list[int]:
    """Where each piece of the tokenizer's file begins, and its end."""
    return list(accumulate((8 + len(text) for text in WORDS.texts), initial=4))


def test_a_tokenizer_that_lies_about_its_longest_piece() -> None:
    right = int.from_bytes(TOKENIZER[:4], "little")
    for wrong in (0, -1, right - 1, right + 1, 65, 2**31 - 1, -(2**31)):
        message = refused(checkpoint(0), patched(TOKENIZER, 0, struct.pack("<i", wrong)))
        assert message.startswith("tok.bin: ") and "max_token_length" in message


@pytest.mark.parametrize("token", [0, 1, 100, 259, 299])
def test_a_tokenizer_that_lies_about_a_length(token: int) -> None:
    at, right = entries()[token] + 4, len(WORDS.texts[token])
    for wrong in (0, -1, right + 1, right - 1, 2**31 - 1, -(2**31)):
        message = refused(checkpoint(0), patched(TOKENIZER, at, struct.pack("<i", wrong)))
        assert message.startswith("tok.bin: ") and ("piece" in message or "bytes follow" in message)


@pytest.mark.slow
def test_a_tokenizer_that_ends_anywhere_else() -> None:
    for end in entries()[:-1]:
        for length in {max(end - 1, 0), end, end + 4, end + 7, end + 8}:
            assert refused(checkpoint(0), TOKENIZER[:length]).startswith("tok.bin: ")
    assert "1 bytes follow the last piece" in refused(checkpoint(0), TOKENIZER + b"\0")
    assert "tok.bin: it has" in refused(checkpoint(0), TOKENIZER + bytes(1 << 20))
    assert "max_token_length is missing" in refused(checkpoint(0), b"\5\0\0")


def test_a_tokenizer_with_other_pieces() -> None:
    def changed(token: int, text: bytes) -> str:
        texts = list(WORDS.texts)
        texts[token] = text
        return refused(checkpoint(0), tokenizer_file(replace(WORDS, texts=texts)))

    assert "piece 0 is b'unk': it must be b'<unk>'" in changed(0, b"unk")
    assert "piece 1 is b'\\n</s>\\n': it must be" in changed(1, b"\n</s>\n")
    assert "piece 2 is b'<pad>'" in changed(2, b"<pad>")
    assert "piece 13 is b'\\n': it must be b'<0x0A>'" in changed(13, b"\n")
    assert "piece 258 is b'<0xfF>'" in changed(258, b"<0xfF>")
    assert "no piece is ' '" in changed(259, b"xyz")
    assert "are both b'a'" in changed(299, b"a")
    assert "none of them 0" in changed(299, b"a\0")
    assert "is longer than 16 characters" in changed(299, b"a" * 17)
    for score in (np.nan, np.inf):
        damaged = patched(TOKENIZER, entries()[270], struct.pack("<f", score))
        assert f"the score of piece 270 is {score}" in refused(checkpoint(0), damaged)
    few = bin_file(replace(SIZES, vocab_size=200), llama(replace(SIZES, vocab_size=200), True), 0)
    assert "200" in refused(few, tokenizer_file(replace(WORDS, texts=WORDS.texts[:200], scores=WORDS.scores[:200])))
    assert "bytes follow the last piece" in refused(few, TOKENIZER) or "piece 200 is missing" in refused(
        few, TOKENIZER
    )


@pytest.mark.slow
@given(st.sampled_from([0, 1]), st.data())
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_files_are_refused_or_a_model(version: int, data: st.DataObject) -> None:
    damaged = []
    for whole, most in ((checkpoint(version), 300), (TOKENIZER, len(TOKENIZER))):
        broken = bytearray(whole[: data.draw(st.sampled_from([len(whole), len(whole), len(whole) // 2]))])
        for at in data.draw(st.lists(st.integers(0, min(len(broken), most) - 1), max_size=3)):
            broken[at] = data.draw(st.integers(0, 255))
        damaged.append(bytes(broken))
    with suppress(InputError):
        assert isinstance(read(damaged[0], damaged[1]), Weights)


def folder_of(shared: bool = True, **config: Any) -> Path:
    """A Hugging Face folder of the same model, some fields of its config.json changed; None takes one away."""
    path = Path(f"hf{len(list(Path().iterdir()))}")
    hugging_face(path, SIZES, MODEL if shared else llama(SIZES, False), WORDS)
    fields = json.loads((path / "config.json").read_text()) | config
    (path / "config.json").write_text(
        json.dumps({name: value for name, value in fields.items() if value is not None})
    )
    return path


@pytest.mark.parametrize("shared", [True, False])
def test_a_folder_is_the_same_model_as_the_checkpoint(shared: bool) -> None:
    there, here = load_hugging_face(folder_of(shared)), read(checkpoint(0, shared))
    equal(there, here)
    for text in random_texts(KINDS["few letters"] + "é“", 300, 30, 0):
        assert there.tokenizer.encode(text) == here.tokenizer.encode(text)
    assert [text.strip(b"\n") for text, _ in here.pieces] == [text for text, _ in there.pieces]


def test_a_folder_s_encoding_is_the_library_s() -> None:
    from tokenizers import Tokenizer as Library

    path = folder_of()
    tokenizer, library = load_hugging_face(path).tokenizer, Library.from_file(str(path / "tokenizer.json"))
    for kind in KINDS.values():
        for text in random_texts(kind, 200, 30, 1):
            expected = ours(np.array(library.encode(text).ids, int), SIZES.vocab_size).tolist()
            assert tokenizer.encode(text)[1:-1] == expected, text


def test_older_and_newer_ways_to_write_a_folder() -> None:
    plain = load_hugging_face(folder_of())
    new = folder_of(rope_theta=None, rope_parameters={"rope_type": "default", "rope_theta": 10000}, head_dim=4)
    equal(load_hugging_face(new), plain)
    old = folder_of(eos_token_id=None, tie_word_embeddings=True, attention_bias=False, rope_scaling=None)
    fields = json.loads((old / "tokenizer.json").read_text())
    fields["model"]["merges"] = [" ".join(pair) for pair in fields["model"]["merges"]]
    fields["normalizer"] = None
    fields["pre_tokenizer"] = {
        "type": "Metaspace",
        "replacement": "▁",
        "prepend_scheme": "first",
        "split": False,
    }
    (old / "tokenizer.json").write_text(json.dumps(fields))
    equal(load_hugging_face(old), plain)
    for base in (500_000, 500_000.0):
        assert load_hugging_face(folder_of(rope_theta=base)).config.rope_base == 500_000
    for plain_rope in ({"rope_scaling": {"type": "default"}}, {"partial_rotary_factor": 1, "rope_type": "default"}):
        equal(load_hugging_face(folder_of(**plain_rope)), plain)
    assert load_hugging_face(folder_of(), context=4).config.block_size == 4


def test_another_epsilon_is_in_the_weights() -> None:
    weights = load_hugging_face(folder_of(rms_norm_eps=1e-3))
    tokens = np.random.default_rng(0).integers(SIZES.vocab_size, size=(2, SIZES.seq_len))
    expected = torch_logits(SIZES, MODEL, tokens, epsilon=1e-3)
    found = forward_logits(in_double(weights), weights.config, ours(tokens, SIZES.vocab_size))
    everything = ours(np.arange(SIZES.vocab_size), SIZES.vocab_size)
    np.testing.assert_allclose(found[:, :, everything], expected, rtol=1e-4, atol=1e-4)
    assert np.abs(torch_logits(SIZES, MODEL, tokens) - expected).max() > 1e-2


def test_a_text_ends_with_eos_where_that_is_not_bos() -> None:
    one, two = (load_hugging_face(folder_of(False, eos_token_id=eos)).tensors for eos in (1, 2))
    np.testing.assert_array_equal(one["wte"], two["wte"])
    np.testing.assert_array_equal(one["lm_head"][[1, -1]], two["lm_head"][[-1, 1]])
    np.testing.assert_array_equal(one["lm_head"][2:-1], two["lm_head"][2:-1])


CONFIGS: dict[str, list[Any]] = {
    "architectures": [["MistralForCausalLM"], [], "LlamaForCausalLM", 7],
    "hidden_act": ["gelu", 1],
    "attention_bias": [True],
    "mlp_bias": [True],
    "rope_scaling": [{"rope_type": "linear", "factor": 2.0}, {"type": "dynamic"}, {"factor": 2.0}, 7],
    "rope_parameters": [
        {"rope_type": "llama3"},
        7,
        {"rope_theta": 500},
        {"partial_rotary_factor": 0.5},
        {"beta": 1},
    ],
    "rope_type": ["yarn", 7],
    "rope_interleaved": [True],
    "partial_rotary_factor": [0.5, 2],
    "rotary_pct": [0.25],
    "no_rope_layers": [[1]],
    "rope_theta": [0, -1.0, "10000", True, 1e30],
    "rms_norm_eps": [0.0, -1e-5, 1.0, "small", 1],
    "tie_word_embeddings": ["yes", 1],
    "hidden_size": [0, -1, 7, 9, 8.0, "8", True, 2**31 - 1, 10**30, [8]],
    "intermediate_size": [0, -1, 2**31 - 1, 12.5],
    "num_hidden_layers": [0, -1, 7, 2**31 - 1],
    "num_attention_heads": [0, -1, 3, 5, 16, 2**31 - 1],
    "num_key_value_heads": [0, -1, 3, 2**31 - 1],
    "vocab_size": [0, -1, 1025, 2**31 - 1],
    "max_position_embeddings": [0, -1, "10"],
    "head_dim": [3, 0, "2"],
    "bos_token_id": [3, -1, "1", True, [1]],
    "eos_token_id": [300, -1, [1, 2]],
}


@pytest.mark.parametrize("field", CONFIGS)
def test_a_field_of_config_json_that_cannot_be(field: str) -> None:
    for wrong in CONFIGS[field]:
        with pytest.raises(InputError) as raised:
            load_hugging_face(folder_of(True, **{field: wrong}))
        message = str(raised.value)
        assert ".json: " in message and "\n" not in message, message
        assert field in message, (wrong, message)


@pytest.mark.parametrize(
    ("field", "wrong", "tensor"),
    [
        ("hidden_size", 32, "embed_tokens"),
        ("intermediate_size", 13, "gate_proj"),
        ("num_hidden_layers", 1, "layers.1"),
        ("num_hidden_layers", 3, "layers.2"),
        ("num_key_value_heads", 4, "k_proj"),
        ("tie_word_embeddings", False, "lm_head.weight"),
    ],
)
def test_tensors_of_another_shape_than_described(field: str, wrong: object, tensor: str) -> None:
    with pytest.raises(InputError, match=rf"model.safetensors: .*{tensor}"):
        load_hugging_face(folder_of(True, **{field: wrong}))


def tokenizers(change: Callable[[dict[str, Any]], object]) -> str:
    """How a folder is refused whose tokenizer.json was changed."""
    path = folder_of()
    fields = json.loads((path / "tokenizer.json").read_text())
    change(fields)
    (path / "tokenizer.json").write_text(json.dumps(fields))
    with pytest.raises(InputError) as raised:
        load_hugging_face(path)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def rename(fields: dict[str, Any], old: str, new: str) -> None:
    fields["model"]["vocab"][new] = fields["model"]["vocab"].pop(old)


def without_space(fields: dict[str, Any]) -> None:
    rename(fields, "▁", "zz")
    fields["model"]["merges"] = []


def last_is_added(fields: dict[str, Any]) -> None:
    """The last piece is no longer one of the vocabulary, and the merges that make it stay."""
    (text,) = (text for text, number in fields["model"]["vocab"].items() if number == SIZES.vocab_size - 1)
    del fields["model"]["vocab"][text]
    fields["added_tokens"].append({"id": SIZES.vocab_size - 1, "content": text, "special": True})


CHANGES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "no model": (lambda f: f.pop("model"), "model is missing"),
    "another kind": (lambda f: f["model"].update(type="Unigram"), "model.type is 'Unigram'"),
    "no bytes": (lambda f: f["model"].update(byte_fallback=False), "model.byte_fallback is False"),
    "bytes not mentioned": (lambda f: f["model"].pop("byte_fallback"), "model.byte_fallback is missing"),
    "dropout": (lambda f: f["model"].update(dropout=0.1), "model.dropout is 0.1"),
    "a byte missing": (lambda f: rename(f, "<0x41>", "<0x4>"), "model.vocab lacks '<0x41>'"),
    "no space": (without_space, "model.vocab lacks '▁'"),
    "letters": (
        lambda f: f.update(pre_tokenizer={"type": "ByteLevel"}),
        "normalizer is 'Sequence', pre_tokenizer 'ByteLevel'",
    ),
    "small letters": (lambda f: f.update(normalizer={"type": "Lowercase"}), "normalizer is 'Lowercase'"),
    "vocab of no kind": (lambda f: f["model"].update(vocab=[]), "model.vocab is []: it must be an object"),
    "numbers of no kind": (lambda f: f["model"]["vocab"].update(a="7"), "a value of model.vocab is of"),
    "a number twice": (
        lambda f: f["model"]["vocab"].update(a=5),
        "model.vocab and added_tokens are not the tokens 0 to 299",
    ),
    "a number beyond": (
        lambda f: f["model"]["vocab"].update(a=1 << 40),
        "model.vocab and added_tokens are not the tokens 0 to 299",
    ),
    "a token missing": (
        lambda f: f["model"]["vocab"].pop("<0x41>"),
        "model.vocab and added_tokens are not the tokens 0 to 299",
    ),
    "another space": (
        lambda f: f.update(normalizer=None, pre_tokenizer={"type": "Metaspace", "replacement": "_"}),
        "normalizer is None, pre_tokenizer 'Metaspace'",
    ),
    "no space before a text": (
        lambda f: f.update(
            normalizer=None, pre_tokenizer={"type": "Metaspace", "replacement": "▁", "prepend_scheme": "never"}
        ),
        "normalizer is None, pre_tokenizer 'Metaspace'",
    ),
    "words apart, with pieces across them": (
        lambda f: f.update(normalizer=None, pre_tokenizer={"type": "Metaspace", "replacement": "▁"}),
        "model.merges: scores of pieces would not",
    ),
    "half a character": (lambda f: rename(f, "😀", "\ud800"), "the name of a field of model.vocab is '\\ud800'"),
    "merges of no kind": (lambda f: f["model"].update(merges=7), "model.merges is 7: it must be a list"),
    "merges of three": (lambda f: f["model"].update(merges=[["a", "b", "c"]]), "model.merges[0] is ['a', 'b'"),
    "merges of three in a text": (lambda f: f["model"].update(merges=["a b c"]), "model.merges[0] is 'a b c'"),
    "merges that make nothing": (lambda f: f["model"]["merges"].append(["a", "zz"]), "model.merges: 'a' and 'zz'"),
    "too few merges": (lambda f: f["model"].update(merges=f["model"]["merges"][::2]), "model.merges: scores"),
    "merges that use an added token": (
        last_is_added,
        "model.merges: 'gd😀' and 'éh▁' are merged, but one or their sum",
    ),
    "merges of special tokens": (
        lambda f: f["model"]["merges"].append(["<s>", "</s>"]),
        "model.merges: '<s>' and '</s>' are merged, but one or their sum is of added_tokens",
    ),
    "what the library does not read": (
        lambda f: f.update(
            normalizer=None,
            pre_tokenizer={"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": 0},
        ),
        "the library `tokenizers` does not read it",
    ),
    "added of no kind": (lambda f: f.update(added_tokens=7), "added_tokens is 7: it must be a list"),
    "added without text": (lambda f: f["added_tokens"].append({}), "added_tokens[3].id is missing"),
    "added with another number": (lambda f: f["added_tokens"][1].update(id=5), "added_tokens has '<s>' with id 5"),
    "added and not special": (
        lambda f: f["added_tokens"][0].update(special=False),
        "added_tokens has '<unk>', which is not special",
    ),
    "no special": (lambda f: f.update(added_tokens=[]), "bos_token_id of config.json is 1"),
}


@pytest.mark.parametrize(("change", "message"), CHANGES.values(), ids=CHANGES)
def test_a_tokenizer_json_that_cannot_be(change: Callable[[dict[str, Any]], object], message: str) -> None:
    assert f"tokenizer.json: {message}" in tokenizers(change)


def test_half_a_folder() -> None:
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        path = folder_of()
        (path / name).unlink()
        with pytest.raises(InputError, match=name):
            load_hugging_face(path)
        (path / name).write_bytes(b"{")
        with pytest.raises(InputError, match=name):
            load_hugging_face(path)


def test_a_tensor_that_no_llama_has() -> None:
    path = folder_of()
    tensors = safetensors.numpy.load_file(path / "model.safetensors")
    tensors["model.layers.0.self_attn.rotary_emb.inv_freq"] = np.zeros(1, np.float32)
    safetensors.numpy.save_file(tensors, path / "model.safetensors")
    with pytest.raises(InputError, match=r"superfluous tensors: .*inv_freq"):
        load_hugging_face(path)


@given(st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_folder_is_refused_or_a_model(data: st.DataObject) -> None:
    path = Path("hf")
    if not path.exists():
        hugging_face(path, SIZES, MODEL, WORDS)
    name = data.draw(st.sampled_from(["config.json", "tokenizer.json", "model.safetensors"]))
    whole = (path / name).read_bytes()
    broken = bytearray(whole)
    for at in data.draw(st.lists(st.integers(0, min(len(broken), 9000) - 1), min_size=1, max_size=3)):
        broken[at] = data.draw(st.integers(0, 255))
    (path / name).write_bytes(broken)
    try:
        with suppress(InputError):
            assert isinstance(load_hugging_face(path), Weights)
    finally:
        (path / name).write_bytes(whole)


def test_the_command_reads_each_kind(capsys: pytest.CaptureFixture[str]) -> None:
    Path("m.bin").write_bytes(checkpoint(0))
    assert run(["import", "m.bin", "--tokenizer", "tok.bin", "--context", "8", "--out", "w.npz"]) == 0
    assert "299 symbols, 8 positions" in capsys.readouterr().out
    equal(load_weights(Path("w.npz")), read(checkpoint(0), context=8))
    assert run(["import", str(folder_of()), "--out", "h.npz", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["weights"] == "h.npz" and len(report["symbols"]) == 299
    equal(load_weights(Path("h.npz")), read(checkpoint(0)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["m.bin"], "give llama2.c's tokenizer file with --tokenizer"),
        (["m.bin", "--tokenizer", "tok.bin", "--config", "c.json"], "--config does not go with a .bin file"),
        (["m.bin", "--tokenizer", "m.bin"], "m.bin: "),
        (["m.bin", "--tokenizer", "tok.bin", "--context", "99"], "m.bin: --context is 99: it must be 2 to 10"),
        ([".", "--tokenizer", "tok.bin"], "--tokenizer does not go with a folder"),
        (["."], "is a directory without config.json"),
        (["m.safetensors", "--context", "8"], "--context does not go with a .safetensors file"),
        (["m.safetensors", "--tokenizer", "tok.bin"], "--tokenizer does not go with a .safetensors file"),
    ],
)
def test_the_command_says_in_one_line_what_is_wrong(
    capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    Path("m.bin").write_bytes(checkpoint(0))
    assert run(["import", *options, "--out", "w.npz"]) == 1
    printed = capsys.readouterr()
    assert message in printed.err and printed.err.count("\n") == 1 and not printed.out
    assert not Path("w.npz").exists()


def test_stories_are_paragraphs() -> None:
    """A text with newlines in its stories is held out by whole ones, and has a loss."""
    weights = read(checkpoint(0))
    stories = [f"a bad cab.\nbead {'abcdefgh'[n % 8] * (n // 8 + 1)}, fed." for n in range(40)]
    Path("stories.txt").write_text("\n\n".join(stories))
    text = held_out(weights, Path("stories.txt"))
    assert text is not None
    documents = text.documents
    assert len(documents) == 4
    assert {weights.tokenizer.decode(document) for document in documents} <= set(stories)
    assert np.isfinite(loss_per_token(weights.tensors, weights.config, documents))


def test_a_model_beyond_work_ram_is_refused_at_once_with_the_context_that_fits(
    capsys: pytest.CaptureFixture[str],
) -> None:
    sizes = Sizes(dim=128, hidden_dim=4, n_heads=2, n_kv_heads=2, seq_len=256)
    Path("m.bin").write_bytes(bin_file(sizes, llama(sizes, True), 0))
    options = ["m.bin", "--tokenizer", "tok.bin", "--out", "w.npz", "--context"]
    assert run(["import", *options, "256"]) == 1
    refusal = capsys.readouterr().err
    assert re.search(r"256 positions.* take 13\d,\d{3} bytes of work RAM.* leaves [\d,]+: .*--context \d+", refusal)
    assert refusal.count("\n") == 1 and not Path("w.npz").exists()
    fitting = re.findall(r"--context (\d+)", refusal)[0]
    assert run(["import", *options, fitting]) == 0
