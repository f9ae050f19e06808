"""A small writer of pickles and of torch.save's zip: whole ones, and such as nobody honest would write."""

from __future__ import annotations

import io
import json
import math
import pickle
import struct
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from tests.support.gpt2_reference import Sizes
from trainer.files import Array

KINDS = {"f4": "Float", "f2": "Half", "f8": "Double", "i8": "Long", "b1": "Bool", "u2": "BFloat16"}
"""numpy's code → torch's storage; the upper halves of float32 in u2 are BFloat16."""


@dataclass(frozen=True)
class Raw:
    """Opcodes in place of a value."""

    code: bytes


@dataclass(frozen=True)
class View:
    """A tensor that is not the whole of its storage: of a parameter, or with strides (in numbers) of its own."""

    numbers: Array
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int = 0
    parameter: bool = False


class Attributed(dict[str, Any]):
    """A dict that is written as torch writes a state_dict: an OrderedDict with attributes."""


def text(value: str) -> bytes:
    encoded = value.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(encoded)) + encoded


def number(value: int) -> bytes:
    if -(1 << 31) <= value < 1 << 31:
        return b"J" + struct.pack("<i", value)
    size = value.bit_length() // 8 + 1
    return bytes([0x8A, size]) + value.to_bytes(size, "little", signed=True)


def name(module: str, attribute: str) -> bytes:
    return f"c{module}\n{attribute}\n".encode()


ORDERED = name("collections", "OrderedDict") + b")R"


