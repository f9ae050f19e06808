"""How work that takes long says how far it is, whoever looks."""

from __future__ import annotations

from collections.abc import Callable

Tell = Callable[[int], None]
"""Is told how many parts of a stage are done."""

Bar = Callable[[str, int], Tell]
"""Is told that a stage begins, by name, and of how many parts it is; returns what is told how many are done."""


def nobody(_done: int) -> None:
    """Nobody looks."""


def no_bar(_stage: str, _parts: int) -> Tell:
    """Nobody looks."""
    return nobody
