"""`snesgpt explore`: many shapes and digit budgets, and the picture to choose from."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from snesgpt.files import PICTURE, RESULTS, FileCommand, InputFile, OutputFile
from snesgpt.terminal import printable, say
from trainer.errors import InputError
from trainer.presets import PRESETS
from trainer.text.splitting import KINDS, Reading

if TYPE_CHECKING:
    from snesgpt.explore.cluster import Running, Schedule
    from snesgpt.explore.results import Row
    from snesgpt.explore.trial import Text
    from snesgpt.explore.trials import Point


def whole_numbers(text: str) -> list[int]:
    """Those of "16,32"."""
    return [int(part) for part in text.split(",")]


def numbers(text: str) -> list[float]:
    """Those of "1.0,1.2"."""
    return [float(part) for part in text.split(",")]


def at_most_one_per_core(_ctx: click.Context, _option: click.Parameter, workers: int | None) -> int:
    """The number given, or of cores. Raises BadParameter for more: a point has its seconds, not its steps."""
    cores = os.cpu_count() or 1
    if workers is not None and workers > cores:
        raise click.BadParameter(
            f"more workers than cores, {workers} for {cores}, share them, and a point learns less in its seconds: "
            f"give {cores} at most"
        )
    return workers or cores


MEMORIES = {"without": [False], "with": [True], "both": [False, True]}


@click.command("explore", cls=FileCommand)
@click.option("--data", type=InputFile(), help="UTF-8 text.  [default: the names]")
@click.option("--documents", type=click.Choice(list(KINDS)), default="lines", help="What one document is.")
@click.option("--fold-case", is_flag=True, help="Turn capitals into small letters.")
@click.option("--points", type=InputFile(), help="TOML file of points, instead of the next six options.")
@click.option(
    "--preset",
    type=click.Choice(["auto", *PRESETS]),
    default="auto",
    help="How a point is trained; auto: by its size.",
)
@click.option("--dimensions", type=whole_numbers, metavar="N,N,…", default="16,24,32,48,64", help="Widths.")
@click.option("--layers", type=whole_numbers, metavar="N,N,…", default="1,2", help="Numbers of layers.")
@click.option(
    "--digits", type=numbers, metavar="X,X,…", default="1.0,1.2,1.6,2.0", help="Digits per weight, on average."
)
@click.option(
    "--tokens",
    type=whole_numbers,
    metavar="N,N,…",
    default="0",
    help="Vocabulary sizes; 0: a token is a character.",
)
@click.option(
    "--memory",
    type=click.Choice(list(MEMORIES)),
    help="Models without a memory, with one, or both.  [default: the preset's; for auto, without]",
)
@click.option("--seconds-per-point", type=click.FloatRange(0.1), default=60.0, help="Training time of a point.")
@click.option(
    "--seed", type=click.IntRange(0), default=0, help="Sets the first weights and the order of documents."
)
@click.option(
    "--time-limit", type=click.FloatRange(0, min_open=True), metavar="MINUTES", help="For all points together."
)
@click.option(
    "--workers",
    type=click.IntRange(1),
    callback=at_most_one_per_core,
    help="Processes on this machine, at most one per core.  [default: one per core]",
)
@click.option("--scheduler", metavar="ADDRESS", help="Dask scheduler of a cluster: tcp://HOST:8786.")
@click.option("--out", type=OutputFile(RESULTS), default=Path("build/explore.jsonl"), help="The results.")
@click.option("--picture", type=OutputFile(PICTURE), default=Path("build/explore.png"), help="The chart, PNG.")
@click.option("--no-forerunner", is_flag=True, help="Leave out the forerunner's point.")
@click.option("--retry-failed", is_flag=True, help="Run failed points again.")
@click.option("--draw-only", is_flag=True, help="Run nothing; draw the results in --out.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    data: Path | None,
    documents: str,
    fold_case: bool,
    time_limit: float | None,
    workers: int,
    scheduler: str | None,
    out: Path,
    picture: Path,
    retry_failed: bool,
    draw_only: bool,
    as_json: bool,
    **wanted: Any,
) -> None:
    """Train and measure a grid of shapes and digit budgets, and draw held-out loss against speed.

    Every point becomes a line of JSON in --out. Points that are already there are not run again, so the same
    command continues a run that was interrupted or ran out of time.
    """
    from snesgpt.explore.cluster import Schedule
    from snesgpt.explore.results import read_rows
    from snesgpt.explore.trial import read_text

    begun = time.monotonic()
    points = [] if draw_only else _points(wanted)
    text = read_text(data or _default_text(), Reading(documents, fold_case))
    rows = [row for row in read_rows(out) if row["text"] == text.digest]
    missing = _missing(points, rows, retry_failed)
    if not draw_only:
        say(f"{text.name}: {len(points):,} points, {len(points) - len(missing):,} in {out}", err=True)
    left: list[Point] = []
    if missing:
        deadline = None if time_limit is None else begun + 60 * time_limit
        schedule = Schedule(deadline, len(text.characters))
        left = _run(missing, text, schedule, (scheduler, min(workers, len(missing))), out, rows)
    _finish(text, _latest(rows), len(left), out, picture, as_json)


def _default_text() -> Path:
    from trainer.text.corpus import NAMES

    return NAMES


def _points(wanted: dict[str, Any]) -> list[Point]:
    """The forerunner's, and those of the file or of the options. Raises UsageError for both."""
    from snesgpt.explore.trials import forerunner, grid, read_points

    seconds, seed = wanted["seconds_per_point"], wanted["seed"]
    axes = ("preset", "memory", "dimensions", "layers", "digits", "tokens")
    ctx = click.get_current_context()
    given = [name for name in axes if ctx.get_parameter_source(name) != click.core.ParameterSource.DEFAULT]
    if wanted["points"] is None:
        choices = {name: wanted[name] for name in axes} | {"preset": [wanted["preset"]]}
        memory = choices.pop("memory")
        choices |= {"memory": MEMORIES[memory]} if memory else {}
        points = grid(choices, seconds, seed)
    elif given:
        raise click.UsageError(f"--points and --{given[0]} exclude each other")
    else:
        points = read_points(wanted["points"], seconds, seed)
    first = [] if wanted["no_forerunner"] else [forerunner(seconds, seed)]
    return list(dict.fromkeys([*first, *points]))


