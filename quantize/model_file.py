"""The integer model's file: what `quantize` writes, and the source of every number in the cartridge.

A program is data: of every kernel its name and its fields. Loading one is checking it: every block of the schedule
is computed once and in order, and every number is one that some code exists for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from inspect import isclass
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_type_hints

import numpy as np
from msgspec import Meta, Struct, defstruct

from quantize.fixed import FRACTION_BITS, ONE, Ints
from quantize.kernel import STOCK, TARGETS, Form, Kernel, Kind
from quantize.kernels.activation import Rectifier
from quantize.kernels.attention import ExactAttention
from quantize.kernels.context import KnownContext
from quantize.kernels.digit_columns import ActiveColumns
from quantize.kernels.digit_rows import DigitRows
from quantize.kernels.embedding import Embedding
from quantize.kernels.fused import AddedRows, ColumnMlp, FrontTable, RecalledRows, RowMlp
from quantize.kernels.gate import SiluGate
from quantize.kernels.lookup import LookedUpRows, Lookup
from quantize.kernels.mac_attention import MacAttention
from quantize.kernels.norm import ExactNorm
from quantize.kernels.ppu_attention import PpuAttention
from quantize.kernels.recall import RecalledLogits
from quantize.kernels.residual import CutSum, Sum
from quantize.kernels.rotary import Turn, TurnedAttention
from quantize.kernels.schoolbook import SchoolbookRows
from quantize.kernels.table_norm import TableNorm
from quantize.model import MAX_LOGIT_SHIFT, IntegerModel, tensor_shapes
from quantize.program import Program
from quantize.ranges import ProvedModel, prove
from quantize.schedule import Block, schedule
from trainer.config import ModelConfig
from trainer.documents import SHORT, checked, reading
from trainer.errors import InputError
from trainer.files import Array, read_arrays, write_arrays
from trainer.text.vocabulary import plain_pieces
from trainer.weights import Header

FORMAT = "snes-gpt integer model 3"
OLD_FORMATS = ("snes-gpt integer model 1", "snes-gpt integer model 2")
"""Kernels were strings in them; `quantize` makes a model of today's form in seconds."""

MAX_SHIFT = 2 * FRACTION_BITS
"""Of a vector's form: a word has no more bits."""

KERNELS: Mapping[str, type[Kernel]] = {
    kernel.__name__: kernel
    for kernel in (
        *(Embedding, ExactNorm, TableNorm, SchoolbookRows, DigitRows, ActiveColumns),
        *(ExactAttention, PpuAttention, MacAttention, Rectifier, Sum, CutSum, Turn, SiluGate),
        *(Lookup, KnownContext, RecalledLogits),
        *(FrontTable, AddedRows, RecalledRows, ColumnMlp, RowMlp, TurnedAttention, LookedUpRows),
    )
}
"""Every kernel there is, by the name that a file calls it."""


