"""How long a token will take, stage by stage, before anything runs.

Straight-line code is summed instruction by instruction; loops by formulas that add up the instructions of
their templates. What depends on the data (how many positions, which hidden units are above zero, how many
letters are near the largest) is counted in the integer model's own text at the default temperature.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from asm.attention import HALF_POSITIONS, longest_sum, skip_clocks
from asm.clocks import REFRESH
from asm.fast import CodePart
from asm.layout import Layout
from asm.parts import symbol
from quantize.blocks import RECIPROCALS, VALUE_BITS, square_table, table_epsilon
from quantize.fixed import Ints
from quantize.integer_model import IntegerModel
from quantize.quantized import QuantizedModel
from quantize.sampler import Request, cutoff, inverse_temperature, run, sampling_weights
from quantize.schedule import Attention, Norm, schedule

FRAME = 357_366
SAMPLED_STREAMS, SAMPLED_DOCUMENTS = 40, 2
SAMPLED_TOKENS = 4096
"""Enough of them: fewer streams where documents are long."""

TRACED_SCORES = 1 << 21
"""Scores of all heads and positions that are traced at a time, for both documents of a stream."""

CALL = 54 + 42 + 4 * 34
"""Jsl, rtl, and the direct page there and back."""


@dataclass(frozen=True)
class Prediction:
    """Clocks per token of each stage, and of all."""

    stages: dict[str, float]

    @property
    def clocks_per_token(self) -> float:
        """All stages."""
        return sum(self.stages.values())

    @property
    def tokens_per_second(self) -> float:
        """On an NTSC console."""
        return 60.0988 * FRAME / self.clocks_per_token


def predict(model: QuantizedModel, layout: Layout) -> Prediction | None:
    """The stages' clocks at the model's default temperature; None for the schoolbook kernel.

    The ROM of `layout` is taken as built without trace or profile.
    """
    if layout.fast is None:
        return None
    tokens = sampled(model)
    stages = {block.stage: REFRESH * _stage(block.stage, model, layout, tokens) for block in layout.blocks}
    stages |= {"choose": REFRESH * _choose(model, tokens), "advance": REFRESH * 480}
    return Prediction(_with_display(stages, tokens))


@dataclass(frozen=True)
class Sampled:
    """What the clocks of a token depend on.

    position, next_token; logits (vocab,) Q8.8; sources name → (d,) what a norm reads; active name → (n_hidden,)
    whether a hidden unit is above zero; lit name → weights above zero, in all heads together.
    """

    position: int
    next_token: int
    logits: Ints
    sources: dict[str, Ints]
    active: dict[str, NDArray[np.bool_]]
    lit: dict[str, int]


def sampled(model: QuantizedModel) -> list[Sampled]:
    """Tokens the model makes at its default temperature, few streams at a time: traces are large."""
    config, integer = model.config, IntegerModel(model)
    sources = {_source(block) for block in schedule(config) if isinstance(block, Norm)}
    together = max(1, TRACED_SCORES // (config.block_size**2 * config.n_head))
    tokens: list[Sampled] = []
    for first in range(0, SAMPLED_STREAMS, together):
        if len(tokens) >= SAMPLED_TOKENS:
            break
        seeds = range(first, min(first + together, SAMPLED_STREAMS))
        requests = [Request(seed, model.temperature, SAMPLED_DOCUMENTS) for seed in seeds]
        for token in (token for stream in run(integer, requests, traced=True) for token in stream):
            trace = token.trace or {}
            tokens.append(
                Sampled(
                    token.position,
                    token.next_token,
                    token.logits,
                    {name: trace[name] for name in sources if name in trace},
                    {name: trace[name] > 0 for name in trace if name.endswith("activation")},
                    {name: int((trace[name] > 0).sum()) for name in trace if name.endswith(".weights")},
                )
            )
    return tokens


def _source(block: Norm) -> str:
    """The block whose result a norm reads."""
    layer, _, part = block.name.rpartition(".")
    if block.name == "embed_norm":
        return "embed"
    if part == "mlp_norm":
        return f"{layer}.attention_residual"
    before = int(layer.removeprefix("layer")) - 1
    return f"layer{before}.mlp_residual" if before >= 0 else "embed_norm"


def _stage(stage: str, model: QuantizedModel, layout: Layout, tokens: Sequence[Sampled]) -> float:
    d = model.config.n_embd
    if stage == "front":
        return 750 + 48 * d
    if stage == "embed":
        return 740 + 228 * d
    if stage == "embed_norm":
        return _norm(stage, model, tokens) + 152 * d
    if stage == "clamp":
        return 96 + 232 * d
    if stage.endswith("_attention"):
        return _attention(stage, model, tokens)
    if stage.endswith("norm"):
        return _norm(stage, model, tokens)
    if stage.endswith("_mlp"):
        return _mlp(stage, model, layout, tokens)
    if stage.endswith("residual"):
        return 0
    return CALL + _code(layout.code, stage if stage.endswith("_pairs") else f"{stage}_rows")


def _code(parts: Sequence[CodePart], label: str) -> float:
    """Clocks of a chain of rows."""
    own = [part for part in parts if part.label == label or part.label.startswith(f"{label}_part")]
    return sum(unit.clocks for part in own for unit in part.units) + 24 * (len(own) - 1)


def _attention(stage: str, model: QuantizedModel, tokens: Sequence[Sampled]) -> float:
    """By head, by head and position, and by weight above zero: see attention_ppu.asm."""
    config = model.config
    block = next(b for b in schedule(config) if isinstance(b, Attention) and symbol(b.name) == stage)
    heads, width, d = config.n_head, config.head_dim, config.n_embd
    seen = np.mean([token.position + 1 for token in tokens])
    lit = np.mean([token.lit[f"{block.name}.weights"] for token in tokens])
    mean_shift = VALUE_BITS - model.parameters[f"{block.name}.value_shift"]
    long, long_sums = config.block_size > HALF_POSITIONS, longest_sum(config) >= RECIPROCALS
    once = 730 + 260 * long + d * (88 + 34 + 180 + 12 * mean_shift)
    each_head = 470 + 60 * long + 60 * long_sums
    each_pair = 110 + 160 * width + 344 + 162
    dark = 82 + skip_clocks(config)
    each_lit = 60 + 130 + 140 * width
    pairs = heads * seen
    return float(once + heads * each_head + 160 * seen + pairs * each_pair + (pairs - lit) * dark + lit * each_lit)


def _norm(stage: str, model: QuantizedModel, tokens: Sequence[Sampled]) -> float:
    block = next(b for b in schedule(model.config) if isinstance(b, Norm) and symbol(b.name) == stage)
    bits, d = model.parameters[f"{block.name}.bits"], model.config.n_embd
    x = np.array([token.sources[_source(block)] for token in tokens])
    total = table_epsilon(d, bits) + square_table(bits)[(x + (1 << bits)) >> (bits - 11)].sum(-1)
    pairs = (31 - np.floor(np.log2(total)).astype(int)) // 2
    loops = np.where(total < 1 << 22, pairs - 4, pairs).mean()
    shift = np.abs(_norm_shift(model, bits) - pairs).mean()
    return float(1060 + 222 * loops + d * (222 + 12 * (bits - 12) + 258 + 12 * shift))


def _norm_shift(model: QuantizedModel, bits: int) -> int:
    from tables.rsqrt import rsqrt_table

    return rsqrt_table(model.config.n_embd).shift + bits - 17


def _mlp(stage: str, model: QuantizedModel, layout: Layout, tokens: Sequence[Sampled]) -> float:
    layer, d = stage.removesuffix("_mlp"), model.config.n_embd
    if model.kernels[f"{layer}.fc2"] == "digits":
        return CALL + 164 + _code(layout.code, f"{layer}_fc1_rows") + _code(layout.code, f"{layer}_fc2_rows")
    share = np.mean([token.active[f"{layer}.activation"] for token in tokens], axis=0)
    columns = {part.label: part.units[0].clocks + 24 for part in layout.code if "_unit" in part.label}
    active = sum(p * (columns[f"{layer}_unit{unit}"] - 5) for unit, p in enumerate(share))
    skipped = sum((1 - p) * 23 for p in share)
    return float(CALL + 200 + 166 * d + _code(layout.code, f"{layer}_mlp") + active - skipped)


def _choose(model: QuantizedModel, tokens: Sequence[Sampled]) -> float:
    inverse = inverse_temperature(model.temperature, model.logit_exponent)
    letters = model.config.vocab_size
    if not inverse:
        return 1500 + 150 * letters
    logits = np.array([token.logits for token in tokens])
    near = (logits.max(1, keepdims=True) - logits < cutoff(inverse)).sum(1).mean()
    weighs = sampling_weights(logits, inverse) > 0
    chosen = np.array([token.next_token for token in tokens])
    before = np.arange(letters) <= chosen[:, None]
    walked = (weighs & before).sum(1).mean()
    skipped = (~weighs & before).sum(1).mean()
    return float(4100 + (146 + 238) * letters + 122 * near + 276 * walked + 100 * skipped)


def _with_display(stages: dict[str, float], tokens: Sequence[Sampled]) -> dict[str, float]:
    """Add the display: per letter, per name, four times a second the speed, and every frame the blank."""
    documents = sum(token.position == 0 for token in tokens) / len(tokens)
    letter, name, speed, blank, strip = 1510, 6200, 12000, 1560, 1250
    own = sum(stages.values()) + letter + name * documents + strip
    total = own / (1 - (blank + speed / 16) / FRAME)
    frames = total / FRAME
    stages["draw"] = letter + name * documents + speed / 16 * frames
    stages["vertical_blank"] = strip + blank * frames
    return stages
