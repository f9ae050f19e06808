"""`python -m rtl`: what the Makefile calls, and the long runs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from trainer.errors import InputError


@click.group()
def commands() -> None:
    """The console's own logic: see docs/rtl.md."""


@commands.command("fetch")
@click.argument("folder", type=Path, default=Path("build/rtl/core"))
def fetch_command(folder: Path) -> None:
    """Fetch the core into FOLDER, at the commit that this project was proved on."""
    from rtl.core import COMMIT, fetch

    fetch(folder)
    print(f"{folder}: the core at {COMMIT[:8]}")


@commands.command("build")
@click.argument("core", type=Path, default=Path("build/rtl/core"))
def build_command(core: Path) -> None:
    """Make the simulator of the clone in CORE."""
    from rtl.build import build

    build(core)


@commands.command("prove")
@click.argument("names", nargs=-1)
@click.option("--core", default="rtl", help="rtl, or another core.")
@click.option("--json", "as_json", is_flag=True, help="Print the results of all runs as JSON, and nothing else.")
def prove_command(names: tuple[str, ...], core: str, as_json: bool) -> None:
    """Do the long runs of these NAMES, or all: what is done already is kept, and what was begun goes on."""
    from rtl.prove import RUNS, execute, report
    from snesgpt.progress import bars

    for name in names or RUNS:
        if name not in RUNS:
            raise InputError(f"no run {name!r}: there are {'; '.join(RUNS)}")
    for name in names or RUNS:
        run = RUNS[name]
        with bars() as bar:
            state = execute(run, core, bar(name, run.tokens))
        if not as_json:
            print(
                f"{name}: {state.tokens:,} tokens, {state.values:,} values, {state.mismatches:,} differences; "
                f"{state.clocks_per_second:,.0f} clocks/s",
                flush=True,
            )
        if state.mismatches:
            raise InputError(f"{name}: {state.first}")
    if as_json:
        print(json.dumps(report()))


@commands.command("trials")
@click.argument("names", nargs=-1)
def trials_command(names: tuple[str, ...]) -> None:
    """Switch consoles on with noise in them, push reset, interrupt products: these NAMES, or all."""
    from rtl.trials import TRIALS, run

    for name in names or TRIALS:
        if name not in TRIALS:
            raise InputError(f"no trial {name!r}: there are {'; '.join(TRIALS)}")
        result = run(TRIALS[name])
        print(f"{name}: {result}", flush=True)
        if result.parity.mismatches:
            raise InputError(f"{name}: {result.parity.first}")


@commands.command("faults")
@click.argument("names", nargs=-1)
def faults_command(names: tuple[str, ...]) -> None:
    """Print which of linter, logic and emulators see these faults of SA-1 cartridges, by NAMES, or all."""
    from rtl.faults import FAULTS, table

    for name in names or FAULTS:
        if name not in FAULTS:
            raise InputError(f"no fault {name!r}: there are {'; '.join(FAULTS)}")
    for line in table([FAULTS[name] for name in names or FAULTS]):
        print(line, flush=True)


@commands.command("clocks")
def clocks_command() -> None:
    """Print the clocks of a token on the logic, in bsnes and as predicted."""
    from rtl.clocks import table

    for line in table():
        print(line, flush=True)


def main() -> None:
    """Whatever is wrong is one line."""
    try:
        commands()
    except InputError as error:
        print(f"rtl: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
