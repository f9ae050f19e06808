"""The golden transcript: what the integer model computes, as checksums that the self-test computes again.

A few free documents try the sampler; the others are given every letter at every position, as far as the tokens
reach, so that every row of the tables is used. All are drawn at the model's own top-p.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from quantize.executor import Executor
from quantize.fixed import Ints
from quantize.model import IntegerModel
from quantize.sampler import Request, Token, run
from trainer.config import ModelConfig

MIN_TOKENS, MAX_TOKENS = 200, 1000
MAX_WORK = 100_000_000
"""Parameters times tokens: from 100,000 parameters on the transcript becomes shorter. A memory's take no time."""

FREE = 8
"""Documents in which every letter is drawn, at the least."""

TENTHS = 10
GOLDEN_RATIO = 0.618


@dataclass(frozen=True)
class Transcript:
    """The documents, in order: document k draws from seed k; after `free` of them, letters are given.

    Given document g has (g + p · step) mod (vocabulary − 1) after position p, but for the last, which is drawn.
    checksums (tokens, 1): of each token in order; the last document may be cut off.
    """

    free: int
    given: int
    step: int
    tenths: int
    checksums: Ints

    @property
    def tokens(self) -> int:
        """How many the self-test computes."""
        return len(self.checksums)


def transcript(model: IntegerModel) -> Transcript:
    """The transcript of a model."""
    plan = [replace(request, top_p=model.top_p) for request in documents(model.config)]
    tokens = [token for document in run(Executor(model), plan) for token in document]
    sums = checksums(tokens[: _max_tokens(model.config)])
    free = sum(not request.prompt for request in plan)
    return Transcript(free, len(plan) - free, _step(model.config), TENTHS, sums[:, None])


def documents(config: ModelConfig) -> list[Request]:
    """Every document of the transcript: the free ones, then the given."""
    letters, context, step = config.bos, config.block_size, _step(config)
    given = min(letters, max(-(-MIN_TOKENS // context), _max_tokens(config) // context))
    free = max(FREE, -(-(MIN_TOKENS - given * context) // 2))  # no document has fewer than two tokens
    prompts = [tuple((g + p * step) % letters for p in range(context - 1)) for g in range(given)]
    return [Request(k, TENTHS, 1, prompt) for k, prompt in enumerate([*[()] * free, *prompts])]


def checksums(tokens: Sequence[Token]) -> Ints:
    """Turn left by one bit and add, over the token chosen, the generator and the logits from the last to the first.

    Turning and adding lose nothing: one word that differs always changes the sum.
    Returns (tokens,) of 16 bits.    asm: token_checksum
    """
    logits = np.array([token.logits[::-1] for token in tokens])
    words = np.column_stack([[(token.next_token, token.x, token.y) for token in tokens], logits])
    total = np.zeros(len(words), np.int64)
    for word in words.T:
        total = ((total << 1) + (total >> 15) + word) & 0xFFFF
    return total


def _max_tokens(config: ModelConfig) -> int:
    return min(MAX_TOKENS, max(MIN_TOKENS, MAX_WORK // replace(config, memory=None).n_params))


def _step(config: ModelConfig) -> int:
    """The distance between adjacent letters of a given document: they are far apart in the alphabet."""
    return round(GOLDEN_RATIO * config.bos) % config.bos
