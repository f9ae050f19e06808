"""Small Llamas in the files that other programs write: llama2.c's, and folders of Hugging Face."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import safetensors.numpy

from trainer.files import Array

SHARED = Path(__file__).parents[3] / "shared"
STORIES, STORIES_TOKENIZER = SHARED / "stories260K.bin", SHARED / "tok512.bin"
"""The public model, tested too where it is found; docs/llama.md says where it is fetched."""

SPECIAL = [b"<unk>", b"\n<s>\n", b"\n</s>\n"]
BYTES = [f"<0x{byte:02X}>".encode() for byte in range(256)]
CHARACTERS = [character.encode() for character in " abcdefgh.,é“\U0001f600"]


@dataclass(frozen=True)
class Sizes:
    """The seven numbers of a header, by llama2.c's names."""

    dim: int = 16
    hidden_dim: int = 12
    n_layers: int = 2
    n_heads: int = 4
    n_kv_heads: int = 2
    vocab_size: int = 300
    seq_len: int = 10

    @property
    def head(self) -> int:
        """Dimensions of one."""
        return self.dim // self.n_heads

    @property
    def header(self) -> list[int]:
        """In the file's order."""
        return [getattr(self, name) for name in self.__dataclass_fields__]


Llama = Mapping[str, Array]
"""By the names of llama2.c's model.py, those of layers stacked: attention_norm (layers, dim), wq, w1, …"""


def llama(sizes: Sizes, shared: bool, seed: int = 0) -> Llama:
    """A random one; its gains are powers of two, so that products with them are exact."""
    random = np.random.default_rng(seed)
    d, h, n, kv = sizes.dim, sizes.hidden_dim, sizes.n_layers, sizes.n_kv_heads * sizes.head

    def normal(*shape: int) -> Array:
        return random.normal(0, 0.5, shape).astype(np.float32)

    def gains(*shape: int) -> Array:
        return random.choice(np.array([0.5, 1, -1, 2], np.float32), shape)

    tokens = normal(sizes.vocab_size, d)
    return {
        "tok_embeddings": tokens,
        "attention_norm": gains(n, d),
        "wq": normal(n, d, d),
        "wk": normal(n, kv, d),
        "wv": normal(n, kv, d),
        "wo": normal(n, d, d),
        "ffn_norm": gains(n, d),
        "w1": normal(n, h, d),
        "w2": normal(n, d, h),
        "w3": normal(n, h, d),
        "norm": gains(d),
        "output": tokens if shared else normal(sizes.vocab_size, d),
    }


