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

from asm.clocks import REFRESH
from asm.fast import CodePart
from asm.layout import Layout
from asm.parts import symbol
from quantize.blocks import square_table, table_epsilon
from quantize.integer_model import IntegerModel
from quantize.quantized import QuantizedModel
from quantize.sampler import Request, Token, cutoff, inverse_temperature, run, sampling_weights
from quantize.schedule import Attention, Norm, microgpt

FRAME = 357_366
SAMPLED_STREAMS, SAMPLED_DOCUMENTS = 40, 2

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
    integer = IntegerModel(model)
    requests = [Request(seed, model.temperature, SAMPLED_DOCUMENTS) for seed in range(SAMPLED_STREAMS)]
    tokens = [token for stream in run(integer, requests, traced=True) for token in stream]
    stages = {block.stage: REFRESH * _stage(block.stage, model, layout, tokens) for block in layout.blocks}
    stages |= {"choose": REFRESH * _choose(model, tokens), "advance": REFRESH * 480}
    return Prediction(_with_display(stages, tokens))


def _stage(stage: str, model: QuantizedModel, layout: Layout, tokens: Sequence[Token]) -> float:
    d = model.config.n_embd
    if stage == "front":
        return 870 + 48 * d
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


def _traced(tokens: Sequence[Token], name: str) -> list[NDArray[np.int64]]:
    return [token.trace[name] for token in tokens if token.trace is not None]


def _attention(stage: str, model: QuantizedModel, tokens: Sequence[Token]) -> float:
    config = model.config
    block = next(b for b in microgpt(config) if isinstance(b, Attention) and symbol(b.name) == stage)
    heads, width = config.n_head, config.head_dim
    seen = np.mean([token.position + 1 for token in tokens])
    lit = np.mean([(weights > 0).sum() for weights in _traced(tokens, f"{block.name}.weights")])
    value_shift = 5 - model.parameters[f"{block.name}.value_shift"]
    each_head = 26 + 34 + 158 + 164 + 114 + 18 + 34 * width + 26 + (196 + 12 * value_shift) * width
    each_pair = 173 + 168 * width + 308 + 36 + 162 + 130
    each_lit = 60 + 76 + 148 * width
    records = 50 * heads
    return float(500 + 74 * config.n_embd + records + heads * each_head + heads * seen * each_pair + lit * each_lit)


def _norm(stage: str, model: QuantizedModel, tokens: Sequence[Token]) -> float:
    block = next(b for b in microgpt(model.config) if isinstance(b, Norm) and symbol(b.name) == stage)
    bits, d = model.parameters[f"{block.name}.bits"], model.config.n_embd
    source = "attention_residual" if block.name.endswith("mlp_norm") else "mlp_residual"
    layer = int(block.name.removeprefix("layer").partition(".")[0])
    before = f"layer{layer if source == 'attention_residual' else layer - 1}.{source}"
    x = np.array(_traced(tokens, before))
    total = table_epsilon(d, bits) + square_table(bits)[(x + (1 << bits)) >> (bits - 11)].sum(-1)
    pairs = (31 - np.floor(np.log2(total))).astype(int) // 2
    loops = np.where(total < 1 << 22, pairs - 4, pairs).mean()
    shift = np.abs(_norm_shift(model, bits) - pairs).mean()
    return float(1150 + 222 * loops + d * (222 + 12 * (bits - 12) + 258 + 12 * shift))


def _norm_shift(model: QuantizedModel, bits: int) -> int:
    from tables.rsqrt import rsqrt_table

    return rsqrt_table(model.config.n_embd).shift + bits - 17


def _mlp(stage: str, model: QuantizedModel, layout: Layout, tokens: Sequence[Token]) -> float:
    layer, d = stage.removesuffix("_mlp"), model.config.n_embd
    if model.kernels[f"{layer}.fc2"] == "digits":
        return CALL + 164 + _code(layout.code, f"{layer}_fc1_rows") + _code(layout.code, f"{layer}_fc2_rows")
    share = np.mean([hidden > 0 for hidden in _traced(tokens, f"{layer}.activation")], axis=0)
    columns = {part.label: part.units[0].clocks + 24 for part in layout.code if "_unit" in part.label}
    active = sum(p * (columns[f"{layer}_unit{unit}"] - 5) for unit, p in enumerate(share))
    skipped = sum((1 - p) * 23 for p in share)
    return float(CALL + 200 + 166 * d + _code(layout.code, f"{layer}_mlp") + active - skipped)


def _choose(model: QuantizedModel, tokens: Sequence[Token]) -> float:
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


def _with_display(stages: dict[str, float], tokens: Sequence[Token]) -> dict[str, float]:
    """Add the display: per letter, per name, four times a second the speed, and every frame the blank."""
    documents = sum(token.position == 0 for token in tokens) / len(tokens)
    letter, name, speed, blank, strip = 1510, 6200, 12000, 1560, 1250
    own = sum(stages.values()) + letter + name * documents + strip
    total = own / (1 - (blank + speed / 16) / FRAME)
    frames = total / FRAME
    stages["draw"] = letter + name * documents + speed / 16 * frames
    stages["vertical_blank"] = strip + blank * frames
    return stages
