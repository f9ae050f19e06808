"""The integer model as plain data, and tokens it computed: what the JavaScript twin runs on and is compared with.

Lists of numbers are flat, row by row, with their shape beside them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields, replace
from typing import Any

import numpy as np

from quantize.executor import Executor
from quantize.kernel import Kernel, Leaf, TraceEntry
from quantize.kernels.byte_attention import EXP7
from quantize.kernels.digit_columns import ActiveColumns
from quantize.kernels.digit_rows import DigitRows
from quantize.kernels.matrix import MatrixKernel
from quantize.kernels.norm import norm_epsilon
from quantize.kernels.ppu_attention import PpuAttention
from quantize.kernels.schoolbook import SchoolbookRows
from quantize.kernels.table_norm import TableNorm, square_table, table_epsilon
from quantize.model import IntegerModel
from quantize.program import leaves
from quantize.sampler import Request, Token, run
from tables.exp import exp_table
from tables.rsqrt import rsqrt_table
from trainer.config import ModelConfig
from trainer.errors import InputError

Json = dict[str, Any]

GOLDEN = (
    Request(1, 5, 4),
    Request(2, 0, 1),
    Request(300, 10, 4),
    Request(65535, 20, 4),
    Request(0, 13, 3, (0, 1)),
)
"""Requests to compare the JavaScript model with Python on: every temperature's branch, a prompt, extreme seeds."""

LONG = Request(7, 5, 40, (10, 0, 17))
"""More tokens than a console's log has records, several times."""


def model_data(model: IntegerModel) -> Json:
    """The data of the JavaScript integer model: shape, alphabet, integers, kernels with their numbers, tables."""
    config = model.config
    bits = {kernel.bits for kernel in leaves(model.program) if isinstance(kernel, TableNorm)}
    return {
        "config": {**config.to_dict(), "head_dim": config.head_dim, "bos": config.bos, "n_params": config.n_params},
        "symbols": list(model.symbols),
        "merges": [list(pair) for pair in model.merges],
        "running": model.reading.running,
        "fold_case": model.reading.fold_case,
        "tensors": {
            name: {"shape": list(tensor.shape), "values": tensor.reshape(-1).tolist()}
            for name, tensor in model.tensors.items()
        },
        "kernels": kernel_names(model),
        "parameters": parameters(model),
        "logit_shift": model.logit_shift,
        "logit_exponent": model.logit_exponent,
        "top_p": model.top_p,
        "trace": [_entry(entry) for kernel in model.program for entry in kernel.traced(config)],
        "tables": tables(config, sorted(bits)),
    }


KERNELS: Mapping[type[Kernel], str] = {
    SchoolbookRows: "schoolbook",
    DigitRows: "digits",
    ActiveColumns: "digit_columns",
    TableNorm: "table",
    PpuAttention: "ppu",
}
"""The page's names of the kernels that a block may have a choice of; one that is not named runs exactly."""


def kernel_names(model: IntegerModel) -> dict[str, str]:
    """Matrix, norm or attention → its kernel."""
    chosen = [kernel for kernel in leaves(model.program) if type(kernel) in KERNELS]
    return {subject(kernel): KERNELS[type(kernel)] for kernel in chosen}


def parameters(model: IntegerModel) -> dict[str, int]:
    """The kernels' numbers: "layer0.attention.key_shift" …"""
    found = {f"{name}.exponent": exponent for name, exponent in model.exponents.items()}
    for kernel in leaves(model.program):
        numbers = {each.name: getattr(kernel, each.name) for each in fields(kernel) if each.metadata}
        if isinstance(kernel, DigitRows):
            numbers = {"clamp": kernel.clamp, "shift": kernel.clamp_shift} if kernel.clamp else {}
        found |= {f"{subject(kernel)}.{name}": value for name, value in numbers.items()}
    return found


def subject(kernel: Leaf) -> str:
    """A matrix is known by its weights, any other kernel by its block."""
    return kernel.block.weight if isinstance(kernel, MatrixKernel) else kernel.name


def golden(model: IntegerModel, requests: Sequence[Request] = GOLDEN) -> Json:
    """The model with every token of some requests, at its own top-p: state, logits, every intermediate."""
    bos, integer = model.config.bos, Executor(model)
    found = []
    for given in requests:
        request = replace(given, prompt=tuple(token % bos for token in given.prompt), top_p=model.top_p)
        (tokens,) = run(integer, [request], traced=True)
        found.append({**asdict(request), "tokens": [_token(token, model) for token in tokens]})
    return {"model": model_data(model), "requests": found}


def as_json(data: Json) -> bytes:
    """Compact, in the order given: the same data, the same bytes. Raises InputError for what is no number."""
    try:
        return (json.dumps(data, separators=(",", ":"), allow_nan=False) + "\n").encode()
    except ValueError as error:
        raise InputError("a note of the model is infinite or no number: train again") from error


def _entry(entry: TraceEntry) -> Json:
    return {"name": entry.name, "shape": list(entry.shape), "over_positions": entry.over_positions}


def tables(config: ModelConfig, bits: Iterable[int]) -> Json:
    """The integer model's tables; squares and their epsilon for each of `bits` that a table norm has."""
    d = config.n_embd
    return {
        "exp": exp_table().tolist(),
        "exp7": EXP7.tolist(),
        "rsqrt": rsqrt_table(d).entries.tolist(),
        "rsqrt_shift": rsqrt_table(d).shift,
        "norm_epsilon": norm_epsilon(d),
        "squares": {str(n): square_table(n).tolist() for n in bits},
        "table_epsilon": {str(n): table_epsilon(d, n) for n in bits},
    }


def _token(token: Token, model: IntegerModel) -> Json:
    """A step; what counts over positions is zero beyond the token's own."""
    assert token.trace is not None
    trace = {}
    for entry in (entry for kernel in model.program for entry in kernel.traced(model.config)):
        values = token.trace[entry.name]
        if entry.over_positions:
            seen = values[..., : token.position + 1]
            values = np.zeros(entry.shape, np.int64)
            values[..., : seen.shape[-1]] = seen
        trace[entry.name] = values.reshape(-1).tolist()
    return {
        "token": token.token,
        "position": token.position,
        "next": token.next_token,
        "x": token.x,
        "y": token.y,
        "logits": token.logits.tolist(),
        "trace": trace,
    }
