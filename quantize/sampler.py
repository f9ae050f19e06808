"""From logits to a letter: temperature, weights, a random draw. Every step as the console does it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from quantize.executor import Executor, Trace
from quantize.fixed import FRACTION_BITS, Ints, round_shift
from quantize.kernels.attention import EXP
from tables.exp import EXP_ENTRIES, EXP_STEP_BITS
from trainer.config import ModelConfig
from trainer.progress import Tell, nobody

MAX_TEMPERATURE = 20
"""Temperatures are whole tenths, 0 (greedy) to 20 (2.0)."""

SPACE = " "

SEED_MIX = 0x9E37
SEED_ROUNDS = 16


def inverse_temperature(tenths: int, logit_shift: int = 0) -> int:
    """2^logit_shift / T in Q8.8: round(2560 · 2^logit_shift / tenths); 0 means greedy."""
    return 0 if tenths == 0 else ((2560 << logit_shift) + tenths // 2) // tenths


def cutoff(inverse_t: int) -> int:
    """The least distance below the largest logit, Q8.8, that rounds past the exp table: weight 0 from there on."""
    table_end = EXP_ENTRIES << (FRACTION_BITS + EXP_STEP_BITS)
    return 0 if inverse_t == 0 else -(-(table_end - (1 << (FRACTION_BITS + EXP_STEP_BITS - 1))) // inverse_t)


@cache
def distance_weights(inverse_t: int) -> Ints:
    """exp(−distance · inverse_t) of every Q8.8 distance below the largest logit up to the cutoff.

    Returns (cutoff,) Q0.16.    asm: set_temperature
    """
    distances = np.arange(cutoff(inverse_t))
    weights: Ints = EXP[round_shift(distances * inverse_t, FRACTION_BITS + EXP_STEP_BITS)]
    return weights


def top_share(top_p: int) -> int:
    """The last Q0.16 number below top_p percent, 0 (off) for 0; top_p 0 to 99.    asm: set_top_p"""
    return ((top_p << 16) - 1) // 100 if top_p else 0


@dataclass
class Generator:
    """Xorshift on two words: x, y = y, y ^ (y >> 1) ^ t ^ (t >> 3) with t = x ^ (x << 5).    asm: random

    Period 2^32 − 1 (tests prove it over GF(2)). x, y (B,) of 16 bits, never both zero: one generator a stream.
    """

    x: Ints
    y: Ints

    @classmethod
    def seeded(cls, seeds: Sequence[int]) -> Generator:
        """x = seed, y = a constant, then 16 rounds so that neighbouring seeds part.    asm: seed_random"""
        x = np.asarray(seeds, np.int64) & 0xFFFF
        generator = cls(x, np.full_like(x, SEED_MIX))
        for _ in range(SEED_ROUNDS):
            generator.draw()
        return generator

    def draw(self) -> Ints:
        """The next 16 random bits of every stream."""
        t = self.x ^ ((self.x << 5) & 0xFFFF)
        self.x, self.y = self.y, self.y ^ (self.y >> 1) ^ t ^ (t >> 3)
        return self.y


def sampling_weights(logits: Ints, inverse_t: int) -> Ints:
    """exp((l − max l) · inverse_t), not normalised.    asm: sampling_weights

    logits (B, candidates) Q8.8; inverse_t > 0 Q8.8; returns (B, candidates) Q0.16, the largest 65535.
    """
    below = logits.max(-1, keepdims=True) - logits
    weights: Ints = np.append(distance_weights(inverse_t), 0)[np.minimum(below, cutoff(inverse_t))]
    return weights


def nucleus(weights: Ints, top_p: int) -> Ints:
    """The fewest largest weights that sum to more than top_share · Σw / 2^16, and the equals of their least.

    The others become 0; top_p 0 keeps all. weights (B, candidates) Q0.16; returns the same.    asm: nucleus
    """
    if top_p == 0:
        return weights
    falling = -np.sort(-weights, -1)
    cumulative = falling.cumsum(-1)
    enough = cumulative > top_share(top_p) * cumulative[:, -1:] >> 16
    least = np.take_along_axis(falling, enough.argmax(-1)[:, None], -1)
    return np.where(weights >= least, weights, 0)


def choose(logits: Ints, inverse_t: int, random: Ints, top_p: int = 0) -> Ints:
    """The next token: the first i with w₀ + … + wᵢ > random · Σw / 2^16, or the first maximum if inverse_t = 0.

    w are the sampling weights in the nucleus. logits (B, candidates) Q8.8; random (B,) of 16 bits; top_p in
    percent, 0 = all; returns (B,).    asm: choose_token
    """
    if inverse_t == 0:
        return np.asarray(logits.argmax(-1), np.int64)
    cumulative = nucleus(sampling_weights(logits, inverse_t), top_p).cumsum(-1)
    threshold = (random * cumulative[:, -1]) >> 16
    return np.asarray((cumulative > threshold[:, None]).argmax(-1), np.int64)


@dataclass(frozen=True)
class Request:
    """A host's request to the console: `count` documents after `prompt`, from one seed.

    tenths: the temperature; top_p: in percent, 0 = off.
    """

    seed: int
    tenths: int
    count: int
    prompt: tuple[int, ...] = ()
    top_p: int = 0


@dataclass(frozen=True)
class Token:
    """One step of the console: token in, position, token out, and the generator's state after the draw."""

    token: int
    position: int
    next_token: int
    x: int
    y: int
    logits: Ints
    trace: Trace | None


