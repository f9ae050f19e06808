"""A memory in ROM: its contexts as a tree of records, in which a text is found from its newest token back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from asm.cost.instructions import Instruction
from asm.cost.long_run import LongRun
from asm.kernels.routine import Call, Item, Placed, Routine, Site
from asm.memory.rom_data import Record, Records
from quantize.contexts import Contexts, contexts_of
from quantize.fixed import Ints
from quantize.kernels.context import CONTEXT, KnownContext
from quantize.kernels.recall import RecalledLogits
from quantize.program import leaves

MOST_LISTED = 4
"""Children of a record that are compared one after another."""

FIND = Instruction("the first record, and the number of the last", 0, 49, 19)
LEVEL = Instruction("whether a record has a list", 0, 9, 3)
PLACED = Instruction("a child that has a place", 0, 34, 12)
NOT_PLACED = Instruction("a place that is empty", 0, 31, 8)
LISTED = Instruction("a child that is listed last, so that it is compared first", 0, 60, 19)
COMPARED = Instruction("a child that it is not", 0, 16, 3)
NOT_LISTED = Instruction("the end of a list", 0, 16, 4)
NONE = Instruction("a record without children", 0, 7, 0)
"""Of find_context: cycles, and bytes of RAM."""


@dataclass(frozen=True)
class MemoryNumbers:
    """The numbers of a memory, for the includes. earlier: tokens before the newest that a context may hold;
    row_bytes: those of a row of logits in a record; vectors: contexts that have a vector.
    """

    earlier: int
    row_bytes: int
    vectors: int

    @property
    def levels(self) -> tuple[int, ...]:
        """Offsets in `earlier`, of every token that a context can go on with."""
        return tuple(range(0, 2 * self.earlier, 2))


def memory_numbers(site: Site) -> MemoryNumbers | None:
    """None where the model has no memory."""
    memory = site.config.memory
    if not memory:
        return None
    row_words = site.config.vocab_size if memory.logits else 0
    return MemoryNumbers(memory.longest - 1, 2 * row_words, len(contexts_of(site.config, max(memory.vectors, 1))))


def records_beside_ram(site: Site) -> bool:
    """Whether all records, which are the first in ROM, surely are in banks that show RAM too."""
    memory, vocab, target = site.config.memory, site.config.vocab_size, site.target
    if not memory:
        return True
    sizes = [
        Record((*range(vocab + 1), *listed(tokens)), links(tokens, nodes, vocab)).size
        for tokens, nodes in contexts_of(site.config, memory.longest).children_in_order
    ]
    banks = sum(sizes) // (target.bank_bytes - max(sizes)) + 1
    return all(map(target.shows_ram, range(banks + 1)))


class KnownContextRoutine(Routine[KnownContext]):
    """The step before anything is looked up by the context."""

    @property
    def calls(self) -> tuple[Call, ...]:
        return (self.call("find_context", "the longest known context of the last tokens"),)

    @property
    def modules(self) -> tuple[str, ...]:
        return ("find_context",)

    @cached_property
    def tree(self) -> Contexts:
        """The known contexts."""
        return contexts_of(self.config, self.kernel.block.tokens)

    @cached_property
    def rows(self) -> Ints:
        """Every record's row of logits (contexts, vocab), or nothing."""
        for kernel in leaves(self.model.program):
            if isinstance(kernel, RecalledLogits):
                found: Ints = kernel.rows(self.model)[self.tree.shorter(kernel.block.tokens)]
                return found
        return np.zeros((len(self.tree), 0), np.int64)

    @property
    def items(self) -> tuple[Item, ...]:
        """A record for every known context: its row of logits, its number among those that have a vector, and its
        children. These are listed, each with the token that goes before; or, where a list takes long to read, there
        is a place for every token.
        """
        memory, vocab = self.config.memory, self.config.vocab_size
        numbers = self.tree.shorter(max(memory.vectors, 1) if memory else 1)
        made = (
            Record((*row, number, *listed(tokens)), links(tokens, nodes, vocab))
            for row, number, (tokens, nodes) in zip(
                self.rows.tolist(), numbers.tolist(), self.tree.children_in_order, strict=True
            )
        )
        return (Records("memory", tuple(made), "context_records", vocab),)

    def clocks(self, run: LongRun, placed: Placed) -> Mapping[str, float]:
        reached, missed = np.zeros(len(self.tree)), np.zeros(len(self.tree))
        cost = {kind: self.site.target.clocks(kind) for kind in (FIND, LEVEL, PLACED, NOT_PLACED, LISTED, COMPARED)}
        ends = {kind: self.site.target.clocks(kind) for kind in (NOT_LISTED, NONE)}
        shorter_than_longest = len(self.tree.children)
        for node, (tokens, nodes) in enumerate(self.tree.children_in_order):
            if len(tokens) > MOST_LISTED:
                reached[nodes] = reached[node] + cost[LEVEL] + cost[PLACED]
                missed[node] = cost[LEVEL] + cost[NOT_PLACED]
                continue
            for rank, child in enumerate(reversed(nodes)):
                reached[child] = reached[node] + cost[LEVEL] + cost[LISTED] + rank * cost[COMPARED]
            if node < shorter_than_longest:
                end = ends[NOT_LISTED] + len(tokens) * cost[COMPARED] if tokens else ends[NONE]
                missed[node] = cost[LEVEL] + end
        return {self.kernel.name: cost[FIND] + float(run.mean((reached + missed)[run[CONTEXT]]))}


def listed(tokens: Sequence[int]) -> tuple[int, ...]:
    """A record's list of children: how many, and their tokens; −1 where there is a place for every token."""
    return (len(tokens), *tokens) if len(tokens) <= MOST_LISTED else (-1,)


def links(tokens: Sequence[int], nodes: Sequence[int], vocab: int) -> tuple[int | None, ...]:
    """The nodes of the listed children, or of every token's."""
    if len(tokens) <= MOST_LISTED:
        return tuple(nodes)
    node_of = dict(zip(tokens, nodes, strict=True))
    return tuple(map(node_of.get, range(vocab)))
