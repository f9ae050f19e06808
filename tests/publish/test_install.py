"""An installation without make: what is missing is one line that says how to get it, and nothing else needs it."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from asm.toolchain import HINTS, how_to_get
from snesgpt.cli import run
from trainer.extras import Extra
from trainer.weights import load_weights

ROOT = Path(__file__).parents[2]
TEXT = "\n".join(a + b + c for a in "abcdefgh" for b in "aeiou" for c in ("nna", "b", "ll"))
SYSTEMS = {
    "Debian, Ubuntu": {"ID": "linuxmint", "ID_LIKE": "ubuntu debian"},
    "Fedora": {"ID": "fedora"},
    "Arch": {"ID": "manjaro", "ID_LIKE": "arch"},
}


@pytest.mark.parametrize("system", [*SYSTEMS, "macOS"])
def test_cc65_s_way_to_the_system_that_asks_comes_first(monkeypatch: pytest.MonkeyPatch, system: str) -> None:
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: SYSTEMS[system])
    monkeypatch.setattr(sys, "platform", "darwin" if system == "macOS" else "linux")
    lines = HINTS.read_text(encoding="utf-8").splitlines()
    assert [line.partition(":")[0] for line in lines] == [*SYSTEMS, "macOS", "Windows"]
    assert how_to_get().startswith(f"install cc65 ({system}: ") and all(line in how_to_get() for line in lines)


def test_help_imports_nothing_that_takes_long() -> None:
    code = "import sys; from snesgpt.cli import run; run(['--help']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert "Commands:" in done.stdout
    assert {"numpy", "rich", "jinja2", "matplotlib", "safetensors"}.isdisjoint(done.stderr.split())


@pytest.fixture
def plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a text, for an installation without extras."""
    monkeypatch.chdir(tmp_path)
    for package in ("matplotlib", "matplotlib.figure", "matplotlib.backends.backend_agg", "tokenizers"):
        monkeypatch.setitem(sys.modules, package, None)
    Path("text.txt").write_text(TEXT)
    return tmp_path


def test_a_training_without_matplotlib_gives_weights_and_says_why_there_is_no_curve(
    plain: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["train", "--data", "text.txt", "--steps", "1", "--out", "weights.npz"]) == 0
    assert load_weights(Path("weights.npz")) and not Path("loss.png").exists()
    out, err = capsys.readouterr()
    assert f"no loss curve: a picture needs a package that is not installed: {Extra.PLOTS.missing}\n" in err
    assert "loss curve" not in out


def test_tokens_without_tokenizers_are_one_line(plain: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "--data", "text.txt", "--tokens", "30", "--out", "weights.npz"]) == 1
    assert (
        capsys.readouterr().err
        == f"snesgpt: --tokens needs a package that is not installed: {Extra.TOKENS.missing}\n"
    )
