"""docs/cli.md is the help of today's commands."""

from __future__ import annotations

import subprocess
import sys

from scripts import cli_reference
from scripts.figures import ROOT


def test_the_page_is_what_help_prints() -> None:
    """In a process of its own: click remembers how a command's --help was first asked for."""
    program = "from scripts.cli_reference import page; print(page(), end='')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert cli_reference.PAGE.read_text() == done.stdout, "run `make figures`"
