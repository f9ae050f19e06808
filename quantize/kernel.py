"""A kernel: neighbouring blocks of the schedule as the console computes them.

Its integer meaning and its part of the range proof are a class in quantize/kernels/. Its assembly, its bytes and
its clocks are the routine of the same name in asm/kernels/. A program is a sequence of kernels; everything that
runs, proves, traces, emits, places or predicts a model is a loop over it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, get_origin, get_type_hints

import numpy as np

from quantize.fixed import Ints
from quantize.schedule import Block
from trainer.config import ModelConfig
from trainer.errors import InputError

if TYPE_CHECKING:
    from quantize.model import IntegerModel
    from quantize.ranges import Ranges

Trace = dict[str, Ints]
"""Name → what was computed, (B, …)."""


@dataclass
class State:
    """One step of B streams: the last tokens (B, LONGEST), the newest last, position (B,), caches name →
    (B, T, kv_dim), vectors by name (B, n).
    """

    last: Ints
    position: Ints
    caches: dict[str, Ints]
    trace: Trace | None
    buffers: dict[str, Ints] = field(default_factory=dict)

    def keep(self, name: str, out: str, result: Ints, first: int = 0) -> None:
        """A block's result becomes the vector `out` from element `first` on, and an entry of the trace."""
        self.buffers[out] = np.concatenate([self.buffers[out][:, :first], result], axis=1) if first else result
        self.note(name, result)

    def note(self, name: str, result: Ints) -> None:
        """An entry of the trace, if there is one."""
        if self.trace is not None:
            self.trace[name] = result


Step = Callable[[State], None]

STOCK, SA1 = TARGETS = ("stock", "sa1")
"""The machines that a program can be for: a stock console, one with an SA-1 in its cartridge."""


class Kind(StrEnum):
    """How a vector is kept in work RAM."""

    WORDS = "words"
    SHIFTED = "shifted words"
    LOW_BYTES = "low bytes"
    HIGH_BYTES = "high bytes"
    CUT_LOW_BYTES = "low bytes, cut"
    CUT_HIGH_BYTES = "high bytes, cut"
    SLOTS = "slots"


@dataclass(frozen=True)
class Form:
    """A vector as words x, as words x · 2^shift, as bytes round(x / 2^shift), or as the two words bias ± x.

    Bytes that are not cut are proved to hold their values.
    """

    kind: Kind = Kind.WORDS
    shift: int = 0

    def __str__(self) -> str:
        return f"{self.kind}, shift {self.shift}" if self.shift else str(self.kind)


WORDS, SLOTS = Form(), Form(Kind.SLOTS)


@dataclass(frozen=True)
class TraceEntry:
    """One recorded intermediate: int16 of this shape. `over_positions`: the last axis counts only up to pos."""

    name: str
    shape: tuple[int, ...]
    over_positions: bool = False


def number(low: int, high: int, default: int | None = None) -> Any:
    """A field of a kernel that is a whole number from low to high."""
    limits = {"low": low, "high": high}
    return field(metadata=limits) if default is None else field(default=default, metadata=limits)


