"""The console's logic as a third core of the tests that take every core.

`.venv/bin/pytest -n 1 -p tests.support.with_rtl -k rtl tests/snesgpt/test_console.py`, after `make rtl`.
"""

from __future__ import annotations

from snesgpt.emulator.cores import KNOWN, SIMULATED

KNOWN.update(SIMULATED)
