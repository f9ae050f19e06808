"""The set-up of .venv, with a Python that makes small environments slowly: killed, and two at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Every step writes a file in two halves: one that was killed between them is there but not whole.
SLOW_PYTHON = f"""#!/bin/sh
half() {{ printf one >"$1"; sleep 0.1; printf two >>"$1"; }}
case "$1 $2" in
"-m venv")
    echo venv >>calls
    mkdir -p "$3/bin" "$3/lib"
    cp "$0" "$3/bin/python"
    half "$3/lib/pip"
    ;;
"-m pip")
    [ "$3" != --version ] || exec test -e .venv/lib/pip
    echo pip >>calls
    half .venv/lib/package
    ;;
*) exec "{sys.executable}" "$@" ;;
esac
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "тест dir ½"
    (folder / "scripts").mkdir(parents=True)
    (folder / "pyproject.toml").touch()
    (folder / "scripts/set-up.sh").write_text((ROOT / "scripts/set-up.sh").read_text())
    (folder / "python").write_text(SLOW_PYTHON)
    (folder / "python").chmod(0o755)
    return folder


def set_up(place: Path) -> subprocess.Popen[str]:
    command = ("sh", "scripts/set-up.sh", "./python", ".venv")
    return subprocess.Popen(command, cwd=place, stdout=subprocess.PIPE, text=True, start_new_session=True)


def assert_whole(place: Path) -> None:
    for part in ("pip", "package"):
        assert (place / ".venv/lib" / part).read_text() == "onetwo"
    assert (place / ".venv/installed").exists() and not (place / ".venv/unfinished").exists()


@pytest.mark.slow
@pytest.mark.parametrize("alone", [False, True], ids=["all of it", "the shell alone"])
@pytest.mark.parametrize("part", ["unfinished", "bin/python", "lib/pip", "lib/package"])
def test_a_killed_set_up_is_made_again(place: Path, part: str, alone: bool) -> None:
    """Killed when a part of it begins to be there. What a killed shell has started goes on, and is waited for."""
    process = set_up(place)
    while not (place / ".venv" / part).exists():
        time.sleep(0.001)
    (os.kill if alone else os.killpg)(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    with set_up(place) as again:
        again.communicate()
        assert again.returncode == 0
    assert_whole(place)


def test_of_two_set_ups_at_once_one_waits_and_has_nothing_to_do(place: Path) -> None:
    with set_up(place) as one, set_up(place) as other:
        said = sorted(process.communicate()[0] for process in (one, other))
        assert (one.returncode, other.returncode) == (0, 0)
    assert said == [
        "Another make is setting up .venv: waiting for it\n",
        "Creating .venv\nInstalling the package into .venv\n",
    ]
    assert (place / "calls").read_text() == "venv\npip\n"
    assert_whole(place)


@pytest.mark.slow
def test_an_environment_without_pip_is_made_again_and_a_whole_one_kept(place: Path) -> None:
    with set_up(place) as process:
        assert process.wait() == 0
    (place / ".venv/installed").unlink()
    (place / ".venv/of mine").touch()
    with set_up(place) as process:
        assert process.communicate()[0] == "Installing the package into .venv\n"
    assert (place / ".venv/of mine").exists()
    (place / ".venv/installed").unlink()
    (place / ".venv/lib/pip").unlink()
    with set_up(place) as process:
        assert process.communicate()[0] == "Creating .venv\nInstalling the package into .venv\n"
    assert not (place / ".venv/of mine").exists()
    assert_whole(place)