class ModelHeader(Header, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the file says besides its tensors: as a weights file, and what was chosen.

    one: the word that represents 1. program: see from_plain. target: not said of a model for a stock console.
    """

    one: Annotated[int, Meta(ge=ONE, le=ONE, description=f"{ONE}, the word that represents 1")]
    program: list[Any]
    logit_shift: Annotated[int, Meta(ge=0, le=MAX_LOGIT_SHIFT)]
    exponents: dict[str, int]
    target: Literal[TARGETS] = STOCK  # type: ignore[valid-type]


def save_model(path: Path, model: IntegerModel) -> None:
    """Write build/model.npz, whole or not at all."""
    header: dict[str, Any] = {
        "format": FORMAT,
        "one": ONE,
        "config": model.config.to_dict(),
        "symbols": list(model.symbols),
        "merges": [list(pair) for pair in model.merges],
        "program": to_plain(model.program),
        "logit_shift": model.logit_shift,
        "exponents": dict(model.exponents),
        "info": dict(model.info),
    }
    if model.target != STOCK:
        header["target"] = model.target
    if model.pieces:
        header["pieces"] = plain_pieces(model.pieces)
    write_arrays(path, header, {name: tensor.astype(np.int16) for name, tensor in model.tensors.items()})


def load_model(path: Path) -> IntegerModel:
    """Read an integer model. Raises InputError on anything but a whole and matching one."""
    found, arrays = read_arrays(path)
    if found.get("format") in OLD_FORMATS:
        raise InputError(f"{path} was made by an earlier version: run `snesgpt quantize` again")
    if found.get("format") != FORMAT:
        raise InputError(f"{path} is not an integer model: `snesgpt quantize` makes one")
    with reading(path):
        header = checked(found, ModelHeader)
        config = ModelConfig.from_dict(header.config)
        return IntegerModel(
            config=config,
            symbols=header.symbols,
            tensors={name: _words(arrays, name) for name in tensor_shapes(config)},
            program=from_plain(config, header.program),
            info=header.info,
            logit_shift=header.logit_shift,
            exponents=header.exponents,
            merges=tuple(header.merges),
            pieces=header.bytes_of_pieces,
            target=header.target,
        )


def _words(arrays: Mapping[str, Array], name: str) -> Ints:
    """Raises InputError for a tensor that is missing, or is not one of whole numbers."""
    if name not in arrays or not np.issubdtype(arrays[name].dtype, np.signedinteger):
        found = arrays[name].dtype if name in arrays else "missing"
        raise InputError(f"{name} is {found}: it must be int16; run `snesgpt quantize` again")
    return arrays[name].astype(np.int64)


def load_proved(path: Path) -> ProvedModel:
    """An integer model that may become a cartridge, wherever it was made.

    Raises InputError as load_model does, and as the proof does.
    """
    model = load_model(path)
    with reading(path):
        return prove(model)


def to_plain(program: Program) -> list[dict[str, Any]]:
    """As data for a file: of every kernel its name and its fields, a block by its name."""
    return [_plain(kernel) for kernel in program]


def _plain(kernel: Kernel) -> dict[str, Any]:
    plain: dict[str, Any] = {"kernel": type(kernel).__name__}
    for each in fields(kernel):
        value = getattr(kernel, each.name)
        if isinstance(value, Kernel):
            plain[each.name] = _plain(value)
        elif isinstance(value, Form):
            plain[each.name] = [str(value.kind), value.shift]
        else:
            plain[each.name] = value if isinstance(value, int) else value.name
    return plain


def from_plain(config: ModelConfig, data: object) -> Program:
    """Inverse of to_plain. Raises InputError for data that is no program of this shape."""
    blocks = {block.name: block for block in schedule(config)}
    return tuple(_kernel(blocks, plain) for plain in checked(data, _program_type(), "program"))


@cache
def _program_type() -> Any:
    return list[Union[tuple(_plain_type(kind) for kind in KERNELS.values())]]  # type: ignore[misc]  # noqa: UP007


@cache
def _plain_type(kind: type[Kernel]) -> type[Struct]:
    """What a file has of a kernel: its name, and each of its fields as _plain_field says."""
    hints = get_type_hints(kind)
    named = [
        (each.name, _plain_field(hints[each.name], each.metadata), *_later(each.name)) for each in fields(kind)
    ]
    return defstruct(kind.__name__, named, tag_field="kernel", tag=True, frozen=True, forbid_unknown_fields=True)


LATER: Mapping[str, Any] = {"cut": False}
"""Fields of kernels that files of earlier versions lack, and what they had there."""


def _later(name: str) -> tuple[Any, ...]:
    return (LATER[name],) if name in LATER else ()


def _plain_field(hint: Any, limits: Mapping[str, int]) -> Any:
    if hint is Form:
        return tuple[Kind, Annotated[int, Meta(ge=0, le=MAX_SHIFT)]]
    if hint is int:
        return Annotated[int, Meta(ge=limits["low"], le=limits["high"])]
    if hint is bool:
        return bool
    if isclass(hint) and issubclass(hint, Kernel):
        kinds = [_plain_type(kind) for kind in KERNELS.values() if issubclass(kind, hint)]
        return Union[tuple(kinds)]  # noqa: UP007
    return str  # a block's name


def _kernel(blocks: Mapping[str, Block], plain: Struct) -> Kernel:
    kind = KERNELS[type(plain).__name__]
    return kind(**{each.name: _value(blocks, getattr(plain, each.name)) for each in fields(kind)})


def _value(blocks: Mapping[str, Block], value: Any) -> Any:
    match value:
        case Struct():
            return _kernel(blocks, value)
        case (kind, shift):
            return Form(kind, shift)
        case str():
            if value not in blocks:
                raise InputError(
                    f"the program has a block {SHORT.repr(value)}: there is none of that name; "
                    "run `snesgpt quantize` again"
                )
            return blocks[value]
    return value
