"""A short text that represents the long run: documents whose tokens look at as many positions as all tokens do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from asm.cost.long_run import LongRun
from quantize.executor import Executor
from quantize.model import IntegerModel
from quantize.sampler import Request, Token, run
from snesgpt.bench.names_screen import FIRST_SEED

SEEDS, TOGETHER = 64, 16
CLOSE = 0.002
"""A text whose tokens see so nearly as many positions is good enough."""

LONGER = 1.5
"""The largest ratio of a text's tokens to the tokens asked for."""


@dataclass(frozen=True)
class Text:
    """The pages of names made from a seed: `tokens` tokens are timed, after the first `skipped` of each page.

    positions: how many they look at, on average.
    """

    seed: int
    skipped: int
    tokens: int
    positions: float


def typical_text(model: IntegerModel, whole: LongRun, tokens: int, names: int, skipped: int) -> Text:
    """The whole documents, `tokens` tokens or half as many again, whose positions are nearest to the long run's.

    At the model's own temperature and top-p. whole: its long run; names: documents to a page, of which the first
    `skipped` tokens are not timed.
    Seeds are looked at in turn, so where texts hardly vary it is that of the seed which the console begins with.
    """
    integer = Executor(model)
    length = 1 / float(whole.mean(whole["position"] == 0))
    documents = int(LONGER * tokens / (length - min(skipped / names, length / 2))) + 2
    texts: list[Text] = []
    for first in range(FIRST_SEED, FIRST_SEED + SEEDS, TOGETHER):
        seeds = range(first, first + TOGETHER)
        requests = [Request(seed, model.temperature, documents, top_p=model.top_p) for seed in seeds]
        for request, made in zip(requests, run(integer, requests), strict=True):
            texts += [Text(request.seed, skipped, *end) for end in _ends(made, tokens, names, skipped)]
        best = min(texts, key=lambda text: abs(text.positions - whole.positions))
        if abs(best.positions / whole.positions - 1) < CLOSE:
            break
    return best


def _ends(made: Sequence[Token], tokens: int, names: int, skipped: int) -> Iterator[tuple[int, float]]:
    """At each end of a document with enough tokens timed: how many, and the mean of the positions they look at."""
    document = np.cumsum([token.position == 0 for token in made]) - 1
    page = document // names
    in_page = np.arange(len(made)) - np.searchsorted(page, page)
    timed = np.cumsum(in_page >= skipped)
    seen = np.cumsum(np.where(in_page >= skipped, [token.position + 1 for token in made], 0))
    ends = np.append(np.diff(document) > 0, True)
    for n in np.flatnonzero(ends & (timed >= tokens)):
        yield int(timed[n]), float(seen[n] / timed[n])
