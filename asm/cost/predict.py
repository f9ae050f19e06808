"""How long a token will take, stage by stage, before anything runs.

Straight-line code is summed instruction by instruction; loops by formulas that add up the instructions of
their templates. What depends on the data (how many positions, which hidden units are above zero, how many
letters are near the largest) is counted in the integer model's own text: asm/cost/long_run.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from asm.cost.instructions import REFRESH
from asm.cost.long_run import LongRun, long_run
from asm.fast import CodePart
from asm.kernels.ppu_attention import HALF_POSITIONS, max_sum, skip_clocks
from asm.layout import Layout
from asm.memory.rom_data import symbol
from quantize.blocks import RECIPROCALS, VALUE_BITS
from quantize.fixed import Ints
from quantize.model import IntegerModel
from quantize.sampler import cutoff, inverse_temperature, nucleus, sampling_weights
from quantize.schedule import Attention, Norm, schedule
from tables.rsqrt import rsqrt_table
from trainer.config import ModelConfig

FRAME = 357_366
CLOCKS_A_SECOND = 60.0988 * FRAME
"""Of an NTSC console."""

CALL = 54 + 42 + 4 * 34
"""Jsl, rtl, and the direct page there and back."""


@dataclass(frozen=True)
class Prediction:
    """Clocks per token of each stage, and of all, in a text that sees so many positions a token."""

    stages: dict[str, float]
    positions: float

    @property
    def clocks_per_token(self) -> float:
        """All stages."""
        return sum(self.stages.values())

    @property
    def tokens_per_second(self) -> float:
        """On an NTSC console."""
        return CLOCKS_A_SECOND / self.clocks_per_token


def predict(model: IntegerModel, layout: Layout) -> Prediction | None:
    """The stages' clocks at the model's default temperature; None for the schoolbook kernel.

    The ROM of `layout` is taken as built without trace or profile.
    """
    if layout.fast is None:
        return None
    tokens = long_run(model)
    counted = {turns.entry: turns.clocks for turns in layout.rotaries}
    counted |= {gate.entry: gate.clocks for gate in layout.gates}
    counted |= {sums.entry: sums.clocks for sums in layout.sums}
    stages = {
        block.stage: REFRESH * (counted.get(block.entry) or _stage(block.stage, model, layout, tokens))
        for block in layout.blocks
    }
    stages |= {"choose": REFRESH * _choose(model, tokens), "advance": REFRESH * 720}
    return Prediction(_with_display(stages, model, layout, tokens), tokens.positions)


def _stage(stage: str, model: IntegerModel, layout: Layout, tokens: LongRun) -> float:
    d = model.config.n_embd
    if stage == "front":
        return 750 + 48 * d
    if stage == "embed":
        return 600 + 16 * d if model.config.rotary else 740 + 228 * d
    if stage == "embed_norm":
        return _norm(stage, model, tokens) + 152 * d
    if stage == "clamp":
        return 96 + 232 * d
    if stage.endswith("_attention"):
        return _attention(stage, model, layout, tokens)
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


def _attention(stage: str, model: IntegerModel, layout: Layout, tokens: LongRun) -> float:
    """By head, by head and position, and by weight above zero: see attention_ppu.asm."""
    config = model.config
    block = next(b for b in schedule(config) if isinstance(b, Attention) and symbol(b.name) == stage)
    heads, width, d = config.n_head, config.head_dim, config.n_embd
    seen, near, lit = (
        tokens.positions,
        tokens.mean(tokens[f"{block.name}.near"]),
        tokens.mean(tokens[f"{block.name}.lit"]),
    )
    mean_shift = VALUE_BITS - model.parameters[f"{block.name}.value_shift"]
    long, long_sums = config.block_size > HALF_POSITIONS, max_sum(config) >= RECIPROCALS
    once = 730 + 260 * long + d * (88 + 34 + 180 + 12 * mean_shift)
    each_head = 470 + 60 * long + 60 * long_sums
    each_pair = 110 + 160 * width + 344 + 162
    dark = 82 + skip_clocks(config)
    each_lit = 130 + 140 * width
    pairs = heads * seen
    crossed = 6 * tokens.mean(_crossings(config, layout.wram.address("weights"))[tokens["position"]])
    turns = (heads // config.kv_heads - 1) * seen * 2 * (skip_clocks(config) if heads > config.kv_heads else 0)
    by_pair = turns + crossed + pairs * each_pair + near * 60 + (pairs - lit) * dark + lit * each_lit
    return float(once + heads * each_head + 160 * seen + by_pair)


def _crossings(config: ModelConfig, weights: int) -> Ints:
    """How many of the three reads of each weight so far cross a page, by position (T,): a cycle each.

    Rows of weights begin at the address `weights`, and 8-bit indices count each half's words.
    """
    rows = weights + 2 * config.block_size * np.arange(config.n_head)
    index = 2 * (np.arange(config.block_size) % HALF_POSITIONS)
    crosses: Ints = 3 * ((rows[:, None] & 0xFF) + index > 0xFF).sum(0)
    return crosses.cumsum()


def _norm(stage: str, model: IntegerModel, tokens: LongRun) -> float:
    block = next(b for b in schedule(model.config) if isinstance(b, Norm) and symbol(b.name) == stage)
    bits, d = model.parameters[f"{block.name}.bits"], model.config.n_embd
    pairs = (31 - np.floor(np.log2(tokens[f"{block.name}.squares"])).astype(int)) // 2
    loops = tokens.mean(np.where(tokens[f"{block.name}.squares"] < 1 << 22, pairs - 4, pairs))
    doubled = bits + model.parameters.get(f"{block.name}.doublings", 0)
    shift = tokens.mean(np.abs(_norm_shift(model, doubled) - pairs))
    doublings = model.parameters.get(f"{block.name}.doublings", 0)
    index = 12 * abs(bits - 12) - (18 if bits < 12 else 0)
    double = 24 + 12 * doublings if doublings else 0
    return float(1060 + 222 * loops + d * (222 + index + double + 258 + 12 * shift))


def _norm_shift(model: IntegerModel, bits: int) -> int:
    return rsqrt_table(model.config.n_embd).shift + bits - 17


def _mlp(stage: str, model: IntegerModel, layout: Layout, tokens: LongRun) -> float:
    layer, d = stage.removesuffix("_mlp"), model.config.n_embd
    if model.kernels[f"{layer}.fc2"] == "digits":
        return CALL + 164 + _code(layout.code, f"{layer}_fc1_rows") + _code(layout.code, f"{layer}_fc2_rows")
    share = tokens.mean(tokens[f"{layer}.activation"])
    columns = {part.label: part.units[0].clocks + 24 for part in layout.code if "_unit" in part.label}
    active = sum(p * (columns[f"{layer}_unit{unit}"] - 5) for unit, p in enumerate(share))
    skipped = sum((1 - p) * 23 for p in share)
    return float(CALL + 200 + 166 * d + _code(layout.code, f"{layer}_mlp") + active - skipped)


def _choose(model: IntegerModel, tokens: LongRun) -> float:
    inverse = inverse_temperature(model.temperature, model.logit_exponent)
    letters = model.config.vocab_size
    if not inverse:
        return 1500 + 150 * letters
    logits, chosen = tokens["logits"], tokens["next_token"]
    near = tokens.mean((logits.max(1, keepdims=True) - logits < cutoff(inverse)).sum(1))
    weights = sampling_weights(logits, inverse)
    weighs = nucleus(weights, model.top_p) > 0
    before = np.arange(letters) <= chosen[:, None]
    walked, skipped = tokens.mean((weighs & before).sum(1)), tokens.mean((~weighs & before).sum(1))
    draw = 4240 + (146 + 238) * letters + 122 * near + 208 * walked + 100 * skipped
    return float(draw + (_nucleus(letters, float(tokens.mean((weights > 0).sum(1)))) if model.top_p else 0))


def _nucleus(letters: int, weighed: float) -> float:
    """Eight times over the weights above zero, about 200 clocks each; before and after over all."""
    return 7000 + 90 * letters + (60 + 8 * 200) * weighed


def _with_display(
    stages: dict[str, float], model: IntegerModel, layout: Layout, tokens: LongRun
) -> dict[str, float]:
    """Add the display: per letter, per name, four times a second the speed, and every frame the blank."""
    documents = float(tokens.mean(tokens["position"] == 0))
    characters = float(tokens.mean(np.array([*map(len, model.symbols), 0])[tokens["next_token"]]))
    letter, name = (2000, 6200) if layout.name_columns == 2 else (700 + 2200 * characters, 60000)
    speed, blank, strip = 12000, 1560, 1250
    own = sum(stages.values()) + letter + name * documents + strip
    total = own / (1 - (blank + speed / 16) / FRAME)
    frames = total / FRAME
    stages["draw"] = letter + name * documents + speed / 16 * frames
    stages["vertical_blank"] = strip + blank * frames
    return stages
