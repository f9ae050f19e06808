"""A core that never returns, or crashes: given up with a line."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from itertools import count
from pathlib import Path

import pytest

from asm.build import build_rom
from snesgpt.emulator.core_thread import CRASHED, CoreThread, is_stuck
from tests.support.models import random_model
from trainer.config import ModelConfig


def test_a_call_that_never_returns_is_given_up() -> None:
    release, thread = threading.Event(), CoreThread(patience=0.2)
    begun = time.monotonic()
    with pytest.raises(TimeoutError, match=r"no frame ended in 0\.2 seconds"):
        thread.call(release.wait)
    assert 0.2 <= time.monotonic() - begun < 5 and is_stuck()
    release.set()
    thread.end()


def test_a_long_call_that_gets_on_is_waited_for() -> None:
    thread, frames = CoreThread(patience=0.2), count()
    thread.call(lambda: time.sleep(0.7), lambda: next(frames))
    with pytest.raises(ZeroDivisionError):
        thread.call(lambda: 1 / 0)
    thread.end()


PLAY = """
import sys
from snesgpt.__main__ import main
sys.argv = ["snesgpt", "play", sys.argv[1], "--frames", "60"]
main()
"""


@pytest.mark.emulator
def test_a_crash_of_the_emulator_is_a_line(tmp_path: Path) -> None:
    """A ROM whose header claims more save RAM than there is addresses for, past what `play` looks at."""
    image = bytearray(build_rom(random_model(ModelConfig(4, 4, 8, 2, 1, 16), 1)).image)
    image[0x7FD8] = 0x93
    (tmp_path / "bad.sfc").write_bytes(image)
    run = "from snesgpt.emulator.console import Console; from pathlib import Path; import sys\n"
    run += "with Console(Path(sys.argv[1])) as console: console.run(60)"
    done = subprocess.run(
        [sys.executable, "-c", run, str(tmp_path / "bad.sfc")], capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (1, CRASHED)
    done = subprocess.run(
        [sys.executable, "-c", PLAY, str(tmp_path / "bad.sfc")], capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 1 and b"cannot be played: SRAM size" in done.stderr


def test_a_call_that_was_over_when_its_interruption_came_is_not_waited_for() -> None:
    thread = CoreThread(patience=5)
    assert thread.call(lambda: 1) == 1
    thread.finish()
    thread._calls.put(lambda: 2)  # as a call that Ctrl-C left
    thread.finish()
    assert thread.call(lambda: 3) == 3
    thread.end()
