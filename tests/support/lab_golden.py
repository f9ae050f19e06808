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
from quantize.kernel import SA1, TARGETS
from quantize.kernels.activation import ACTIVATIONS
from quantize.kernels.attention import attend, attention_scores, softmax_weights
from quantize.kernels.byte_attention import narrow, reciprocal, softmax_weights_in_bytes
from quantize.kernels.digit_columns import DigitColumns
from quantize.kernels.digit_rows import Digits
from quantize.kernels.gate import gated
from quantize.kernels.hidden_units import MAX_BITS, MIN_BITS
from quantize.kernels.lookup import looked_up
from quantize.kernels.mac_attention import attend_mac, attention_scores_mac
from quantize.kernels.norm import rmsnorm
from quantize.kernels.ppu_attention import attend_ppu, attention_scores_ppu
from quantize.kernels.residual import add_cut
from quantize.kernels.rotary import rotate
from quantize.kernels.schoolbook import Schoolbook
from quantize.kernels.table_norm import TableNorm, rmsnorm_table
from quantize.model import IntegerModel
from quantize.sampler import Generator, Request, choose, inverse_temperature, nucleus, sampling_weights
from quantize.schedule import Norm
from snesgpt.lab.model import GOLDEN, Json, as_json, golden, tables
from snesgpt.lab.packed import packed
from tables.gelu import gelu_table
from tables.rotary import rotary_table
from tables.silu import silu_table
from tests.support.models import (
    digit_model,
    for_sa1,
    gpt2_config,
    gpt2_model,
    llama_config,
    llama_model,
    random_model,
    remembering,
    windowed,
)
from tests.support.story_models import story_config, story_model
from trainer.config import FAMILIES, ModelConfig
from trainer.files import write_all

PRODUCTS = {"SchoolbookRows": Schoolbook, "DigitRows": Digits, "ActiveColumns": DigitColumns}
SHAPE = ModelConfig(9, block_size=6, n_embd=8, n_head=2, n_layer=2, n_hidden=12)
SQUARED = replace(SHAPE, activation="relu2")
LONG = ModelConfig(12, block_size=40, n_embd=8, n_head=4, n_hidden=16)
LLAMA = llama_config(12, 30, 24, (6, 3), 2, 100)
GPT2 = (12, 20, 16, 4, 2, 100)
CHANCES = 12
SMALL: dict[str, Any] = {"wq": 0.3, "wo": 0.1, "fc1": 0.3, "fc2": 0.1, "lm_head": 0.5}
WIDTH = 16
BITS = (12, 13, 14, 15)
UNIT_BITS = range(MIN_BITS, MAX_BITS + 1)
TURNED, POSITIONS, BASE = 8, 30, 10_000.0
RUNNING = (Request(3, 10, 40, (0, 1)), Request(4, 5, 40), Request(5, 0, 4))
"""Windows enough that some are full, and that BOS comes in one that goes on from another."""

SHORT = (
    *("schoolbook", "schoolbook_squared", "top_p", "halved_logits", "front_table_and_columns", "rows"),
    *("squared_columns", "squared_rows", "small_weights_columns", "small_weights_rows", "long"),
)
FEW = (Request(3, 10, 2), Request(0, 0, 1), Request(77, 20, 1, (1, 0)))
"""For models of many numbers."""

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
        "microgpt_sa1": for_sa1(digit_model(LONG, 6)),
        "memory": digit_model(remembering(SHAPE, 2, 4, documents=30), 7),
        "memory_sa1": digit_model(remembering(LONG, 3, 2, documents=30), 8, target=SA1),
        "llama": llama_model(LLAMA, 1),
        "llama_sa1": llama_model(windowed(LLAMA, 3, 30, 7), 2, target=SA1),
        "llama_windows": llama_model(windowed(LLAMA, 30, 1, 8, 5), 3, wo=2.0),
        "stories": story_model(story_config(24), 1, ends=2.0),
        "stories_sa1": story_model(story_config(12, 16, 2), 2, ends=2.0, target=SA1),
        "gpt2": gpt2_model(gpt2_config(*GPT2), 1),
        "gpt2_sa1": gpt2_model(gpt2_config(*GPT2, "gelu_tanh"), 2, target=SA1),
        "gpt2_loud": gpt2_model(gpt2_config(*GPT2), 3, biased=False, fc1=2.0, fc2=2.0, wo=4.0),
        "gpt2_wide": gpt2_model(gpt2_config(7, 5, 96, 3, 1, 12), 4, fc1=3.0),
    } | {f"chance_{seed:02}": chance(seed) for seed in range(CHANCES)}


