"""The command line, the emulated console and the proofs. Knows nothing of how a stage does its work."""

import sys
from pathlib import Path

# The other four packages have short names. Those beside this one come before any of PYTHONPATH.
_ROOT = Path(__file__).parents[1]
if (_ROOT / "pyproject.toml").exists():
    sys.path.insert(0, str(_ROOT))
