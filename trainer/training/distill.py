"""Distillation: a float llama teaches its own weights to be digits, by text of its own.

The float model writes text. The Fisher information of every weight there says what an error in it costs, and the
digits go where they take most of that off. Then the weights are trained as digits, by straight-through estimation,
towards the float model's distributions: Hinton et al. 2015, arXiv:1503.02531.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from trainer.config import ModelConfig
from trainer.documents import reading
from trainer.errors import InputError
from trainer.files import Array, write_arrays
from trainer.model.blocks import cross_entropy, divergence, log_shares
from trainer.model.decoder import forward_logits
from trainer.model.generate import chosen
from trainer.model.llama_gradient import gradient, product_of_squares
from trainer.progress import Bar, no_bar
from trainer.training import checkpoint as checkpoints
from trainer.training.adam import Adam
from trainer.training.checkpoint import Identity, Interrupted, damaged, own_path, read_own
from trainer.training.digit_projection import LARGEST, MAX_DIGITS, Projection
from trainer.training.own_text import TEMPERATURES, OwnText, own_text
from trainer.training.packing import Shuffled
from trainer.training.train import as_tensors, as_vector, passed

BATCH = 2048
"""Tokens of a step."""
ROUND, ROUNDS = 1 << 16, 8
"""Tokens that are written at a time, and how often at most: then the steps meet them again."""
APART = 1 << 13
"""Tokens kept apart, at temperature 1."""
INFORMATION = 1 << 15
"""Tokens that the Fisher information is measured on."""
WRITING = 0.15
"""The share of a time budget after which no more text is written."""
WARM_UP = 0.05
EVALUATIONS = 20
GRANTS, GRANTED_BY = 40, 0.5
"""How often in a run the digits are granted anew, and the share of it after which they never are."""
FORMAT = "snes-gpt distillation 1"


@dataclass(frozen=True)
class Settings:
    """All that decides a run, but for the teacher.

    config: a llama's. digits: signed powers of two per weight of all matrices, the smallest 2^-grid. steps of
    BATCH tokens; with time_budget (seconds) the run lasts that long instead, its text included. learning_rate: the
    peak, in root mean squares of a tensor. seed draws text and order.
    """

    config: ModelConfig
    digits: float
    steps: int = 1000
    time_budget: float | None = None
    seed: int = 0
    grid: int = 9
    learning_rate: float = 2e-3

    def __post_init__(self) -> None:
        if not 0 < self.digits <= MAX_DIGITS:
            raise InputError(f"{self.digits:g} digits a weight: above 0, and at most {MAX_DIGITS}")
        if self.time_budget is not None and not 0 < self.time_budget < np.inf:
            raise InputError(f"a time budget of {self.time_budget:g} s leaves no time to train, or no end")
        if self.steps < 1 or self.seed < 0 or not 0 < self.learning_rate < 1:
            raise InputError("steps must be at least 1, the seed at least 0, the learning rate between 0 and 1")

    @cached_property
    def projection(self) -> Projection:
        """The values that the weights may have."""
        return Projection(self.config, self.grid)

    @property
    def together(self) -> int:
        """Windows of a step."""
        return max(BATCH // self.config.block_size, 1)


@dataclass(frozen=True)
class Entry:
    """A measurement after `step` steps: mean divergence in training since the one before; on the text kept apart,
    loss above the teacher's and divergence from it. Nats a token.
    """

    step: int
    training: float
    above: float
    divergence: float


class Header(checkpoints.Header, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a checkpoint says besides its arrays. rounds: of text."""

    rounds: int
    log: list[Entry]


@dataclass
class State:
    """Everything a run changes as it goes. parameters (n_params,): the weights in float, behind their digits.

    information (n_params,): what an error in each weight costs. granted: how many digits each weight of a matrix
    may have. seconds: spent, from earlier sittings too.
    """

    parameters: Array
    adam: Adam
    information: Array
    granted: Array
    rounds: int = 0
    step: int = 0
    seconds: float = 0.0
    losses: list[float] = field(default_factory=list)
    log: list[Entry] = field(default_factory=list)


@dataclass(frozen=True)
class Result:
    """A finished run. tensors: made of digits; apart: the text kept apart, (windows, T + 1) tokens.

    teacher: its loss there, nats a token. checkpoint: holds the run still, for whoever writes the weights to
    remove.
    """

    tensors: dict[str, Array]
    last: Entry
    teacher: float
    apart: Array
    seconds: float
    checkpoint: Path


