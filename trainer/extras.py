"""Packages that only some commands need: an extra of pyproject.toml brings each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum

from trainer.errors import InputError


class Extra(Enum):
    """An extra of pyproject.toml: its name there, and the package that it brings."""

    PLOTS = "plots", "matplotlib"
    TOKENS = "tokens", "tokenizers"
    EXPLORE = "explore", "dask[distributed]"

    @property
    def missing(self) -> str:
        """What to do without it."""
        name, package = self.value
        return f"install {package} with `pip install 'snes-gpt[{name}]'`, or `pipx inject snes-gpt {package}`"


class Missing(InputError):
    """The package of an extra is not installed."""


@contextmanager
def needed(extra: Extra, what: str) -> Iterator[None]:
    """Around the imports of an extra's package. what: who needs it. Raises Missing."""
    try:
        yield
    except ImportError as error:
        raise Missing(f"{what} needs a package that is not installed: {extra.missing}") from error
