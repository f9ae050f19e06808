"""How a token's clocks grow with dimensions, layers and context: random ternary models, built, predicted and timed.

Prints a table for docs/performance.md and draws docs/growth.svg.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click
from random_model import matrix_weights, random_weights

from asm.build import build_rom, symbols
from asm.cost.long_run import long_run
from asm.cost.predict import predict
from asm.layout import plan
from quantize.convert import quantize
from quantize.ranges import prove
from snesgpt.bench.names_screen import NamesPage
from snesgpt.bench.representative_text import typical_text
from snesgpt.bench.speed import SKIPPED, Speed, measure_speed
from snesgpt.emulator.console import Console
from trainer.config import ModelConfig
from trainer.errors import InputError
from trainer.files import whole_file

DENSITY = 0.535
BASE = ModelConfig(64, 16, 32, 4, 1, 128)
SCANS = {
    "dimensions": tuple(replace(BASE, n_embd=d, n_hidden=4 * d) for d in (8, 16, 24, 32, 48, 64)),
    "layers": tuple(replace(BASE, n_layer=layers) for layers in range(1, 7)),
    "context": tuple(replace(BASE, block_size=positions) for positions in (4, 8, 16, 32, 64)),
}
SIZE = {"dimensions": "n_embd", "layers": "n_layer", "context": "block_size"}


@dataclass(frozen=True)
class Point:
    """A shape, its clocks before and after it ran, and the mean number of positions a token looks at."""

    config: ModelConfig
    predicted: float
    measured: Speed
    positions: float
    kib: int


def measure(config: ModelConfig, seed: int, core: str, tokens: int) -> Point:
    """Random weights to a cartridge, predicted and timed. Raises InputError when the shape does not fit."""
    model = quantize(random_weights(config, DENSITY, seed), "digits")
    prediction = predict(plan(prove(model)))
    assert prediction is not None
    rom = build_rom(model)
    addresses = symbols(rom.debug)
    text = typical_text(model, long_run(model), tokens, addresses["NAMES"], SKIPPED)
    with Console(rom.image, core) as console:
        page = NamesPage(console, addresses, seed=text.seed)
        speed = measure_speed(page, text.tokens, skipped=text.skipped)
    return Point(config, prediction.clocks_per_token, speed, prediction.positions, len(rom.image) // 1024)


def table(scan: str, points: Sequence[Point]) -> Iterator[str]:
    """Rows of Markdown."""
    yield f"| {scan} | weights in matrices | positions seen | predicted | measured | difference | tokens/s | ROM |"
    yield "|---|---|---|---|---|---|---|---|"
    for point in points:
        clocks = point.measured.clocks_per_token
        yield (
            f"| {getattr(point.config, SIZE[scan])} | {matrix_weights(point.config):,} | {point.positions:.1f} "
            f"| {point.predicted:,.0f} | {clocks:,.0f} | {point.predicted / clocks - 1:+.1%} "
            f"| {point.measured.tokens_per_second:.1f} | {point.kib} KiB |"
        )


def draw(path: Path, scans: dict[str, list[Point]]) -> None:
    """Measured points over predicted lines, one panel a scan."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    matplotlib.rcParams["svg.hashsalt"] = "growth"
    figure = Figure(figsize=(10, 3.6), layout="constrained")
    canvas = FigureCanvasSVG(figure)
    for number, (scan, points) in enumerate(scans.items(), 1):
        sizes = [getattr(point.config, SIZE[scan]) for point in points]
        axes = figure.add_subplot(1, len(scans), number, title=f"{scan} grow", xlabel=scan)
        axes.plot(sizes, [point.predicted / 1e6 for point in points], label="predicted", color="#9aa5b1")
        measured = [point.measured.clocks_per_token / 1e6 for point in points]
        axes.plot(sizes, measured, "o", label="measured", color="#5b3fa8")
        axes.set_xticks(sizes)
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
        if number == 1:
            axes.set_ylabel("million clocks per token")
            axes.legend()
    with whole_file(path) as temporary:
        canvas.print_figure(str(temporary), format="svg", metadata={"Date": None, "Creator": None})


@click.command()
@click.option("--plot", default="docs/growth.svg", show_default=True, type=click.Path(path_type=Path))
@click.option("--core", default="snes9x", show_default=True, help="snes9x, bsnes or the path of a libretro core.")
@click.option("--tokens", default=600, show_default=True, type=click.IntRange(1), help="Timed at least.")
@click.option("--seed", default=0, show_default=True, help="Of the random weights.")
def main(plot: Path, core: str, tokens: int, seed: int) -> None:
    """Measure every shape, print tables, draw the plot."""
    known: dict[ModelConfig, Point] = {}
    scans: dict[str, list[Point]] = {}
    try:
        for scan, shapes in SCANS.items():
            for shape in shapes:
                known[shape] = known.get(shape) or measure(shape, seed, core, tokens)
                click.echo(f"{scan}: {getattr(shape, SIZE[scan])} done", err=True)
            scans[scan] = [known[shape] for shape in shapes]
        draw(plot, scans)
    except InputError as error:
        raise click.ClickException(str(error)) from error
    for scan, points in scans.items():
        click.echo("\n".join(table(scan, points)) + "\n")
    click.echo(f"plot: {plot}")


if __name__ == "__main__":
    main()
