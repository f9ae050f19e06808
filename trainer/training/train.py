"""The training loop: repeatable by steps, bounded by time if asked, and never more than a moment from disk.

With a budget of digits it trains by straight-through estimation: loss and gradient are those of the weights
projected onto sums of few signed powers of two, and Adam moves the float weights behind them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from trainer.config import ModelConfig
from trainer.documents import reading
from trainer.errors import InputError
from trainer.files import Array, write_arrays
from trainer.memory import logit_table, vector_table
from trainer.model.blocks import dropout, surprise
from trainer.model.decoder import Tensors, active_share, gradient, initial_tensors, mean_loss
from trainer.notes import Amount, Count, Written
from trainer.text.corpus import split
from trainer.text.tokenizer import Tokenizer
from trainer.training import checkpoint as checkpoints
from trainer.training.adam import Adam, linear_decay
from trainer.training.checkpoint import Interrupted, damaged, others, own_path, read_own
from trainer.training.digit_projection import MAX_DIGITS, Projection
from trainer.training.packing import Batch, Documents, Shuffled

EVALUATIONS = 20
EARLY = (0.0005, 0.002, 0.005, 0.01, 0.02)
"""Shares of a run after which it is measured besides, where the loss falls fastest: for whoever looks on."""

ALLOCATIONS = 240
"""How often in a run the budget of digits is spread anew; a multiple of EVALUATIONS."""
FLOAT_UNTIL, BUDGET_FROM = 0.1, 0.5
"""Until the first share of a run weights are float; from the second on they keep to the budget of digits."""
FIRST_BUDGET = 2.2
"""Digits per weight at FLOAT_UNTIL, from where the budget falls linearly: as many as weights of 2^-6 need."""
PULL = 0.01
"""The share of its distance to its projection that a float weight gives up in a step, times the progress.

Without it weights near a threshold keep crossing it, and 0.01 of held-out loss is lost to that noise.
"""
CHECKPOINT_FORMAT = "snes-gpt checkpoint 4"


@dataclass(frozen=True)
class Settings:
    """All that decides a training run, but for its documents.

    steps of batch_size documents; with time_budget (seconds) the run lasts that long instead and steps is
    ignored. learning_rate is the peak; seed draws the first weights and the order of documents.
    digits: most signed powers of two per weight, on average, the smallest 2^-grid; 0 leaves the weights float.
    matrix_digits, matrix_grids: those of single matrices, as in trainer.training.digit_projection.Projection.
    hidden_price: nats a token pays for each unit of hidden activation; it puts hidden units to rest.
    dropout: share of what attention and the MLP add to the residual that is left out, at random, in every step.
    vector_prior, logit_prior: of a memory's tables. An element is held to come from a normal distribution of mean 0
    and variance 1 / prior: this adds prior / 2 · its square to the nats of the whole training text.
    validation: share of the training documents set aside to choose the weights to keep; with 0 the held-out ones
    choose. patience: measurements without a better one that end the run; 0 never ends it early.
    """

    config: ModelConfig
    steps: int
    batch_size: int
    learning_rate: float
    weight_decay: float = 0.0
    seed: int = 0
    time_budget: float | None = None
    digits: float = 0.0
    grid: int = 6
    hidden_price: float = 0.0
    dropout: float = 0.0
    validation: float = 0.0
    patience: int = 0
    vector_prior: float = 0.0
    logit_prior: float = 0.0
    matrix_digits: Mapping[str, float] = field(default_factory=dict)
    matrix_grids: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.steps < 1 or self.batch_size < 1 or self.seed < 0:
            raise InputError("steps and batch size must be at least 1, and the seed at least 0")
        if self.time_budget is not None and not 0 < self.time_budget < np.inf:
            raise InputError(f"a time budget of {self.time_budget:g} s leaves no time to train, or no end")
        if not (0 < self.learning_rate < np.inf and 0 <= self.weight_decay < np.inf):
            raise InputError("the learning rate must be above zero, and the weight decay not below it")
        amounts = (
            self.digits,
            *self.matrix_digits.values(),
            self.hidden_price,
            self.vector_prior,
            self.logit_prior,
        )
        if not all(0 <= amount < np.inf for amount in amounts):
            raise InputError("digits per weight, the price of hidden units and priors must not be below zero")
        if not (0 <= self.dropout < 1 and 0 <= self.validation < 1 and self.patience >= 0):
            raise InputError("dropout and validation are shares from 0 to below 1, and patience is not below 0")
        if self.digits:
            self.projection()
        elif self.matrix_digits or self.matrix_grids:
            raise InputError("a model of float weights has no digits of single matrices: give --digits above 0")

    @property
    def decays(self) -> Array:
        """The weight decay of each weight (n_params,): a memory's tables have a prior instead."""
        return self._each(dict.fromkeys(self._priors, 0.0), self.weight_decay)

    @property
    def priors(self) -> Array:
        """The prior of each weight (n_params,); 0: it has none."""
        return self._each(self._priors, 0.0)

    @property
    def _priors(self) -> Mapping[str, float]:
        lengths = self.config.memory.lengths if self.config.memory else range(0)
        vectors = {vector_table(n): self.vector_prior for n in lengths}
        return vectors | {logit_table(n): self.logit_prior for n in lengths}

    def _each(self, values: Mapping[str, float], others: float) -> Array:
        """A tensor's value at each of its weights."""
        sizes = {name: rows * columns for name, (rows, columns) in self.config.tensor_shapes().items()}
        return np.repeat([values.get(name, others) for name in sizes], list(sizes.values())).astype(np.float32)

    def projection(self) -> Projection:
        """The values that the weights may have. Raises InputError as Projection does."""
        return Projection(self.config, self.grid, self.matrix_grids, self.matrix_digits)


