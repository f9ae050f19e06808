"""Points on the workers of Dask, one on each: processes of this machine, or of a cluster elsewhere."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from typing import Any

from snesgpt.explore.results import Row
from snesgpt.explore.trial import Text, empty_row, pack, run_point, unpack
from snesgpt.explore.trials import Point
from trainer.errors import InputError
from trainer.extras import Extra, needed

ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""Several threads on matrices this small only wait for each other."""

POLL = 0.25
"""Seconds between two looks at what is running, when nothing ends."""

PATIENCE = 30.0
"""Seconds a cluster may be without any worker."""


@contextmanager
def open_client(scheduler: str | None, workers: int, timeout: float = 10.0) -> Iterator[Any]:
    """A Dask client of the scheduler at that address, or of `workers` processes started here and ended here.

    Raises InputError when Dask is not installed or nothing answers within `timeout` seconds.
    """
    with needed(Extra.EXPLORE, "explore"):
        from distributed import Client, LocalCluster
    for name in [name for name in logging.root.manager.loggerDict if name.startswith("distributed")]:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with ExitStack() as opened:
        if scheduler is None:
            with _deaf_to_ctrl_c():
                cluster = LocalCluster(
                    n_workers=workers,
                    threads_per_worker=1,
                    memory_limit=0,
                    dashboard_address=":0",
                    silence_logs=logging.CRITICAL,
                    env=ONE_THREAD,
                )
            opened.callback(cluster.close, timeout=30)
        if scheduler is not None:
            _check_scheduler(scheduler, timeout)
        client = Client(cluster if scheduler is None else scheduler, timeout=timeout)
        opened.callback(client.close, timeout=5)
        yield client


