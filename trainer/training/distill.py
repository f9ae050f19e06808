"""Distillation: a float model teaches its own weights to be digits, by text of its own.

The float model writes text. The Fisher information of every weight there says what an error in it costs, and the
digits go where they take most of that off. Then the weights are trained as digits, by straight-through estimation,
towards the float model's distributions: Hinton et al. 2015, arXiv:1503.02531.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from trainer.config import ModelConfig
from trainer.documents import reading
from trainer.errors import InputError
from trainer.files import Array, write_arrays
from trainer.model.blocks import distance
from trainer.model.decoder import batch_gradient
from trainer.progress import Bar, no_bar
from trainer.training import checkpoint as checkpoints
from trainer.training.adam import Adam
from trainer.training.checkpoint import Identity, Interrupted, damaged, others, own_path, read_own
from trainer.training.digit_projection import LARGEST, MAX_DIGITS, Projection, is_digits
from trainer.training.packing import Shuffled
from trainer.training.teacher import MOST_ROUNDS, ROUNDS, Teacher, rounds_for, text_logits
from trainer.training.train import Diverged, as_tensors, as_vector, passed

BATCH = 2048
"""Tokens of a step."""
WRITING = 0.15
"""The share of a time budget after which no more text is written."""
WARM_UP = 0.05
EVALUATIONS = 20
SILENT = 0.05
GRANTS, GRANTED_BY = 40, 0.5
"""How often in a run the digits are granted anew, and the share of it after which they never are."""
FORMAT = "snes-gpt distillation 1"


@dataclass(frozen=True)
class Student:
    """What a student may have. digits: signed powers of two per weight of all matrices; windows: ModelConfig's."""

    digits: float
    windows: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < self.digits <= MAX_DIGITS:
            raise InputError(f"{self.digits:g} digits a weight: above 0, and at most {MAX_DIGITS}")


Choose = Callable[[Teacher, Array], Student]
"""A teacher, and what an error in each of its weights costs (n_params,) → what its student may have."""


@dataclass(frozen=True)
class Settings:
    """All that decides a run, but for the teacher.

    config: the teacher's. Its student has this many digits, or reaches this many tokens a second: one of both. The
    smallest digit is 2^-grid; pull as PULL of trainer.training.train. steps of BATCH tokens; with time_budget
    (seconds) the run lasts that long instead, its text included. learning_rate: the peak, in root mean squares of a
    tensor. seed draws text and order. target: the machine that the tokens a second are about.
    """

    config: ModelConfig
    digits: float | None = None
    tokens_per_second: float | None = None
    steps: int = 1000
    time_budget: float | None = None
    seed: int = 0
    grid: int = 9
    pull: float = 0.0
    learning_rate: float = 1e-3
    target: str = "stock"

    def __post_init__(self) -> None:
        if (self.digits is None) == (self.tokens_per_second is None):
            raise InputError("give digits or tokens a second, one of both")
        if self.digits is not None:
            Student(self.digits)
        if self.tokens_per_second is not None and not 0 < self.tokens_per_second < np.inf:
            raise InputError(f"{self.tokens_per_second:g} tokens a second: it must be a number above 0")
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
    """A measurement after `step` steps and `seconds`: on the text kept apart, loss above the teacher's and
    divergence from it; mean divergence in training since the one before, none yet at the first. Nats a token.
    """

    step: int
    seconds: float
    above: float
    divergence: float
    training: float | None


