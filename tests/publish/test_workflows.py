"""What GitHub runs: nothing that an attacker can use, and nothing that cannot be run here."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
STEP = re.compile(r"^ +- run: (.*)$", re.MULTILINE)
PUBLISHING = {
    "cd dist && sha256sum -c SHA256SUMS",
    'gh release create "$GITHUB_REF_NAME" --verify-tag --notes-file dist/NOTES.md dist/*',
}
"""What runs after `make release`, with what that made and nothing else."""


def lint(*paths: Path) -> subprocess.CompletedProcess[str]:
    """By zizmor, without a network."""
    zizmor = Path(sys.executable).with_name("zizmor")
    return subprocess.run([zizmor, "--offline", "--no-progress", *paths], capture_output=True, text=True)


def test_the_linter_finds_nothing() -> None:
    assert {path.name for path in WORKFLOWS} >= {"tests.yml", "release.yml"}
    done = lint(*WORKFLOWS)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("secure", "insecure"),
    [(r"@[0-9a-f]{40} # v\S+", "@main"), (r'"\$GITHUB_REF_NAME"', "${{ github.ref_name }}")],
    ids=["an action of any version", "a name that a shell reads"],
)
def test_the_linter_finds_what_is_planted(tmp_path: Path, secure: str, insecure: str) -> None:
    text = (ROOT / ".github/workflows/release.yml").read_text()
    planted = tmp_path / "planted.yml"
    planted.write_text(re.sub(secure, lambda _: insecure, text))
    assert planted.read_text() != text and lint(planted).returncode != 0


def test_every_step_is_a_target_of_the_makefile() -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for workflow in WORKFLOWS:
        steps = set(STEP.findall(workflow.read_text())) - PUBLISHING
        assert steps or workflow.read_text().count("run:") == 0
        for step in steps:
            assert (called := re.match(r"make ([\w-]+)", step)) and called[1] in targets, step
