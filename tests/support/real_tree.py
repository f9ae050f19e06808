"""A copy of the sources with the real programs in .venv/bin, to run make in and to kill it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
COPIED = ("Makefile", "pyproject.toml", "scripts", "trainer", "quantize", "tables", "asm", "snesgpt")
PROGRAMS = {
    "python": 'PYTHONPATH="{root}" exec "{python}" "$@"',
    "snesgpt": 'exec "{python}" -m snesgpt "$@"',
}
TEXT = "\n".join(a + b + c for a in "abcdefgh" for b in "aeiou" for c in ("nna", "b", "ll"))


class RealTree:
    """What a shell's user sees: PATH and a folder for temporary files of its own, nothing of the tests' Python."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in COPIED:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            root.mkdir(exist_ok=True)
            copy(ROOT / name, root / name)
        (root / ".venv/bin").mkdir(parents=True)
        for name, line in PROGRAMS.items():
            program = root / ".venv/bin" / name
            program.write_text(f"#!/bin/sh\n{line.format(root=root, python=sys.executable)}\n")
            program.chmod(0o755)
        (root / ".venv/installed").touch()
        self.temporary = root.parent / "temporary files"
        self.temporary.mkdir(exist_ok=True)

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return kept | {"TMPDIR": str(self.temporary), "OPENBLAS_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"}

    def start(self, *command: str) -> subprocess.Popen[str]:
        """A command in a process group of its own."""
        return subprocess.Popen(
            command,
            cwd=self.root,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="surrogateescape",
            start_new_session=True,
        )

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        with self.start(*command) as process:
            out, err = process.communicate()
        return subprocess.CompletedProcess(command, process.returncode, out, err)

    def end(self, process: subprocess.Popen[str], number: int) -> tuple[int, str]:
        """A signal to the whole group, as a terminal or the kernel sends it: exit status and stderr."""
        os.killpg(process.pid, number)
        _, err = process.communicate()
        return process.returncode, err

    def left_over(self) -> list[str]:
        """Temporary files and folders that are still there."""
        found = [*self.temporary.iterdir(), *self.root.rglob(".snes-gpt-*"), *self.root.rglob("*.new")]
        return [str(path) for path in found]
