"""The integer model's file: what `quantize` writes, and the source of every number in the cartridge.

A program is data: of every kernel its name and its fields. Loading one is checking it: every block of the schedule
is computed once and in order, and every number is one that some code exists for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from operator import index
from pathlib import Path
from typing import Any

import numpy as np

from quantize.fixed import ONE
from quantize.kernel import Form, Kernel, Kind
from quantize.kernels.activation import Rectifier
from quantize.kernels.attention import ExactAttention
from quantize.kernels.digit_columns import ActiveColumns
from quantize.kernels.digit_rows import DigitRows
from quantize.kernels.embedding import Embedding
from quantize.kernels.fused import AddedRows, ColumnMlp, FrontTable, RowMlp
from quantize.kernels.gate import SiluGate
from quantize.kernels.norm import ExactNorm
from quantize.kernels.ppu_attention import PpuAttention
from quantize.kernels.residual import CutSum, Sum
from quantize.kernels.rotary import Turn, TurnedAttention
from quantize.kernels.schoolbook import SchoolbookRows
from quantize.kernels.table_norm import TableNorm
from quantize.model import IntegerModel, tensor_shapes
from quantize.program import Program
from quantize.ranges import ProvedModel, prove
from quantize.schedule import Block, schedule
from trainer.config import ModelConfig
from trainer.errors import InputError
from trainer.files import read_arrays, write_arrays
from trainer.text.vocabulary import pieces_from, plain_pieces, vocabulary_from

FORMAT = "snes-gpt integer model 3"
OLD_FORMATS = ("snes-gpt integer model 1", "snes-gpt integer model 2")
"""Kernels were strings in them; `quantize` makes a model of today's form in seconds."""

KERNELS: Mapping[str, type[Kernel]] = {
    kernel.__name__: kernel
    for kernel in (
        *(Embedding, ExactNorm, TableNorm, SchoolbookRows, DigitRows, ActiveColumns, ExactAttention, PpuAttention),
        *(Rectifier, Sum, CutSum, Turn, SiluGate),
        *(FrontTable, AddedRows, ColumnMlp, RowMlp, TurnedAttention),
    )
}
"""Every kernel there is, by the name that a file calls it."""


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
    if model.pieces:
        header["pieces"] = plain_pieces(model.pieces)
    write_arrays(path, header, {name: tensor.astype(np.int16) for name, tensor in model.tensors.items()})


def load_model(path: Path) -> IntegerModel:
    """Read an integer model. Raises InputError on anything but a whole and matching one."""
    header, arrays = read_arrays(path)
    if header.get("format") in OLD_FORMATS:
        raise InputError(f"{path} was made by an earlier version: run `snesgpt quantize` again")
    if header.get("format") != FORMAT:
        raise InputError(f"{path} is not an integer model: `snesgpt quantize` makes one")
    try:
        config = ModelConfig.from_dict(header["config"])
        symbols, merges = vocabulary_from(header)
        tensors = {name: arrays[name].astype(np.int64, casting="safe") for name in tensor_shapes(config)}
        return IntegerModel(
            config=config,
            symbols=symbols,
            tensors=tensors,
            program=from_plain(config, header["program"]),
            info=header["info"],
            logit_shift=index(header["logit_shift"]),
            exponents={name: index(value) for name, value in header["exponents"].items()},
            merges=merges,
            pieces=pieces_from(header),
        )
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{path} is damaged: run `snesgpt quantize` again") from error


def load_proved(path: Path) -> ProvedModel:
    """An integer model that may become a cartridge, wherever it was made.

    Raises InputError as load_model does, and as the proof does.
    """
    return prove(load_model(path))


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
    if not isinstance(data, Sequence):
        raise InputError("the program is not a list of kernels: run `snesgpt quantize` again")
    return tuple(_kernel(blocks, plain) for plain in data)


def _kernel(blocks: Mapping[str, Block], plain: object) -> Kernel:
    kind = KERNELS.get(str(plain.get("kernel"))) if isinstance(plain, Mapping) else None
    if kind is None:
        raise InputError(f"the program asks for a kernel that does not exist: {str(plain)[:80]}")
    assert isinstance(plain, Mapping)
    values = {name: _value(blocks, value) for name, value in plain.items() if name != "kernel"}
    if set(values) != {each.name for each in fields(kind)}:
        raise InputError(
            f"the program's {kind.__name__} has missing or unknown fields: run `snesgpt quantize` again"
        )
    return kind(**values)


def _value(blocks: Mapping[str, Block], value: object) -> object:
    match value:
        case {"kernel": _}:
            return _kernel(blocks, value)
        case [str() as kind, int() as shift] if kind in set(Kind):
            return Form(Kind(kind), shift)
        case str() if value in blocks:
            return blocks[value]
        case _:
            return value
