"""Checkpoints of llama2.c, versions 0 and 1, and its tokenizer's file: numbers in little-endian order, no names.

https://github.com/karpathy/llama2.c: export.py writes the one, tokenizer.py the other.
"""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from trainer.config import ModelConfig
from trainer.errors import InputError
from trainer.files import LARGEST_FILE, Array
from trainer.formats.llama_checkpoint import Checkpoint, Vocabulary, shape_of, shapes, weights_of
from trainer.formats.reader import Options, Reader
from trainer.text.sentencepiece import BYTES
from trainer.text.vocabulary import MAX_PIECE
from trainer.weights import Weights

FIELDS = ("dim", "hidden_dim", "n_layers", "n_heads", "n_kv_heads", "vocab_size", "seq_len")
OURS = ("n_embd", "n_hidden", "n_layer", "n_head", "n_kv_head", "vocab_size", "block_size")
NAMES = dict(zip(OURS, FIELDS, strict=True))

MAGIC = 0x616B3432  # "ak42"
PARAMETERS, HEADER = struct.Struct("<7i"), 256
MAX_POSITIONS = 1 << 20
ROPE_BASE = 10_000.0

ATTENTION = ["wq", "wk", "wv", "wo"]
MLP = ["fc1", "fc2", "fc3"]
VERSION_0 = ["wte", "attention_gain", *ATTENTION, "mlp_gain", *MLP, "gain", "cos", "sin", "lm_head"]
VERSION_1 = ["attention_gain", "mlp_gain", "gain", "wte", *ATTENTION, *MLP, "lm_head"]
TABLES = ("cos", "sin")
"""Tables of rotary positions: they follow from the shape, and neither llama2.c nor this reads them."""

SPECIAL = ((b"<unk>",), (b"\n<s>\n", b"<s>"), (b"\n</s>\n", b"</s>"))
UNKNOWN, BOS, EOS, FIRST_BYTE = range(4)
ENTRY = struct.Struct("<fi")


def load_llama2c(path: Path, tokenizer: Path, context: int | None = None) -> Weights:
    """The model in a checkpoint of llama2.c and in its tokenizer's file. Nothing in them is executed.

    Raises InputError, naming the field, when a size is out of range, or header and length disagree.
    """
    try:
        checkpoint = _checkpoint(path, context)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    try:
        vocabulary = read_tokenizer(tokenizer, checkpoint.config.vocab_size)
    except InputError as error:
        raise InputError(f"{tokenizer}: {error}") from error
    try:
        return weights_of(checkpoint, vocabulary)
    except InputError as error:
        raise InputError(f"{path} with {tokenizer}: {error}") from error


@contextmanager
def _opened(path: Path) -> Iterator[tuple[BinaryIO, int]]:
    """A file and how many bytes it has."""
    try:
        with path.open("rb") as file:
            if (size := os.fstat(file.fileno()).st_size) > LARGEST_FILE:
                raise InputError(f"it has {size:,} bytes: no model has more than {LARGEST_FILE:,}")
            yield file, size
    except FileNotFoundError as error:
        raise InputError("it does not exist: give llama2.c's checkpoint, and --tokenizer its tokenizer") from error
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}") from error


def _checkpoint(path: Path, context: int | None) -> Checkpoint:
    with _opened(path) as (file, size):
        header = file.read(HEADER)
        fields, shared, order, start = _header(header)
        config = shape_of(fields, NAMES, context, ROPE_BASE)
        layout = _layout(config, fields["seq_len"], [name for name in order if not (shared and name == "lm_head")])
        n_numbers = sum(math.prod(shape) for shape in layout.values())
        if size != start + 4 * n_numbers:
            described = ", ".join(f"{name} {value}" for name, value in fields.items())
            raise InputError(
                f"it has {size:,} bytes, and its header describes {start + 4 * n_numbers:,}: {described}, "
                f"classifier {'shared' if shared else 'separate'}"
            )
        file.seek(start)
        numbers = np.frombuffer(file.read(4 * n_numbers), "<f4")
    if len(numbers) != n_numbers:
        raise InputError("it became shorter while it was read")
    tensors = _cut(numbers, layout)
    return Checkpoint(config, {"lm_head": tensors["wte"], **tensors})


