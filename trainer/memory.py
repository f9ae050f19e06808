"""What a model remembers of single contexts: vectors and logits that it looks up by its last few tokens.

A context is the last two, three … tokens, the newest included. A longer one that the text never showed is not
known: then only the shorter ones speak, as in a back-off model (Katz 1987). Nothing is computed with a table but
one sum, so a table's size costs no time.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from msgspec import Meta, Struct

from trainer.config import LONGEST, SHORTEST
from trainer.documents import checked
from trainer.errors import InputError
from trainer.files import Array

if TYPE_CHECKING:
    from trainer.training.packing import Batch, Documents

BASE = 1024
"""Tokens are below this: so a context is one number."""
AT_ONCE = 4096


Token = Annotated[int, Meta(ge=0, lt=BASE)]


class _Plain(Struct, frozen=True, forbid_unknown_fields=True):
    """A memory in a file."""

    vectors: int
    logits: int
    known: list[list[Token]]


@dataclass(frozen=True)
class Memory:
    """The contexts that a model knows, and what it looks up by them.

    vectors, logits: the tokens of the longest context that has a vector, which is added to the embedding, or a row
    of logits, which is added to the output; 0: none has.
    known: the contexts of 2, 3 … tokens, (n, length) each, oldest token first, in order, as words of 16 bits.
    Raises InputError where these do not fit each other.
    """

    vectors: int
    logits: int
    known: tuple[bytes, ...]

    def __post_init__(self) -> None:
        for name, longest in (("vectors", self.vectors), ("logits", self.logits)):
            if longest not in (0, *range(SHORTEST, LONGEST + 1)):
                raise InputError(f"memory {name} of {longest} tokens: it must be 0, or {SHORTEST} to {LONGEST}")
        if not self.longest or len(self.known) != self.longest - SHORTEST + 1:
            raise InputError("a memory knows contexts of two tokens, and of every length up to its longest")
        for length, words in zip(self.lengths, self.known, strict=True):
            if not words or len(words) % (2 * length):
                raise InputError(f"there is no known context of {length} tokens, or only a part of one")
        for length in self.lengths:
            if not (np.diff(self.codes[length]) > 0).all() or self.largest_token >= BASE:
                raise InputError(f"the known contexts of {length} tokens are not in order, or one is there twice")
            ends = self.codes[length] % BASE ** (length - 1)
            if length > SHORTEST and not np.isin(ends, self.codes[length - 1]).all():
                raise InputError(f"of a known context of {length} tokens the end is not known")

    @property
    def longest(self) -> int:
        """Tokens of the longest context."""
        return max(self.vectors, self.logits)

    @property
    def lengths(self) -> range:
        """Of contexts, shortest first."""
        return range(SHORTEST, self.longest + 1)

    def contexts(self, length: int) -> Array:
        """The known contexts of this length, (n, length), oldest token first."""
        return np.frombuffer(self.known[length - SHORTEST], "<u2").reshape(-1, length).astype(np.int64)

    @cached_property
    def codes(self) -> dict[int, Array]:
        """Length → its contexts as numbers (n,), in order."""
        return {length: as_codes(self.contexts(length)) for length in self.lengths}

    @cached_property
    def largest_token(self) -> int:
        """Of all known contexts."""
        return max(int(self.contexts(length).max()) for length in self.lengths)

    def tables(self, vocab_size: int, n_embd: int) -> dict[str, tuple[int, int]]:
        """Name → shape of every table: a row for each known context."""
        found = {vector_table(n): (len(self.codes[n]), n_embd) for n in self.lengths if n <= self.vectors}
        return found | {logit_table(n): (len(self.codes[n]), vocab_size) for n in self.lengths if n <= self.logits}

    def rows(self, length: int, last: Array) -> tuple[Array, Array]:
        """(columns whose context is known, the row of each). last (N, longest): tokens, the newest last."""
        codes, known = as_codes(last[:, last.shape[1] - length :]), self.codes[length]
        places = np.minimum(np.searchsorted(known, codes), len(known) - 1)
        columns = np.flatnonzero(known[places] == codes)
        return columns, places[columns]

    def to_dict(self) -> dict[str, Any]:
        """As plain data: contexts are flat lists of tokens."""
        flat = [self.contexts(length).reshape(-1).tolist() for length in self.lengths]
        return {"vectors": self.vectors, "logits": self.logits, "known": flat}

    @classmethod
    def from_dict(cls, data: Any) -> Memory:
        """Inverse of to_dict. Raises InputError for what is no memory."""
        plain = checked(data, _Plain, "memory")
        return cls(plain.vectors, plain.logits, tuple(np.array(flat, "<u2").tobytes() for flat in plain.known))

    @classmethod
    def of_text(cls, vectors: int, logits: int, documents: Documents, bos: int, least: int = 1) -> Memory:
        """The contexts that come `least` times or more in a text. Raises InputError where a length has none."""
        known = tuple(_seen(documents, n, bos, least) for n in range(SHORTEST, max(vectors, logits) + 1))
        if b"" in known:
            raise InputError(
                f"no context of {SHORTEST + known.index(b'')} tokens comes {least} times in this text: "
                "give --memory-least 1, or a smaller --memory-vectors and --memory-logits"
            )
        return cls(vectors, logits, known)


def vector_table(length: int) -> str:
    """The name of the vectors of contexts of a length."""
    return f"memory{length}.vectors"


def logit_table(length: int) -> str:
    """The name of their logits."""
    return f"memory{length}.logits"


def is_memory(name: str) -> bool:
    """Whether a tensor is such a table."""
    return name.startswith("memory")


def as_codes(contexts: Array) -> Array:
    """Contexts (n, length) as numbers (n,), ordered by the oldest token."""
    codes: Array = contexts.astype(np.int64) @ BASE ** np.arange(contexts.shape[1] - 1, -1, -1)
    return codes


def last_tokens(batch: Batch, count: int, bos: int) -> Array:
    """The last tokens at every column (N, count), the newest last; BOS before a document's first."""
    backs = range(count - 1, -1, -1)
    return np.stack([np.where(batch.positions >= n, np.roll(batch.tokens, n), bos) for n in backs], axis=1)


def _seen(documents: Documents, length: int, bos: int, least: int) -> bytes:
    """The contexts of a length that come `least` times or more, in order."""
    counts: dict[int, int] = {}
    for start in range(0, len(documents), AT_ONCE):
        batch = documents.batch(np.arange(start, min(start + AT_ONCE, len(documents))))
        codes, times = np.unique(as_codes(last_tokens(batch, length, bos)), return_counts=True)
        for code, n in zip(codes.tolist(), times.tolist(), strict=True):
            counts[code] = counts.get(code, 0) + n
    codes = np.array(sorted(code for code, n in counts.items() if n >= least), np.int64)
    contexts = codes[:, None] // BASE ** np.arange(length - 1, -1, -1) % BASE
    return contexts.astype("<u2").tobytes()
