"""Attention, the schoolbook's: head after head."""

from __future__ import annotations

from asm.kernels.routine import Call, Routine, symbol
from asm.kernels.schoolbook import product_modules
from asm.memory.work_ram import Area
from quantize.kernels.attention import ExactAttention

MAX_SHOWN_HEADS = 16
"""The x-ray screen can look at this many heads: each has weights of its own, kept until a layer is done."""


class ExactAttentionRoutine(Routine[ExactAttention]):
    """attention_scores, softmax_weights and weighted_mean of attention.asm. Keys and values are kept as words."""

    @property
    def modules(self) -> tuple[str, ...]:
        return ("attention", *product_modules(self.site.target))

    @property
    def calls(self) -> tuple[Call, ...]:
        name, config = self.kernel.name, self.config
        comment = f"{name}: {config.n_head} heads of {config.head_dim} over the positions so far"
        return (self.call("attention", comment),)

    @property
    def kept_weights(self) -> tuple[str, ...]:
        """Where each head's weights are kept; heads beyond those shown share the common buffer."""
        config = self.config
        kept = min(config.n_head, MAX_SHOWN_HEADS)
        own = [f"kept_weights + {2 * config.block_size * head}" for head in range(kept)]
        return (*own, *["weights"] * (config.n_head - kept))

    @property
    def trace_scores(self) -> int:
        """The offset of the scores in the log record."""
        return self.site.trace(f"{self.kernel.name}.scores")

    @property
    def trace_weights(self) -> int:
        """The offset of the weights."""
        return self.site.trace(f"{self.kernel.name}.weights")

    @property
    def caches(self) -> tuple[Area, ...]:
        size = 2 * self.config.block_size * self.config.n_embd
        return (Area(self.keys, size), Area(self.values, size))

    @property
    def keys(self) -> str:
        """The cache of keys."""
        return symbol(self.kernel.block.keys)

    @property
    def values(self) -> str:
        """The cache of values."""
        return symbol(self.kernel.block.values)
