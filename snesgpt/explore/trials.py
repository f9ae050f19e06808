"""The points to try: a point is a recipe, a time and a seed; a grid is every combination of their values."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta

from trainer.documents import checked, from_toml, plain, reading
from trainer.errors import InputError
from trainer.files import LARGEST_DOCUMENT, read_file
from trainer.notes import Count
from trainer.presets import MEMORY, PRESETS, Preset

FORERUNNER = "forerunner"
KERNELS = ("auto", "digits", "schoolbook")
AUTO = "auto"
LADDERS = {False: ("microgpt", "small", "large"), True: ("memory-small", "memory", "memory-large")}
"""Presets by size, without a memory and with one: a point is trained like the largest no larger than itself."""

SHORT = {
    "dimensions": "n_embd",
    "layers": "n_layer",
    "heads": "n_head",
    "hidden": "n_hidden",
    "context": "block_size",
}
"""Words for sizes in a file of points; a preset's other fields go by their own names."""

MOST_POINTS = 100_000
"""In all grids of a file: more than anybody waits for."""

OF_RECIPE: dict[str, Any] = {
    field.name: type(getattr(PRESETS["microgpt"], field.name))
    for field in fields(Preset)
    if field.name not in ("name", "steps")
} | {"batch_size": Annotated[int, Meta(ge=1, le=65536)]}
OF_RUN: dict[str, Any] = {
    "preset": Literal[(AUTO, *PRESETS)],
    "memory": bool,
    "tokens": Count,
    "seconds": Annotated[float, Meta(gt=0, le=1e8)],
    "seed": Count,
    "kernel": Literal[KERNELS],
}
"""Name → type and limits of what a point may have."""


@dataclass(frozen=True)
class Point:
    """One model to try. recipe: its shape and how it is trained, but for the length: that is `seconds`.

    kernel is as in `snesgpt quantize`; tokens as in `snesgpt train`, 0 for a character each. Sizes are not checked
    here: a shape that is refused is a result too. Raises InputError when there is no time to train.
    """

    recipe: Preset
    seconds: float = 60.0
    seed: int = 0
    kernel: str = "auto"
    tokens: int = 0

    def __post_init__(self) -> None:
        if self.seconds <= 0:
            raise InputError(f"seconds is {self.seconds:g}: a point needs time to train")

    def identity(self) -> dict[str, Any]:
        """All that decides its result, but for the text: flat plain data, the same after a trip through JSON.

        Without `tokens` where none are merged, and without a memory's fields where there is none, so that lines
        from before there were any still count.
        """
        run = {"seconds": self.seconds, "seed": self.seed, "kernel": self.kernel}
        absent = () if self.recipe.remembers else MEMORY
        recipe = {name: value for name, value in asdict(self.recipe).items() if name not in absent}
        return {**recipe, **run, **({"tokens": self.tokens} if self.tokens else {})}


def label(point: Mapping[str, Any]) -> str:
    """The identity of a point in a few words: "32×1, 1.2 digits, 256 tokens"."""
    if point["name"] == FORERUNNER:
        return FORERUNNER
    digits = f"{point['digits']} digits" if point["digits"] else "float"
    tokens = f", {point['tokens']} tokens" if point.get("tokens") else ""
    return f"{point['n_embd']}×{point['n_layer']}, {digits}{tokens}{', memory' * remembers(point)}"


def remembers(point: Mapping[str, Any]) -> bool:
    """Whether the identity of a point is that of a model with a memory."""
    return bool(point.get("memory_vectors") or point.get("memory_logits"))


def forerunner(seconds: float, seed: int) -> Point:
    """The model this project grew out of: plain float weights on the schoolbook kernel."""
    return Point(replace(PRESETS[FORERUNNER], digits=0.0), seconds, seed, "schoolbook")