def _header(header: bytes) -> tuple[dict[str, int], bool, list[str], int]:
    """Fields, whether wte is the classifier too, the tensors' order and where the first begins."""
    if len(header) < PARAMETERS.size:
        raise InputError(f"it has {len(header)} bytes: a header alone has {PARAMETERS.size}")
    if int.from_bytes(header[:4], "little") != MAGIC:
        fields = dict(zip(FIELDS, PARAMETERS.unpack_from(header), strict=True))
        shared = fields["vocab_size"] > 0
        return _checked(fields | {"vocab_size": abs(fields["vocab_size"])}), shared, VERSION_0, PARAMETERS.size
    if len(header) < HEADER:
        raise InputError(f"it has {len(header)} bytes: the header of version 1 alone has {HEADER}")
    version = int.from_bytes(header[4:8], "little", signed=True)
    if version != 1:
        raise InputError(f"version is {version}: read are 0 and 1, the versions in float32")
    flag = 8 + PARAMETERS.size
    if header[flag] > 1:
        raise InputError(f"shared_classifier is {header[flag]}: it must be 0 or 1")
    if any(header[flag + 1 :]):
        raise InputError("padding: what follows shared_classifier in its header is not all 0")
    fields = dict(zip(FIELDS, PARAMETERS.unpack_from(header, 8), strict=True))
    return _checked(fields), bool(header[flag]), VERSION_1, HEADER


def _checked(fields: dict[str, int]) -> dict[str, int]:
    if not 2 <= fields["seq_len"] <= MAX_POSITIONS:
        raise InputError(f"seq_len is {fields['seq_len']}: it must be a number from 2 to {MAX_POSITIONS}")
    return fields


def _layout(config: ModelConfig, positions: int, order: list[str]) -> dict[str, tuple[int, ...]]:
    """Name → shape of what a file holds, in its order."""
    known = shapes(config) | dict.fromkeys(TABLES, (positions, config.head_dim // 2))
    return {name: known[name] for name in order}


def _cut(numbers: Array, layout: dict[str, tuple[int, ...]]) -> dict[str, Array]:
    ends = np.cumsum([math.prod(shape) for shape in layout.values()])[:-1]
    parts = zip(layout.items(), np.split(numbers.astype(np.float32), ends), strict=True)
    return {name: part.reshape(shape) for (name, shape), part in parts if name not in TABLES}


def read_tokenizer(path: Path, size: int) -> Vocabulary:
    """The pieces of a tokenizer's file, checked against the checkpoint's vocab_size."""
    most = 4 + size * (ENTRY.size + MAX_PIECE)
    with _opened(path) as (file, n_bytes):
        if n_bytes > most:
            raise InputError(f"it has {n_bytes:,} bytes: with vocab_size {size} there are at most {most:,}")
        data = file.read(n_bytes)
    longest = int.from_bytes(data[:4], "little", signed=True)
    if len(data) < 4 or not 1 <= longest <= MAX_PIECE:
        raise InputError(f"max_token_length is {longest if data[3:] else 'missing'}: it must be 1 to {MAX_PIECE}")
    texts, scores, at = [], [], 4
    for token in range(size):
        text, score = _piece(data, at, token, longest, size)
        texts.append(text)
        scores.append(score)
        at += ENTRY.size + len(text)
    if at != len(data):
        raise InputError(f"{len(data) - at:,} bytes follow the last piece: the checkpoint's vocab_size is {size}")
    if longest != max(map(len, texts)):
        raise InputError(f"max_token_length is {longest}: its longest piece has {max(map(len, texts))} bytes")
    _check_places(texts)
    return Vocabulary(texts, scores, BOS, BOS, frozenset({UNKNOWN, BOS, EOS}))


def _piece(data: bytes, at: int, token: int, longest: int, size: int) -> tuple[bytes, float]:
    """Text and score of the piece at this place in the file."""
    if len(data) < at + ENTRY.size:
        raise InputError(f"it ends within piece {token}: the checkpoint's vocab_size is {size}")
    score, length = ENTRY.unpack_from(data, at)
    if not math.isfinite(score):
        raise InputError(f"the score of piece {token} is {score}: it must be a finite number")
    if not 1 <= length <= longest:
        raise InputError(f"the length of piece {token} is {length}: it must be 1 to max_token_length, {longest}")
    text = data[at + ENTRY.size : at + ENTRY.size + length]
    if len(text) < length:
        raise InputError(f"it ends within piece {token}: the checkpoint's vocab_size is {size}")
    return text, score


def _check_places(texts: list[bytes]) -> None:
    """Raises InputError unless unk, BOS, EOS and the 256 bytes come first."""
    expected = [*SPECIAL, *((name,) for name in BYTES)]
    for token, names in enumerate(expected):
        if token >= len(texts) or texts[token] not in names:
            found = repr(texts[token]) if token < len(texts) else "missing"
            raise InputError(
                f"piece {token} is {found}: it must be {names[0]!r}, as the first {len(expected)} are fixed"
            )


def _load(path: Path, options: Options) -> Weights:
    if options.tokenizer is None:
        raise InputError(f"{path} holds no tokens' texts: give llama2.c's tokenizer file with --tokenizer")
    return load_llama2c(path, options.tokenizer, options.context)


READER = Reader(".bin file", ("--tokenizer", "--context"), lambda path: path.suffix == ".bin", _load)
