"""Bars on stderr for the stages of a command that takes long."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import TYPE_CHECKING

from trainer.progress import Bar, no_bar

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PATIENCE = 1.0
"""Seconds in which nothing is shown: most commands are done by then."""


@contextmanager
def bars() -> Iterator[Bar]:
    """A bar for every stage, the same one where a stage comes again; none where stderr is no terminal."""
    begun = time.monotonic()
    with ExitStack() as stack:

        @cache
        def shown() -> Progress:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (TextColumn("{task.description:12}"), BarColumn(None), MofNCompleteColumn())
            terminal = Console(stderr=True)
            return stack.enter_context(Progress(*columns, TimeRemainingColumn(), console=terminal, transient=True))

        @cache
        def task(stage: str) -> TaskID:
            return shown().add_task(stage)

        def begin(stage: str, parts: int) -> Callable[[int], None]:
            def tell(done: int) -> None:
                if time.monotonic() >= begun + PATIENCE:
                    shown().update(task(stage), completed=done, total=parts)

            return tell

        yield begin if sys.stderr.isatty() else no_bar
