"""Every property test with examples that no run has had: `make test` draws the same ones every time."""

from __future__ import annotations

import subprocess
import sys
import time

from tests.conftest import NEW_EXAMPLES

COMMAND = (
    sys.executable,
    "-m",
    "pytest",
    "-q",
    "-n",
    "auto",
    "-m",
    "hypothesis",
    "--hypothesis-profile",
    NEW_EXAMPLES,
)


def run(seconds: float, seed: int) -> str:
    """The rounds that passed, when the time is over. Raises AssertionError with pytest's words at a failure."""
    passed, end = 0, time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        try:
            subprocess.run(
                [*COMMAND, f"--hypothesis-seed={seed + passed}"],
                timeout=left,
                check=True,
                capture_output=True,
                text=True,
            )
        except subprocess.TimeoutExpired:
            break
        except subprocess.CalledProcessError as error:
            raise AssertionError(f"seed {seed + passed}: {error.stdout}{error.stderr}") from error
        passed += 1
    return f"{passed} rounds passed, and the last was cut short by the clock"
