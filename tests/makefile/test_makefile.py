"""The Makefile and its scripts, with stubs for everything slow: what is rebuilt, said and left."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.stub_tree import PYTHON, ROOT, STAGES, Tree

pytestmark = pytest.mark.slow  # each runs make, many times


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "a checkout")


@pytest.fixture
def built(tree: Tree) -> Tree:
    assert tree.made() == STAGES
    return tree


def test_first_run_makes_everything_and_says_so(tree: Tree) -> None:
    done = tree.make()
    assert done.returncode == 0, done.stderr
    assert [(tree.root / "build" / name).read_text() for name in ("weights.npz", "model.npz", "snes_gpt.sfc")] == [
        "whole"
    ] * 3
    assert "Made build/snes_gpt.sfc" in done.stdout and "make run" in done.stdout and "  emma" in done.stdout
    assert done.stderr == ""


def test_unchanged_tree_runs_nothing(built: Tree) -> None:
    done = built.make()
    assert (done.stdout, done.stderr) == ("build/snes_gpt.sfc is up to date\n", "")
    assert built.make("-q", "build/snes_gpt.sfc").returncode == 0


@pytest.mark.parametrize(
    ("touched", "stages"),
    [
        ("trainer/training/adam.py", STAGES),
        ("trainer/data/names.txt", STAGES),
        ("snesgpt/commands/train.py", STAGES),
        ("quantize/sampler.py", STAGES[1:]),
        ("tables/exp.py", STAGES[1:]),
        ("build/weights.npz", STAGES[1:]),
        ("asm/templates/math.asm", STAGES[2:]),
        ("asm/templates/blocks/norm.asm", STAGES[2:]),
        ("asm/templates/include/memory.inc", STAGES[2:]),
        ("asm/templates/targets/lorom.cfg", STAGES[2:]),
        ("asm/layout.py", STAGES[2:]),
        ("tables/font.txt", STAGES[2:]),
        ("tables/font.py", STAGES[2:]),
        ("build/model.npz", STAGES[2:]),
        ("trainer/model/scalar.py", []),
        ("snesgpt/emulator/console.py", []),
    ],
)
def test_a_touched_file_rebuilds_what_depends_on_it(built: Tree, touched: str, stages: list[str]) -> None:
    assert (built.root / touched).exists()
    built.touch(touched)
    assert built.made() == stages
    assert built.made() == []


WATCHED = {"asm": (".py", ".asm", ".inc", ".cfg"), "tables": (".py", ".txt"), "quantize": (".py",)}


@pytest.mark.parametrize("folder", WATCHED)
def test_every_source_of_a_stage_is_watched(built: Tree, folder: str) -> None:
    sources = [path for path in (built.root / folder).rglob("*.*") if path.suffix in WATCHED[folder]]
    assert sources
    for path in sources:
        name = str(path.relative_to(built.root))
        assert built.make("-q", "-W", name, "build/snes_gpt.sfc").returncode == 1, name


OPTIONS = ["PRESET=forerunner", "STEPS=10", "SEED=7", "DATA=my names.txt", "DOCUMENTS=stream", "TOKENS=99"]


@pytest.mark.parametrize("option", OPTIONS)
def test_other_options_train_again_and_back(built: Tree, option: str) -> None:
    (built.root / "my names.txt").write_text("emma\n")
    assert built.made(option) == STAGES
    assert built.made(option) == []
    assert built.made() == STAGES


def test_another_machine_takes_the_weights_that_are_there_and_back(built: Tree) -> None:
    for machine, arguments in (("sa1", ("TARGET=sa1",)), ("stock", ())):
        assert built.made(*arguments) == STAGES[1:]
        call = next(
            line for line in (built.root / "calls").read_text().splitlines() if line.startswith("quantize ")
        )
        assert f" --target {machine} " in call
        assert built.made(*arguments) == []


def test_options_reach_the_trainer(tree: Tree) -> None:
    (tree.root / "my names.txt").write_text("emma\n")
    tree.made("DATA=my names.txt", "PRESET=forerunner", "STEPS=10", "SEED=7", "DOCUMENTS=paragraphs", "TOKENS=256")
    call = (tree.root / "calls").read_text().splitlines()[0]
    assert call == (
        "train --data my names.txt --documents paragraphs --tokens 256 --preset forerunner --seed 7 --steps 10 "
        "--out build/weights.npz"
    )


TAKEN = ["take", "quantize", "build"]


def test_a_checkpoint_takes_the_place_of_the_training_for_one_call(built: Tree) -> None:
    (built.root / "my weights.npz").write_text("ready")
    assert built.made("CHECKPOINT=my weights.npz") == TAKEN
    assert (built.root / "build/weights.npz").read_text() == "ready"
    assert built.made("CHECKPOINT=my weights.npz") == []
    built.touch("trainer/training/adam.py")
    assert built.made("CHECKPOINT=my weights.npz") == []
    built.touch("my weights.npz")
    assert built.made("CHECKPOINT=my weights.npz") == TAKEN
    assert built.made() == STAGES


def test_a_checkpoint_is_measured_on_a_text_only_if_one_is_given(tree: Tree) -> None:
    (tree.root / "my names.txt").write_text("emma\n")
    (tree.root / "ready.npz").write_text("ready")
    assert tree.made("CHECKPOINT=ready.npz") == TAKEN
    assert (tree.root / "calls").read_text().splitlines()[
        1
    ] == "quantize build/weights.npz --target stock --out build/model.npz"
    assert tree.made("CHECKPOINT=ready.npz", "DATA=my names.txt") == TAKEN
    call = (tree.root / "calls").read_text().splitlines()[1]
    assert call == "quantize build/weights.npz --data my names.txt --target stock --out build/model.npz"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("CHECKPOINT=absent.npz",), "CHECKPOINT=absent.npz: there is no such file"),
        (
            ("CHECKPOINT=ready.npz", "SEED=7", "PRESET=small"),
            "CHECKPOINT=ready.npz is trained already: leave out PRESET SEED",
        ),
        (("CHECKPOINT=./build/weights.npz",), "CHECKPOINT=./build/weights.npz is where the weights are anyway"),
    ],
)
def test_a_checkpoint_that_cannot_be_is_one_line(built: Tree, arguments: tuple[str, ...], message: str) -> None:
    done = built.make(*arguments)
    assert done.returncode != 0
    assert message in done.stderr.splitlines()[0]
    assert (built.root / "build/weights.npz").read_text() == "whole"


def test_only_weights_are_taken_and_whole(tmp_path: Path) -> None:
    ready, weights = ROOT / "checkpoints/microgpt.npz", tmp_path / "build/weights.npz"
    command = [sys.executable, str(ROOT / "scripts/take_checkpoint.py")]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}

    def take(source: Path) -> subprocess.CompletedProcess[str]:
        arguments = [*command, str(source), str(weights)]
        return subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False)

    assert take(ready).returncode == 0
    assert weights.read_bytes() == ready.read_bytes()
    broken = tmp_path / "broken.npz"
    broken.write_bytes(ready.read_bytes()[:-100])
    done = take(broken)
    assert (
        done.returncode == 1 and done.stderr.startswith(f"CHECKPOINT={broken}: ") and done.stderr.count("\n") == 1
    )
    assert weights.read_bytes() == ready.read_bytes()
    assert [path.name for path in weights.parent.iterdir()] == ["weights.npz"]


def test_missing_text_is_one_line(tree: Tree) -> None:
    done = tree.make("DATA=absent.txt")
    assert done.returncode != 0
    assert done.stderr.splitlines()[0] == "DATA=absent.txt: there is no such file"
    assert not (tree.root / "calls").exists()


@pytest.mark.parametrize(
    ("stage", "target"), [("train", "weights.npz"), ("quantize", "model.npz"), ("build", "snes_gpt.sfc")]
)
def test_a_failed_step_leaves_no_target(tree: Tree, stage: str, target: str) -> None:
    done = tree.make(BROKEN=stage)
    assert done.returncode != 0
    assert f"snesgpt: {stage} broke" in done.stderr
    assert not (tree.root / "build" / target).exists()
    assert tree.made() == STAGES[STAGES.index(stage) :]


@pytest.mark.parametrize("stage", STAGES)
def test_a_failed_step_keeps_what_the_last_good_one_printed(built: Tree, stage: str) -> None:
    printed = built.root / f"build/{stage}.txt"
    assert printed.read_text() == f"report of {stage}\n"
    assert built.make("SEED=7", BROKEN=stage).returncode != 0
    assert printed.read_text() == f"report of {stage}\n"
    assert built.made("SEED=7") == STAGES[STAGES.index(stage) :]
    assert not list(built.root.glob("build/*.part"))


def test_a_failed_training_keeps_the_options_of_the_last_good_one(built: Tree) -> None:
    assert built.make("SEED=7", "-k", BROKEN="train").returncode != 0
    assert (built.root / "build/weights.npz").read_text() == "whole"
    assert built.made() == [], "they are still those of these options"
    assert built.make("SEED=7", BROKEN="train").returncode != 0
    (built.root / "build/weights.npz").write_text("others")
    assert built.made() == STAGES, "now they are not"


def test_a_step_that_fails_after_its_work_does_not_lose_it(tree: Tree) -> None:
    """A picture that cannot be drawn, a disk that is full for the report."""
    for stage in STAGES[:2]:
        done = tree.make("SEED=7", AFTERWARDS=stage)
        assert done.returncode != 0 and f"{stage} broke afterwards" in done.stderr
        assert (tree.root / "build/weights.npz").read_text() == "whole"
    assert tree.made("SEED=7") == STAGES[2:]
    assert tree.made("SEED=7") == []


NAMES = [
    "a b.txt",
    "a_b.txt",
    "a  b.txt",
    "+a b",
    "'quotes\".txt",
    "`touch bad`.txt",
    "$(shell touch bad)$bad.txt",
    "$$(touch bad).txt",
    "x:y;touch bad;#z|&.txt",
    "%*?[a]{b}~!.txt",
    "back\\slash\\.txt",
    "two\nlines.txt",
    "tab\t,)(.txt",
    "-rf",
    "тест ½ 日本.txt",
    "caf\udce9.txt",
    "n" * 255,
]


def test_the_name_of_a_text_is_neither_make_nor_shell_and_no_two_are_one(built: Tree) -> None:
    for name in NAMES:
        (built.root / name).write_text("emma\n")
        built.age()
        assert built.made(f"DATA={name}") == STAGES, name
        train, quantize = (built.root / "calls").read_text(errors="surrogateescape").split("\nquantize ")
        assert train.startswith(f"train --data {name} --documents lines --preset microgpt")
        assert quantize.startswith(f"build/weights.npz --data {name} --target stock --out")
        assert built.made(f"DATA={name}") == [], name
    assert not list(built.root.rglob("bad"))


def test_no_more_is_the_name_of_a_checkpoint_or_of_a_file_that_is_not_there(built: Tree) -> None:
    name = "".join(NAMES[3:10])
    missing = built.make(f"DATA={name}")
    assert missing.returncode != 0 and f"DATA={name}: there is no such file\n" in missing.stderr
    (built.root / name).write_text("ready")
    assert built.made(f"CHECKPOINT={name}") == TAKEN
    assert (built.root / "build/weights.npz").read_text() == "ready"
    assert not list(built.root.rglob("bad"))


def test_a_text_that_becomes_older_or_newer(built: Tree) -> None:
    text = built.root / "my names.txt"
    text.write_text("emma\n")
    assert built.made("DATA=my names.txt") == STAGES
    built.touch("my names.txt")
    assert built.made("DATA=my names.txt") == STAGES
    assert built.made("DATA=my names.txt") == []


def test_what_shows_a_model_shows_the_last_one_and_a_bare_make_is_the_default(built: Tree) -> None:
    (built.root / ".venv/installed-test").touch()
    (built.root / "my names.txt").write_text("emma\n")
    emulator("ares")(built)
    built.age()
    assert built.made("DATA=my names.txt", "SEED=7") == STAGES
    assert built.made("pictures") == []
    assert built.made("run") == []
    built.touch("trainer/training/adam.py")
    done = built.make("pictures")
    assert "Training microgpt on my names.txt\n" in done.stdout
    built.age()
    assert built.made("pictures", "DATA=my names.txt") == STAGES, "options hold together: SEED is another"
    assert built.made("run", "DATA=my names.txt", "SEED=8") == STAGES
    assert built.made() == STAGES
    assert built.made("CHECKPOINT=build/model.npz") == TAKEN
    assert built.made("pictures") == []


def test_the_environment_of_whoever_calls_is_not_that_of_the_programs(tree: Tree) -> None:
    (tree.root / "tables.py").write_text("")
    (tree.root / ".venv/bin/snesgpt").write_text('#!/bin/sh\necho "$PYTHONPATH$PYTHONHOME" >&2; exit 1\n')
    assert tree.make(PYTHONPATH=str(tree.root), PYTHONHOME="").stderr.startswith("\nmake: ***")


def without_assembler(tree: Tree) -> None:
    (tree.programs / "ca65").unlink()


def test_missing_assembler_names_the_packages_before_any_work(tree: Tree) -> None:
    without_assembler(tree)
    done = tree.make()
    message = done.stderr.splitlines()[0]
    assert done.returncode != 0
    assert "ca65" in message
    assert "; ".join((ROOT / "asm/cc65.txt").read_text().splitlines()) in message
    assert not (tree.root / "calls").exists()


def test_assembler_is_not_asked_for_when_nothing_needs_it(built: Tree) -> None:
    without_assembler(built)
    assert built.make("-q", "build/model.npz").returncode == 0


APT_GET = """
echo "$*" >>apt
case "$*" in *"install cc65") touch ../programs/ca65; chmod 755 ../programs/ca65 ;; esac
"""


@pytest.mark.parametrize("who", ["root", "sudo"])
def test_assembler_comes_through_apt(tree: Tree, who: str) -> None:
    without_assembler(tree)
    tree.programs.joinpath("chmod").symlink_to(str(shutil.which("chmod")))
    tree.program("apt-get", APT_GET)
    if who == "root":
        tree.program("id", "echo 0")
    else:
        tree.program("sudo", '[ "$1" = -n ] && shift; [ "$1" = true ] || exec "$@"')
    done = tree.make()
    assert done.returncode == 0, done.stderr
    assert "Installing cc65 with apt-get" in done.stdout
    assert len((tree.root / "apt").read_text().splitlines()) == 1


def test_apt_lists_are_fetched_when_the_package_is_unknown(tree: Tree) -> None:
    without_assembler(tree)
    tree.program("id", "echo 0")
    tree.program("apt-get", 'echo "$*" >>apt; echo "E: Unable to locate package cc65" >&2; exit 100')
    done = tree.make()
    assert done.returncode != 0
    assert done.stderr.splitlines()[0].endswith("could not install cc65: E: Unable to locate package cc65")
    assert [line.split()[-1] for line in (tree.root / "apt").read_text().splitlines()] == ["cc65", "update"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", "is not installed"),
        ('case "$2" in *print*) echo 3.10;; *exit*) exit 1;; esac', "is Python 3.10, 3.11 or newer is needed"),
        ('case "$2" in *print*) echo 3.11;; *ensurepip*) exit 1;; esac', "apt-get install python3-venv"),
    ],
    ids=["no python", "old python", "no venv"],
)
def test_python_that_cannot_do_it_is_one_line(tree: Tree, body: str, message: str) -> None:
    shutil.rmtree(tree.root / ".venv")
    if body:
        tree.program("python3", body)
    done = tree.make()
    assert done.returncode != 0
    assert message in done.stderr.splitlines()[0]
    assert not (tree.root / ".venv").exists()


def test_pip_is_silent_unless_it_fails(tree: Tree) -> None:
    tree.touch("pyproject.toml")
    noise = 'case "$*" in *install*) echo "WARNING: noise" >&2; exit ${PIP_FAILS-0} ;; esac'
    tree.script(tree.root / ".venv/bin/python", PYTHON.replace("\n", f"\n{noise}\n", 1))
    failed = tree.make(PIP_FAILS="1")
    assert failed.returncode != 0
    assert "WARNING: noise" in failed.stderr
    assert not (tree.root / "calls").exists()
    passed = tree.make()
    assert passed.returncode == 0
    assert passed.stderr == ""
    assert "Installing the package" in passed.stdout
    assert built_again(tree) == []


def built_again(tree: Tree) -> list[str]:
    tree.age()
    return tree.made()


def emulator(name: str) -> Callable[[Tree], None]:
    return lambda tree: tree.program(name, f'echo "{name} got $*"')


@pytest.mark.parametrize("name", ["snes9x-gtk", "snes9x", "ares", "bsnes", "mesen", "Mesen"])
def test_run_opens_the_rom_in_what_is_installed(built: Tree, name: str) -> None:
    emulator(name)(built)
    done = built.make("run")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"{name} got {built.root}/build/snes_gpt.sfc"


def test_run_finds_a_core_for_retroarch(built: Tree) -> None:
    emulator("retroarch")(built)
    core = built.root / ".config/retroarch/cores/snes9x_libretro.so"
    core.parent.mkdir(parents=True)
    core.touch()
    done = built.make("run")
    assert done.stdout.splitlines()[-1] == f"retroarch got -L {core} {built.root}/build/snes_gpt.sfc"


def test_run_without_an_emulator_is_one_line(built: Tree) -> None:
    done = built.make("run")
    assert done.returncode != 0
    assert done.stderr.startswith("No emulator found: install Snes9x, ares, bsnes, Mesen or RetroArch")


def test_clean_leaves_the_environment(built: Tree) -> None:
    assert built.make("clean").returncode == 0
    assert not (built.root / "build").exists()
    assert (built.root / ".venv/installed").exists()


def workshop(tree: Tree) -> Tree:
    """With what `make test` and `make check` run, which write down how they are called."""
    for name in ("ruff", "mypy", "pytest", "python"):
        tree.script(
            tree.root / ".venv/bin" / name, f'#!/bin/sh\necho {name} "$@" >>calls\n[ "$BROKEN" != {name} ]\n'
        )
    (tree.root / ".venv/installed-test").touch()
    tree.age()
    return tree


def test_emulators_come_with_one_command_that_installs_once(tree: Tree) -> None:
    """After `make` alone: their packages, and bsnes only where it is missing."""
    workshop(tree)
    (tree.root / ".venv/installed-test").unlink()
    done = tree.make("emulators")
    assert (done.returncode, done.stderr) == (0, "")
    calls = (tree.root / "calls").read_text().splitlines()
    calls = [call for call in calls if not call.startswith(("    ", "        ")) and "if True:" not in call]
    assert calls[0] == "python -m pip --version"
    assert calls[1] == "python -m pip install -q --disable-pip-version-check -e .[plots,tokens,emulators]"
    assert 'find_core("bsnes")' in calls[2] and len(calls) == 3
    again = tree.make("emulators")
    assert again.stdout == "Snes9x and bsnes are ready for snesgpt verify, play and bench\n"
    assert (tree.root / ".venv/installed-emulators").exists()
    assert not (tree.root / ".venv/installed-test").exists()


@pytest.mark.parametrize("target", ["emulators", "test"])
def test_a_missing_bsnes_names_its_package(tree: Tree, target: str) -> None:
    workshop(tree)
    (tree.root / ".venv/installed-emulators").touch()
    done = tree.make(target, BROKEN="python")
    assert done.returncode != 0
    assert "the bsnes accuracy core is missing" in done.stderr.splitlines()[0]
    assert "apt-get install libretro-bsnes-mercury-accuracy" in done.stderr.splitlines()[0]


def test_what_the_tests_need_holds_the_emulators() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert "snes-gpt[emulators]" in extras["test"]
    assert {re.split("[=>]", package)[0] for package in extras["emulators"]} == {
        "libretro.py",
        "stable-retro",
        "pillow",
    }


def test_check_leaves_out_what_takes_long_and_ends_at_the_first_complaint(tree: Tree) -> None:
    done = workshop(tree).make("check")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    ignored = " ".join(f"--ignore tests/{folder}" for folder in ("proof", "screens", "games"))
    tests = f"pytest -n auto -m not emulator and not slow {ignored}"
    calls = ["ruff format --check", "ruff check", "mypy", tests]
    assert (tree.root / "calls").read_text().splitlines() == calls
    (tree.root / "calls").unlink()
    assert tree.make("check", BROKEN="mypy").returncode != 0
    assert (tree.root / "calls").read_text().splitlines() == calls[:3]


@pytest.mark.parametrize(
    ("target", "call"),
    [
        ("golden", "python -m tests.support.golden_listing"),
        ("report", "python scripts/report.py HEAD"),
        ("report REV=main", "python scripts/report.py main"),
        ("diff-asm REV=main", "python scripts/diff_asm.py main"),
    ],
)
def test_a_tool_of_the_workshop_is_called_with_its_revision(tree: Tree, target: str, call: str) -> None:
    assert workshop(tree).make(*target.split()).returncode == 0
    assert (tree.root / "calls").read_text().splitlines() == [call]


def test_help_names_every_target_and_nothing_else(tree: Tree) -> None:
    phony = re.search(r"^\.PHONY: ((?:.*\\\n)*.*)$", (tree.root / "Makefile").read_text(), re.M)
    assert phony
    named = re.findall(r"^make (\S+)  ", tree.make("help").stdout, re.M)
    assert sorted(named) == sorted({*phony[1].split()} - {"all", "help", "\\"})


def test_the_tools_before_a_commit_are_those_of_the_environment() -> None:
    hooks = (ROOT / ".pre-commit-config.yaml").read_text()
    assert re.findall(r"- repo: (.*)", hooks) == ["local"]
    assert all(entry.startswith(".venv/bin/") for entry in re.findall(r"entry: (.*)", hooks))


def test_ci_runs_what_the_readme_says() -> None:
    script = ROOT / ".ci/run"
    assert os.access(script, os.X_OK)
    assert script.read_text().splitlines()[-2:] == ["make test", "make lab-test"]
    assert "\nmake test\n" in (ROOT / "README.md").read_text()