class Header(checkpoints.Header, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a checkpoint says besides its arrays. rounds: of text; student: what was chosen."""

    rounds: int
    student: Student
    log: list[Entry]


@dataclass
class State:
    """Everything a run changes as it goes. parameters (n_params,): the weights in float, behind their digits.

    student: what it may have. information (n_params,): what an error in each weight costs. granted: how many
    digits each weight of a matrix may have. seconds: spent, from earlier sittings too.
    """

    student: Student
    parameters: Array
    adam: Adam
    information: Array
    granted: Array
    step: int = 0
    seconds: float = 0.0
    losses: list[float] = field(default_factory=list)
    log: list[Entry] = field(default_factory=list)


@dataclass(frozen=True)
class Result:
    """A finished run. tensors: made of digits, of a model of shape config.

    checkpoint: holds the run still, for whoever writes the weights to remove.
    """

    config: ModelConfig
    tensors: dict[str, Array]
    student: Student
    log: list[Entry]
    teacher: Teacher
    checkpoint: Path

    @property
    def first(self) -> Entry:
        """The measurement before any training."""
        return self.log[0]

    @property
    def last(self) -> Entry:
        """The measurement at the end."""
        return self.log[-1]


def distill(
    tensors: Mapping[str, Array],
    settings: Settings,
    checkpoint: Path,
    digest: str = "",
    report: Callable[[Entry], None] = lambda entry: None,
    bar: Bar = no_bar,
    tell: Callable[[str], None] = lambda line: None,
    choose: Choose | None = None,
    resume: bool = False,
) -> Result:
    """Weights made of digits, of float ones that are their teacher too. digest: the teacher's fingerprint.

    choose: what reaches the tokens a second of the settings, where they ask for it. resume: never begin anew.
    Same teacher, settings and machine: same weights, interrupted or not (unless timed). The checkpoint is rewritten
    at every measurement, which `report` is told; the same run goes on from it, which `tell` is told. Raises
    InputError when a weight is too large for digits, when the loss diverges or the checkpoint is damaged;
    Interrupted on Ctrl-C.
    """
    for name, tensor in tensors.items():
        if not np.isfinite(tensor).all():
            raise InputError(
                f"{name} is not finite once keys and values fit bytes: the teacher's numbers are too large"
            )
        if is_digits(name, settings.config) and np.abs(tensor).max() > LARGEST:
            raise InputError(f"{name} has a weight beyond ±{LARGEST}: digits reach no farther")
    identity = _identity(settings, digest)
    own, state = own_path(checkpoint, FORMAT, identity), None
    if resume and not own.exists():
        raise InputError(f"{own} does not exist: there is nothing to resume{others(checkpoint, identity)}")
    teacher = Teacher(tensors, settings.config, settings.seed, bar)
    try:
        if own.exists():
            state = _load(own, identity, teacher, settings)
            tell(f"going on at step {state.step:,}, kept in {own} (delete it to begin anew)")
        else:
            state = _begin(teacher, settings, choose)
        run = _Run(teacher, settings, state, bar)
        with np.errstate(over="ignore", invalid="ignore"):  # a run that diverges says so itself
            run.go_on(report, lambda: _save(own, identity, teacher, state))
    except Diverged:
        own.unlink(missing_ok=True)  # the same command would diverge from it for ever
        raise
    except KeyboardInterrupt as error:
        if state is not None and own.exists():
            raise Interrupted.at(state.step, state.log[-1].step if state.log else 0, own) from error
        raise
    return Result(run.config, run.tensors(), state.student, state.log, teacher, own)


def _begin(teacher: Teacher, settings: Settings, choose: Choose | None) -> State:
    """Writes text, and grants digits by it."""
    begun = time.perf_counter()
    rounds = ROUNDS if settings.time_budget else rounds_for(settings.steps * BATCH)
    teacher.write(rounds, until=begun + WRITING * (settings.time_budget or math.inf))
    parameters, information = as_vector(teacher.tensors), as_vector(teacher.information())
    if settings.digits is not None:
        student = Student(settings.digits, settings.config.windows)
    else:
        assert choose is not None, "who asks for a speed says how it is reached"
        student = choose(teacher, information)
    granted = _granted(settings, student, parameters, information)
    state = State(student, parameters, Adam(len(parameters)), information, granted)
    state.seconds = time.perf_counter() - begun
    return state


def _granted(settings: Settings, student: Student, parameters: Array, information: Array) -> Array:
    """The digits of each weight, where they are worth most."""
    return settings.projection.allocate(parameters, student.digits, information=information)


class _Run:
    """A student on its way towards a teacher's distributions."""

    def __init__(self, teacher: Teacher, settings: Settings, state: State, bar: Bar) -> None:
        self.teacher, self.settings, self.state, self.bar = teacher, settings, state, bar
        self.config = replace(settings.config, windows=state.student.windows)
        self.scale = np.concatenate([np.full(t.size, _size(t)) for t in teacher.tensors.values()])

    def go_on(self, report: Callable[[Entry], None], save: Callable[[], None]) -> None:
        """Steps until the end; measures and saves at the begin and at every 1 / EVALUATIONS."""
        settings, state, text = self.settings, self.state, self.teacher.text
        order, timed = Shuffled(len(text), settings.seed), settings.time_budget is not None
        show = self.bar("seconds" if timed else "steps", math.ceil(settings.time_budget or settings.steps))
        before, progress = time.perf_counter() - state.seconds, self._progress()
        if not state.log:
            self._measure()
            save()
            report(state.log[-1])
        while progress < 1:
            windows = order.take(state.step * settings.together, settings.together)
            self._step(windows, settings.learning_rate * _share(progress))
            state.seconds = time.perf_counter() - before
            past, progress = progress, self._progress()
            show(int(state.seconds) if timed else state.step)
            if passed(past, progress, EVALUATIONS):  # before digits move: after it a student has to learn again
                self._measure()
            if passed(past, progress, GRANTS) and progress <= GRANTED_BY:
                state.granted = _granted(settings, state.student, state.parameters, state.information)
            if passed(past, progress, EVALUATIONS):
                save()
                report(state.log[-1])

    def _progress(self) -> float:
        if self.settings.time_budget is None:
            return min(1.0, self.state.step / self.settings.steps)
        return min(1.0, self.state.seconds / self.settings.time_budget)

    def _step(self, windows: Array, rate: float) -> None:
        """A step of Adam towards the teacher's distributions in some windows."""
        state, text, settings = self.state, self.teacher.text, self.settings
        weights = settings.projection(state.parameters, state.granted)
        settings.projection.pull(state.parameters, weights, settings.pull * self._progress())
        taught = text.some(windows).logits(self.teacher.tensors["lm_head"])
        nats, grads = batch_gradient(
            as_tensors(weights, self.config), self.config, text.documents.batch(windows), distance(taught)
        )
        state.adam.update(state.parameters, as_vector(grads), rate * self.scale)
        state.losses.append(nats)
        state.step += 1

    def tensors(self) -> dict[str, Array]:
        """The weights as digits."""
        return as_tensors(self.settings.projection(self.state.parameters, self.state.granted), self.config)

    def _measure(self) -> None:
        """Adds an entry to the log. Raises InputError if the loss diverged."""
        state = self.state
        above, away = self.teacher.judge(text_logits(self.tensors(), self.config, self.teacher.apart))
        if not (np.isfinite(away) and np.isfinite(state.parameters).all()):
            raise Diverged(f"the loss diverged at step {state.step}: distill again with a lower learning rate")
        training = float(np.mean(state.losses)) if state.losses else None
        state.log.append(Entry(state.step, state.seconds, above, away, training))
        state.losses.clear()


def _size(tensor: Array) -> float:
    """The root mean square of a tensor, SILENT where it is zero: biases that a model lacks are learned too."""
    return float(np.sqrt(np.square(tensor, dtype=np.float64).mean())) or SILENT


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


def _save(path: Path, identity: Identity, teacher: Teacher, state: State) -> None:
    header = {
        "format": FORMAT,
        "identity": identity,
        "step": state.step,
        "seconds": state.seconds,
        "rounds": teacher.rounds,
        "student": asdict(state.student),
        "log": [asdict(entry) for entry in state.log],
    }
    write_arrays(path, header, _vectors(state))


def _load(path: Path, identity: Identity, teacher: Teacher, settings: Settings) -> State:
    """The state that a checkpoint holds. Raises InputError where it cannot be one of this run."""
    header, arrays = read_own(path, FORMAT, identity, Header)
    parameters = as_vector(teacher.tensors)
    granted = np.zeros(settings.projection.costs.shape, np.int64)
    state = State(header.student, parameters, Adam(len(parameters)), np.zeros_like(parameters), granted)
    with reading(damaged(path)):
        measured = header.log[-1].step if header.log else None
        if header.step != measured or not 1 <= header.rounds <= MOST_ROUNDS:
            raise InputError(f"step is {header.step}, and the last measurement was at {measured}")
        replace(settings.config, windows=header.student.windows)
        for name, target in _vectors(state).items():
            array = arrays.get(name, np.zeros(0))
            if (array.shape, array.dtype) != (target.shape, target.dtype) or not np.isfinite(array).all():
                raise InputError(f"{name} is missing, of another shape or not finite")
            target[:] = array
        if not ((state.granted >= 0) & (state.granted <= MAX_DIGITS)).all():
            raise InputError(f"granted is not 0 to {MAX_DIGITS}")
    teacher.write(header.rounds)
    state.seconds, state.log = header.seconds, header.log
    state.step = state.adam.updates = header.step
    return state
