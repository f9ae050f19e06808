"""A copy of the repository in which `make` has run, but with the ready default model instead of a training."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LEFT_OUT = (".git", ".venv", "build", "node_modules", "__pycache__", ".*_cache", ".hypothesis")
PROGRAMS = {
    "python": '"$@"',
    "python3": '"$@"',
    "snesgpt": '-m snesgpt "$@"',
}


@dataclass(frozen=True)
class Workspace:
    """A folder with the sources, what `make` leaves in build/, and its programs in .venv/bin."""

    root: Path

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A command as a reader types it, with nothing typed into it."""
        path = f"{self.root / '.venv/bin'}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            command,
            cwd=self.root,
            env=os.environ | {"PATH": path, "PYTHONPATH": str(self.root), "PYTHONIOENCODING": "utf-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Shared: only to be read, or copied."""
    root = tmp_path_factory.mktemp("made") / "snes-gpt"
    shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns(*LEFT_OUT))
    (root / ".venv/bin").mkdir(parents=True)
    (root / "build").mkdir()
    for name, arguments in PROGRAMS.items():
        program = root / ".venv/bin" / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments}\n')
        program.chmod(0o755)
    shutil.copy(root / "checkpoints/microgpt.npz", root / "build/weights.npz")
    workspace = Workspace(root)
    for stage in ("quantize", "build"):
        done = workspace.run("snesgpt", stage)
        assert done.returncode == 0, done.stderr
    return workspace


@pytest.fixture
def workspace(made: Workspace, tmp_path: Path) -> Workspace:
    """A copy of one's own."""
    shutil.copytree(made.root, tmp_path / "snes-gpt")
    return Workspace(tmp_path / "snes-gpt")
