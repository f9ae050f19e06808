"""Plain Python against numpy: the same training, timed in turns within one run."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from trainer.config import ModelConfig
from trainer.model.blocks import surprise
from trainer.model.decoder import gradient, initial_tensors
from trainer.model.scalar import ScalarGPT
from trainer.text.corpus import Corpus
from trainer.training.adam import Adam
from trainer.training.packing import Documents, Shuffled
from trainer.training.train import as_tensors, as_vector

SCALAR_DOCUMENTS = 4
NUMPY_STEPS = 200
SEED = 0


@dataclass
class Times:
    """Documents trained on and seconds taken, by each version."""

    scalar_documents: int = 0
    scalar_seconds: float = 0.0
    numpy_documents: int = 0
    numpy_seconds: float = 0.0

    @property
    def scalar_rate(self) -> float:
        """Documents per second in plain Python."""
        return self.scalar_documents / self.scalar_seconds

    @property
    def numpy_rate(self) -> float:
        """Documents per second in numpy."""
        return self.numpy_documents / self.numpy_seconds


def race(
    text: Corpus,
    config: ModelConfig,
    batch_size: int,
    learning_rate: float,
    rounds: int,
    after_round: Callable[[], None] = lambda: None,
) -> Times:
    """Train both versions from the same weights on the same shuffled documents, in turns.

    All of a step counts: choosing documents, forward, gradient, Adam. Encoding the text counts for neither.
    Python's cycle collector is off while the scalar version runs, to its advantage: its graphs have no cycles.
    """
    encoded = list(text.tokenizer.encode_all(text.documents, config.block_size))
    first = initial_tensors(config, SEED)
    scalar = ScalarGPT(config, {name: tensor.tolist() for name, tensor in first.items()})
    parameters = as_vector(first)
    tensors, adam = as_tensors(parameters, config), Adam(len(parameters))
    documents, order = Documents(encoded, config.block_size), Shuffled(len(encoded), SEED)
    times = Times()
    for _ in range(rounds):
        start = time.perf_counter()
        with _no_cycle_collector():
            _scalar_turn(scalar, encoded, order, times.scalar_documents, learning_rate)
        times.scalar_documents += SCALAR_DOCUMENTS
        times.scalar_seconds += time.perf_counter() - start
        start = time.perf_counter()
        for _ in range(NUMPY_STEPS):
            batch = documents.batch(order.take(times.numpy_documents, batch_size))
            _, grads = gradient(tensors, config, batch, surprise(batch.targets))
            adam.update(parameters, as_vector(grads), learning_rate)
            times.numpy_documents += batch_size
        times.numpy_seconds += time.perf_counter() - start
        after_round()
    return times


def _scalar_turn(
    scalar: ScalarGPT, encoded: Sequence[Sequence[int]], order: Shuffled, start: int, learning_rate: float
) -> None:
    for index in order.take(start, SCALAR_DOCUMENTS):
        scalar.train(encoded[index], learning_rate)


@contextmanager
def _no_cycle_collector() -> Iterator[None]:
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