def run(
    model: Executor, requests: Sequence[Request], *, traced: bool = False, tell: Tell = nobody
) -> list[list[Token]]:
    """Everything the console computes for the requests (all of one temperature and top-p), token by token.

    A draw is made for every sampled token, also at T = 0; a prompt's tokens are forced and draw nothing.
    The first token of an empty prompt is never BOS: no document is empty. A text that goes_on does so where
    its context is full: the second half of the window becomes the next one's prompt. tell: is told how many
    documents of the longest request are done.    asm: host_loop
    """
    config, top_p = model.config, requests[0].top_p
    inverse_t = inverse_temperature(requests[0].tenths, model.model.logit_exponent)
    streams, generator = model.start(len(requests)), Generator.seeded([r.seed for r in requests])
    tokens = np.full(len(requests), config.bos, np.int64)
    left = np.array([r.count for r in requests])
    prompts, windows = [list(r.prompt) for r in requests], [[0] * config.block_size for _ in requests]
    results: list[list[Token]] = [[] for _ in requests]
    while (left > 0).any():
        trace: Trace | None = {} if traced else None
        position = streams.position.copy()
        logits = model.step(streams, tokens, trace)
        prompt_length = np.array([len(prompt) for prompt in prompts])
        forced = position < prompt_length
        x, y = generator.x.copy(), generator.y.copy()
        random = generator.draw()
        generator.x, generator.y = np.where(forced, x, generator.x), np.where(forced, y, generator.y)
        free = choose(logits, inverse_t, random, top_p)
        first = choose(logits[:, :-1], inverse_t, random, top_p)
        given = np.array([t[p] if f else 0 for t, p, f in zip(prompts, position, forced, strict=True)])
        following = np.where(forced, given, np.where(position == 0, first, free))
        for n in np.flatnonzero(left > 0):
            own = None if trace is None else {name: values[n] for name, values in trace.items()}
            state = (int(generator.x[n]), int(generator.y[n]))
            results[n].append(Token(int(tokens[n]), int(position[n]), int(following[n]), *state, logits[n], own))
        ended = (following == config.bos) | (streams.position == config.block_size)
        if model.model.goes_on:
            _go_on(prompts, windows, position, following, config)
        left -= ended
        tell(max(request.count for request in requests) - int(left.max()))
        streams.restart(np.flatnonzero(ended))
        tokens = np.where(ended, config.bos, following)
    return results


def _go_on(
    prompts: list[list[int]], windows: list[list[int]], position: Ints, following: Ints, config: ModelConfig
) -> None:
    """Note each token in its window; a full window's second half, or nothing after BOS, is the next prompt.

    asm: continue_text
    """
    for prompt, window, place, token in zip(prompts, windows, position.tolist(), following.tolist(), strict=True):
        window[place] = token
        if token == config.bos:
            prompt.clear()
        elif place + 1 == config.block_size:
            prompt[:] = window[config.block_size - config.block_size // 2 :]


def documents(model: Executor, request: Request, tell: Tell = nobody) -> list[str]:
    """The texts the console prints for a request, prompt included; of one that goes on what each window adds.

    In a vocabulary of pieces the space that begins a text is not shown, as in PieceTokenizer.decode.
    """
    (tokens,) = run(model, [request], tell=tell)
    config, again = model.config, 0
    texts, letters = [], ""
    for token in tokens:
        ends = token.next_token == config.bos
        if not ends and token.position >= again:
            symbol = model.model.symbols[token.next_token]
            begins = model.model.pieces and token.position == 0
            letters += symbol.removeprefix(SPACE) if begins else symbol
        if ends or token.position + 1 == config.block_size:
            texts.append(letters)
            letters = ""
            again = config.block_size // 2 if model.model.goes_on and not ends else 0
    return texts
