"""One BLAS thread a worker: the matrices are small, and the workers share two cores.

And Ctrl-C, for the tests of it: what a shell starts in the background is told to ignore it. And no deadline for the
examples of a property: a busy machine is no bug; and the same examples for the same commit, which passes or fails
for every run of it: `make soak` draws new ones. And the marker `emulator`: every test of the proof and of the
screens has it; another test that switches a console on without saying so fails.
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from snesgpt.emulator.console import Console

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
signal.signal(signal.SIGINT, signal.default_int_handler)
NEW_EXAMPLES = "new examples"
settings.register_profile(NEW_EXAMPLES, deadline=None)
settings.register_profile("same examples", deadline=None, derandomize=True)
settings.load_profile("same examples")

HERE = Path(__file__).parent
IN_EMULATORS = ("proof", "screens", "games")
"""Folders whose every test is marked."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.relative_to(HERE).parts[0] in IN_EMULATORS:
            item.add_marker(pytest.mark.emulator)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """While a test without the marker runs, from its fixtures to its end, no console can be switched on."""
    if item.get_closest_marker("emulator"):
        return (yield)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Console, "__init__", refuse)
        return (yield)


def refuse(self: Console, *arguments: object, **options: object) -> None:
    """Takes the place of switching on in a test without the marker: nothing catches this by accident."""
    pytest.fail("this test opens an emulator: mark it with @pytest.mark.emulator")
