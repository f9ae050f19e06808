"""The entry point of `snesgpt` and `python -m snesgpt`. Everything else is imported where Ctrl-C is a line."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper


def main() -> None:
    """Whatever is wrong is one line on stderr and an exit status, never a traceback."""
    if sys.platform == "win32":  # files are locked, and signals heard, as on POSIX
        sys.exit("snesgpt: runs on Linux, macOS and in WSL on Windows: `wsl --install`, then install it there")
    try:
        _open_what_is_closed()
        from snesgpt import signals

        signals.listen()
        status = _run()
        signals.stop_listening()
    except KeyboardInterrupt:
        status = _interrupted(130)
    from snesgpt.emulator.core_thread import is_stuck

    if is_stuck():  # an exit would take down what the core's thread is still using
        os._exit(status)
    sys.exit(status)


def _run() -> int:
    """The exit status of the command line, which says itself what is wrong as soon as it is imported."""
    from snesgpt import signals

    try:
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")  # as stderr: where a letter cannot be written
        from snesgpt.cli import run

        return run(sys.argv[1:])
    except BaseException:
        if not signals.has_come():
            raise
        return _interrupted(signals.status())


def _open_what_is_closed() -> None:
    """Of the standard streams: else the next file that is opened takes the place of one, and what it is told."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))


def _interrupted(status: int) -> int:
    print("snesgpt: interrupted", file=sys.stderr)
    return status


if __name__ == "__main__":
    main()