def distill(
    tensors: Mapping[str, Array],
    settings: Settings,
    checkpoint: Path,
    digest: str = "",
    report: Callable[[Entry, float], None] = lambda entry, seconds: None,
    bar: Bar = no_bar,
    tell: Callable[[str], None] = lambda line: None,
) -> Result:
    """Weights made of digits, of float ones that are their teacher too. digest: the teacher's fingerprint.

    Same teacher, settings and machine: same weights, interrupted or not (unless timed). The checkpoint is rewritten
    at every measurement, which `report` is told with the seconds so far; the same run goes on from it, which
    `tell` is told. Raises InputError when a weight is too large for digits, when the loss diverges or the
    checkpoint is damaged; Interrupted on Ctrl-C.
    """
    for name, tensor in tensors.items():
        if name != "wte" and np.abs(tensor).max() > LARGEST:
            raise InputError(f"{name} has a weight beyond ±{LARGEST}: digits reach no farther")
    identity = _identity(settings, digest)
    own = own_path(checkpoint, FORMAT, identity)
    run = _Run(tensors, settings, bar)
    try:
        if own.exists():
            state = _load(own, identity, run)
            tell(f"going on at step {state.step:,}, kept in {own} (delete it to begin anew)")
        else:
            state = run.begin()
            _save(own, identity, state)
        with np.errstate(over="ignore", invalid="ignore"):  # a run that diverges says so itself
            run.go_on(state, report, lambda: _save(own, identity, state))
    except KeyboardInterrupt as error:
        if own.exists():
            raise Interrupted.at(state.step, state.log[-1].step if state.log else 0, own) from error
        raise
    return Result(run.student(state), state.log[-1], run.apart_loss, run.apart.tokens, state.seconds, own)


