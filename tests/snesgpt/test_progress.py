"""The bars of a command that takes long: seen on a terminal, and nowhere else."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from snesgpt import progress
from snesgpt.cli import run
from tests.support.models import llama_config, llama_weights
from trainer.weights import save_weights


class Terminal(io.StringIO):
    """Says that it is one."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with the weights of a small llama."""
    save_weights(tmp_path / "build" / "weights.npz", llama_weights(llama_config(20, 12, 16, (4, 2), 1, 24)))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    return tmp_path


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "json"])
def test_bars_are_on_the_terminal_and_change_nothing_else(
    options: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for command, stages in {
        "quantize": ("calibration", "attempts", "information", "code", "long run"),
        "build": ("code", "long run", "assembler"),
    }.items():
        arguments = [command, *options, *(["--tokens-per-second", "65"] if command == "quantize" else [])]
        assert run(arguments) == 0
        silent = capsys.readouterr()
        assert silent.err == ""
        with monkeypatch.context() as patched:
            patched.setattr(sys, "stderr", shown := Terminal())
            assert run(arguments) == 0
        assert capsys.readouterr().out == silent.out
        assert all(stage in shown.getvalue() for stage in stages)


def test_what_is_done_soon_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", shown := Terminal())
    with progress.bars() as bar:
        bar("code", 2)(1)
    assert shown.getvalue() == ""
