"""Sums of two inputs that many rows want: formed once, added in one instruction instead of two.

This is distributed arithmetic, as far as the clocks it saves pay for forming the sums. A term is an input with
its sign; a pair is two terms that occur in the same plane of a row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from asm.cost.instructions import memory
from asm.targets.stock import STOCK
from quantize.digits import Plane

Term = tuple[int, int]
"""(input, sign)."""

Pair = tuple[Term, Term]

MAX_PAIRS = 256

SAVED = STOCK.clocks(memory("adc", "", direct=True)) * 2 - STOCK.clocks(memory("adc", "", direct=False))
"""The clocks that one use saves: two reads of the direct page become one by absolute address."""

PRICE = STOCK.clocks(memory("lda", "", direct=True)) * 2 + STOCK.clocks(memory("sta", "", direct=False))
"""The clocks to form a pair, once a token."""


def choose_pairs(matrices: Sequence[Sequence[Plane]]) -> tuple[Pair, ...]:
    """The pairs worth forming for matrices that read the same vector, the most used first.

    Greedy: the most frequent pair is taken out of every row that has it, until the next would not pay.
    """
    if not any(matrices):  # all of them zero
        return ()
    present = _terms(matrices)
    inputs = present.shape[1] // 2
    together = np.triu(present.T @ present, 1)  # float32 counts exactly, and BLAS does it
    chosen: list[Pair] = []
    while len(chosen) < MAX_PAIRS:
        first, second = np.unravel_index(int(together.argmax()), together.shape)
        if together[first, second] * SAVED <= PRICE:
            break
        both = (present[:, first] * present[:, second]) > 0
        for term in (first, second):  # its rows with the pair count no more with any other term
            lost = present[both].sum(0)
            together[term, term + 1 :] -= lost[term + 1 :]
            together[:term, term] -= lost[:term]
            present[both, term] = 0
        chosen.append((_term(int(first), inputs), _term(int(second), inputs)))
    return tuple(chosen)


def _terms(matrices: Sequence[Sequence[Plane]]) -> NDArray[np.float32]:
    """A row for every row of every plane: 1 where +x_i (first half) or −x_i (second) is wanted."""
    digits = np.concatenate([plane.digits for planes in matrices for plane in planes])
    return np.concatenate([digits > 0, digits < 0], axis=1).astype(np.float32)


def _term(column: int, inputs: int) -> Term:
    return (column, 1) if column < inputs else (column - inputs, -1)


Partners = Mapping[Term, Sequence[tuple[int, Pair]]]
"""First term → the pairs that begin with it, each with its place in the order of choice."""


def partners(pairs: Sequence[Pair]) -> Partners:
    """The pairs as `cover` looks for them."""
    found: dict[Term, list[tuple[int, Pair]]] = {}
    for place, pair in enumerate(pairs):
        found.setdefault(pair[0], []).append((place, pair))
    return found


def cover(terms: Sequence[Term], known: Partners) -> list[tuple[Term, ...]]:
    """A row's terms as pairs where they are formed, in order of choice, and what is left one by one."""
    left, present = list(terms), set(terms)
    wanted = [entry for first in present for entry in known.get(first, ()) if entry[1][1] in present]
    covered: list[tuple[Term, ...]] = []
    for _, pair in sorted(wanted):
        if pair[0] in left and pair[1] in left:
            left.remove(pair[0])
            left.remove(pair[1])
            covered.append(pair)
    return covered + [(term,) for term in left]
