"""The known contexts of a memory as a tree, in which a text is looked up from its newest token back.

A context's node hangs from that of the same context without its oldest token; the nodes of single tokens come
first. The longest known context of a text is found by following its tokens until one has no node: there the
shorter context stands for the longer one.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np

from quantize.fixed import Ints
from trainer.config import ModelConfig
from trainer.memory import as_codes


class Contexts:
    """Numbers for the known contexts of up to `longest` tokens: first those of one, then of two …

    children (nodes that are shorter than the longest, vocab): the node of the context that a further token makes;
    the same node where that is not known. parents (nodes,): the way back; of one token itself. rows: for each
    length from 2, the row of each node's context of that length in the memory's tables, −1 where there is none.
    newest (nodes,): the newest token of each.
    """

    def __init__(self, config: ModelConfig, longest: int) -> None:
        self.longest, vocab = longest, config.vocab_size
        sizes = [vocab]
        if config.memory:
            sizes += [len(config.memory.codes[length]) for length in range(2, longest + 1)]
        self.first = np.cumsum([0, *sizes])
        self.rows = {length: np.full(len(self), -1) for length in range(2, longest + 1)}
        self.children = np.repeat(np.arange(self.first[longest - 1])[:, None], vocab, axis=1)
        self.newest = np.resize(np.arange(vocab), len(self))
        self.parents = np.arange(len(self))
        for length in range(2, longest + 1):
            self._grow(config, length)

    def __len__(self) -> int:
        """How many there are."""
        return int(self.first[-1])

    def _grow(self, config: ModelConfig, length: int) -> None:
        memory = config.memory
        assert memory is not None
        contexts = memory.contexts(length)
        nodes = self.first[length - 1] + np.arange(len(contexts))
        parents = contexts[:, -1]
        if length > 2:
            parents = self.first[length - 2] + np.searchsorted(memory.codes[length - 1], as_codes(contexts[:, 1:]))
        self.children[parents, contexts[:, 0]], self.parents[nodes] = nodes, parents
        self.newest[nodes] = contexts[:, -1]
        for shorter in range(2, length):
            self.rows[shorter][nodes] = self.rows[shorter][parents]
        self.rows[length][nodes] = np.arange(len(contexts))

    def find(self, last: Ints) -> Ints:
        """The nodes (B,) of the longest known contexts of texts. last (B, at least `longest`) tokens, newest last.

        asm: find_context
        """
        node, known = last[:, -1], np.ones(len(last), bool)
        for length in range(2, self.longest + 1):
            child = np.where(known, self.children[np.where(known, node, 0), last[:, -length]], node)
            known, node = known & (child != node), child
        return node

    def shorter(self, longest: int) -> Ints:
        """Of each context (contexts,) the number of its end of up to `longest` tokens."""
        found = np.arange(len(self))
        for _ in range(longest, self.longest):
            found = np.where(found < self.first[longest], found, self.parents[found])
        return found

    @property
    def texts(self) -> Ints:
        """For each node a text (nodes, longest) that it is found by. A node whose contexts are all known has none:
        nothing finds it.
        """
        found = np.zeros((len(self), self.longest), np.int64)
        found[:, -1] = self.newest
        for length in range(2, self.longest + 1):
            begin, end = self.first[length - 1], self.first[length]
            nodes = np.arange(self.first[length - 2], begin)
            unknown = self.children[nodes] == nodes[:, None]
            found[nodes, -length] = unknown.argmax(1)
            parents, tokens = np.nonzero(~unknown)
            children = self.children[nodes][parents, tokens]
            assert len(children) == end - begin
            found[children] = found[nodes[parents]]
            found[children, -length] = tokens
        return found

    @property
    def children_in_order(self) -> list[tuple[list[int], list[int]]]:
        """For each node (tokens, nodes) of its children, those with the most contexts below them last."""
        below = np.ones(len(self), np.int64)
        known = self.children != np.arange(len(self.children))[:, None]
        for node in range(len(self.children) - 1, -1, -1):
            below[node] += below[self.children[node][known[node]]].sum()
        found: list[tuple[list[int], list[int]]] = [([], [])] * len(self)
        for node, (row, own) in enumerate(zip(self.children, known, strict=True)):
            tokens = np.flatnonzero(own)
            tokens = tokens[np.argsort(below[row[tokens]], kind="stable")]
            found[node] = tokens.tolist(), row[tokens].tolist()
        return found

    def table(self, tokens: Ints, tables: Mapping[int, Ints]) -> Ints:
        """What every node looks up (nodes, width): the sum of its token's row (vocab, width) and of the row of each
        of its contexts. tables: by length.
        """
        found = tokens[self.newest]
        for length, table in tables.items():
            rows = self.rows[length]
            found = found + np.where(rows[:, None] < 0, 0, table[rows])
        return found


@cache
def contexts_of(config: ModelConfig, longest: int) -> Contexts:
    """The same for all who ask."""
    return Contexts(config, longest)
