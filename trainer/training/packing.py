"""Documents of different lengths laid end to end, so that no arithmetic is spent on padding."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from trainer.files import Array


@dataclass(frozen=True)
class Batch:
    """Packed documents: column n is one position of one document, documents one after another.

    tokens (N,), positions (N,): what is read, and where in its document. targets (N,): the token that follows.
    longest: the most columns any document has.
    """

    tokens: Array
    positions: Array
    targets: Array
    longest: int


class Documents:
    """Token sequences BOS c1 … cn BOS, each cut to block_size predictions and kept in one flat array.

    flat (total,) tokens in words of 16 bits; starts, lengths (documents,): a document's first column and number
    of predictions. The documents given are read once and not kept.
    """

    def __init__(self, documents: Iterable[Sequence[int]], block_size: int) -> None:
        kept = array("l")

        def tokens() -> Iterator[int]:
            for document in documents:
                cut = document[: block_size + 1]
                kept.append(len(cut))
                yield from cut

        self.flat = np.fromiter(tokens(), np.uint16)
        sizes = np.array(kept, np.int64)
        self.starts = np.cumsum(sizes) - sizes
        self.lengths = sizes - 1

    def __len__(self) -> int:
        return len(self.lengths)

    def batch(self, indices: Array) -> Batch:
        """Pack the documents of these indices, in this order."""
        lengths = self.lengths[indices]
        ends = np.cumsum(lengths)
        positions = np.arange(ends[-1]) - np.repeat(ends - lengths, lengths)
        columns = positions + np.repeat(self.starts[indices], lengths)
        tokens, targets = self.flat[columns].astype(np.int64), self.flat[columns + 1].astype(np.int64)
        return Batch(tokens, positions, targets, int(lengths.max()))


class Shuffled:
    """An endless stream of document indices: epoch after epoch, each a permutation of its own.

    The k-th index is a function of (n, seed, k) alone, so a resumed run meets the same documents.
    """

    def __init__(self, n: int, seed: int) -> None:
        self.n, self.seed = n, seed
        self._epoch, self._order = -1, np.arange(0)

    def take(self, start: int, count: int) -> Array:
        """Indices start … start + count − 1 of the stream, (count,)."""
        parts = []
        while count:
            epoch, offset = divmod(start, self.n)
            if epoch != self._epoch:
                self._epoch, self._order = epoch, np.random.default_rng([self.seed, epoch]).permutation(self.n)
            part = self._order[offset : offset + count]
            parts.append(part)
            start, count = start + len(part), count - len(part)
        return np.concatenate(parts)
