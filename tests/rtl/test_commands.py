"""`python -m rtl`: what is wrong is one line, and nothing that is there is touched."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

import rtl.build
from rtl.__main__ import main
from rtl.build import build
from rtl.core import ADDRESS


@pytest.mark.parametrize("command", ["prove", "trials", "faults"])
def test_an_unknown_name_is_one_line(command: str) -> None:
    done = CliRunner().invoke(main, [command, "nothing"])
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: no ") and done.stderr.count("\n") == 1


def test_the_core_is_not_fetched_into_a_folder_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    done = CliRunner().invoke(main, ["fetch", str(tmp_path)])
    assert done.exit_code == 1 and "name a folder that is empty" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_clone_of_somebodys_own_is_left_alone(tmp_path: Path) -> None:
    config = tmp_path / ".git/config"
    config.parent.mkdir()
    config.write_text(f'[remote "origin"]\n\turl = {ADDRESS}\n')
    assert CliRunner().invoke(main, ["fetch", str(tmp_path)]).exit_code == 1
    assert [path.name for path in tmp_path.rglob("*")] == [".git", "config"]


@pytest.mark.parametrize("command", ["prove", "trials", "faults", "clocks"])
def test_nothing_is_measured_of_a_machine_that_somebody_has_changed(command: str) -> None:
    done = CliRunner().invoke(main, [command], env={"SNES_RTL_SOUND": "dead"})
    assert done.exit_code == 1 and "SNES_RTL_SOUND is set" in done.stderr


def test_a_core_that_is_none_is_one_line(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["build", str(tmp_path / "no core")])
    assert done.exit_code == 1 and done.stderr.count("\n") == 1


def test_a_simulator_is_made_again_only_of_something_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    library, made = tmp_path / "core.so", ["d1db6f9f-1: ghdl 2.0.0"]
    monkeypatch.setattr(rtl.build, "made_of", lambda core: made[0])
    monkeypatch.setattr(rtl.build, "_netlists", lambda core, folder: (folder / "a.v", folder / "b.v"))
    monkeypatch.setattr(rtl.build, "_compile", lambda folder, verilog, defined: None)
    monkeypatch.setattr(rtl.build, "_link", lambda folder, made, out: out.write_text(made))
    for said in ("--core rtl", "is up to date"):
        build(tmp_path, library)
        assert said in capsys.readouterr().out
    made[0] = "0badc0de-2: ghdl 2.0.0"
    build(tmp_path, library)
    assert library.read_text() == made[0]
    assert "This core is at 0badc0de" in capsys.readouterr().err