def grid(choices: Mapping[str, Sequence[Any]], seconds: float, seed: int) -> list[Point]:
    """Every combination of the choices, keys as in a file of points; seconds and seed where none are given.

    Digits vary slowest: a grid that is cut short has tried every shape once. Raises InputError for an unknown
    key or a value of the wrong kind.
    """
    defaults: dict[str, Sequence[Any]] = {"preset": [AUTO], "seconds": [seconds], "seed": [seed]}
    named = {SHORT.get(key, key): values for key, values in (defaults | dict(choices)).items()}
    named = {key: _checked(key, values) for key, values in named.items()}
    if (count := math.prod(map(len, named.values()))) > MOST_POINTS:
        raise InputError(f"it has {count:,} points: {MOST_POINTS:,} are the most")
    keys = sorted(named, key=lambda key: key != "digits")
    combinations = itertools.product(*(named[key] for key in keys))
    return [_point(dict(zip(keys, values, strict=True))) for values in combinations]


def read_points(path: Path, seconds: float, seed: int) -> list[Point]:
    """The points of a TOML file: each [[points]] table is a grid, its values single ones or lists.

    Raises InputError, naming the file, when it is missing, no such TOML, or a table is wrong.
    """
    text = read_file(path, LARGEST_DOCUMENT, "docs/explore.md shows one")
    with reading(path):
        tables = checked(from_toml(text), dict[str, Any]).get("points", [])
        if not checked(tables, list[dict[str, Any]], "points"):
            raise InputError("it has no [[points]] table: docs/explore.md shows one")
    found: list[Point] = []
    for number, table in enumerate(tables, 1):
        choices = {key: value if isinstance(value, list) else [value] for key, value in table.items()}
        with reading(f"{path}, table {number}"):
            found += grid(choices, seconds, seed)
            if len(found) > MOST_POINTS:
                raise InputError(f"with it there are {len(found):,} points: {MOST_POINTS:,} are the most")
    return list(dict.fromkeys(found))


def _point(choice: dict[str, Any]) -> Point:
    """One combination: the preset with what is chosen in its place. An MLP not chosen is four times as wide."""
    recipe = {key: value for key, value in choice.items() if key in OF_RECIPE}
    if "n_embd" in recipe:
        recipe.setdefault("n_hidden", 4 * recipe["n_embd"])
    run = {key: value for key, value in choice.items() if key in OF_RUN and key not in ("preset", "memory")}
    if choice["preset"] == AUTO:
        return Point(replace(_suited(recipe, choice.get("memory", False)), **recipe), **run)
    preset = PRESETS[choice["preset"]]
    if choice.get("memory", preset.remembers) != preset.remembers:
        has = "a" if preset.remembers else "no"
        raise InputError(f"preset {preset.name} has {has} memory: leave memory out, or choose another preset")
    return Point(replace(preset, **recipe), **run)


def _suited(recipe: dict[str, Any], memory: bool) -> Preset:
    """The preset for a point that names none: the largest of its ladder that is no larger than its shape."""

    def matrices(preset: Preset) -> int:
        return preset.n_layer * preset.n_embd * (4 * preset.n_embd + 2 * preset.n_hidden)

    ladder = [PRESETS[name] for name in LADDERS[memory]]
    own = matrices(replace(ladder[0], **recipe))
    return max((preset for preset in ladder if matrices(preset) <= own), key=matrices, default=ladder[0])


def _checked(key: str, values: Sequence[Any]) -> list[Any]:
    """The values as the key's type has them. Raises InputError for one of another type, or out of its range."""
    kinds = OF_RECIPE | OF_RUN
    if key not in kinds:
        shown = {size: word for word, size in SHORT.items()}
        known = ", ".join(shown.get(name, name) for name in kinds)
        raise InputError(f"a point has no {key!r}: it has {known}")
    if not values:
        raise InputError(f"{key} is an empty list: it needs at least one value")
    return [checked(plain(value, key), kinds[key], key) for value in values]
