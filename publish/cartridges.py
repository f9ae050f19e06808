"""The cartridges that are published: which model is in each, and for which machines it is made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from quantize.kernel import SA1, STOCK, TARGETS

BUILD = Path("build/cartridges")
"""A folder of each cartridge, which make fills: model.npz, snes_gpt.sfc, lab/lab.json and lab/cartridge.sfc."""

CHECKPOINTS, MADE = Path("checkpoints"), Path("build")
"""Where weights are: those that come with the project, and those that were made here."""

MACHINES = {STOCK: "any Super Nintendo", SA1: "a cartridge with the SA-1"}


@dataclass(frozen=True)
class Title:
    """A model that is published.

    name: in addresses and names of files. weights: the stem of a file in checkpoints/, or in build/ for one that is
    made elsewhere. prompt, seed, tenths: what its first link asks for.
    """

    name: str
    weights: str
    title: str
    about: str
    prompt: str = ""
    seed: int = 1
    tenths: int = 5

    @property
    def paths(self) -> list[Path]:
        """Its weights, where they are: they come with the project, or were made here. Or nothing."""
        return [path for folder in (CHECKPOINTS, MADE) if (path := folder / f"{self.weights}.npz").exists()]


TITLES = (
    Title(
        "names",
        "microgpt",
        "Names",
        "A microgpt of 4,192 weights. It makes up names, over a hundred letters a second.",
    ),
    Title("small", "small", "Names, small", "A microgpt twice as wide: better names, fewer letters a second."),
    Title("large", "large", "Names, large", "Two layers: the best names of those without a memory."),
    Title("memory", "memory", "Names, with a memory", "A microgpt that looks up its last letters in ROM."),
    Title("tavern", "tavern", "Tavern", "Talk of a tavern, from a model that learned 50,000 lines of it."),
    Title(
        "memory-tavern",
        "memory-tavern",
        "Tavern, with a memory",
        "The same talk three times as fast: contexts are looked up.",
    ),
    Title(
        "stories",
        "stories",
        "Stories",
        "TinyStories-260K, distilled: stories for children.",
        "Once upon a time",
        3,
        7,
    ),
    Title(
        "nanogpt", "nanogpt", "Shakespeare", "A nanoGPT that learned Shakespeare letter by letter.", "ROMEO:", 3, 8
    ),
)


@dataclass(frozen=True)
class Cartridge:
    """A title for a machine."""

    title: Title
    target: str

    @property
    def name(self) -> str:
        """What it is called where its machine matters, as names-stock."""
        return f"{self.title.name}-{self.target}"

    @property
    def folder(self) -> Path:
        """What make made of it."""
        return BUILD / f"{self.title.weights}-{self.target}"

    @property
    def rom(self) -> Path:
        """The cartridge as its owner plays it."""
        return self.folder / "snes_gpt.sfc"

    @property
    def lab(self) -> Path:
        """The folder of lab.json and of the cartridge that logs."""
        return self.folder / "lab"

    @property
    def file_name(self) -> str:
        """What it is published as."""
        return f"snes-gpt-{self.title.name}{'' if self.target == STOCK else '-' + self.target}.sfc"


def cartridges(titles: Sequence[Title] = TITLES) -> Iterator[Cartridge]:
    """Of every title whose weights are there, one for each machine."""
    return (Cartridge(title, target) for title in titles if title.paths for target in TARGETS)
