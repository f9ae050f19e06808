"""The values to compare the lab page's JavaScript with: `python -m tests.support.lab_golden FOLDER` writes it.

models/: a file per model, every kernel among them, as `snesgpt lab --golden` writes it. calls.json: calls of single
functions at the edges of their ranges, where a model of chance weights seldom comes.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from quantize.digits import MAX_EXPONENT
from quantize.kernels.activation import ACTIVATIONS
from quantize.kernels.attention import attend, attention_scores, softmax_weights
from quantize.kernels.byte_attention import narrow, reciprocal, softmax_weights_in_bytes
from quantize.kernels.digit_columns import DigitColumns
from quantize.kernels.digit_rows import Digits
from quantize.kernels.norm import rmsnorm
from quantize.kernels.ppu_attention import attend_ppu, attention_scores_ppu
from quantize.kernels.schoolbook import Schoolbook
from quantize.kernels.table_norm import rmsnorm_table
from quantize.model import IntegerModel
from quantize.sampler import Generator, Request, choose, inverse_temperature, nucleus, sampling_weights
from snesgpt.lab.model import GOLDEN, Json, as_json, golden, tables
from tests.support.models import digit_model, random_model
from trainer.config import ModelConfig
from trainer.files import write_all

PRODUCTS = {"schoolbook": Schoolbook, "digits": Digits, "digit_columns": DigitColumns}
SHAPE = ModelConfig(9, block_size=6, n_embd=8, n_head=2, n_layer=2, n_hidden=12)
SQUARED = replace(SHAPE, activation="relu2")
LONG = ModelConfig(12, block_size=40, n_embd=8, n_head=4, n_hidden=16)
SMALL: dict[str, Any] = {"wq": 0.3, "wo": 0.1, "fc1": 0.3, "fc2": 0.1, "lm_head": 0.5}
WIDTH = 16
BITS = (12, 13, 14, 15)
RUNNING = (Request(3, 10, 40, (0, 1)), Request(4, 5, 40), Request(5, 0, 4))
"""Windows enough that some are full, and that BOS comes in one that goes on from another."""

SEEDS = (0, 1, 255, 0x8000, 0xFFFF)


def models() -> dict[str, IntegerModel]:
    """Name → a small model: every kernel, activation, kind of text, and every number that a model may have."""
    return {
        "schoolbook": random_model(SHAPE, wte=4),
        "schoolbook_squared": random_model(SQUARED, 1, fc1=1.5, fc2=0.25),
        "top_p": replace(random_model(SHAPE, 7), info={"top_p": 0.6}),
        "halved_logits": replace(random_model(SHAPE, 2), logit_shift=2),
        "front_table_and_columns": digit_model(SHAPE, 2, front=True),
        "rows": digit_model(SHAPE, 1, active=0.9, front=False, lm_head=8, wte=4),
        "squared_columns": digit_model(SQUARED, 3, front=True),
        "squared_rows": digit_model(SQUARED, 4, active=0.9, front=False),
        "small_weights_columns": digit_model(SHAPE, 2, front=True, **SMALL),
        "small_weights_rows": digit_model(SHAPE, 2, active=0.9, front=False, **SMALL),
        "long": digit_model(LONG, 5),
        "running_text": running_text(),
    }


def running_text() -> IntegerModel:
    """A model of one running text in merged tokens, capitals folded; BOS is rare in it, but not too rare."""
    symbols, merges = (*"ab \ncd", "ab", " ab"), (("a", "b"), (" ", "ab"))
    model = replace(random_model(SHAPE, 6), symbols=symbols, merges=merges)
    return replace(model, info={"documents": "stream", "fold_case": True})


def calls() -> list[Json]:
    """Single functions at their edges, as {"call", "given", "result"}."""
    random = np.random.default_rng(0)
    return [*norms(random), *attention(random), *activations(), *kernels(random), *sampling(random)]


def call(name: str, result: Any, *given: Any) -> Json:
    """A call as plain data; `given` are the JavaScript function's arguments."""
    return {"call": name, "given": [plain(value) for value in given], "result": plain(result)}


def plain(value: Any) -> Any:
    """Arrays as lists."""
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def norms(random: np.random.Generator) -> list[Json]:
    """Sums of squares from nothing to the last that fits 32 bits; the tables' first and last steps."""
    edges = [[0] * WIDTH, [1] + [0] * (WIDTH - 1), [-1] * WIDTH, [32767, -32767, 32767, 16383] + [0] * (WIDTH - 4)]
    scaled = [random.integers(-(2**n), 2**n, WIDTH).tolist() for n in range(1, 14)]
    found = [call("rmsnorm", rmsnorm(np.array(x)), x) for x in edges + scaled]
    for bits in BITS:
        limits = [[-(2**bits)] * WIDTH, [2**bits - 1] * WIDTH, [0] * WIDTH, [-1] * WIDTH]
        inside = [random.integers(-(2**n), 2**n, WIDTH).tolist() for n in range(1, bits + 1)]
        found += [call("rmsnormTable", rmsnorm_table(np.array(x), bits), x, bits) for x in limits + inside]
    return found