def _missing(points: Sequence[Point], rows: Sequence[Row], retry_failed: bool) -> list[Point]:
    """The points that have no row yet; with retry_failed also those whose row is an error."""
    there = [row["point"] for row in _latest(rows) if not (retry_failed and "error" in row)]
    return [point for point in points if point.identity() not in there]


def _latest(rows: Sequence[Row]) -> list[Row]:
    """The last row of every point."""
    return list({json.dumps(row["point"], sort_keys=True): row for row in rows}.values())


def _run(
    points: list[Point],
    text: Text,
    schedule: Schedule,
    where: tuple[str | None, int],
    out: Path,
    rows: list[Row],
) -> list[Point]:
    """Run points and add their rows to the file and to `rows`; those there was no time for."""
    from snesgpt.explore.cluster import open_client, run_points
    from snesgpt.explore.results import append_row

    scheduler, workers = where
    try:
        with _progress(len(points), schedule) as (tell, watch), open_client(scheduler, workers) as client:

            def finished(row: Row) -> None:
                append_row(out, row)
                rows.append(row)
                tell(row)

            return run_points(client, points, text, schedule, finished, watch)
    except KeyboardInterrupt as stop:
        line = f"interrupted: {out} has every finished point, the same command continues"
        raise KeyboardInterrupt(line) from stop


def _line(row: Row) -> str:
    """A result in a line."""
    from snesgpt.explore.pareto import characters_per_second

    if "error" in row:
        return f"{row['label']}: {row['error']}"
    kernel = ", schoolbook" if row["kernel"] == "schoolbook" else ""
    speed = f"{row['tokens_per_second']:.1f} tokens/s"
    if row["point"].get("tokens"):
        speed += f" ({characters_per_second(row):.1f} characters/s)"
    size = f"{row['rom_bytes'] // 1024:,} KiB"
    return f"{row['label']}: {row['nll_integer']:.4f} nats/character, {speed}, {size}{kernel}"


@contextmanager
def _progress(
    total: int, schedule: Schedule
) -> Iterator[tuple[Callable[[Row], None], Callable[[Sequence[Running], Sequence[Point]], None]]]:
    """A bar on stderr with what is running and the time left; yields what says a result and what moves the bar."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from snesgpt.explore.trials import label

    columns = (
        TextColumn("{task.fields[done]} of {task.fields[of]}"),
        BarColumn(None),
        TextColumn("{task.fields[running]}"),
        TimeRemainingColumn(),
    )
    terminal = Console(stderr=True)
    with Progress(*columns, console=terminal, transient=True, disable=not terminal.is_terminal) as shown:
        task = shown.add_task("", total=1.0, done=0, of=total, running="starting")

        def watch(running: Sequence[Running], waiting: Sequence[Point]) -> None:
            now, done = time.monotonic(), total - len(running) - len(waiting)
            parts = [min(1.0, (now - run.begun) / max(1.0, schedule.expected(run.point))) for run in running]
            names = "; ".join(label(run.point.identity()) for run in running[:3])
            names += f" and {len(running) - 3} more" if len(running) > 3 else ""
            shown.update(task, completed=(done + sum(parts)) / total, done=done, running=names)

        def tell(row: Row) -> None:
            shown.console.print(printable(_line(row)), highlight=False, markup=False, soft_wrap=True)

        yield tell, watch


def _title(text: Text, results: Sequence[Row]) -> str:
    """The title of the picture."""
    seconds = sorted({row["point"]["seconds"] for row in results})
    times = " or ".join(f"{one:g}" for one in seconds) if len(seconds) < 4 else f"{seconds[0]:g} to {seconds[-1]:g}"
    return f"{text.name}: {len(results):,} models, each trained for {times} s"


def _finish(text: Text, rows: Sequence[Row], n_left: int, out: Path, picture: Path, as_json: bool) -> None:
    """Draw the picture if there is anything to draw, and say what there is to choose from."""
    from snesgpt.explore.pareto import draw, drawable, pareto_front

    results = drawable(rows)
    if not results and not n_left:
        why = rows[-1]["error"] if rows else f"{out} has no point of {text.name}"
        raise InputError(f"nothing to draw: {why}")
    if results:
        draw(picture, results, _title(text, results))
    front = pareto_front(results)
    if as_json:
        shown = {"results": str(out), "picture": str(picture) if results else None, "left": n_left}
        say(json.dumps(shown | {"front": [row["label"] for row in front], "points": list(rows)}))
        return
    for row in front:
        say(_line(row))
    if failed := len(rows) - len(results):
        say(f"{failed:,} failed: {out} says why")
    if n_left:
        say(f"{n_left:,} left for want of time: the same command runs them")
    say(f"results: {out}" + (f"\npicture: {picture}" if results else ""))
