"""What no emulator here can be asked for: noise in every register, resets at any clock, interrupts inside products.

Each trial sets what rtl/libretro.cpp reads of the environment, switches the console on, and compares tokens.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from asm.build import build
from asm.layout import plan
from quantize.executor import Executor
from quantize.sampler import Request
from rtl.prove import RUNS, Run
from snesgpt.emulator.console import Console
from snesgpt.emulator.cores import find_core
from snesgpt.verify.host import Host
from snesgpt.verify.parity import Parity, verify
from trainer.errors import InputError

SEED, SOUND, INTERRUPTS = "SNES_RTL_SEED", "SNES_RTL_SOUND", "SNES_RTL_NMI"
STOCK_RUN, SA1_RUN = RUNS["default"], RUNS["SA-1, default"]


@dataclass(frozen=True)
class Trial:
    """A cartridge on a machine that is switched on in some way.

    settings: the environment, where a # stands for a seed; seeds: how many; resets: pushed while it computes;
    tokens: compared at least, of each seed.
    """

    name: str
    cartridge: Run
    settings: Mapping[str, str]
    seeds: int
    resets: int = 0
    tokens: int = 12


TRIALS = {
    trial.name: trial
    for trial in (
        Trial("noise in every memory and register", STOCK_RUN, {SEED: "#"}, 5),
        Trial("noise, SA-1", SA1_RUN, {SEED: "#"}, 3),
        Trial("a dead sound unit", STOCK_RUN, {SOUND: "dead"}, 1, tokens=30),
        Trial("a dead sound unit, SA-1", SA1_RUN, {SOUND: "dead"}, 1, tokens=30),
        Trial("interrupts inside products", STOCK_RUN, {INTERRUPTS: "#"}, 2, tokens=100),
        Trial("resets at any clock", STOCK_RUN, {SEED: "#"}, 2, resets=4),
        Trial("resets, SA-1", SA1_RUN, {SEED: "#"}, 1, resets=4),
    )
}


@dataclass
class Result:
    """Sums over a trial's seeds. interrupts: those that came where a trial wanted them."""

    parity: Parity
    machines: int = 0
    resets: int = 0
    interrupts: int = 0

    def __str__(self) -> str:
        parity = self.parity
        return (
            f"{self.machines} machines, {self.resets} resets, {self.interrupts} interrupts placed: "
            f"{parity.tokens} tokens, {parity.values:,} values, {parity.mismatches} differences"
        )


def run(trial: Trial, core: str = "rtl") -> Result:
    """Do a trial, in the machine that its settings ask for.

    Raises InputError when a cartridge does not come up, or nothing of the trial happened; TimeoutError when the
    cartridge stops answering.
    """
    proved = trial.cartridge.model()
    image = build(plan(proved)).image
    result = Result(Parity())
    for seed in range(1, trial.seeds + 1):
        with _settings(trial.settings, seed), Console(image, core) as console:
            if SEED not in trial.settings:
                console.scramble(seed)
            host = Host(console, proved.model)
            for _ in range(trial.resets):
                next(host.run(Request(seed=3, tenths=5, count=9)))
                host.reset()  # the simulator waits for a clock of its own choice in the next frame
            found = verify(host, Executor(proved.model), _requests(seed), tokens=trial.tokens)
            placed = interrupts_placed(core) if INTERRUPTS in trial.settings else None
        if placed == 0:
            raise InputError(f"{trial.name}: no interrupt came inside a product: the trial shows nothing")
        result.interrupts += placed or 0
        result.machines += 1
        result.resets += trial.resets
        _add(result.parity, found)
    return result


def interrupts_placed(core: str) -> int:
    """Of the machine that is on: those that rtl/libretro.cpp has placed."""
    return int(ctypes.CDLL(str(find_core(core))).snes_rtl_interrupts())


def _requests(seed: int) -> Iterator[list[Request]]:
    """One after the other, at several temperatures."""
    while True:
        seed += 1
        yield [Request(seed=257 * seed & 0xFFFF, tenths=(5, 0, 13)[seed % 3], count=1)]


def _add(total: Parity, found: Parity) -> None:
    total.tokens += found.tokens
    total.values += found.values
    total.mismatches += found.mismatches
    total.first = total.first or found.first


@contextmanager
def _settings(settings: Mapping[str, str], seed: int) -> Iterator[None]:
    """The environment that a console is switched on in."""
    os.environ.update({name: value.replace("#", str(seed)) for name, value in settings.items()})
    try:
        yield
    finally:
        for name in settings:
            del os.environ[name]