class _Run:
    """A teacher, its text, and what they ask of a student."""

    def __init__(self, tensors: Mapping[str, Array], settings: Settings, bar: Bar) -> None:
        self.settings, self.config, self.bar = settings, settings.config, bar
        self.teacher = {name: tensors[name].astype(np.float32) for name in self.config.tensor_shapes()}
        self.text: OwnText
        self.apart = self._text(0, self._half(APART), 1.0)
        logits = self.apart.logits(np.arange(len(self.apart.tokens)), self.teacher["lm_head"])
        self.apart_loss = float(
            cross_entropy(logits, self.apart.tokens[:, 1:].reshape(-1))[0].mean(dtype=np.float64)
        )
        rms = {
            name: float(np.sqrt(np.square(tensor, dtype=np.float64).mean()))
            for name, tensor in self.teacher.items()
        }
        self.scale = np.concatenate([np.full(tensor.size, rms[name]) for name, tensor in self.teacher.items()])

    def begin(self) -> State:
        """Writes text, and grants digits by it."""
        begun, settings = time.perf_counter(), self.settings
        rounds = ROUNDS if settings.time_budget else min(-(-settings.steps * BATCH // ROUND), ROUNDS)
        self.write(rounds, until=begun + WRITING * (settings.time_budget or math.inf))
        parameters, information = as_vector(self.teacher), as_vector(self._information())
        state = State(parameters, Adam(len(parameters)), information, self._granted(parameters, information))
        state.rounds = len(self.text.tokens) // (2 * self._half(ROUND))
        state.seconds = time.perf_counter() - begun
        return state

    def _granted(self, parameters: Array, information: Array) -> Array:
        """The digits of each weight, where they are worth most."""
        return self.settings.projection.allocate(parameters, self.settings.digits, information=information)

    def write(self, rounds: int, until: float = math.inf) -> None:
        """So many rounds of text; none that would begin after a moment, but for the first."""
        show, parts = self.bar("text", rounds), list[OwnText]()
        while len(parts) < rounds and (not parts or time.perf_counter() < until):
            show(len(parts))
            parts.append(self._text(1 + len(parts), self._half(ROUND)))
        self.text = OwnText.joined(parts)

    def _half(self, tokens: int) -> int:
        """Of the windows that have so many tokens."""
        return max(tokens // 2 // self.config.block_size, 1)

    def _text(self, number: int, half: int, *temperatures: float) -> OwnText:
        """The windows with this number, always the same."""
        random = np.random.default_rng([self.settings.seed, number])
        return own_text(self.teacher, self.config, half, random, temperatures or TEMPERATURES)

    def _information(self) -> dict[str, Array]:
        """The Fisher information of every weight of a matrix: Σ d_i² x_j², of labels that the teacher draws."""
        random = np.random.default_rng([self.settings.seed, ROUNDS + 1])
        total = {name: np.zeros_like(tensor) for name, tensor in self.teacher.items()}

        def surprise(logits: Array) -> tuple[float, Array]:
            dlogits = np.exp(log_shares(logits))
            dlogits[chosen(logits.T, random), np.arange(logits.shape[1])] -= 1
            return 0.0, dlogits

        together, windows = self.settings.together, max(INFORMATION // self.config.block_size, 1)
        order, show = Shuffled(len(self.text.tokens), self.settings.seed), self.bar("information", windows)
        for start in range(0, windows, together):
            show(start)
            tokens = self.text.tokens[order.take(start, together), :-1]
            _, squares = gradient(self.teacher, self.config, tokens, surprise, product_of_squares)
            for name, own in squares.items():
                total[name] += own
        return total

    def go_on(self, state: State, report: Callable[[Entry, float], None], save: Callable[[], None]) -> None:
        """Steps until the end; measures and saves at every 1 / EVALUATIONS."""
        settings, order = self.settings, Shuffled(len(self.text.tokens), self.settings.seed)
        timed = settings.time_budget is not None
        show = self.bar("seconds" if timed else "steps", math.ceil(settings.time_budget or settings.steps))
        before, progress = time.perf_counter() - state.seconds, self._progress(state)
        while progress < 1:
            windows = order.take(state.step * settings.together, settings.together)
            self._step(state, windows, settings.learning_rate * _share(progress))
            state.seconds = time.perf_counter() - before
            past, progress = progress, self._progress(state)
            show(int(state.seconds) if timed else state.step)
            if passed(past, progress, GRANTS) and progress <= GRANTED_BY:
                state.granted = self._granted(state.parameters, state.information)
            if passed(past, progress, EVALUATIONS):
                self._measure(state)
                save()
                report(state.log[-1], state.seconds)

    def _progress(self, state: State) -> float:
        if self.settings.time_budget is None:
            return min(1.0, state.step / self.settings.steps)
        return min(1.0, state.seconds / self.settings.time_budget)

    def _step(self, state: State, windows: Array, rate: float) -> None:
        """A step of Adam towards the teacher's distributions in some windows."""
        taught = self.text.logits(windows, self.teacher["lm_head"])

        def loss(logits: Array) -> tuple[float, Array]:
            nats, dlogits = divergence(taught, logits)
            return float(nats.mean()), dlogits

        nats, grads = gradient(self.student(state), self.config, self.text.tokens[windows, :-1], loss)
        state.adam.update(state.parameters, as_vector(grads), rate * self.scale)
        state.losses.append(nats)
        state.step += 1

    def student(self, state: State) -> dict[str, Array]:
        """The weights as digits."""
        return as_tensors(self.settings.projection(state.parameters, state.granted), self.config)

    def _measure(self, state: State) -> None:
        """Adds an entry to the log. Raises InputError if the loss diverged."""
        student, apart, total = self.student(state), self.apart, np.zeros(2)
        for start in range(0, len(apart.tokens), self.settings.together):
            windows = np.arange(start, min(start + self.settings.together, len(apart.tokens)))
            tokens = apart.tokens[windows]
            logits = forward_logits(student, self.config, tokens[:, :-1]).reshape(-1, self.config.vocab_size).T
            taught = apart.logits(windows, self.teacher["lm_head"])
            loss, away = cross_entropy(logits, tokens[:, 1:].reshape(-1))[0], divergence(taught, logits)[0]
            total += loss.sum(dtype=np.float64), away.sum(dtype=np.float64)
        nats, away = total / apart.tokens[:, 1:].size
        if not (np.isfinite(nats) and np.isfinite(state.parameters).all()):
            raise InputError(f"the loss diverged at step {state.step}: distill again with a lower learning rate")
        entry = Entry(state.step, float(np.mean(state.losses)), float(nats) - self.apart_loss, float(away))
        state.log.append(entry)
        state.losses.clear()


def _share(progress: float) -> float:
    """Of the peak learning rate: up from 0 over WARM_UP, then down to 0 along a cosine."""
    if progress < WARM_UP:
        return (progress + 1e-3) / (WARM_UP + 1e-3)
    return 0.5 + 0.5 * math.cos(math.pi * (progress - WARM_UP) / (1 - WARM_UP))


def _identity(settings: Settings, digest: str) -> Identity:
    plain = asdict(settings)
    del plain["config"]
    return {**settings.config.to_dict(), **plain, "teacher": digest}


def _vectors(state: State) -> dict[str, Array]:
    plain = {"parameters": state.parameters, "information": state.information, "granted": state.granted}
    return plain | {"m": state.adam.m, "v": state.adam.v}


def _save(path: Path, identity: Identity, state: State) -> None:
    header = {
        "format": FORMAT,
        "identity": identity,
        "step": state.step,
        "seconds": state.seconds,
        "rounds": state.rounds,
        "log": [asdict(entry) for entry in state.log],
    }
    write_arrays(path, header, _vectors(state))


def _load(path: Path, identity: Identity, run: _Run) -> State:
    """The state that a checkpoint holds. Raises InputError where it cannot be one of this run."""
    header, arrays = read_own(path, FORMAT, identity, Header)
    parameters = as_vector(run.teacher)
    granted = np.zeros(run.settings.projection.costs.shape, np.int64)
    state = State(parameters, Adam(len(parameters)), np.zeros_like(parameters), granted)
    with reading(damaged(path)):
        measured = header.log[-1].step if header.log else 0
        if header.step != measured or not 1 <= header.rounds <= ROUNDS:
            raise InputError(f"step is {header.step}, and the last measurement was at {measured}")
        for name, target in _vectors(state).items():
            array = arrays.get(name, np.zeros(0))
            if (array.shape, array.dtype) != (target.shape, target.dtype) or not np.isfinite(array).all():
                raise InputError(f"{name} is missing, of another shape or not finite")
            target[:] = array
        if not ((state.granted >= 0) & (state.granted <= MAX_DIGITS)).all():
            raise InputError(f"granted is not 0 to {MAX_DIGITS}")
    run.write(header.rounds)
    state.rounds, state.seconds, state.log = header.rounds, header.seconds, header.log
    state.step = state.adam.updates = header.step
    return state