def bin_file(sizes: Sizes, model: Llama, version: int) -> bytes:
    """The checkpoint as export.py of llama2.c writes it."""
    shared = model["output"] is model["tok_embeddings"]
    layers = ["wq", "wk", "wv", "wo"], ["w1", "w2", "w3"]
    if version == 0:
        vocab_size = sizes.vocab_size if shared else -sizes.vocab_size
        header = struct.pack("<7i", *replace(sizes, vocab_size=vocab_size).header)
        order = ["tok_embeddings", "attention_norm", *layers[0], "ffn_norm", *layers[1], "norm", "table", "table"]
    else:
        header = struct.pack("<Ii7iB", 0x616B3432, 1, *sizes.header, shared).ljust(256, b"\0")
        order = ["attention_norm", "ffn_norm", "norm", "tok_embeddings", *layers[0], *layers[1]]
    tables = {"table": np.full((sizes.seq_len, sizes.head // 2), np.nan, np.float32)}  # nobody reads them
    return header + b"".join(
        (tables | dict(model))[name].tobytes() for name in [*order, *["output"] * (not shared)]
    )


@dataclass(frozen=True)
class Vocabulary:
    """Texts and scores in a file's order: unk, BOS, EOS, 256 bytes, then pieces."""

    texts: Sequence[bytes]
    scores: Sequence[float]


def vocabulary(size: int, seed: int = 0, score: Callable[[int], float] = lambda rank: -float(rank)) -> Vocabulary:
    """A made-up one: single characters, then random sums of two pieces; score of the pieces by their rank."""
    random = np.random.default_rng(seed)
    pieces = list(CHARACTERS)
    while len(pieces) < size - len(SPECIAL) - len(BYTES):
        left, right = (pieces[number] for number in random.integers(len(pieces), size=2))
        if left + right not in pieces and len((left + right).decode()) <= 6:
            pieces.append(left + right)
    scores = [score(rank) for rank in range(len(pieces))]
    # float32 is what a tokenizer's file has
    return Vocabulary(
        [*SPECIAL, *BYTES, *pieces],
        [0.0] * (len(SPECIAL) + len(BYTES)) + np.array(scores, np.float32).astype(float).tolist(),
    )


def tokenizer_file(words: Vocabulary) -> bytes:
    """As tokenizer.py of llama2.c writes it."""
    entries = [
        struct.pack("<fi", score, len(text)) + text for text, score in zip(words.texts, words.scores, strict=True)
    ]
    return struct.pack("<i", max(map(len, words.texts))) + b"".join(entries)


def hugging_face(folder: Path, sizes: Sizes, model: Llama, words: Vocabulary) -> None:
    """The same model as a LlamaForCausalLM: in every head the first of each pair of dimensions come first."""
    folder.mkdir()
    shared = model["output"] is model["tok_embeddings"]
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_act": "silu",
        "hidden_size": sizes.dim,
        "intermediate_size": sizes.hidden_dim,
        "num_hidden_layers": sizes.n_layers,
        "num_attention_heads": sizes.n_heads,
        "num_key_value_heads": sizes.n_kv_heads,
        "vocab_size": sizes.vocab_size,
        "max_position_embeddings": sizes.seq_len,
        "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0,
        "tie_word_embeddings": shared,
        "bos_token_id": 1,
        "eos_token_id": 1,
    }
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer_json(words)))
    tensors = {"model.embed_tokens.weight": model["tok_embeddings"], "model.norm.weight": model["norm"]}
    if not shared:
        tensors["lm_head.weight"] = model["output"]
    names = {
        "attention_norm": "input_layernorm",
        "ffn_norm": "post_attention_layernorm",
        **{f"w{name}": f"self_attn.{name}_proj" for name in "qkvo"},
        "w1": "mlp.gate_proj",
        "w2": "mlp.down_proj",
        "w3": "mlp.up_proj",
    }
    for ours, theirs in names.items():
        for layer, tensor in enumerate(model[ours]):
            halves = _halves(tensor, sizes.head) if ours in ("wq", "wk") else tensor
            tensors[f"model.layers.{layer}.{theirs}.weight"] = np.ascontiguousarray(halves)
    safetensors.numpy.save_file(tensors, folder / "model.safetensors")


def _halves(rows: Array, head: int) -> Array:
    """Rows 0, 2, 4 … of every head, then 1, 3, 5 …"""
    heads = rows.reshape(-1, head, rows.shape[1])
    return np.concatenate([heads[:, 0::2], heads[:, 1::2]], axis=1).reshape(rows.shape)


def tokenizer_json(words: Vocabulary) -> dict[str, object]:
    """As transformers convert a SentencePiece model: all pairs that make a piece are merges, best scores first."""
    texts = [text.decode().strip("\n").replace(" ", "▁") for text in words.texts]
    known, by_score = set(texts), sorted(range(259, len(texts)), key=lambda token: -words.scores[token])
    merges = [
        [text[:cut], text[cut:]]
        for text in (texts[token] for token in by_score)
        for cut in range(1, len(text))
        if {text[:cut], text[cut:]} <= known
    ]
    special = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {
        "version": "1.0",
        "added_tokens": [{"id": token, "content": texts[token], **special} for token in range(3)],
        "normalizer": {
            "type": "Sequence",
            "normalizers": [
                {"type": "Prepend", "prepend": "▁"},
                {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
            ],
        },
        "pre_tokenizer": None,
        "model": {
            "type": "BPE",
            "unk_token": "<unk>",
            "fuse_unk": True,
            "byte_fallback": True,
            "vocab": {text: token for token, text in enumerate(texts)},
            "merges": merges,
        },
    }
