"""What a reader of models says about itself: the files it recognizes, and the options it takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from trainer.errors import InputError
from trainer.weights import Weights


@dataclass(frozen=True)
class Options:
    """The options of `import` that are about one kind of file or another; None: not given."""

    config: Path | None = None
    tokenizer: Path | None = None
    meta: Path | None = None
    keep: Path | None = None
    context: int | None = None

    @property
    def given(self) -> list[str]:
        """As they are on the command line."""
        return [f"--{name}" for name in self.__dataclass_fields__ if getattr(self, name) is not None]


@dataclass(frozen=True)
class Reader:
    """kind: what its files are called; options: those that it takes; recognizes: whether a path is for it."""

    kind: str
    options: tuple[str, ...]
    recognizes: Callable[[Path], bool]
    load: Callable[[Path, Options], Weights]

    def read(self, path: Path, options: Options) -> Weights:
        """The model. Raises InputError for an option of another kind of file, and as `load` does."""
        for name in options.given:
            if name not in self.options:
                raise InputError(f"{name} does not go with a {self.kind}, which is how {path} is read")
        return self.load(path, options)
