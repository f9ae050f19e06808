"""The long runs: cartridges on the console's logic against the integer model, resumable.

A run is a number of tokens of one cartridge. Its state is a file that is written after every request: a run that is
killed, or whose machine is needed, goes on with the next request of the same ROM and the same simulator. No request
takes more than half of what is left: so there are several texts, and the first is seen far into it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from hashlib import sha256
from itertools import count, cycle, islice
from math import ceil
from pathlib import Path
from typing import Any

from asm.build import build
from asm.layout import plan
from quantize.executor import Executor
from quantize.kernel import SA1, STOCK
from quantize.model import IntegerModel
from quantize.model_file import load_proved
from quantize.ranges import ProvedModel
from quantize.sampler import Request
from quantize.sampler import run as run_model
from rtl.tools import run
from snesgpt.bench.beam_clock import FRAME_CLOCKS
from snesgpt.emulator.console import Console
from snesgpt.verify.host import Host, intermediates
from snesgpt.verify.parity import Parity, compare_token
from trainer.errors import InputError
from trainer.files import scratch_folder, whole_file
from trainer.progress import Tell, nobody

RESULTS = Path("build/rtl/runs")
TENTHS = (5, 0, 13, 10, 20)
"""Temperatures, in turn."""


@dataclass(frozen=True)
class Run:
    """A cartridge, and how much of it is to be compared.

    weights: the stem of a checkpoint; traced: every intermediate; kernel: none, or one that quantize is to take.
    """

    name: str
    weights: str
    tokens: int
    target: str = STOCK
    traced: bool = False
    kernel: str | None = None

    def model(self) -> ProvedModel:
        """Its model, as `snesgpt quantize` makes it of the checkpoint. Raises InputError where that fails."""
        return _quantized(self.weights, self.target, self.kernel)


@cache
def _quantized(weights: str, target: str, kernel: str | None) -> ProvedModel:
    with scratch_folder() as folder:
        words = ["quantize", f"checkpoints/{weights}.npz", "--target", target, "--out", str(folder / "model.npz")]
        run(sys.executable, "-m", "snesgpt", *words, *(("--kernel", kernel) if kernel else ()))
        return load_proved(folder / "model.npz")


RUNS = {
    one.name: one
    for one in (
        Run("default", "microgpt", 1000),
        Run("default, traced", "microgpt", 100, traced=True),
        Run("schoolbook", "microgpt", 20, kernel="schoolbook"),
        Run("small", "small", 100),
        Run("tavern", "tavern", 100),
        Run("memory", "memory", 100),
        Run("stories", "stories", 20),
        Run("SA-1, default", "microgpt", 1000, SA1),
        Run("SA-1, default, traced", "microgpt", 100, SA1, traced=True),
        Run("SA-1, tavern", "tavern", 100, SA1),
        Run("SA-1, memory", "memory", 100, SA1),
        Run("SA-1, stories", "stories", 50, SA1),
    )
}


@dataclass
class State:
    """What a run has done. requests: those compared, to their end or as far as they go; seconds: of one core."""

    rom: str
    core: str
    commit: str
    date: str
    requests: int = 0
    tokens: int = 0
    values: int = 0
    mismatches: int = 0
    first: str | None = None
    frames: int = 0
    seconds: float = 0.0

    @property
    def clocks_per_second(self) -> float:
        """Of the simulated machine, in a second of one core."""
        return self.frames * FRAME_CLOCKS / max(self.seconds, 1e-9)


def path_of(run: Run) -> Path:
    """Where a run's state is kept."""
    return RESULTS / f"{run.name.replace(', ', '-').lower()}.json"


def read_state(run: Run) -> State | None:
    """None where it was never begun. Raises InputError for a file that is no state."""
    path = path_of(run)
    if not path.exists():
        return None
    try:
        return State(**json.loads(path.read_text()))
    except (TypeError, ValueError) as error:
        raise InputError(f"{path} is not the state of a run: remove it ({error})") from error


