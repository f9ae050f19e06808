"""The fast kernels' choice and numbers: which block runs on what, with shifts that the range proof allows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from quantize.blocks import VALUE_BITS
from quantize.digits import HALF_WORD, max_partial, planes
from quantize.fixed import ONE, WORD_MAX
from quantize.llama import check_llama
from quantize.model import IntegerModel, load_model
from quantize.ranges import RangeProof, prove
from quantize.schedule import Attention, Norm, schedule
from trainer.config import ModelConfig
from trainer.errors import InputError

HEAD_CLAMP = 8 * ONE
"""What lm_head sees of the residual stream: ±8.0 costs 0.0001 nats and keeps its sums short."""

MAX_HEAD_SHIFT = 3
"""Halved so often, HEAD_CLAMP is still a multiple of 2^8: a row's bias halves exactly down from any plane."""

COLUMNS_PAY = 0.3
"""A digit costs three memory accesses in a column, one in a row: below this share of active units columns pay."""

FRONT_BYTES = 2 << 20
MAX_FRONT_ROWS = 0x8000 // 3
"""The front table may take half a cartridge; the addresses of its rows must lie in one bank."""

FRONT = ("layer0.wq", "layer0.wk", "layer0.wv")


def front_table_pays(config: ModelConfig) -> bool:
    """True when a row of residual stream, query, keys and values for every token and position is small enough."""
    rows = config.vocab_size * config.block_size
    return rows <= MAX_FRONT_ROWS and 6 * config.n_embd * rows <= FRONT_BYTES


def has_front_table(model: IntegerModel) -> bool:
    """True when embedding, first norms and first query, key and value come out of a table."""
    return model.kernels["layer0.wo"] == "digits" and model.kernels["layer0.wq"] == "schoolbook"


def with_fast_kernels(
    model: IntegerModel, *, front_table: bool | None = None, columns: bool | None = None
) -> IntegerModel:
    """The same weights on signed digits, table norms and the PPU's multiplier.

    The second MLP matrix runs by columns (None: if they pay) where training left most hidden units at zero: those
    cost nothing.
    With a front table (None: if it pays) the first layer's query, key and value matrices stay exact, and so do the
    norms before them: they end up in a table over token and position.
    """
    table = front_table_pays(model.config) if front_table is None else front_table
    kernels = dict.fromkeys(model.linear_names(), "digits")
    kernels |= dict.fromkeys(FRONT, "schoolbook") if table else {}
    if columns if columns is not None else model.info.get("active_hidden", 0.5) < COLUMNS_PAY:
        kernels |= {name: "digit_columns" for name in kernels if name.endswith(".fc2")}
    exponents = {name: value for name, value in model.parameters.items() if name.endswith(".exponent")}
    parameters = exponents | {"lm_head.clamp": HEAD_CLAMP, "lm_head.shift": head_shift(model)}
    proof = RangeProof(replace(model, kernels=kernels, parameters=parameters))
    reach = {bound.name: bound.largest * ONE for bound in proof.bounds}
    for block in schedule(model.config):
        if isinstance(block, Norm) and not (table and block.name in ("embed_norm", "layer0.attention_norm")):
            source = proof.norm_sources[block.name] * 1.1 + 16
            kernels[block.name] = "table"
            parameters[f"{block.name}.bits"] = min(max(12, int(np.ceil(np.log2(source)))), 15)
        if isinstance(block, Attention):
            layer = block.name.rpartition(".")[0]
            room = int(np.log2(WORD_MAX / (1.1 * reach[f"{layer}.q"])))
            parameters[f"{block.name}.key_shift"] = min(_shift(reach[f"{layer}.k"]), room)
            parameters[f"{block.name}.value_shift"] = min(_shift(reach[f"{layer}.v"]), VALUE_BITS)
            kernels[block.name] = "ppu"
    return replace(model, kernels=kernels, parameters=parameters)


def load_proved(path: Path) -> IntegerModel:
    """An integer model that may become a cartridge, wherever it was made.

    Raises InputError as load_model does, where a range is not proved, and for kernels of another choice than
    `quantize` makes: only for these is there code.
    """
    model = load_model(path)
    if model.config.rotary:
        check_llama(model)
    elif dict(model.kernels) != dict.fromkeys(model.linear_names(), "schoolbook"):
        fast = with_fast_kernels(
            model,
            front_table=model.kernels["layer0.wq"] == "schoolbook",
            columns=model.kernels["layer0.fc2"] == "digit_columns",
        )
        head = [[m.parameters.get(f"lm_head.{number}") for number in ("clamp", "shift")] for m in (model, fast)]
        if dict(model.kernels) != fast.kernels or head[0] != head[1]:
            raise InputError(f"{path} mixes kernels that do not go together: run `snesgpt quantize` again")
    elif any(model.exponent(name) for name in model.linear_names()):
        raise InputError(f"{path} mixes kernels that do not go together: run `snesgpt quantize` again")
    prove(model)
    return model


def head_shift(model: IntegerModel) -> int:
    """How often lm_head's input is halved so that no partial sum of a row, whatever comes in, is too large."""
    largest = max_partial(planes(model.tensors["lm_head"], model.exponent("lm_head")))
    return min(max(0, int(np.ceil(np.log2(max(largest, 1) * HEAD_CLAMP / HALF_WORD)))), MAX_HEAD_SHIFT)


def _shift(largest: float) -> int:
    """The least shift that brings a magnitude, with a margin for a table norm's slack, into eight bits."""
    return max(0, int(np.ceil(np.log2(1.02 * largest / 127))))
