"""`python -m rtl`: what the Makefile calls, and the long runs."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import click

from snesgpt.one_line import OneLineErrors
from trainer.errors import InputError

T = TypeVar("T")


@click.group(cls=OneLineErrors, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """The console's own logic: see docs/rtl.md."""
    if asked := [name for name in os.environ if name.startswith("SNES_RTL_")]:
        raise InputError(f"{asked[0]} is set, and asks for another machine than a console as it is: unset it")


def chosen(kind: str, known: Mapping[str, T], names: tuple[str, ...]) -> list[T]:
    """Those of these names, or all. Raises InputError for a name that none has."""
    if unknown := [name for name in names if name not in known]:
        raise InputError(f"no {kind} {unknown[0]!r}: there are {'; '.join(known)}")
    return [known[name] for name in names or known]


@main.command("fetch")
@click.argument("folder", type=Path, default=Path("build/rtl/core"))
def fetch_command(folder: Path) -> None:
    """Fetch the core into FOLDER, at the commit that this project was proved on."""
    from rtl.core import COMMIT, fetch

    fetch(folder)
    print(f"{folder}: the core at {COMMIT[:8]}")


@main.command("build")
@click.argument("core", type=Path, default=Path("build/rtl/core"))
def build_command(core: Path) -> None:
    """Make the simulator of the clone in CORE."""
    from rtl.build import build

    build(core)


@main.command("prove")
@click.argument("names", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print the results of all runs as JSON, and nothing else.")
def prove_command(names: tuple[str, ...], as_json: bool) -> None:
    """Do the long runs of these NAMES, or all: what is done already is kept, and what was begun goes on."""
    from rtl.prove import RUNS, execute, report
    from snesgpt.progress import bars

    for run in chosen("run", RUNS, names):
        with bars() as bar:
            state = execute(run, tell=bar(run.name, run.tokens))
        if not as_json:
            print(
                f"{run.name}: {state.tokens:,} tokens, {state.values:,} values, {state.mismatches:,} differences; "
                f"{state.clocks_per_second:,.0f} clocks/s",
                flush=True,
            )
        if state.mismatches:
            raise InputError(f"{run.name}: {state.first}")
    if as_json:
        print(json.dumps(report()))


@main.command("trials")
@click.argument("names", nargs=-1)
def trials_command(names: tuple[str, ...]) -> None:
    """Switch consoles on with noise in them, push reset, interrupt products: these NAMES, or all."""
    from rtl.trials import TRIALS, run

    for trial in chosen("trial", TRIALS, names):
        result = run(trial)
        print(f"{trial.name}: {result}", flush=True)
        if result.parity.mismatches:
            raise InputError(f"{trial.name}: {result.parity.first}")


@main.command("faults")
@click.argument("names", nargs=-1)
def faults_command(names: tuple[str, ...]) -> None:
    """Print which of linter, logic and emulators see these faults of SA-1 cartridges, by NAMES, or all."""
    from rtl.faults import FAULTS, table

    for line in table(chosen("fault", FAULTS, names)):
        print(line, flush=True)


@main.command("clocks")
def clocks_command() -> None:
    """Print the clocks of a token on the logic, in bsnes and as predicted."""
    from rtl.clocks import table

    for line in table():
        print(line, flush=True)


if __name__ == "__main__":
    main()
