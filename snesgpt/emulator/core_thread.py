"""A thread for a core's calls, so that a call that never returns can be given up.

A damaged program may keep a core from ever ending a frame. Nothing can stop the C code it is in then: its thread
stays, and the program ends without it (snesgpt.__main__). It may also crash the core, and the process with it: then
a line says so.
"""

from __future__ import annotations

import ctypes
import os
import signal
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

from snesgpt.emulator.cores import PATIENCE

NAME = "core"
CRASHED = b"snesgpt: the emulator crashed: is the ROM damaged? snesgpt info shows what is wrong with one\n"


def _crashed(number: int) -> None:
    """The C code cannot go on, and the memory of this process cannot be trusted: say so, and end."""
    os.write(2, CRASHED)
    os._exit(1)


_HANDLER = ctypes.CFUNCTYPE(None, ctypes.c_int)(_crashed)


class CoreThread:
    """Runs one call after the other. Every call of a core is made in the same thread: bsnes switches stacks."""

    def __init__(self, patience: float = PATIENCE) -> None:
        ctypes.CDLL(None).signal(int(signal.SIGSEGV), _HANDLER)
        self._patience = patience
        self._calls: SimpleQueue[Callable[[], Any] | None] = SimpleQueue()
        self._done: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=NAME, daemon=True)
        self._thread.start()

    def call(self, function: Callable[[], Any], alive: Callable[[], int] = int) -> Any:
        """What the function returns or raises. alive: a number that changes while it gets on.

        Raises TimeoutError where it does not change for the time of patience.
        """
        self._calls.put(function)
        result, error = self._next(alive)
        if error is not None:
            raise error
        return result

    def finish(self) -> None:
        """Wait for a call that an exception left, Ctrl-C for one, whether or not it was over by then."""
        over = object()
        self._calls.put(lambda: over)  # the thread comes to it after that call
        while self._next(int)[0] is not over:
            pass

    def end(self) -> None:
        """No more calls."""
        self._calls.put(None)
        self._thread.join(self._patience)

    def _next(self, alive: Callable[[], int]) -> tuple[Any, BaseException | None]:
        """The next result or error."""
        seen = alive()
        while True:
            try:
                return self._done.get(timeout=self._patience)
            except Empty:
                if (now := alive()) == seen:
                    raise TimeoutError(f"no frame ended in {self._patience:g} seconds: given up") from None
                seen = now

    def _work(self) -> None:
        while (function := self._calls.get()) is not None:
            try:
                self._done.put((function(), None))
            except BaseException as error:
                self._done.put((None, error))


def is_stuck() -> bool:
    """Whether a core is still in a call that was given up."""
    return any(thread.name == NAME and thread.is_alive() for thread in threading.enumerate())
