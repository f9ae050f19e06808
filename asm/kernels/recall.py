"""What a memory says to the last tokens, added to the logits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from asm.cost.long_run import LongRun
from asm.kernels.routine import Call, Item, Placed, Routine, Template, symbol
from quantize.kernels.recall import RecalledLogits


class RecalledLogitsRoutine(Routine[RecalledLogits]):
    """A row of every context, added to the logits."""

    @property
    def calls(self) -> tuple[Call, ...]:
        comment = f"{self.kernel.name}: what the memory says"
        return (self.call("recall", comment, entry=self.code.entry),)

    @cached_property
    def code(self) -> RecallCode:
        """The addition, unrolled."""
        return RecallCode("add_recalled", "logits += a row", self.config.vocab_size)

    @property
    def items(self) -> tuple[Item, ...]:
        return (self.code,)

    def clocks(self, run: LongRun, placed: Placed) -> Mapping[str, float]:
        (clocks,) = placed.clocks(self.code.entry)
        return {symbol(self.kernel.name): clocks}


@dataclass(frozen=True)
class RecallCode(Template):
    """logits += a record's row."""

    template: ClassVar[str] = "recall"
    vocab: int

    @property
    def logits(self) -> range:
        """Their numbers."""
        return range(self.vocab)
