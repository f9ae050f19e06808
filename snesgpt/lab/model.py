"""The integer model as plain data, and tokens it computed: what the JavaScript twin runs on and is compared with.

Arrays of numbers are packed, row by row, with their shape beside them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields, replace
from typing import Any

import numpy as np

from quantize.executor import Executor
from quantize.kernel import Leaf, TraceEntry
from quantize.kernels.byte_attention import EXP7
from quantize.kernels.gate import SiluGate
from quantize.kernels.lookup import Lookup
from quantize.kernels.norm import norm_epsilon
from quantize.kernels.rotary import Turn
from quantize.kernels.table_norm import TableNorm, square_table, table_epsilon
from quantize.model import IntegerModel
from quantize.program import leaves
from quantize.sampler import Request, Token, run
from snesgpt.lab.packed import packed, tensor
from tables.exp import exp_table
from tables.gelu import gelu_table
from tables.rotary import rotary_table
from tables.rsqrt import rsqrt_table
from tables.silu import silu_table
from trainer.config import ModelConfig
from trainer.errors import InputError
from trainer.text.vocabulary import plain_pieces

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
    """The data of the JavaScript integer model: shape, alphabet, integers, the program, tables.

    The program is that of the Python executor: every kernel by its class's name, with its block and its numbers.
    """
    config = model.config
    return {
        "config": {
            **config.to_dict(),
            "family": config.family,
            "kv_heads": config.kv_heads,
            "head_dim": config.head_dim,
            "bos": config.bos,
            "n_params": config.n_params,
        },
        "symbols": list(model.symbols),
        "merges": [list(pair) for pair in model.merges],
        "pieces": plain_pieces(model.pieces),
        "goes_on": model.goes_on,
        "fold_case": model.reading.fold_case,
        "tensors": {name: tensor(values) for name, values in model.tensors.items()},
        "exponents": dict(model.exponents),
        "program": [plain(kernel) for kernel in leaves(model.program)],
        "logit_shift": model.logit_shift,
        "logit_exponent": model.logit_exponent,
        "top_p": model.top_p,
        "trace": [_entry(entry) for kernel in model.program for entry in kernel.traced(config)],
        "tables": tables(config, leaves(model.program)),
    }


def plain(kernel: Leaf) -> Json:
    """A kernel as data. How it keeps its vectors in RAM is no part of its meaning."""
    values = {each.name: getattr(kernel, each.name) for each in fields(kernel)}
    numbers = {name: value for name, value in values.items() if isinstance(value, int)}
    return {"kernel": type(kernel).__name__, "block": asdict(kernel.block), **numbers}


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


def tables(config: ModelConfig, kernels: Iterable[Leaf]) -> Json:
    """The integer model's tables: those of every model, and the ones that these kernels read."""
    d = config.n_embd
    common = {
        "exp": packed(exp_table()),
        "exp7": packed(EXP7),
        "rsqrt": packed(rsqrt_table(d).entries),
        "rsqrt_shift": rsqrt_table(d).shift,
        "norm_epsilon": norm_epsilon(d),
    }
    own: dict[str, Json] = {name: {} for name in ("squares", "table_epsilon", "silu", "gelu", "rotary")}
    for kernel in kernels:
        match kernel:
            case TableNorm(bits=bits):
                own["squares"][str(bits)] = packed(square_table(bits))
                own["table_epsilon"][str(bits)] = table_epsilon(d, bits)
            case SiluGate(bits=bits):
                own["silu"][str(bits)] = packed(silu_table(bits))
            case Lookup(block=block, bits=bits):
                own["gelu"][f"{block.kind} {bits}"] = packed(gelu_table(block.kind, bits))
            case Turn():
                turns = rotary_table(config.head_dim, config.block_size, config.rope_base)
                own["rotary"][str(config.head_dim)] = packed(turns)
    return common | own


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