def chance(seed: int) -> IntegerModel:
    """A Llama or a GPT-2 of any small shape, for either target."""
    random = np.random.default_rng(seed)
    family, target = ("llama", "gpt2")[seed % 2], TARGETS[seed // 2 % 2]
    group, kv_heads = (int(n) for n in random.integers(1, 4, 2))
    vocab, context = int(random.integers(2, 60)), int(random.integers(2, 40))
    layers, hidden = int(random.integers(1, 4)), int(random.integers(4, 120))
    width = 2 * int(random.integers(1, 7))
    names = {name.rpartition(".")[2] for name in ("wq", "wk", "wv", "wo", "fc1", "fc2", "lm_head")}
    scales = {name: float(2 ** random.uniform(-3, 1)) for name in sorted(names)}
    if family == "gpt2":
        kind = FAMILIES["gpt2"].activations[int(random.integers(2))]
        shape = gpt2_config(vocab, context, 4 * width, 4, layers, hidden, kind)
        return gpt2_model(shape, seed, target=target, biased=bool(random.integers(2)), **scales)
    heads = (group * kv_heads, kv_heads)
    shape = llama_config(vocab, context, max(width * heads[0], 4), heads, layers, hidden)
    windows = random.integers(1, context + 1, int(random.integers(0, 4)))
    return llama_model(windowed(shape, *windows.tolist()), seed, target=target, **scales)


def running_text() -> IntegerModel:
    """A model of one running text in merged tokens, capitals folded; BOS is rare in it, but not too rare."""
    symbols, merges = (*"ab \ncd", "ab", " ab"), (("a", "b"), (" ", "ab"))
    model = replace(random_model(SHAPE, 6), symbols=symbols, merges=merges)
    return replace(model, info={"documents": "stream", "fold_case": True})


def calls() -> list[Json]:
    """Single functions at their edges, as {"call", "given", "result"}."""
    random = np.random.default_rng(0)
    return [
        *norms(random),
        *attention(random),
        *activations(),
        *tabled(),
        *rotations(random),
        *kernels(random),
        *sampling(random),
    ]


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
        found += [
            call("rmsnormTable", rmsnorm_table(np.array(x), bits, doublings), x, bits, doublings)
            for x in limits + inside
            for doublings in (0, 15 - bits)
        ]
    return found


def attention(random: np.random.Generator) -> list[Json]:
    """One head of a few positions; sums of weights at the borders of the reciprocal's three tables."""
    found = []
    score_rows = [[0], [5, 5], [0, 3, 4, 11, 12], [-32768, 32767], [2043, 0], [2044, 0], [*range(-2100, 0, 7)]]
    for row in score_rows:
        scores, last = np.array(row)[None, None], np.array([len(row) - 1])
        found.append(call("softmaxWeights", softmax_weights(scores, last)[0, 0], row))
        for bits in (3, 5, 8):
            shares = softmax_weights_in_bytes(scores, last, bits)[0, 0]
            found.append(call("softmaxWeightsInBytes", shares, row, bits))
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
            row = attention_scores_mac(query[None, None], small[None, :, None], shift)[0, 0]
            found.append(call("attentionScoresMac", row, query, small, shift))
            mean = attend_mac(shares[None, None], small[None, :, None], shift)[0, 0]
            found.append(call("attendMac", mean, shares, small, shift))
            found.append(call("narrow", narrow(values[0], shift), values[0], shift))
    sums = [127, 128, 2047, 2048, 2055, 2056, 16383, 16384, 16447, 16448, 127 * 256]
    return found + [call("reciprocal", reciprocal(np.array(total)), total) for total in sums]


def activations() -> list[Json]:
    """Zero, one step to either side, and where the square saturates."""
    x = np.array([-32768, -1, 0, 1, 11, 12, 256, 2895, 2896, 2897, 32767])
    return [call(name, function(x), x) for name, function in ACTIVATIONS.items()]


def tabled() -> list[Json]:
    """Gates and GELU at the ends of their tables and beyond, where a product is cut; sums that are cut."""
    x = np.array([-32768, -16385, -16384, -2049, -2048, -9, -1, 0, 1, 7, 2047, 2048, 16383, 16384, 32767])
    y = np.array([32767, -32768, 9, -9, 255, 1, -1, 0, 1, -3, 500, -500, -32768, 32767, 12345])
    cuts = [(2048, 3), (2040, 1), (12800, 7)]
    return [
        *(call("gated", gated(x, y, bits, *cut), x, y, bits, *cut) for bits in UNIT_BITS for cut in cuts),
        *(
            call("lookedUp", looked_up(x, kind, bits, *cut), x, kind, bits, *cut)
            for kind in FAMILIES["gpt2"].activations
            for bits in UNIT_BITS
            for cut in cuts
        ),
        *(call("addCut", add_cut(x >> 3, y, n, bits), x >> 3, y, n, bits) for n in range(4) for bits in (11, 13)),
    ]


def rotations(random: np.random.Generator) -> list[Json]:
    """Heads side by side, at the first positions and the last."""
    x = random.integers(-9000, 9000, (2, TURNED))
    places = (0, 1, POSITIONS - 1)
    return [
        call(
            "rotate", rotate(x[None], np.array([place]), BASE, POSITIONS).reshape(-1), x.reshape(-1), TURNED, place
        )
        for place in places
    ]


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
    ] + [
        call("linear unbiased", Digits(weights, finest, unbiased=True)(np.array(x)), weights, finest, x)
        for weights in (matrix >> 8, 0 * matrix, matrix >> 12 << 4)
        for finest in range(-7, MAX_EXPONENT + 4)
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


def encodings(name: str, model: IntegerModel, texts: Sequence[str]) -> list[Json]:
    """Texts with their tokens, by the model of this name."""
    return [call("encode", model.tokenizer.encode(model.reading.clean(text))[1:-1], text, name) for text in texts]


def block_tables() -> Json:
    """The tables the calls need: of vectors of WIDTH elements, squares of all bits, hidden units' of all bits."""
    config = replace(SHAPE, n_embd=WIDTH)
    kinds = FAMILIES["gpt2"].activations
    return tables(config, [TableNorm(Norm("norm", "x", "y"), bits) for bits in BITS]) | {
        "silu": {str(bits): packed(silu_table(bits)) for bits in UNIT_BITS},
        "gelu": {f"{kind} {bits}": packed(gelu_table(kind, bits)) for kind in kinds for bits in UNIT_BITS},
        "rotary": {str(TURNED): packed(rotary_table(TURNED, POSITIONS, BASE))},
    }


def write(folder: Path) -> None:
    """All golden files. The same bytes every time."""
    made = models()
    for name, model in made.items():
        requests = RUNNING if name == "running_text" else GOLDEN if name in SHORT else FEW
        write_all({folder / "models" / f"{name}.json": as_json(golden(model, requests))})
    texts = ["", "a", "AB ab", "abab  ab\nba", "c dab ab"]
    encoded = encodings("running_text", made["running_text"], texts)
    encoded += encodings("stories", made["stories"], ["", "a", "One é day,\n the  the", "Lily “saw” ☃ a bird"])
    found = {"tables": block_tables(), "calls": calls() + encoded}
    write_all({folder / "calls.json": as_json(found)})


if __name__ == "__main__":
    write(Path(sys.argv[1]))
