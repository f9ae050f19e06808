"""How work that takes long says how far it is, whoever looks."""

from __future__ import annotations

from collections.abc import Callable

Bar = Callable[[str, int], Callable[[int], None]]
"""Is told that a stage begins, by name, and of how many parts it is; returns what is told how many are done."""


def no_bar(_stage: str, _parts: int) -> Callable[[int], None]:
    """Nobody looks."""
    return lambda _done: None
