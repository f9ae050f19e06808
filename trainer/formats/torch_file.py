"""A file of torch.save without PyTorch: a zip with a pickle, and an entry for the numbers of each storage.

https://github.com/pytorch/pytorch/blob/main/torch/serialization.py writes it. Storages are read when they are
asked for, so that what nobody asks for, such as an optimizer's state, costs nothing.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trainer.documents import SHORT, reading
from trainer.errors import InputError
from trainer.files import LARGEST_DOCUMENT, LARGEST_FILE, Array
from trainer.formats.pickled import PLAIN, Make, Name, unpickled
from trainer.paths import check_readable

LARGEST_CHECKPOINT = 4 * LARGEST_FILE
"""Bytes: an optimizer keeps two numbers more for every weight."""

ZIP = b"PK\x03\x04"
BEFORE_ZIP = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""How a file begins that torch before 1.6 wrote: a pickled magic number."""

AGAIN = "load it in a current PyTorch and save it again with torch.save"

FLOATS: Mapping[str, tuple[str, Callable[[Array], Array]]] = {
    "torch.FloatStorage": ("f4", np.asarray),
    "torch.DoubleStorage": ("f8", np.asarray),
    "torch.HalfStorage": ("f2", np.asarray),
    "torch.BFloat16Storage": ("u2", lambda halves: (halves.astype("u4") << 16).view("f4")),
}
"""How each kind's numbers are in the file, and how they become floats; a BFloat16 is the upper half of a Float."""

OTHERS = ("Long", "Int", "Short", "Char", "Byte", "Bool")
"""Kinds that a checkpoint may have, and nothing reads."""


@dataclass(frozen=True)
class Storage:
    """The numbers of an entry data/KEY: what kind, and how many."""

    kind: str
    key: str
    length: int


@dataclass(frozen=True)
class Tensor:
    """A view of a storage: number i, j … is number offset + i·strides[0] + j·strides[1] + … of it."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _tensor(arguments: tuple[Any, ...]) -> Tensor:
    """torch._utils._rebuild_tensor_v2: storage, offset, shape, strides; what is about gradients is dropped."""
    match arguments:
        case (Storage() as storage, int(offset), tuple(shape), tuple(strides), *rest) if len(rest) <= 3:
            numbers = (offset, *shape, *strides)
            if len(shape) == len(strides) <= 8 and all(type(n) is int and n >= 0 for n in numbers):
                return Tensor(storage, offset, shape, strides)
    raise InputError(f"makes a tensor of {SHORT.repr(arguments)}, which torch never writes")


def _parameter(arguments: tuple[Any, ...]) -> Tensor:
    """torch._utils._rebuild_parameter: its tensor."""
    match arguments:
        case (Tensor() as tensor, bool(), _):
            return tensor
    raise InputError(f"makes a parameter of {SHORT.repr(arguments)}, which torch never writes")


def _storage(persistent: object) -> Storage:
    match persistent:
        case ("storage", Name(kind), str(key), str(), int(length)) if kind in STORAGES and length >= 0:
            return Storage(kind, key, length)
    raise InputError(f"refers to {SHORT.repr(persistent)}, which is no storage of numbers")


STORAGES = (*FLOATS, *(f"torch.{kind}Storage" for kind in OTHERS))

NAMES: Mapping[str, Make | None] = {
    **PLAIN,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_parameter": _parameter,
    **dict.fromkeys(STORAGES),
}


class TorchFile:
    """An open file: `value` is what was saved, with a Tensor for each tensor."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        """Raises InputError for what torch.save never writes."""
        self._archive = archive
        names = archive.namelist()
        pickles = [name for name in names if name.endswith("/data.pkl")]
        if len(pickles) != 1 or len(set(names)) != len(names):
            raise InputError(f"it is a zip that torch.save did not write: {AGAIN}")
        self._folder = pickles[0].removesuffix("data.pkl")
        order = self._folder + "byteorder"
        self._order = ">" if order in names and self._entry("byteorder", 16) == b"big" else "<"
        self.value = unpickled(self._entry("data.pkl", LARGEST_DOCUMENT), NAMES, _storage)

    def array(self, tensor: Tensor) -> Array:
        """The numbers of a tensor in float64. Raises InputError unless they are floats, and all in its storage."""
        storage = tensor.storage
        if storage.kind not in FLOATS:
            kinds = ", ".join(FLOATS)
            raise InputError(f"its numbers are of {storage.kind}: they must be of {kinds}")
        code, widened = FLOATS[storage.kind]
        dtype = np.dtype(self._order + code)
        data = self._entry(f"data/{storage.key}", LARGEST_FILE)
        if len(data) != storage.length * dtype.itemsize:
            raise InputError(f"its storage has {len(data):,} bytes, and is said to have {storage.length:,} numbers")
        steps = [(size - 1) * stride for size, stride in zip(tensor.shape, tensor.strides, strict=True)]
        if 0 in tensor.shape or tensor.offset + sum(steps) >= storage.length:
            raise InputError(f"it reaches beyond its storage of {storage.length:,} numbers")
        if math.prod(tensor.shape) > storage.length:
            raise InputError(f"it repeats the {storage.length:,} numbers of its storage, which no weights do")
        numbers = widened(np.frombuffer(data, dtype).astype(dtype.newbyteorder("="))).astype(np.float64)
        strides = [8 * stride for stride in tensor.strides]
        return np.lib.stride_tricks.as_strided(numbers[tensor.offset :], tensor.shape, strides).copy()

    def _entry(self, name: str, limit: int) -> bytes:
        """The bytes of an entry, which torch.save never compresses."""
        try:
            entry = self._archive.getinfo(self._folder + name)
        except KeyError as error:
            raise InputError(f"{name} is missing: {AGAIN}") from error
        if entry.compress_type != zipfile.ZIP_STORED:
            raise InputError(f"{name} is compressed, which torch.save never does: {AGAIN}")
        if entry.file_size > limit:
            raise InputError(f"{name} has {entry.file_size:,} bytes: {limit:,} are the most of a model this small")
        try:
            return self._archive.read(entry)
        except Exception as error:  # a damaged archive makes zipfile raise almost anything
            raise InputError(f"{name} is damaged: copy the file again, or save it again") from error


@contextmanager
def torch_file(path: Path) -> Iterator[TorchFile]:
    """The file, open. Raises InputError, beginning with the path, of the block's errors too."""
    check_readable(path)
    with reading(path):
        try:
            with path.open("rb") as file:
                start, size = file.read(len(BEFORE_ZIP)), file.seek(0, 2)
        except FileNotFoundError as error:
            raise InputError("it does not exist: give a checkpoint of torch.save") from error
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror or error}") from error
        if start == BEFORE_ZIP:
            raise InputError(f"it was written before PyTorch 1.6: {AGAIN}")
        if not start.startswith(ZIP):
            raise InputError(f"it is no file of torch.save: {AGAIN}")
        if size > LARGEST_CHECKPOINT:
            raise InputError(f"it has {size:,} bytes: {LARGEST_CHECKPOINT:,} are the most of a model this small")
        try:
            archive = zipfile.ZipFile(path)
        except Exception as error:  # as above
            raise InputError("it is not a whole zip: copy the file again, or save it again") from error
        with archive:
            yield TorchFile(archive)
