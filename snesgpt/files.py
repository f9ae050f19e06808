"""The files that a command reads and writes, judged before it starts.

Every command is a `FileCommand`, and every path of one is an `InputFile`, an `OutputFile` or an `OutputFolder`. So
no command waits for a pipe, writes over what it reads, or finds out at its end that it cannot write.
"""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, combinations, product
from pathlib import Path
from typing import Any, ClassVar

import click

from trainer.errors import InputError
from trainer.paths import check_placed, check_readable, check_regular, check_writable, format_of

Files = Callable[[Path], Sequence[Path]]
"""A path on the command line → the files that are meant."""


def alone(path: Path) -> Sequence[Path]:
    """No other file goes with it."""
    return (path,)


@dataclass(frozen=True)
class Kind:
    """A kind of file that commands write. format: how the header of an .npz names it, up to its version."""

    name: str
    suffixes: tuple[str, ...]
    format: str = ""

    def check(self, path: Path) -> None:
        """Raises InputError for a name of another kind, or a file there that is of another kind."""
        if path.suffix.lower() not in self.suffixes:
            raise InputError(f"{path}: the name of {self.name} ends in {' or '.join(self.suffixes)}")
        if self.format and path.exists():
            found = format_of(path)
            if found is not None and not found.startswith(self.format):
                raise InputError(f"{path} is {found or 'an .npz of another program'}, not {self.name}: keep it")


WEIGHTS = Kind("float weights", (".npz",), "snes-gpt weights")
MODEL = Kind("an integer model", (".npz",), "snes-gpt integer model")
CARTRIDGE = Kind("a cartridge", (".sfc", ".smc"))
PICTURE = Kind("a picture", (".png",))
TENSORS = Kind("tensors", (".safetensors",))
RESULTS = Kind("results", (".jsonl",))
DOCUMENT = Kind("a JSON document", (".json",))


class _Place(click.Path):
    """A path on the command line. files: all that is read, or written, with it."""

    written: ClassVar[bool]

    def __init__(self, files: Files = alone) -> None:
        super().__init__(path_type=Path)
        self.files = files

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Raises InputError for a place that the command can have no use for."""
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        check_placed(path)
        self.check(path)
        return path

    @abstractmethod
    def check(self, path: Path) -> None:
        """Raises InputError."""


class InputFile(_Place):
    """A file that is read, if it is there: what is missing, its reader says. folder: it may be a folder."""

    written = False

    def __init__(self, files: Files = alone, *, folder: bool = False) -> None:
        super().__init__(files)
        self._folder = folder

    def check(self, path: Path) -> None:
        if not (self._folder and path.is_dir()):
            check_readable(path)


class OutputFile(_Place):
    """A file that is written, whole or not at all: nothing of another kind may be there."""

    written = True

    def __init__(self, kind: Kind, files: Files = alone) -> None:
        super().__init__(files)
        self._kind = kind

    def check(self, path: Path) -> None:
        check_regular(path)
        for file in self.files(path):
            check_regular(file)
            check_writable(file)
        self._kind.check(path)


class OutputFolder(_Place):
    """A folder that files are written into."""

    written = True

    def check(self, path: Path) -> None:
        if path.exists() and not path.is_dir():
            raise InputError(f"{path} is a file: a folder is needed")
        for file in self.files(path):
            check_regular(file)
            check_writable(file)


class FileCommand(click.Command):
    """A command that never writes over what it reads, nor two things into one file."""

    def invoke(self, ctx: click.Context) -> Any:
        """Raises InputError for an output that is an input, or another output."""
        read, written = list[Path](), list[Path]()
        for parameter in self.params:
            value = ctx.params[str(parameter.name)]
            if isinstance(parameter.type, click.FloatRange) and value != value:  # which it has nothing against
                raise click.UsageError(f"{parameter.opts[0]} is nan: a number is needed", ctx)
            if isinstance(parameter.type, _Place) and (path := ctx.params[str(parameter.name)]) is not None:
                files = written if parameter.type.written else read
                files += parameter.type.files(path)
        for first, second in chain(product(read, written), combinations(written, 2)):
            if _same(first, second):
                both = "is read, and would be written over" if first in read else "would be written twice"
                raise InputError(f"{second} {both}: give another name")
        return super().invoke(ctx)


def _same(first: Path, second: Path) -> bool:
    if first.exists() and second.exists():
        return first.samefile(second)
    return first.resolve() == second.resolve()
