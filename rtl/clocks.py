"""Clocks a token on the console's logic, in bsnes and as predicted: the same tokens of the same cartridges."""

from __future__ import annotations

from collections.abc import Iterator

from asm.build import build_rom, symbols
from asm.cost.long_run import long_run
from asm.cost.predict import predict
from asm.layout import plan
from rtl.prove import RUNS
from snesgpt.bench.names_screen import names_to_a_page
from snesgpt.bench.representative_text import typical_text
from snesgpt.bench.stage_clocks import measure_stages

CARTRIDGES = {RUNS["default"]: 150, RUNS["SA-1, default"]: 600}
"""Those that are timed, and over how many tokens."""


def table() -> Iterator[str]:
    """A line of each cartridge: the sum of its stages, timed by the beam or by the SA-1's timer, as in `bench`.

    Raises InputError when a core is missing or a cartridge does nothing.
    """
    yield "| cartridge | logic | bsnes | difference | predicted | difference |"
    yield "|---|---|---|---|---|---|"
    for run, tokens in CARTRIDGES.items():
        proved = run.model()
        rom = build_rom(proved.model, profiled=True)
        text = typical_text(proved.model, long_run(proved.model), tokens, names_to_a_page(symbols(rom.debug)), 0)
        logic, bsnes = (
            sum(measure_stages(rom, core, text.tokens, seed=text.seed).stages().values())
            for core in ("rtl", "bsnes")
        )
        predicted = predict(plan(proved))
        assert predicted is not None
        expected = predicted.clocks_per_token
        yield (
            f"| {run.name} | {logic:,.0f} | {bsnes:,.0f} | {100 * (logic / bsnes - 1):+.2f} % "
            f"| {expected:,.0f} | {100 * (logic / expected - 1):+.2f} % |"
        )
