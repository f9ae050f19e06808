"""Signals that end the program: each is Ctrl-C to the code that it meets, so that what cleans up is run.

This imports next to nothing: they are heard while everything else is being imported.
"""

from __future__ import annotations

import signal
import sys

AGAIN = 0.001
"""Seconds after which Ended is raised again where Python threw it away."""

ENDING = (signal.SIGTERM, signal.SIGHUP)
_came: list[int] = []


class Ended(KeyboardInterrupt):
    """A type of its own: of a plain KeyboardInterrupt that left an exec() Python dies at exit, caught or not.

    Dataclasses and named tuples are made in an exec().
    """


def listen() -> None:
    """From now on they raise Ended and are remembered. What nohup keeps unheard stays so."""
    for number in (signal.SIGINT, *ENDING):
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, _end)
    sys.unraisablehook = _raise_again


def _raise_again(lost: sys.UnraisableHookArgs) -> None:
    """Of an exception in a finalizer or a weak reference's callback Python says only that it was ignored."""
    if not isinstance(lost.exc_value, Ended):
        sys.__unraisablehook__(lost)
        return
    signal.signal(signal.SIGALRM, _ended)
    signal.setitimer(signal.ITIMER_REAL, AGAIN)


def _ended(_number: int, _frame: object) -> None:
    raise Ended


def stop_listening() -> None:
    """The work is done and nothing is left to clean up: what comes now ends the process without a word."""
    for number in (signal.SIGINT, *ENDING):
        if signal.getsignal(number) is _end:
            signal.signal(number, signal.SIG_DFL)


def has_come() -> bool:
    """Whether a signal is why the program ends, whatever became of Ended on its way.

    Python 3.11 makes a RuntimeError of one in a class that is being made, as an import makes many.
    """
    return bool(_came)


def status() -> int:
    """The exit status of what was interrupted, as a shell has it: of the first signal, or of Ctrl-C."""
    return 128 + (_came[0] if _came else signal.SIGINT)


def _end(number: int, _frame: object) -> None:
    _came.append(number)
    if number in ENDING:
        for further in ENDING:  # make hands on what its group has already got: once is enough
            signal.signal(further, signal.SIG_IGN)
    raise Ended
