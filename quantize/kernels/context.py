"""What a memory knows of a text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quantize.contexts import contexts_of
from quantize.fixed import Ints
from quantize.kernel import Leaf, State, Step, Trace, TraceEntry
from quantize.schedule import Context
from trainer.config import ModelConfig

if TYPE_CHECKING:
    from quantize.model import IntegerModel
    from quantize.ranges import Ranges

CONTEXT = "context"
"""The vector, of one element, in which a context's number is kept."""


@dataclass(frozen=True)
class KnownContext(Leaf):
    """The number of the longest known context.    asm: find_context"""

    block: Context

    def traced(self, config: ModelConfig) -> tuple[TraceEntry, ...]:
        return ()

    def bind(self, model: IntegerModel) -> Step:
        contexts = contexts_of(model.config, self.block.tokens)

        def run(state: State) -> None:
            state.buffers[CONTEXT] = contexts.find(state.last)
            state.note(CONTEXT, state.buffers[CONTEXT])

        return run

    def activity(self, trace: Trace, vectors: Mapping[str, Ints]) -> Mapping[str, Ints]:
        return {CONTEXT: trace[CONTEXT]}

    def bounds(self, ranges: Ranges) -> None:
        """It is no vector."""
