"""The tables that every cartridge of a model has, wherever its weights are."""

from __future__ import annotations

from asm.memory.rom_data import DataTable
from asm.screens.token_texts import initials, token_texts
from quantize.model import IntegerModel
from quantize.sampler import MAX_TEMPERATURE, cutoff, inverse_temperature
from tables.exp import exp_table
from tables.rsqrt import rsqrt_table


def inverse_temperatures(model: IntegerModel) -> tuple[int, ...]:
    """1/T in Q8.8 for every tenth of a temperature; 0 for greedy."""
    return tuple(inverse_temperature(t, model.logit_exponent) for t in range(MAX_TEMPERATURE + 1))


def cutoffs(model: IntegerModel) -> tuple[int, ...]:
    """How far below the largest a logit weighs nothing at each of them, Q8.8."""
    return tuple(map(cutoff, inverse_temperatures(model)))


def data_tables(model: IntegerModel, *, shown: bool = True) -> tuple[DataTable, ...]:
    """In the order in which they are in data.asm. shown: with those of screens."""
    exp, rsqrt = tuple(exp_table().tolist()), tuple(rsqrt_table(model.config.n_embd).entries.tolist())
    return (
        DataTable("exp_table", "exp(−i/32), Q0.16", exp),
        DataTable("rsqrt_table", "1/√ of a sum of squares by its top byte: see tables/rsqrt.py", rsqrt, 1),
        DataTable("inverse_t_table", "1/T in Q8.8 for T = 0.0, 0.1 … 2.0; 0 = greedy", inverse_temperatures(model)),
        DataTable("cutoff_table", "how far below the largest a logit weighs nothing, Q8.8", cutoffs(model)),
        *([initials(model.symbols)] if shown else []),
        *token_texts(model.symbols),
    )
