"""libretro.py as this project uses it, importable with every Python from 3.11.0 on.

libretro.py makes dataclasses of C structures. A dataclass without a docstring gets its signature for one, and a
C structure has no signature. Later versions of Python leave such a docstring empty. The first versions of 3.11,
3.11.2 of Debian 12 among them, let the ValueError through, so that the import fails.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from trainer.errors import InputError


@contextmanager
def every_class_has_a_signature() -> Iterator[None]:
    """While this holds, `inspect.signature` is empty for a class that has none, and raises nothing."""
    real = inspect.signature

    def signature(of: Any, **options: Any) -> inspect.Signature:
        try:
            return real(of, **options)
        except ValueError:
            return inspect.Signature()

    with patch.object(inspect, "signature", signature):
        yield


try:
    with every_class_has_a_signature():
        from libretro.api import EnvironmentCall, log, options, retro_game_info
        from libretro.core import Core
except ImportError as error:
    raise InputError("running a ROM needs the emulators: `make emulators` fetches them") from error

__all__ = ["Core", "EnvironmentCall", "log", "options", "retro_game_info"]
