"""Every property test with examples that no run has had: `make test` draws the same ones every time."""

from __future__ import annotations

import subprocess
import sys
import time

from tests.conftest import NEW_EXAMPLES

OPTIONS = "-m pytest -q -n auto -m hypothesis --hypothesis-profile"
COMMAND = (sys.executable, *OPTIONS.split(), NEW_EXAMPLES)


def run(seconds: float, seed: int) -> str:
    """The rounds that passed; the last ends late. Raises AssertionError with pytest's words at a failure."""
    passed, end = 0, time.monotonic() + seconds
    while not passed or time.monotonic() < end:
        ended = subprocess.run([*COMMAND, f"--hypothesis-seed={seed + passed}"], capture_output=True, text=True)
        assert ended.returncode == 0, f"seed {seed + passed}: {ended.stdout}{ended.stderr}"
        passed += 1
    return f"{passed} rounds passed"
