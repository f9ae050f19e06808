"""Attention, the schoolbook's: head after head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from asm.kernels.routine import Call, Routine, symbol
from asm.memory.work_ram import Area
from quantize.kernels.attention import ExactAttention
from trainer.config import ModelConfig

MAX_SHOWN_HEADS = 16
"""The x-ray screen can look at this many heads: each has weights of its own, kept until a layer is done."""


def kept_weights(config: ModelConfig) -> tuple[str, ...]:
    """Where each head's attention weights are kept; heads beyond those shown share the common buffer."""
    kept = min(config.n_head, MAX_SHOWN_HEADS)
    own = [f"kept_weights + {2 * config.block_size * head}" for head in range(kept)]
    return (*own, *["weights"] * (config.n_head - kept))


@dataclass(frozen=True)
class AttentionCall(Call):
    """Scores, weights and mean of every head."""

    template: ClassVar[str] = "blocks/attention.asm"
    query: str
    keys: str
    values: str
    out: str
    kept_weights: tuple[str, ...]
    trace: int
    trace_scores: int
    trace_weights: int


class ExactAttentionRoutine(Routine[ExactAttention]):
    """attention_scores, softmax_weights and weighted_mean of attention.asm. Keys and values are kept as words."""

    @property
    def modules(self) -> tuple[str, ...]:
        return ("attention", "vector", "rounding")

    @property
    def calls(self) -> tuple[Call, ...]:
        block, config = self.kernel.block, self.config
        return (
            AttentionCall(
                f"{block.name}: {config.n_head} heads of {config.head_dim} over the positions so far",
                symbol(block.name),
                block.query,
                symbol(block.keys),
                symbol(block.values),
                block.out,
                kept_weights(config),
                self.site.trace(block.name),
                self.site.trace(f"{block.name}.scores"),
                self.site.trace(f"{block.name}.weights"),
            ),
        )

    @property
    def caches(self) -> tuple[Area, ...]:
        size = 2 * self.config.block_size * self.config.n_embd
        return tuple(Area(symbol(name), size) for name in (self.kernel.block.keys, self.kernel.block.values))
