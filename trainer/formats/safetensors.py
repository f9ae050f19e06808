"""A model as any other program keeps it: tensors in FILE.safetensors, shape and alphabet in FILE.json.

docs/import.md describes the pair.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, deserialize
from safetensors.numpy import save

from trainer.config import ModelConfig
from trainer.documents import checked, from_json, reading
from trainer.errors import InputError
from trainer.files import LARGEST_DOCUMENT, LARGEST_FILE, Array, read_file, write_all
from trainer.formats.reader import Reader
from trainer.notes import BasicNotes, Notes
from trainer.text.vocabulary import Texts, check_vocabulary, plain_pieces
from trainer.weights import Weights

PAIR = "a model is FILE.safetensors and FILE.json or --config"

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
    data = read_file(path, LARGEST_FILE, PAIR)
    config, texts, notes = _read_config(config_path)
    with reading(path):
        tensors = tensors_in(data, config.tensor_shapes())
        merges, pieces = tuple(texts.merges), texts.bytes_of_pieces
        return Weights(config, texts.symbols, tensors, notes, merges, pieces)


def save_safetensors(path: Path, config_path: Path, weights: Weights) -> None:
    """Write the pair that load_safetensors reads; neither takes its place before both are written.

    Raises InputError when one cannot be written or both have one name.
    """
    if path.is_dir() or path == config_path:
        raise InputError(f"{path} is a directory, or where the shape goes: name the .safetensors file itself")
    noted = dict(weights.info)
    notes = {name: noted[name] for name in BasicNotes.__annotations__ if name in noted}
    fields = weights.config.to_dict() | {"symbols": list(weights.symbols)} | notes
    if weights.merges:
        fields["merges"] = [list(pair) for pair in weights.merges]
    if weights.pieces:
        fields["pieces"] = plain_pieces(weights.pieces)
    tensors = {name: np.ascontiguousarray(tensor) for name, tensor in weights.tensors.items()}
    write_all({config_path: (json.dumps(fields, indent=2) + "\n").encode(), path: save(tensors)})


def _read_config(path: Path) -> tuple[ModelConfig, Texts, Notes]:
    """Shape, vocabulary and notes. Raises InputError, naming the field, unless that is all."""
    text = read_file(path, LARGEST_DOCUMENT, PAIR)
    with reading(path):
        fields = checked(from_json(text), dict[str, Any])
        texts = checked({name: fields.pop(name) for name in Texts.__struct_fields__ if name in fields}, Texts)
        notes = checked({name: fields.pop(name) for name in BasicNotes.__annotations__ if name in fields}, Notes)
        config = ModelConfig.from_dict(fields)
        check_vocabulary(config, texts.symbols, texts.merges, texts.bytes_of_pieces)
    return config, texts, notes


def tensors_in(data: bytes, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Array]:
    """A .safetensors file's tensors in float32. Raises InputError unless they are those named, of these shapes."""
    return chosen(entries_in(data), shapes)


def chosen(entries: Mapping[str, dict[str, Any]], shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Array]:
    """The same of its entries."""
    _check_entries(entries, shapes)
    return {name: _float32(entries[name]) for name in shapes}


def entries_in(data: bytes) -> dict[str, dict[str, Any]]:
    """Name → shape, dtype and data (bytes) of every tensor. Raises InputError unless header and length agree."""
    if len(data) >= 8 and LARGEST_DOCUMENT < int.from_bytes(data[:8], "little") <= len(data):
        raise InputError(f"its header is larger than {LARGEST_DOCUMENT >> 20} MiB: no model's is")
    try:
        return dict(deserialize(data))  # type: ignore[no-untyped-call]
    except SafetensorError as error:
        raise InputError(f"not a whole .safetensors file ({error}): save it again") from error


def _check_entries(entries: Mapping[str, dict[str, Any]], shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Raises InputError unless the tensors are those of the shape, before any number in them is looked at."""
    check_names(entries, shapes)
    for name, shape in shapes.items():
        found, dtype = tuple(entries[name]["shape"]), entries[name]["dtype"]
        if found != shape:
            raise InputError(f"{name} is {found}: the shape described asks for {shape}")
        if dtype not in FLOATS:
            raise InputError(f"{name} is {dtype}: save it as {', '.join(FLOATS)}")


def check_names(found: Iterable[str], wanted: Iterable[str]) -> None:
    """Raises InputError, naming them, for tensors that are missing or that no model of the shape has."""
    if missing := [name for name in wanted if name not in found]:
        raise InputError(f"missing tensors: {', '.join(missing)}")
    if superfluous := sorted(set(found) - set(wanted)):
        raise InputError(f"superfluous tensors: {', '.join(map(repr, superfluous))}")


def _float32(entry: Mapping[str, Any]) -> Array:
    exact = FLOATS[entry["dtype"]](entry["data"])
    return exact.astype(np.float32).reshape(entry["shape"])


READER = Reader(
    ".safetensors file",
    ("--config",),
    lambda path: True,
    lambda path, given: load_safetensors(path, given.config or config_beside(path)),
)