@dataclass(frozen=True)
class Kernel(ABC):
    """A record of numbers, checked: they are all that `quantize` decided about these blocks."""

    def __post_init__(self) -> None:
        """Raises InputError for a field of another type, or a number out of its range."""
        hints = get_type_hints(type(self))
        for each in fields(self):
            value, hint = getattr(self, each.name), hints[each.name]
            fits = type(value) is hint if hint in (int, bool) else isinstance(value, get_origin(hint) or hint)
            if fits and each.metadata:
                fits = each.metadata["low"] <= value <= each.metadata["high"]
            if not fits:
                raise InputError(f"{type(self).__name__} with {each.name} {value!r}: nothing computes that")

    @property
    @abstractmethod
    def blocks(self) -> tuple[Block, ...]:
        """The blocks of the schedule that it computes, in order."""

    @property
    @abstractmethod
    def leaves(self) -> tuple[Leaf, ...]:
        """The kernels of single blocks that it is made of."""

    @property
    def name(self) -> str:
        """Its first block's."""
        return self.blocks[0].name

    @property
    def targets(self) -> Sequence[str]:
        """The machines that have code for it."""
        return TARGETS

    @property
    def reads(self) -> Mapping[str, Form]:
        """Vectors that it takes from other kernels."""
        return {}

    @property
    def writes(self) -> Mapping[str, Form]:
        """Vectors that it leaves for other kernels."""
        return {}

    @abstractmethod
    def traced(self, config: ModelConfig) -> tuple[TraceEntry, ...]:
        """The trace entries that it records."""

    def observed(self, config: ModelConfig) -> tuple[TraceEntry, ...]:
        """The part of the trace that the console has in memory at some time: a traced cartridge records it."""
        return self.traced(config)

    @abstractmethod
    def bind(self, model: IntegerModel) -> Step:
        """Its integer meaning, for one model's weights."""

    @abstractmethod
    def bounds(self, ranges: Ranges) -> None:
        """Its part of the range proof."""


@dataclass(frozen=True)
class Leaf(Kernel):
    """A kernel of one block. norm_slack: its result's squared length may exceed an exact norm's by this share."""

    block: Block
    norm_slack: ClassVar[float] = 0.0

    def caches(self, config: ModelConfig, batch: int) -> dict[str, Ints]:
        """The arrays that it keeps for every position, empty: name → (B, T, kv_dim), T innermost in memory."""
        return {}

    def activity(self, trace: Trace, vectors: Mapping[str, Ints]) -> Mapping[str, Ints]:
        """The quantities that set the clocks of its code in a step: name → (B, …). vectors: its inputs, by name."""
        return {}

    @property
    def slot_limit(self) -> int:
        """The largest magnitude in the slots that it leaves, where these have a bias of their own; none: 0."""
        return 0

    @property
    def digit_weight(self) -> str:
        """The matrix whose digits its code adds; none: an empty name."""
        return ""

    @property
    def blocks(self) -> tuple[Block, ...]:
        return (self.block,)

    @property
    def leaves(self) -> tuple[Leaf, ...]:
        return (self,)


@dataclass(frozen=True)
class Fused(Kernel):
    """Kernels whose code is one: what passes between them is never a vector in memory."""

    @property
    def parts(self) -> tuple[Kernel, ...]:
        """In order."""
        values = (getattr(self, each.name) for each in fields(self))
        return tuple(value for value in values if isinstance(value, Kernel))

    @property
    def blocks(self) -> tuple[Block, ...]:
        return tuple(block for part in self.parts for block in part.blocks)

    @property
    def leaves(self) -> tuple[Leaf, ...]:
        return tuple(leaf for part in self.parts for leaf in part.leaves)

    @property
    def reads(self) -> Mapping[str, Form]:
        """Vectors that a part reads and no part before it writes."""
        found: dict[str, Form] = {}
        written: set[str] = set()
        for part in self.parts:
            found |= {vector: form for vector, form in part.reads.items() if vector not in written | set(found)}
            written |= set(part.writes)
        return found

    @property
    def writes(self) -> Mapping[str, Form]:
        """Vectors that its last part writes: those before are inside it."""
        return self.parts[-1].writes

    def traced(self, config: ModelConfig) -> tuple[TraceEntry, ...]:
        return tuple(entry for part in self.parts for entry in part.traced(config))

    def observed(self, config: ModelConfig) -> tuple[TraceEntry, ...]:
        return tuple(entry for part in self.parts for entry in part.observed(config))

    def bind(self, model: IntegerModel) -> Step:
        steps = [part.bind(model) for part in self.parts]

        def run(state: State) -> None:
            for step in steps:
                step(state)

        return run

    def bounds(self, ranges: Ranges) -> None:
        for part in self.parts:
            part.bounds(ranges)
