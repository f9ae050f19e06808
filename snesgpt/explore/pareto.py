"""The trade-off as a picture: held-out loss of the integer model against speed, with the size of the cartridge."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from snesgpt.explore.results import Row
from snesgpt.explore.trials import FORERUNNER, label, remembers
from trainer.errors import InputError
from trainer.files import whole_file
from trainer.pictures import figure

INK, FRONT, OTHERS, MARKED = "#1f2328", "#5b3fa8", "#5b6670", "#b3470b"
MARKERS = {1: "o", 2: "s", 3: "^", 4: "D", 5: "v", 6: "P"}
"""Layers have shapes: what a point is does not hang on colour."""

OFFSETS = [(9, -9), (9, -3), (-9, 6), (9, 6), (-9, -3), (9, -20), (-9, 16), (9, 16), (-9, -16), (9, -32), (-9, 28)]
"""Possible places of a label, in points from its marker, best first: a front has nothing below it to the right."""


def drawable(rows: Iterable[Row]) -> list[Row]:
    """Those that have a place in the picture: points that did not fail."""
    return [row for row in rows if "error" not in row]


def characters_per_second(row: Row) -> float:
    """A speed that compares whatever the tokens, as the loss does; the tokens a second where none are merged.

    Lines from before there were any do not say how long theirs are.
    """
    return float(row["tokens_per_second"] * row.get("characters_per_token", 1.0))


def pareto_front(rows: Iterable[Row]) -> list[Row]:
    """The rows that no other beats, slowest first: none is both as fast and as good, and better in one.

    Of rows equal in both the first counts.
    """
    front: list[Row] = []
    for row in sorted(rows, key=lambda row: (-characters_per_second(row), row["nll_integer"])):
        if not front or row["nll_integer"] < front[-1]["nll_integer"]:
            front.append(row)
    return front[::-1]


def marker_area(rom_bytes: int) -> float:
    """Square points: 18 for 64 KiB, half as much again for every doubling."""
    return 18.0 * math.pow(1.5, math.log2(rom_bytes / 65536))


def draw(path: Path, rows: Iterable[Row], title: str) -> None:
    """Write the picture as a PNG: whole or not at all.

    Filled markers and a line: the front, each with its label. Hollow: beaten by another, with a label if there
    is room. A star: the forerunner. A dashed line, where some models have a memory: the front of the others.
    The background is white in the file, so that it reads alike on dark and light pages.
    Raises InputError when nothing can be drawn or the file cannot be written.
    """
    shown = drawable(rows)
    if not shown:
        raise InputError("no point has a result yet: there is nothing to draw")
    unit = "characters" if any(row["point"].get("tokens") for row in shown) else "tokens"
    picture = figure(figsize=(10, 6.5), dpi=110, facecolor="white")
    canvas: Any = picture.canvas
    axes = picture.add_subplot(
        xlabel=f"{unit}/s on an NTSC console, predicted",
        ylabel="held-out loss of the integer model (nats per character)",
        xscale="log",
    )
    axes.set_title(title, parse_math=False)
    axes.margins(0.12)
    axes.grid(alpha=0.3, which="both")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.xaxis.set_minor_formatter(lambda value, _: f"{value:g}" if str(value)[:1] in "25" else "")
    front = pareto_front(shown)
    axes.plot(*_places(front), color=FRONT, linewidth=1.5, zorder=2)
    plain = [row for row in shown if not remembers(row["point"])]
    if 0 < len(plain) < len(shown):
        axes.plot(*_places(pareto_front(plain)), color=OTHERS, linewidth=1.5, linestyle="--", zorder=1)
    for row in shown:
        _mark(axes, row, any(row is one for one in front))
    axes.legend(handles=_legend(shown), loc="best", fontsize=9, title="hollow: another is faster and better")
    canvas.draw()
    others = [row for row in shown if not any(row is one for one in front)]
    _write_labels(axes, front, sorted(others, key=_is_forerunner, reverse=True), canvas.get_renderer())
    with whole_file(path) as temporary:
        picture.savefig(temporary, format="png", metadata={"Software": None})


def _is_forerunner(row: Row) -> bool:
    return bool(row["point"]["name"] == FORERUNNER)


def _places(rows: Sequence[Row]) -> tuple[list[float], list[float]]:
    return [characters_per_second(row) for row in rows], [row["nll_integer"] for row in rows]


def _mark(axes: Any, row: Row, in_front: bool) -> None:
    special = _is_forerunner(row)
    colour = MARKED if special else FRONT if in_front else OTHERS
    axes.scatter(
        *_places([row]),
        s=_area(row),
        marker="*" if special else MARKERS[row["point"]["n_layer"]],
        facecolors=colour if in_front or special else "white",
        edgecolors=colour,
        linewidths=1.3,
        zorder=3,
    )


def _legend(rows: Sequence[Row]) -> list[Any]:
    """A marker for every number of layers, and for every size of cartridge; the dashed line; and the star."""
    from matplotlib.lines import Line2D

    def marker(shape: str, area: float, colour: str, text: str) -> Line2D:
        return Line2D([], [], linestyle="", marker=shape, markersize=math.sqrt(area), color=colour, label=text)

    usual = [row for row in rows if not _is_forerunner(row)]
    layers = sorted({row["point"]["n_layer"] for row in usual})
    sizes = sorted({row["rom_bytes"] for row in usual})
    entries = [marker(MARKERS[n], 64, FRONT, f"{n} layer{'s' * (n > 1)}") for n in layers]
    entries += [marker("o", marker_area(size), OTHERS, f"{size // 1024:,} KiB") for size in sizes]
    if 0 < sum(remembers(row["point"]) for row in rows) < len(rows):
        entries.append(Line2D([], [], linestyle="--", color=OTHERS, label="the front without a memory"))
    if len(usual) < len(rows):
        entries.append(marker("*", 160, MARKED, "the forerunner, on its own kernel"))
    return entries


def _write_labels(axes: Any, front: Sequence[Row], others: Sequence[Row], renderer: Any) -> None:
    """A label beside each marker, at the first place where it covers nothing: legend, marker, line or label.

    Where there is none, those of the front and the forerunner's go where they cover least, others are left out.
    """
    covered = [axes.get_legend().get_window_extent(renderer), *_along(axes, front)]
    covered += [_marker_box(axes, row) for row in [*front, *others]]
    for row in [*front, *others]:
        needed = _is_forerunner(row) or any(row is one for one in front)
        colour, size = (MARKED if _is_forerunner(row) else INK, 8.5) if needed else (OTHERS, 7)
        tried: list[tuple[int, int, Any]] = []
        for offset in OFFSETS:
            text = axes.annotate(
                label(row["point"]),
                (characters_per_second(row), row["nll_integer"]),
                offset,
                textcoords="offset points",
                ha="left" if offset[0] > 0 else "right",
                fontsize=size,
                color=colour,
            )
            box = text.get_window_extent(renderer)
            hidden = sum(box.overlaps(other) for other in covered) + 10 * (not _inside(box, axes.bbox))
            tried.append((hidden, len(tried), text))
            if not hidden:
                break
        hidden, best, kept = min(tried, key=lambda one: one[:2])
        for _, number, text in tried:
            if number != best or (hidden and not needed):
                text.remove()
        if needed or not hidden:
            covered.append(kept.get_window_extent(renderer))


def _area(row: Row) -> float:
    """The area of a row's marker, in square points."""
    return 160 if _is_forerunner(row) else marker_area(row["rom_bytes"])


def _marker_box(axes: Any, row: Row) -> Any:
    """Where its marker is, in pixels."""
    from matplotlib.transforms import Bbox

    x, y = axes.transData.transform((characters_per_second(row), row["nll_integer"]))
    width = math.sqrt(_area(row)) * axes.figure.dpi / 72
    return Bbox.from_bounds(x - width / 2, y - width / 2, width, width)


def _along(axes: Any, front: Sequence[Row]) -> list[Any]:
    """Boxes of a few pixels along the line of the front."""
    from matplotlib.transforms import Bbox

    corners = axes.transData.transform(list(zip(*_places(front), strict=True)))
    boxes = []
    for (x0, y0), (x1, y1) in itertools.pairwise(corners):
        steps = max(1, round(math.hypot(x1 - x0, y1 - y0) / 6))
        places = [(x0 + (x1 - x0) * n / steps, y0 + (y1 - y0) * n / steps) for n in range(steps)]
        boxes += [Bbox.from_bounds(x - 2, y - 2, 4, 4) for x, y in places]
    return boxes


def _inside(box: Any, frame: Any) -> bool:
    return bool(box.x0 >= frame.x0 and box.x1 <= frame.x1 and box.y0 >= frame.y0 and box.y1 <= frame.y1)