@dataclass(frozen=True)
class LogEntry:
    """One measurement: after `step` steps; mean training loss since the one before, validation loss (nats).

    candidate: whether its weights may be kept: early ones may not, nor any that exceed the digits asked for.
    samples: what its weights wrote, if they were asked to.
    """

    step: Count
    train: Amount
    validation: Amount
    candidate: bool = True
    samples: tuple[Written, ...] = ()


class Header(checkpoints.Header, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a checkpoint says besides its arrays. identity: see _identity."""

    log: list[LogEntry]


@dataclass
class State:
    """Everything a run changes as it goes; a checkpoint is this, taken just after a measurement.

    parameters (n_params,) float32: all weights in file order; best: those of the lowest validation loss so far,
    as projected.
    granted: how many digits each weight made of digits may have, empty while weights are float.
    seconds: time spent, from earlier sittings too; losses: of the batches since the last log entry.
    """

    parameters: Array
    best: Array
    adam: Adam
    granted: Array
    step: int = 0
    seconds: float = 0.0
    losses: list[float] = field(default_factory=list)
    log: list[LogEntry] = field(default_factory=list)


class Diverged(InputError):
    """The losses, or the weights, are no numbers any more. The same run would always come to this."""


@dataclass(frozen=True)
class Result:
    """A finished run: the weights of the lowest validation loss, and how it went.

    nll_float is their held-out loss in nats per token. If the held-out documents chose them (validation is 0),
    it is the lowest of the log and so a little flattering.
    active: share of hidden units above zero on the held-out documents.
    checkpoint: holds the finished run still, for whoever writes the weights to remove once they are safe.
    """

    tensors: dict[str, Array]
    nll_float: float
    active: float
    steps: int
    seconds: float
    documents_per_second: float
    log: tuple[LogEntry, ...]
    checkpoint: Path


Sample = Callable[[Tensors], Sequence[str]]
"""Texts that weights write: called at every measurement."""


def train(
    training: Sequence[str],
    held_out: Sequence[str],
    tokenizer: Tokenizer,
    settings: Settings,
    checkpoint: Path,
    resume: bool = False,
    report: Callable[[State, float], None] = lambda state, progress: None,
    sample: Sample = lambda tensors: (),
    tell: Callable[[str], None] = lambda line: None,
) -> Result:
    """Train on documents, measure on others, keep the best weights, and tell their loss on the held-out ones.

    Same documents, settings and machine: same weights, byte for byte, interrupted or not (unless timed).
    `report` is called after every step with the state and the progress, 0 to 1; what `sample` writes is part of
    the log. The checkpoint, rewritten at every measurement, has `checkpoint` and a fingerprint of the run as its
    name: so the same run goes on from it, which `tell` is told, and no other run finds or overwrites it.
    Raises Diverged, and leaves no checkpoint then; InputError when the checkpoint is damaged, or with `resume` when
    there is none; Interrupted on Ctrl-C.
    """
    config = settings.config
    learned, judging = _judged(training, settings.validation) if settings.validation else (training, held_out)
    seen, judges, unseen = (
        Documents(tokenizer.encode_all(texts, config.block_size), config.block_size)
        for texts in (learned, judging, held_out)
    )
    identity = _identity(settings, tokenizer, training, held_out)
    prefix, checkpoint = checkpoint, own_path(checkpoint, CHECKPOINT_FORMAT, identity)
    state = _start(settings)
    if checkpoint.exists():
        state = _load(checkpoint, identity, settings)
        tell(f"going on at step {state.step:,}, kept in {checkpoint} (delete it to begin anew)")
    elif resume:
        raise InputError(f"{checkpoint} does not exist: there is nothing to resume{others(prefix, identity)}")
    _save(checkpoint, identity, state)
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # a run that diverges says so itself
            _run(state, settings, seen, judges, report, sample, lambda: _save(checkpoint, identity, state))
    except KeyboardInterrupt as error:
        kept = state.log[-1].step if state.log else 0
        raise Interrupted.at(state.step, kept, checkpoint) from error
    except Diverged:
        checkpoint.unlink(missing_ok=True)  # from it the run could only diverge again
        raise
    tensors = as_tensors(state.best, config)
    return Result(
        tensors=tensors,
        nll_float=mean_loss(tensors, config, unseen),
        active=active_share(tensors, config, unseen),
        steps=state.step,
        seconds=state.seconds,
        documents_per_second=state.step * settings.batch_size / state.seconds,
        log=tuple(state.log),
        checkpoint=checkpoint,
    )


def as_tensors(parameters: Array, config: ModelConfig) -> dict[str, Array]:
    """The vector of all weights (n_params,) as named tensors: views, in file order."""
    tensors, offset = {}, 0
    for name, (rows, columns) in config.tensor_shapes().items():
        tensors[name] = parameters[offset : offset + rows * columns].reshape(rows, columns)
        offset += rows * columns
    return tensors


def as_vector(tensors: dict[str, Array]) -> Array:
    """Inverse of as_tensors; a copy."""
    return np.concatenate([tensor.reshape(-1) for tensor in tensors.values()])


def _run(
    state: State,
    settings: Settings,
    seen: Documents,
    judges: Documents,
    report: Callable[[State, float], None],
    sample: Sample,
    save: Callable[[], None],
) -> None:
    """Steps until progress is 1 or patience ends. Measures and saves at multiples of 1 / EVALUATIONS, and early."""
    projection, pull = settings.projection(), settings.priors / np.float32(seen.lengths.sum())
    order = Shuffled(len(seen), settings.seed)
    progress = _progress(state, settings)
    before = time.perf_counter() - state.seconds
    while progress < 1 and not _in_vain(state.log, settings.patience):
        chosen = order.take(state.step * settings.batch_size, settings.batch_size)
        weights = _projected(state, projection)
        if state.granted.size:
            projection.pull(state.parameters, weights, PULL * progress)
        batch, tensors = seen.batch(chosen), as_tensors(weights, settings.config)
        kept = _kept(settings, state.step, batch)
        loss, grads = gradient(
            tensors, settings.config, batch, surprise(batch.targets), hidden_price=settings.hidden_price, kept=kept
        )
        rate = linear_decay(settings.learning_rate, progress)
        total = as_vector(grads)
        if settings.config.memory:
            total += pull * state.parameters
        state.adam.update(state.parameters, total, rate)
        state.losses.append(loss)
        state.step += 1
        state.seconds = time.perf_counter() - before
        before_step, progress = progress, _progress(state, settings)
        if settings.digits and progress >= FLOAT_UNTIL and passed(before_step, progress, ALLOCATIONS):
            now = partial(_budget, progress=progress)
            state.granted = projection.allocate(state.parameters, settings.digits, now)
        due = passed(before_step, progress, EVALUATIONS)
        if due or any(before_step < share <= progress for share in EARLY):
            weights = _projected(state, projection)
            validation = mean_loss(as_tensors(weights, settings.config), settings.config, judges)
            _check(state, validation, settings)
            texts = tuple(sample(as_tensors(weights, settings.config)))
            _note(state, weights, validation, due and (not settings.digits or progress >= BUDGET_FROM), texts)
            save()
        report(state, progress)


def _judged(training: Sequence[str], share: float) -> tuple[list[str], list[str]]:
    """(documents to learn, documents to choose the weights). Raises InputError when there is only one."""
    if len(set(training)) < 2:
        raise InputError("the text is too short to set some of it aside: add to it, or train with --validation 0")
    return split(training, share)


def _progress(state: State, settings: Settings) -> float:
    """How much of the run is done, 0 to 1: of its steps, or of its time."""
    if settings.time_budget is None:
        return min(1.0, state.step / settings.steps)
    return min(1.0, state.seconds / settings.time_budget)


def _in_vain(log: Sequence[LogEntry], patience: int) -> bool:
    """Whether the last `patience` candidates to be kept, if it is not 0, were no better than one before them."""
    losses = [entry.validation for entry in log if entry.candidate]
    return 0 < patience < len(losses) and min(losses[-patience:]) >= min(losses[:-patience])


def _kept(settings: Settings, step: int, batch: Batch) -> Array | None:
    """The dropout of a step, (layers, 2, d, N): a function of seed and step alone, so that a run can be resumed."""
    if not settings.dropout:
        return None
    shape = (settings.config.n_layer, 2, settings.config.n_embd, len(batch.tokens))
    return dropout(shape, settings.dropout, np.random.default_rng([settings.seed, step]))


def passed(before: float, after: float, marks: int) -> bool:
    """Whether the progress passed a multiple of 1 / marks."""
    return int(after * marks) > int(before * marks)


def _budget(digits: float, progress: float) -> float:
    """Digits per weight at `progress`: from FIRST_BUDGET linearly to `digits`."""
    done = min(1.0, (progress - FLOAT_UNTIL) / (BUDGET_FROM - FLOAT_UNTIL))
    return max(FIRST_BUDGET, digits) * (1 - done) + digits * done


def _projected(state: State, projection: Projection) -> Array:
    """The weights the model computes with (n_params,): the state's own while there are no digits."""
    return projection(state.parameters, state.granted) if state.granted.size else state.parameters


def _check(state: State, validation: float, settings: Settings) -> None:
    """Raises Diverged where anything that a checkpoint would hold is no number any more, Adam's means included."""
    numbers = (np.array([validation, *state.losses]), *_vectors(state).values())
    if not all(np.isfinite(array).all() for array in numbers):
        causes = {
            "learning rate": settings.learning_rate,
            "weight decay": settings.weight_decay,
            "price of hidden units": settings.hidden_price,
        }
        lower = " or ".join(f"a lower {name} than {value:g}" for name, value in causes.items() if value)
        raise Diverged(f"the loss diverged at step {state.step}: train again with {lower}")


def _note(state: State, weights: Array, validation: float, candidate: bool, samples: tuple[str, ...]) -> None:
    """Log a measurement; keep the weights if they are the best so far."""
    if candidate and validation < min((entry.validation for entry in state.log if entry.candidate), default=np.inf):
        state.best = weights.copy()
    state.log.append(LogEntry(state.step, float(np.mean(state.losses)), validation, candidate, samples))
    state.losses.clear()


def _start(settings: Settings) -> State:
    parameters = as_vector(initial_tensors(settings.config, settings.seed))
    adam = Adam(len(parameters), settings.decays if settings.config.memory else settings.weight_decay)
    return State(parameters, parameters.copy(), adam, np.zeros(0, np.int64))


def _identity(
    settings: Settings, tokenizer: Tokenizer, training: Sequence[str], held_out: Sequence[str]
) -> dict[str, Any]:
    """Values that must be equal for a checkpoint to belong to this run; flat, so that a difference has a name."""
    text = blake2b()
    for document in (*training, "", *held_out):
        text.update(document.encode() + b"\n")
    plain = asdict(settings)
    del plain["config"]
    del plain["vector_prior"], plain["logit_prior"]  # what only a model with a memory has
    if settings.config.memory:
        plain |= {"vector_prior": settings.vector_prior, "logit_prior": settings.logit_prior}
    return {
        **settings.config.to_dict(),
        **plain,
        "symbols": list(tokenizer.symbols),
        "documents": text.hexdigest()[:32],
    }


def _save(path: Path, identity: dict[str, Any], state: State) -> None:
    """Write a checkpoint, whole or not at all. The order of documents needs no saving: the step decides it."""
    header = {
        "format": CHECKPOINT_FORMAT,
        "identity": identity,
        "step": state.step,
        "seconds": state.seconds,
        "log": [asdict(entry) for entry in state.log],
    }
    write_arrays(path, header, _vectors(state) | {"granted": state.granted})


def _load(path: Path, identity: dict[str, Any], settings: Settings) -> State:
    """Read a checkpoint. Raises InputError unless it is whole and of the same run."""
    header, arrays = read_own(path, CHECKPOINT_FORMAT, identity, Header)
    with reading(damaged(path)):
        return _restored(header, arrays, settings)


def _restored(header: Header, arrays: Mapping[str, Array], settings: Settings) -> State:
    """The state that a checkpoint holds. Raises InputError where it cannot be one of these settings."""
    state, absent = _start(settings), np.zeros(0)
    measured = header.log[-1].step if header.log else 0
    if header.step != measured or (header.seconds > 0) != (measured > 0):
        raise InputError(f"step is {header.step}, and the last measurement was at {measured}")
    for name, target in _vectors(state).items():
        array = arrays.get(name, absent)
        if (array.shape, array.dtype) != (target.shape, target.dtype) or not np.isfinite(array).all():
            raise InputError(f"{name} is missing, of another shape or not finite")
        target[:] = array
    granted = arrays.get("granted", absent)
    expected = settings.projection().costs.shape if granted.size else (0,)
    if granted.shape != expected or granted.dtype != np.int64 or not np.isin(granted, range(MAX_DIGITS + 1)).all():
        raise InputError(f"granted is missing, of another shape or not 0 to {MAX_DIGITS}")
    state.granted, state.seconds, state.log = granted, header.seconds, header.log
    state.step = state.adam.updates = header.step
    return state


def _vectors(state: State) -> dict[str, Array]:
    return {"parameters": state.parameters, "best": state.best, "m": state.adam.m, "v": state.adam.v}