def _check_scheduler(address: str, timeout: float) -> None:
    """Raises InputError unless a scheduler answers, and says that it is one. Client would wait for ever."""
    from distributed.comm.core import connect

    async def identity() -> Any:
        comm = await connect(address, timeout=timeout)
        try:
            await comm.write({"op": "identity", "reply": True})
            return await comm.read()
        finally:
            comm.abort()

    try:
        kind = asyncio.run(asyncio.wait_for(identity(), timeout))["type"]
    except Exception as error:  # whatever is there may answer anything
        raise InputError(
            f"no Dask scheduler answers at {address!r}: start one with `dask scheduler`, "
            "or leave --scheduler out to use this machine"
        ) from error
    if kind != "Scheduler":
        raise InputError(f"{address} is a Dask {kind}, not a scheduler")


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Ctrl-C reaches all processes of a terminal; those begun in here, and by threads begun in here, never see it.

    For this process it waits until the end of the block.
    """
    resource_tracker.ensure_running()  # would be begun with the first process, and lift the block
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@dataclass
class Schedule:
    """Which points still have the time to be run. `deadline` is a time.monotonic(), None if there is none.

    What a point takes besides its training is measured as points end: `slack` times a guess by the number of
    weights.
    """

    deadline: float | None
    n_characters: int
    slack: float = 1.0
    measured: list[float] = field(default_factory=list)

    def expected(self, point: Point) -> float:
        """Seconds from its start to its row."""
        guess = self._guess(point)
        return point.seconds + self.slack * guess if guess else 0.0

    def fits(self, point: Point) -> bool:
        """Whether it would end in time if it began now."""
        return self.deadline is None or time.monotonic() + self.expected(point) <= self.deadline

    @property
    def over(self) -> bool:
        """Whether time is up."""
        return self.deadline is not None and time.monotonic() >= self.deadline

    def learn(self, point: Point, row: Row) -> None:
        """Take the time of a finished point into account: the longest for its size counts."""
        guess = self._guess(point)
        if guess and "error" not in row:
            self.measured.append((row["took"] - point.seconds) / guess)
            self.slack = max(self.measured)

    def _guess(self, point: Point) -> float:
        """Seconds to quantize and measure it, roughly; 0 for a shape that is refused anyhow."""
        with suppress(InputError):
            return 2 + point.recipe.config(point.tokens or self.n_characters + 1).n_params / 4000
        return 0.0


@dataclass(frozen=True)
class Running:
    """A point on its way: on which worker it was put, and when (time.monotonic())."""

    point: Point
    worker: str
    begun: float


def run_points(
    client: Any,
    points: Sequence[Point],
    text: Text,
    schedule: Schedule,
    finished: Callable[[Row], None],
    watch: Callable[[Sequence[Running], Sequence[Point]], None] = lambda running, waiting: None,
) -> list[Point]:
    """Run points, one on each worker at a time, handing every row to `finished`; the points left at the deadline.

    A point begins only if it can end in time; what has not ended then is cancelled and counts as left.
    `watch` is told a few times a second what is running and what waits.
    Raises InputError when there are no workers, or none that can do this, or the scheduler is gone.
    """
    running: dict[Any, Running] = {}
    waiting = list(points)
    try:
        sent = _send(client, text)
        while running or waiting:
            _begin(client, running, waiting, sent, schedule)
            if not running or schedule.over:
                break
            for future in [future for future in running if future.done()]:
                run = running.pop(future)
                row = _row(future, run, text)
                schedule.learn(run.point, row)
                finished(row)
            watch(list(running.values()), waiting)
            time.sleep(POLL)
    except OSError as error:
        raise InputError("the Dask scheduler is gone: the same command runs the points that are missing") from error
    finally:
        with suppress(OSError, RuntimeError):
            client.cancel(list(running), force=True)
    return [run.point for run in running.values()] + waiting


def _send(client: Any, text: Text) -> Any:
    """The text on a worker, from where others get it; a task: Dask makes it anew when that worker is lost."""
    _workers(client)
    sent, until = client.submit(unpack, pack(text), pure=False), time.monotonic() + PATIENCE
    while not sent.done():
        if time.monotonic() > until:
            raise InputError(f"no Dask worker took the text within {PATIENCE:.0f} s: look at the workers")
        time.sleep(POLL / 10)
    if sent.status not in ("finished", "error"):
        raise ConnectionError(sent.status)
    if sent.status == "error":
        reason = " ".join(str(sent.exception()).split())
        raise InputError(f"the Dask workers cannot run this ({reason}): install the same snes-gpt for them")
    return sent


def _workers(client: Any) -> list[str]:
    """The addresses of the workers. Raises InputError when there are none for too long."""
    until = time.monotonic() + PATIENCE
    while not (workers := list(client.nthreads())):
        if time.monotonic() > until:
            raise InputError(f"no Dask worker for {PATIENCE:.0f} s: start some with `dask worker ADDRESS`")
        time.sleep(POLL)
    return workers


def _begin(client: Any, running: dict[Any, Running], waiting: list[Point], sent: Any, schedule: Schedule) -> None:
    """Put the next points that fit the time on the workers that have none.

    Another worker may take a point over, if its own is lost.
    """
    workers = _workers(client) if waiting else []
    busy = {run.worker for run in running.values()}
    for worker in [worker for worker in workers if worker not in busy][: len(workers) - len(running)]:
        point = next((point for point in waiting if schedule.fits(point)), None)
        if point is None:
            return
        waiting.remove(point)
        future = client.submit(run_point, point, sent, workers=[worker], allow_other_workers=True, pure=False)
        running[future] = Running(point, worker, time.monotonic())


def _row(future: Any, run: Running, text: Text) -> Row:
    """The row of a task that ended, or a row with the reason why it has none."""
    if future.status == "finished":
        row: Row = future.result()
        return row
    if future.status != "error":
        raise ConnectionError(future.status)
    reason = " ".join(str(future.exception()).split())
    took = round(time.monotonic() - run.begun, 3)
    return empty_row(run.point, text.name, text.digest) | {"error": f"the worker failed: {reason}", "took": took}