def attention(random: np.random.Generator) -> list[Json]:
    """One head of a few positions; sums of weights at the borders of the reciprocal's three tables."""
    found = []
    score_rows = [[0], [5, 5], [0, 3, 4, 11, 12], [-32768, 32767], [2043, 0], [2044, 0], [*range(-2100, 0, 7)]]
    for row in score_rows:
        scores, last = np.array(row)[None, None], np.array([len(row) - 1])
        found.append(call("softmaxWeights", softmax_weights(scores, last)[0, 0], row))
        found.append(call("softmaxWeightsPpu", softmax_weights_in_bytes(scores, last)[0, 0], row))
    for positions in (1, 2, 7):
        query = random.integers(-3000, 3000, 4)
        keys, values = random.integers(-9000, 9000, (2, positions, 4))
        small = random.integers(-128, 128, (positions, 4))
        weights, shares = random.integers(1, 256, positions), random.integers(0, 8192, positions)
        row = attention_scores(query[None, None], keys[None, :, None])[0, 0]
        found.append(call("attentionScores", row, query, keys))
        mean = attend(weights[None, None], values[None, :, None])[0, 0]
        found.append(call("attend", mean, weights, values))
        for shift in range(6):
            row = attention_scores_ppu(query[None, None], small[None, :, None], shift)[0, 0]
            found.append(call("attentionScoresPpu", row, query, small, shift))
            mean = attend_ppu(shares[None, None], small[None, :, None], shift)[0, 0]
            found.append(call("attendPpu", mean, shares, small, shift))
            found.append(call("narrow", narrow(values[0], shift), values[0], shift))
    sums = [127, 128, 2047, 2048, 2055, 2056, 16383, 16384, 16447, 16448, 127 * 256]
    return found + [call("reciprocal", reciprocal(np.array(total)), total) for total in sums]


def activations() -> list[Json]:
    """Zero, one step to either side, and where the square saturates."""
    x = np.array([-32768, -1, 0, 1, 11, 12, 256, 2895, 2896, 2897, 32767])
    return [call(name, function(x), x) for name, function in ACTIVATIONS.items()]


def kernels(random: np.random.Generator) -> list[Json]:
    """Every kernel on a matrix of chance words, the extreme ones among them, and on one of nothing."""
    matrix = random.integers(-32768, 32768, (12, 5))
    matrix[:3] = [[-32768] * 5, [32767] * 5, [255, -255, 128, -128, 0]]
    matrix[6:] >>= 8
    inputs = [[32767] * 5, [-32768] * 5, [1, -1, 0, 127, -129], random.integers(-4000, 4000, 5).tolist()]
    return [
        call(f"linear {name}", kernel(weights, exponent)(np.array(x)), weights, exponent, x)
        for name, kernel in PRODUCTS.items()
        for weights in (matrix, 0 * matrix)
        for exponent in range(MAX_EXPONENT + 1)
        for x in inputs
    ]


def sampling(random: np.random.Generator) -> list[Json]:
    """Draws, temperatures, and the first and the last number that picks a letter."""
    found = []
    for seed in SEEDS:
        generator = Generator.seeded([seed])
        found.append(call("draws", [int(generator.draw()[0]) for _ in range(50)], seed))
    for tenths in range(21):
        for exponent in range(4):
            found.append(call("inverseTemperature", inverse_temperature(tenths, exponent), tenths, exponent))
    for tenths in (0, 1, 5, 10, 20):
        inverse_t = inverse_temperature(tenths)
        for spread in (4, 400, 30000):
            logits = random.integers(-spread, spread, 27)
            logits[[3, 7]] = logits.max()
            if inverse_t:
                weights = sampling_weights(logits[None], inverse_t)[0]
                found.append(call("samplingWeights", weights, logits, inverse_t))
                for top_p in (0, 1, 50, 90, 99):
                    found.append(call("nucleus", nucleus(weights[None], top_p)[0], weights, top_p))
            for draw in (0, 1, 0x7FFF, 0xFFFF, *random.integers(0, 1 << 16, 9).tolist()):
                for top_p in (0, 75):
                    token = choose(logits[None], inverse_t, np.array([draw]), top_p)[0]
                    found.append(call("choose", token, logits, inverse_t, draw, top_p))
    return found


def encodings(model: IntegerModel, texts: Sequence[str]) -> list[Json]:
    """Texts with their tokens."""
    return [
        call("encode", model.tokenizer.encode(model.reading.clean(text))[1:-1], text, "running_text")
        for text in texts
    ]


def block_tables() -> Json:
    """The tables the calls need: of vectors of WIDTH elements, squares of all bits."""
    config = replace(SHAPE, n_embd=WIDTH)
    return tables(config, BITS)


def write(folder: Path) -> None:
    """All golden files. The same bytes every time."""
    made = models()
    for name, model in made.items():
        requests = RUNNING if model.reading.running else GOLDEN
        write_all({folder / "models" / f"{name}.json": as_json(golden(model, requests))})
    texts = ["", "a", "AB ab", "abab  ab\nba", "c dab ab"]
    found = {"tables": block_tables(), "calls": calls() + encodings(made["running_text"], texts)}
    write_all({folder / "calls.json": as_json(found)})


if __name__ == "__main__":
    write(Path(sys.argv[1]))
