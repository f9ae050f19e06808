"""Clocks a token on the console's logic, in bsnes and as predicted: the same tokens of the same cartridges."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass

from asm.build import build_rom, symbols
from asm.cost.long_run import long_run
from asm.cost.predict import predict
from asm.layout import plan
from rtl.prove import RUNS
from snesgpt.bench.names_screen import names_to_a_page
from snesgpt.bench.representative_text import typical_text
from snesgpt.bench.stage_clocks import measure_stages
from snesgpt.emulator.cores import find_core
from trainer.progress import nobody

CARTRIDGES = {RUNS["default"]: 150, RUNS["SA-1, default"]: 600}
"""Those that are timed, and over how many tokens."""

SA1_CYCLE = 2
"""Master clocks."""


MEMORIES = ("ROM", "I-RAM", "BW-RAM")


@dataclass
class LostClocks:
    """What the SA-1 waits because the S-CPU has a memory, in clocks a token. told: hears of every mark."""

    first: tuple[int, list[int]] | None = None
    last: tuple[int, list[int]] = (0, [])

    def told(self, tokens: int) -> None:
        """Note what was lost up to now: cycles since power-on, counted in rtl/console.v."""
        cycles = (ctypes.c_uint32 * len(MEMORIES))()
        ctypes.CDLL(str(find_core("rtl"))).snes_rtl_waits(cycles)
        self.last = (tokens, list(cycles))
        self.first = self.first or self.last

    def __str__(self) -> str:
        assert self.first is not None
        (begun, before), (tokens, after) = self.first, self.last
        lost = [SA1_CYCLE * (now - then) / (tokens - begun) for then, now in zip(before, after, strict=True)]
        return ", ".join(f"{name} {clocks:,.0f}" for name, clocks in zip(MEMORIES, lost, strict=True))


def table() -> Iterator[str]:
    """A line of each cartridge: the sum of its stages, timed by the beam or by the SA-1's timer, as in `bench`."""
    heads = (
        "cartridge",
        "logic",
        "bsnes",
        "logic against bsnes",
        "predicted",
        "logic against the prediction",
        "waits",
    )
    yield f"| {' | '.join(heads)} |"
    yield "|---" * len(heads) + "|"
    for run, tokens in CARTRIDGES.items():
        proved = run.model()
        rom = build_rom(proved.model, profiled=True)
        text = typical_text(proved.model, long_run(proved.model), tokens, names_to_a_page(symbols(rom.debug)), 0)
        lost = LostClocks()
        logic, bsnes = (
            sum(measure_stages(rom, core, text.tokens, seed=text.seed, progress=told).stages().values())
            for core, told in (("rtl", lost.told), ("bsnes", nobody))
        )
        predicted = predict(plan(proved))
        assert predicted is not None
        expected = predicted.clocks_per_token
        yield (
            f"| {run.name} | {logic:,.0f} | {bsnes:,.0f} | {100 * (logic / bsnes - 1):+.2f} % "
            f"| {expected:,.0f} | {100 * (logic / expected - 1):+.2f} % | {lost} |"
        )
