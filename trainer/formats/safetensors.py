"""A model as any other program keeps it: tensors in FILE.safetensors, shape and alphabet in FILE.json.

docs/import.md describes the pair.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, deserialize
from safetensors.numpy import save

from trainer.config import ModelConfig
from trainer.errors import InputError
from trainer.files import LARGEST_FILE, Array, whole_file, write_bytes
from trainer.text.sentencepiece import Pieces
from trainer.text.vocabulary import Merges, check_vocabulary, pieces_from, plain_pieces
from trainer.weights import NUMBERS, Weights, check_notes

LARGEST_HEADER = 1 << 20
"""Bytes, of JSON. The library takes 25 times the room of what it parses; 39 tensors need 4,000 bytes."""

NOTES = (*NUMBERS, "documents", "fold_case")
"""The possible notes on a model besides its shape: trainer.weights and trainer.text.splitting have their ranges."""

FLOATS: Mapping[str, Callable[[bytes], Array]] = {
    "F32": lambda data: np.frombuffer(data, "<f4"),
    "F16": lambda data: np.frombuffer(data, "<f2"),
    "BF16": lambda data: (np.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4"),  # the upper half of an F32
}


def config_beside(path: Path) -> Path:
    """FILE.json of FILE.safetensors."""
    return path.parent / f"{path.stem}.json"


def load_safetensors(path: Path, config_path: Path) -> Weights:
    """The model in a .safetensors file and the JSON that describes it, in float32. Nothing in them is executed.

    Raises InputError when either is missing, damaged or too large, a field is wrong, a tensor is missing,
    superfluous, of another shape than described, not a float of 16 or 32 bits, or not finite.
    """
    data = read_file(path, LARGEST_FILE)
    config, symbols, merges, pieces, notes = _read_config(config_path)
    try:
        return Weights(config, symbols, tensors_in(data, config.tensor_shapes()), notes, merges, pieces)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def save_safetensors(path: Path, config_path: Path, weights: Weights) -> None:
    """Write the pair that load_safetensors reads; neither takes its place before both are written.

    Raises InputError when one cannot be written, both have one name or a note is out of range.
    """
    if path.is_dir() or path == config_path:
        raise InputError(f"{path} is a directory, or where the shape goes: name the .safetensors file itself")
    notes = {name: weights.info[name] for name in NOTES if name in weights.info}
    check_notes(notes)
    fields = weights.config.to_dict() | {"symbols": list(weights.symbols)} | notes
    if weights.merges:
        fields["merges"] = [list(pair) for pair in weights.merges]
    if weights.pieces:
        fields["pieces"] = plain_pieces(weights.pieces)
    tensors = {name: np.ascontiguousarray(tensor) for name, tensor in weights.tensors.items()}
    with whole_file(path) as temporary:
        temporary.write_bytes(save(tensors))
        write_bytes(config_path, (json.dumps(fields, indent=2) + "\n").encode())


def read_file(path: Path, limit: int) -> bytes:
    """A whole file, and of what has no end, nothing. Raises InputError when it has more than `limit` bytes."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > limit:
                raise InputError(f"{path} has {size:,} bytes: no model has more than {limit:,}")
            return file.read(size)
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist: a model is FILE.safetensors and FILE.json or --config") from error
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error


def _read_config(path: Path) -> tuple[ModelConfig, Sequence[str], Merges, Pieces, dict[str, Any]]:
    """Shape, alphabet, merges, pieces and notes. Raises InputError, naming the field, unless that is all."""
    text = read_file(path, LARGEST_HEADER)
    try:
        fields = fields_of(text)
        symbols, merges = _symbols(fields.pop("symbols", None)), _merges(fields.pop("merges", []))
        pieces = _pieces(fields.pop("pieces", []))
        notes = {name: fields.pop(name) for name in NOTES if name in fields}
        config = ModelConfig.from_dict(fields)
        check_vocabulary(config, symbols, merges, pieces)
        check_notes(notes)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except RecursionError as error:  # of a message that quotes what was parsed
        raise InputError(f"{path} is not JSON: it is nested too deeply") from error
    return config, symbols, merges, pieces, notes


def fields_of(text: bytes) -> dict[str, Any]:
    """The named values of a JSON object. Raises InputError when it is none."""
    try:
        fields = json.loads(text)
    except RecursionError as error:
        raise InputError("it is not JSON: it is nested too deeply") from error
    except ValueError as error:
        raise InputError(f"it is not JSON: {error}") from error
    if not isinstance(fields, dict):
        raise InputError("not an object of named fields")
    return fields


def _symbols(given: object) -> Sequence[str]:
    """The text of every token. Raises InputError when it is neither a string nor a list of them."""
    texts = list(given) if isinstance(given, str) else given
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise InputError(f"symbols is {given!r}: it must be a string of characters or a list of texts")
    return texts


def _merges(given: object) -> Merges:
    """The pairs of texts that become one token. Raises InputError when it is anything but pairs of strings."""
    pairs = [tuple(pair) for pair in given if isinstance(pair, list)] if isinstance(given, list) else None
    if pairs is None or len(pairs) != len(given) or not all(map(_is_pair, pairs)):  # type: ignore[arg-type]
        raise InputError(f"merges is {given!r}: it must be a list of pairs of texts")
    return tuple((left, right) for left, right in pairs)


def _pieces(given: object) -> Pieces:
    """Texts, a character for every byte, and scores. Raises InputError when it is anything but pairs of them."""
    try:
        return pieces_from({"pieces": given})
    except (TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"pieces is {given!r}: it must be a list of pairs of text and score, a character of Latin-1 for a byte"
        ) from error


def _is_pair(pair: tuple[object, ...]) -> bool:
    return len(pair) == 2 and all(isinstance(text, str) for text in pair)


def tensors_in(data: bytes, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Array]:
    """A .safetensors file's tensors in float32. Raises InputError unless they are those named, of these shapes."""
    entries = _entries(data)
    _check_entries(entries, shapes)
    return {name: _float32(entries[name]) for name in shapes}


def _entries(data: bytes) -> dict[str, dict[str, Any]]:
    """Name → shape, dtype and data (bytes) of every tensor. Raises InputError unless header and length agree."""
    if len(data) >= 8 and LARGEST_HEADER < int.from_bytes(data[:8], "little") <= len(data):
        raise InputError(f"its header is larger than {LARGEST_HEADER >> 20} MiB: no model's is")
    try:
        return dict(deserialize(data))  # type: ignore[no-untyped-call]
    except SafetensorError as error:
        raise InputError(f"not a whole .safetensors file ({error}): save it again") from error


def _check_entries(entries: Mapping[str, dict[str, Any]], shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Raises InputError unless the tensors are those of the shape, before any number in them is looked at."""
    if missing := [name for name in shapes if name not in entries]:
        raise InputError(f"missing tensors: {', '.join(missing)}")
    if superfluous := sorted(set(entries) - set(shapes)):
        raise InputError(f"superfluous tensors: {', '.join(map(repr, superfluous))}")
    for name, shape in shapes.items():
        found, dtype = tuple(entries[name]["shape"]), entries[name]["dtype"]
        if found != shape:
            raise InputError(f"{name} is {found}: the shape described asks for {shape}")
        if dtype not in FLOATS:
            raise InputError(f"{name} is {dtype}: save it as {', '.join(FLOATS)}")


def _float32(entry: Mapping[str, Any]) -> Array:
    exact = FLOATS[entry["dtype"]](entry["data"])
    return exact.astype(np.float32).reshape(entry["shape"])