def is_done(run: Run, state: State) -> bool:
    """Whether enough is compared, or a value differs."""
    return state.tokens >= run.tokens or state.mismatches > 0


def execute(run: Run, core: str = "rtl", tell: Tell = nobody) -> State:
    """Do what is left of a run, and return its state. tell: is told how many tokens are compared.

    Raises InputError when a cartridge cannot be made or does not come up, or its state is none; TimeoutError when
    it stops answering.
    """
    began = time.process_time()
    proved = run.model()
    image = build(plan(proved, traced=run.traced)).image
    rom = sha256(image).hexdigest()[:12]
    with Console(image, core) as console:
        state = read_state(run)
        if state is None or (state.rom, state.core) != (rom, console.name):
            state = State(rom, console.name, _commit(), date.today().isoformat())
        if not is_done(run, state):
            _go_on(run, proved.model, console, state, tell, began)
    return state


def _go_on(run: Run, model: IntegerModel, console: Console, state: State, tell: Tell, began: float) -> None:
    """Compare until the run is done, and write its state after every request."""
    executor, host = Executor(model), Host(console, model)
    parity = Parity(state.tokens, state.values, state.mismatches, state.first, run.traced)
    frames, seconds = state.frames, state.seconds
    for request in islice(asked(model), state.requests, None):
        longest = parity.tokens + ceil((run.tokens - parity.tokens) / 2)
        for _ in compare_request(parity, host, executor, request):
            tell(parity.tokens)
            if parity.tokens == longest or parity.mismatches:
                break
        state.requests += 1
        state.tokens, state.values = parity.tokens, parity.values
        state.mismatches, state.first = parity.mismatches, parity.first
        state.frames, state.seconds = frames + console.frames, seconds + time.process_time() - began
        _write(run, state)
        if is_done(run, state):
            return
        if parity.tokens == longest:
            host.reset()  # it is still at work on what was asked


def asked(model: IntegerModel) -> Iterator[Request]:
    """Requests without end: every other one has a prompt."""
    letters, context = len(model.symbols), model.config.block_size
    for number, tenths in zip(count(1), cycle(TENTHS), strict=False):
        length = min(1 + number // 2 % 3, context - 1) if number % 2 == 0 else 0
        prompt = tuple((7 * number + 5 * place) % letters for place in range(length))
        yield Request(257 * number & 0xFFFF, tenths, 1, prompt)


def compare_request(parity: Parity, host: Host, model: Executor, request: Request) -> Iterator[None]:
    """Add a request to a comparison, token by token. Raises TimeoutError when the console stops answering."""
    expected = run_model(model, [request], traced=parity.traced)[0]
    number = -1
    for number, record in enumerate(host.run(request)):
        if number == len(expected):
            break
        parity.context = f"seed {request.seed}, T {request.tenths / 10}, token {number}"
        traces = intermediates(host.layout, record) if parity.traced else None
        compare_token(parity, traces, expected[number], record)
        yield
    if number + 1 != len(expected):
        parity.mismatches += 1
        parity.first = parity.first or f"seed {request.seed}: another number of tokens than {len(expected)}"


def _write(run: Run, state: State) -> None:
    path = path_of(run)
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps(asdict(state), indent=1) + "\n")


def _commit() -> str:
    said = subprocess.run(["git", "rev-parse", "--short=7", "HEAD"], capture_output=True, text=True, check=False)
    return said.stdout.strip() or "unknown"


def report(runs: Iterable[Run] = tuple(RUNS.values())) -> dict[str, Any]:
    """The sums of the results so far, and each of them by name, for docs/figures.json.

    Raises InputError for a run that was not done to its end: nothing half done is shown.
    """
    states = {}
    for one in runs:
        state = read_state(one)
        if state is None or not is_done(one, state):
            raise InputError(f"{one.name}: this run is not done yet: python -m rtl prove {one.name!r}")
        states[one.name] = asdict(state)
    summed = {name: sum(state[name] for state in states.values()) for name in ("tokens", "values", "mismatches")}
    return {**summed, "runs": states}
