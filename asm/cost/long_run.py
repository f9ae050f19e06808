"""The text a model makes in the long run: what the clocks of its tokens depend on, each token with its share.

Documents end at random, and how far they get decides how many positions attention looks at. So few documents are
a poor sample of a long context. Here no document ends: every stream goes on to the end of the context with letters
alone, and a token counts as often as its document would have lived to reach it, the product of the chances that
it had not ended. Late positions are then seen in every stream instead of in the rare long document.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quantize.executor import Executor, Trace
from quantize.fixed import Ints
from quantize.model import IntegerModel
from quantize.program import leaves
from quantize.sampler import cutoff, inverse_temperature, nucleus, sampling_weights
from trainer.progress import Bar, no_bar

SAMPLED_TOKENS = 12_288
MIN_STREAMS, MAX_STREAMS = 48, 512
UNREACHED = 1e-6
"""Documents alive, of those begun: where fewer are left, the rest of the context counts for nothing."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LongRun:
    """N tokens of an endless text, in columns.

    share (N,) of all tokens; position (N,); next_token (N,). Of the choice, above temperature 0, in letters:
    choose.near (N,), those that the table of exp has a weight for, .weighed (N,), those with one above zero,
    .walked and .skipped (N,), those up to the one drawn, in the nucleus and out of it. Of a norm its .squares (N,),
    their sum; of an attention, in all heads together, .near (N,), the positions that the table of exp has a weight
    for, and .lit (N,), those with one left once it is scaled; of an activation (N, n_hidden), the units above zero.
    """

    share: Floats
    columns: dict[str, Ints]

    def __getitem__(self, name: str) -> Ints:
        return self.columns[name]

    def mean(self, values: Ints | Floats) -> Floats:
        """The mean of values (N, …) over the tokens."""
        return np.asarray(np.tensordot(self.share, values, 1))

    @property
    def positions(self) -> float:
        """Positions that a token looks at, on average."""
        return float(self.mean(self["position"] + 1))


def long_run(model: IntegerModel, bar: Bar = no_bar) -> LongRun:
    """The long run of the text at the model's default temperature and top-p.

    One that goes on does so in window after window: those after the first look alike, so the second represents all.
    """
    config, integer, random = model.config, Executor(model), np.random.default_rng(0)
    streams = min(max(SAMPLED_TOKENS // config.block_size, MIN_STREAMS), MAX_STREAMS)
    begun, tell = np.ones(streams), bar("long run", config.block_size)
    windows = [_window(integer, random, begun, np.zeros((streams, 0), np.int64), tell)]
    if model.goes_on and config.block_size > 1:
        first = windows[0]
        windows.append(_window(integer, random, first.alive, first.written[:, -(config.block_size // 2) :], tell))
        ended = 1 - windows[1].alive.sum() / max(first.alive.sum(), UNREACHED)
        windows[0] = Window(windows[0].alive, windows[0].written, [ended * w for w in first.weights], first.steps)
    share = np.concatenate([weight for window in windows for weight in window.weights])
    steps = [step for window in windows for step in window.steps]
    return LongRun(share / share.sum(), {name: np.concatenate([step[name] for step in steps]) for name in steps[0]})


@dataclass(frozen=True)
class Window:
    """From an empty context to a full one.

    alive (streams,): the share of each that is left at the end; written (streams, T): its tokens; of every
    position the weights (streams,) and what was seen.
    """

    alive: Floats
    written: Ints
    weights: list[Floats]
    steps: list[dict[str, Ints]]


def _window(
    integer: Executor, random: np.random.Generator, alive: Floats, prompt: Ints, tell: Callable[[int], None]
) -> Window:
    """Every stream from BOS, or through its prompt, to the end of its context."""
    config, streams = integer.config, integer.start(len(alive))
    written = np.zeros((len(alive), config.block_size), np.int64)
    written[:, : prompt.shape[1]] = prompt
    weights: list[Floats] = []
    steps = []
    tokens, begun = np.full(len(alive), config.bos), max(alive.sum(), UNREACHED)
    for position in range(config.block_size):
        tell(position)
        trace: Trace = {}
        logits = integer.step(streams, tokens, trace)
        chances = _chances(integer.model, logits, first=position == 0)
        forced = position < prompt.shape[1]
        chosen = written[:, position] if forced else _draw(chances, random)
        weights.append(alive)
        steps.append(_seen(integer.model, position, chosen, logits, trace))
        if not forced:
            written[:, position] = _draw(chances[:, :-1], random)
            alive = alive * (1 - chances[:, -1])
        if alive.sum() < UNREACHED * begun:
            break
        tokens = written[:, position]
    return Window(alive, written, weights, steps)


def _chances(model: IntegerModel, logits: Ints, *, first: bool) -> Floats:
    """The chances of each token to be chosen, (streams, vocab): no document is empty."""
    inverse = inverse_temperature(model.temperature, model.logit_exponent)
    candidates = logits[:, :-1] if first else logits
    if inverse:
        weights = nucleus(sampling_weights(candidates, inverse), model.top_p).astype(float)
    else:
        weights = (np.arange(candidates.shape[1]) == candidates.argmax(1)[:, None]).astype(float)
    weights /= weights.sum(1, keepdims=True)
    return np.pad(weights, ((0, 0), (0, logits.shape[1] - weights.shape[1])))


def _draw(chances: Floats, random: np.random.Generator) -> Ints:
    """A token of every stream; the first where none has a chance: that stream has ended."""
    cumulative = chances.cumsum(1)
    return np.asarray((cumulative > random.random(len(chances))[:, None] * cumulative[:, -1:]).argmax(1), np.int64)


def _seen(model: IntegerModel, position: int, chosen: Ints, logits: Ints, trace: Trace) -> dict[str, Ints]:
    """The columns of a LongRun."""
    seen = {"position": np.full(len(chosen), position), "next_token": chosen, **_drawn(model, logits, chosen)}
    vectors: dict[str, Ints] = {}
    for kernel in leaves(model.program):
        seen |= kernel.activity(trace, vectors)
        vectors |= dict.fromkeys(kernel.writes, trace[kernel.name])
    return seen


def _drawn(model: IntegerModel, logits: Ints, chosen: Ints) -> dict[str, Ints]:
    """What the clocks of a draw depend on, of every stream."""
    if not (inverse := inverse_temperature(model.temperature, model.logit_exponent)):
        return {}
    weights = sampling_weights(logits, inverse)
    weighs, before = nucleus(weights, model.top_p) > 0, np.arange(logits.shape[1]) <= chosen[:, None]
    return {
        "choose.near": (logits.max(1, keepdims=True) - logits < cutoff(inverse)).sum(1),
        "choose.weighed": (weights > 0).sum(1),
        "choose.walked": (weighs & before).sum(1),
        "choose.skipped": (~weighs & before).sum(1),
    }