class Writer:
    """Opcodes of values, and the storages of the tensors among them; one array is one storage."""

    def __init__(self) -> None:
        self.storages: list[Array] = []

    def pickle(self, value: object) -> bytes:
        return b"\x80\x02" + self.code(value) + b"."

    def code(self, value: object) -> bytes:
        match value:
            case Raw():
                return value.code
            case None | bool():
                return {None: b"N", True: b"\x88", False: b"\x89"}[value]
            case int():
                return number(value)
            case float():
                return b"G" + struct.pack(">d", value)
            case str():
                return text(value)
            case list():
                return b"](" + b"".join(map(self.code, value)) + b"e"
            case tuple():
                return b"(" + b"".join(map(self.code, value)) + b"t"
            case Attributed():
                return ORDERED + self._items(value) + self.code({"_metadata": Raw(ORDERED)}) + b"b"
            case dict():
                return b"}" + self._items(value)
            case np.ndarray():
                steps = tuple(step // value.itemsize for step in np.empty(value.shape, value.dtype).strides)
                return self.code(View(value, value.shape, steps))
            case View():
                return self._tensor(value)
        raise AssertionError(value)

    def _items(self, value: Mapping[Any, Any]) -> bytes:
        return b"(" + b"".join(self.code(key) + self.code(inner) for key, inner in value.items()) + b"u"

    def _tensor(self, view: View) -> bytes:
        kind = name("torch", f"{KINDS[view.numbers.dtype.str[1:]]}Storage")
        persistent = self.code(("storage", Raw(kind), self._key(view.numbers), "cpu", view.numbers.size)) + b"Q"
        rebuilt = (Raw(persistent), view.offset, view.shape, view.strides, False, Raw(ORDERED))
        code = name("torch._utils", "_rebuild_tensor_v2") + self.code(rebuilt) + b"R"
        if not view.parameter:
            return code
        return name("torch._utils", "_rebuild_parameter") + self.code((Raw(code), True, Raw(ORDERED))) + b"R"

    def _key(self, numbers: Array) -> str:
        for key, known in enumerate(self.storages):
            if known is numbers:
                return str(key)
        self.storages.append(numbers)
        return str(len(self.storages) - 1)


def torch_bytes(value: object, order: Literal["<", ">"] = "<", others: Mapping[str, bytes] | None = None) -> bytes:
    """The zip that torch.save writes of a value. others: entries that replace its own, or more of them."""
    writer = Writer()
    entries = {"data.pkl": writer.pickle(value), "byteorder": b"little" if order == "<" else b"big"}
    for key, numbers in enumerate(writer.storages):
        entries[f"data/{key}"] = numbers.astype(numbers.dtype.newbyteorder(order)).tobytes()
    return zipped({**entries, "version": b"3\n", **(others or {})})


def zipped(entries: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for entry, data in entries.items():
            archive.writestr(f"ckpt/{entry}", data)
    return file.getvalue()


def checkpoint(sizes: Sizes, model: Mapping[str, Array], prefix: str = "") -> dict[str, Any]:
    """What nanoGPT's train.py saves: the model, an optimizer's state, its arguments, and all settings."""
    arguments = {name: getattr(sizes, name) for name in ("n_layer", "n_head", "n_embd", "block_size", "bias")}
    state = {"step": np.array(7, np.float32), "exp_avg": np.full((3, 2), np.nan, np.float32)}
    return {
        "model": Attributed({prefix + key: array for key, array in model.items()}),
        "optimizer": {"state": {0: state}, "param_groups": [{"lr": 0.001, "betas": (0.9, 0.99), "params": [0]}]},
        "model_args": arguments | {"vocab_size": sizes.vocab_size, "dropout": 0.0},
        "iter_num": 2000,
        "best_val_loss": np.array(1.5, np.float32),
        "config": {"dataset": "shakespeare_char", "compile": False, "learning_rate": 1e-3, "min_lr": float("inf")},
    }


def meta(characters: str, protocol: int = 4) -> bytes:
    """What nanoGPT's prepare.py writes."""
    known = {"vocab_size": len(characters), "itos": dict(enumerate(characters))}
    return pickle.dumps(known | {"stoi": {text: token for token, text in enumerate(characters)}}, protocol)


def as_tree(value: Any) -> Any:
    """A value as JSON can hold it: of a tensor its shape, strides and offset, and the number of its storage."""
    found: list[Array] = []

    def tree(inner: Any) -> Any:
        match inner:
            case dict():
                return {str(key): tree(each) for key, each in inner.items()}
            case list() | tuple():
                return [tree(each) for each in inner]
            case np.ndarray():
                found.append(inner)
                strides = [step // inner.itemsize for step in np.empty(inner.shape, inner.dtype).strides]
                return {"storage": len(found) - 1, "shape": list(inner.shape), "strides": strides, "offset": 0}
        return inner

    return tree(value)


def pickled_tree(text: bytes) -> bytes:
    """The pickle of such a tree, in JSON that may be damaged: what is no JSON is the pickle itself."""
    try:
        return b"\x80\x02" + _tree_code(json.loads(text)) + b"."
    except (ValueError, RecursionError, OverflowError):
        return text


def _tree_code(tree: Any) -> bytes:
    if isinstance(tree, dict) and "storage" in tree:
        numbers = text("storage") + name("torch", "FloatStorage") + _tree_code(str(tree["storage"])) + text("cpu")
        size = tree.get("shape")
        known = isinstance(size, list) and all(isinstance(n, int) for n in size)
        length = _tree_code(abs(math.prod(size)) if known else size)  # type: ignore[arg-type]
        parts = [_tree_code(tree.get("offset"))]
        parts += [_tuple_code(tree.get(part)) for part in ("shape", "strides")]
        view = b"((" + numbers + length + b"tQ" + b"".join(parts) + b"\x89" + ORDERED + b"t"
        return name("torch._utils", "_rebuild_tensor_v2") + view + b"R"
    if isinstance(tree, dict):
        items = ((int(key) if key.isdecimal() and len(key) < 9 else key, value) for key, value in tree.items())
        return b"}(" + b"".join(Writer().code(key) + _tree_code(value) for key, value in items) + b"u"
    if isinstance(tree, list):
        return b"](" + b"".join(map(_tree_code, tree)) + b"e"
    return Writer().code(tree)


def _tuple_code(value: Any) -> bytes:
    return b"(" + b"".join(map(_tree_code, value)) + b"t" if isinstance(value, list) else _tree_code(value)


def zipped_pickle(code: bytes, storages: Sequence[Array]) -> bytes:
    """torch.save's zip of a pickle that refers to these storages."""
    return zipped({"data.pkl": code, **{f"data/{key}": array.tobytes() for key, array in enumerate(storages)}})
