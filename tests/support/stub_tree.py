"""A copy of the sources with stub programs for everything slow, to run make in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
COPIED = ("Makefile", "pyproject.toml", "scripts", "trainer", "quantize", "tables", "asm", "snesgpt")
PROGRAMS = (
    "sh",
    "env",
    "mkdir",
    "touch",
    "rm",
    "head",
    "tail",
    "wc",
    "sed",
    "cat",
    "dirname",
    "basename",
    "mktemp",
    "mv",
)

# Each stage logs its arguments. It writes a whole file, and may fail before that or after.
SNESGPT = """#!/bin/sh
echo "$@" >>calls
[ "$1" = sample ] && { echo emma; exit; }
out=
for argument; do [ "$out" = next ] && out=$argument; [ "$argument" = --out ] && out=next; done
[ "$1" = "$BROKEN" ] && { echo "snesgpt: $1 broke" >&2; exit 1; }
printf '%s' "${CONTENT-whole}" >"$out.new" && mv "$out.new" "$out"
[ "$1" = "$AFTERWARDS" ] && { echo "snesgpt: $1 broke afterwards" >&2; exit 1; }
echo "report of $1"
"""

PYTHON = f"""#!/bin/sh
case "$*" in *scripts/options.py*) exec "{sys.executable}" "$@" ;; esac
[ "$1" = scripts/take_checkpoint.py ] || exit 0
echo take "$2" >>calls
[ "$BROKEN" = take ] && exit 1
cat <"$2" >"$3"
"""

STAGES = ["train", "quantize", "build"]


class Tree:
    """A copy of the sources with stub programs: nothing else is on the PATH."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, root / name)
        self.programs = root.parent / "programs"
        self.programs.mkdir()
        for program in PROGRAMS:
            self.programs.joinpath(program).symlink_to(shutil.which(program) or f"/{program} is missing")
        for name in ("ca65", "ld65"):
            self.program(name, "exit 0")
        self.program("id", "echo 1000")
        (root / ".venv/bin").mkdir(parents=True)
        self.script(root / ".venv/bin/python", PYTHON)
        self.script(root / ".venv/bin/snesgpt", SNESGPT)
        (root / ".venv/installed").touch()
        self.age()

    def script(self, path: Path, text: str) -> None:
        path.write_text(text)
        path.chmod(0o755)

    def program(self, name: str, body: str) -> None:
        self.script(self.programs / name, f"#!/bin/sh\n{body}\n")

    def age(self) -> None:
        """Give every file the same old time: nothing is newer than anything."""
        for path in self.root.rglob("*"):
            os.utime(path, (1_000_000_000, 1_000_000_000), follow_symlinks=False)

    def touch(self, name: str) -> None:
        (self.root / name).touch()

    def make(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        make = shutil.which("make")
        assert make, "make is not installed"
        variables = {"PATH": str(self.programs), "HOME": str(self.root), "BROKEN": ""} | environment
        return subprocess.run(
            [make, *arguments],
            cwd=self.root,
            env=variables,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            check=False,
        )

    def made(self, *arguments: str) -> list[str]:
        """The stages that a successful `make` runs; afterwards everything is old again."""
        calls = self.root / "calls"
        calls.unlink(missing_ok=True)
        done = self.make(*arguments)
        assert done.returncode == 0, done.stderr
        self.age()
        lines = calls.read_text(errors="surrogateescape").splitlines() if calls.exists() else []
        stages = [word for line in lines for word in line.split(" ")[:1] if word in ("take", "sample", *STAGES)]
        assert ("sample" in stages) == bool(stages)
        return [stage for stage in stages if stage != "sample"]
