"""The command line, the emulated console and the proofs. Knows nothing of how a stage does its work."""

import os
import sys

# The other four packages have short names. Those beside this one come before any of PYTHONPATH. (pathlib would be
# most of what is imported before Ctrl-C is a line.)
_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
if os.path.exists(os.path.join(_ROOT, "pyproject.toml")):  # noqa: PTH110, PTH118
    sys.path.insert(0, _ROOT)
