"""The lessons: each runs, learns more than the one before, is short to get to from it, and is right."""

from __future__ import annotations

import ast
import math
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from difflib import unified_diff
from functools import cache
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from asm.build import build_rom
from lessons import lesson1_mlp, lesson2_autograd, lesson5_adam
from quantize.fixed import ONE
from quantize.model import IntegerModel
from quantize.model_file import save_model
from tests.support.models import digit_model
from trainer.config import ModelConfig
from trainer.model.blocks import surprise
from trainer.model.decoder import gradient
from trainer.training.packing import Documents

ROOT = Path(__file__).parents[2]
PLAIN = sorted((ROOT / "lessons").glob("lesson[0-5]_*.py"))
MAX_DIFFS = (115, 150, 40, 50, 20)  # lines added and taken away, lesson to lesson
NAMES_LEARNT = 800
EXACT = 1e-12  # float64 sums of a few thousand terms of size one, in another order
SMALL = ModelConfig(27, block_size=8, n_embd=16, n_head=4, n_hidden=16)


def run(lesson: str, *arguments: str, guesses: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    """A lesson as a reader runs it, with lines typed into it."""
    (script,) = (ROOT / "lessons").glob(f"{lesson}_*.py")
    return subprocess.run(
        [sys.executable, script, *arguments],
        input="".join(f"{guess}\n" for guess in guesses),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
    )


@pytest.mark.slow
def test_each_lesson_makes_up_names_and_its_loss_is_below_the_one_before() -> None:
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda n: run(f"lesson{n}", "--names", str(NAMES_LEARNT)), range(len(PLAIN))))
    losses = []
    for result in results:
        assert (result.returncode, result.stderr) == (0, "")
        *before, last = result.stdout.splitlines()
        found = re.fullmatch(r"held-out loss: (\d\.\d{4}) nats a character", last)
        assert found is not None
        losses.append(float(found[1]))
        names = before[-10:]
        assert all(re.fullmatch("[a-z]{0,16}", name) for name in names)
        assert len(set(names)) > 5
    assert len(losses) == 6
    assert all(later < earlier for earlier, later in pairwise(losses)), losses


def test_all_are_judged_by_the_same_names_none_of_which_they_learn_from() -> None:
    split = lesson1_mlp.read_names()
    for script in PLAIN:
        assert import_module(f"lessons.{script.stem}").read_names() == split
    learn, held_out = split
    assert sorted(learn + held_out) == sorted((ROOT / "trainer/data/names.txt").read_text().split())
    assert not set(learn) & set(held_out)


@pytest.mark.parametrize("script", PLAIN, ids=lambda script: script.stem)
def test_a_lesson_needs_the_standard_library_only(script: Path) -> None:
    for node in ast.walk(ast.parse(script.read_text())):
        if isinstance(node, ast.Import):
            assert {name.name.partition(".")[0] for name in node.names} <= sys.stdlib_module_names
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            assert str(node.module).partition(".")[0] in sys.stdlib_module_names


@pytest.mark.parametrize("number", range(len(MAX_DIFFS)))
def test_the_way_to_the_next_lesson_is_short(number: int) -> None:
    before, after = (PLAIN[number + n].read_text().splitlines() for n in (0, 1))
    changed = [
        line for line in unified_diff(before, after, n=0) if line[0] in "+-" and line[:3] not in ("+++", "---")
    ]
    assert len(changed) <= MAX_DIFFS[number]


def as_values(module: Any, tensors: dict[str, Any]) -> dict[str, Any]:
    """Rows of floats as rows of a lesson's Values."""
    return {
        name: [[module.Value(float(number)) for number in row] for row in rows] for name, rows in tensors.items()
    }


def grads(values: dict[str, Any]) -> dict[str, np.ndarray[Any, Any]]:
    return {name: np.array([[value.grad for value in row] for row in rows]) for name, rows in values.items()}


def lively(shapes: Mapping[str, tuple[int, ...]], seed: int) -> dict[str, Any]:
    """Weights large enough to bend every curve."""
    random = np.random.default_rng(seed)
    return {name: random.normal(0, 0.4, shape) for name, shape in shapes.items()}


@pytest.mark.parametrize("seed", range(3))
def test_the_gradients_of_lesson_2_are_those_worked_out_in_lesson_1(seed: int) -> None:
    shapes = {name: (len(rows), len(rows[0])) for name, rows in lesson1_mlp.initial_weights().items()}
    tensors = {name: tensor.tolist() for name, tensor in lively(shapes, seed).items()}
    names = lesson1_mlp.read_names()[0][10 * seed : 10 * seed + 10]
    values = as_values(lesson2_autograd, tensors)
    loss = lesson2_autograd.loss(values, names)
    loss.backward()
    assert loss.data == pytest.approx(lesson1_mlp.loss(tensors, names), rel=EXACT)
    found = grads(values)
    for name, rows in lesson1_mlp.gradient(tensors, names).items():
        truth = np.array(rows)
        assert truth.any()
        np.testing.assert_allclose(found[name], truth, rtol=0, atol=EXACT * max(1, abs(truth).max()), err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_the_gradients_of_lesson_5_are_the_numpy_trainers(seed: int) -> None:
    config = ModelConfig(27)
    own = {name: (len(rows), len(rows[0])) for name, rows in lesson5_adam.initial_weights().items()}
    assert own == {name.rpartition(".")[2]: shape for name, shape in config.tensor_shapes().items()}
    tensors = lively(config.tensor_shapes(), seed)
    names = lesson5_adam.read_names()[0][10 * seed : 10 * seed + 10]
    packed = Documents([lesson5_adam.encode(name) for name in names], config.block_size)
    batch = packed.batch(np.arange(len(names)))
    loss, truth = gradient(tensors, config, batch, surprise(batch.targets))
    values = as_values(lesson5_adam, {name.rpartition(".")[2]: tensor for name, tensor in tensors.items()})
    plain = lesson5_adam.loss(values, names)
    plain.backward()
    assert plain.data == pytest.approx(loss, rel=EXACT)
    found = grads(values)
    for name, tensor in truth.items():
        np.testing.assert_allclose(
            found[name.rpartition(".")[2]], tensor, rtol=0, atol=EXACT * max(1, abs(tensor).max()), err_msg=name
        )


@pytest.mark.parametrize("number", range(6))
@pytest.mark.parametrize("names", ["0", "many"])
def test_a_wrong_number_of_names_is_one_line(number: int, names: str) -> None:
    result = run(f"lesson{number}", "--names", names)
    assert result.returncode == 2
    assert "--names" in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr


RIGHT = {"lesson6": ("77", "-1", "-145", "-106"), "lesson7": ("+2^0 -2^-3", "4", "102")}


@pytest.mark.parametrize("lesson", RIGHT)
def test_what_is_worked_out_by_hand_is_what_the_lesson_computes(lesson: str) -> None:
    right = run(lesson, guesses=RIGHT[lesson])
    wrong = run(lesson, guesses=["8" for _ in RIGHT[lesson]])
    silent = run(lesson)
    assert [right.returncode, wrong.returncode, silent.returncode] == [0, 0, 0]
    for answer in RIGHT[lesson]:
        assert f"yes, it is {answer}\n" in right.stdout
        assert f"no, it is {answer}\n" in wrong.stdout
        assert f"  it is {answer}\n" in silent.stdout


@cache
def built(folder: Path) -> IntegerModel:
    """A small model and its cartridge as `make` would leave them in a folder."""
    model = digit_model(SMALL, 1)
    rom = build_rom(model)
    save_model(folder / "model.npz", model)
    (folder / "snes_gpt.sfc").write_bytes(rom.image)
    (folder / "asm").mkdir()
    for name, content in rom.sources.items():
        (folder / "asm" / name).write_bytes(content)
    return model


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("build")
    built(folder)
    return folder


def test_every_row_read_out_of_the_assembly_is_the_models(build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "lessons"))
    lesson8, model = import_module("lesson8_one_row"), built(build)
    source = (build / "asm" / "kernels.asm").read_text()
    biases = set()
    for row, weights in enumerate(model.tensors["layer0.wo"]):
        lines = lesson8.row_lines(source, row)
        assert lesson8.decode(lines, SMALL.n_embd) == [weight / ONE for weight in weights.tolist()]
        biases.add(lesson8.bias(lines))
    (bias,) = biases
    assert bias > 0 and bias % 256 == 0


def test_lesson_8_asks_for_a_weight_of_the_row(build: Path) -> None:
    weights = built(build).tensors["layer0.wo"][3] / ONE
    asked = re.search(r"give to x_(\d+)", run("lesson8", str(build), "--row", "3").stdout)
    assert asked is not None
    answer = f"{weights[int(asked[1])]:g}"
    result = run("lesson8", str(build), "--row", "3", guesses=[answer])
    assert result.returncode == 0
    assert f"yes, it is {answer}\n" in result.stdout
    assert "says the same" in result.stdout


def test_lesson_8_says_what_is_missing_in_one_line(build: Path, tmp_path: Path) -> None:
    save_model(tmp_path / "model.npz", built(build))
    for arguments, message in [
        ((str(build), "--row", "99"), "no row 99"),
        ((str(tmp_path),), "run `make`"),
        ((str(tmp_path / "absent"),), "model.npz"),
    ]:
        result = run("lesson8", *arguments)
        assert result.returncode == 1
        assert message in result.stderr
        assert result.stderr.count("\n") == 1


@pytest.mark.emulator
def test_lesson_9_runs_the_cartridge_and_it_says_what_the_model_says(build: Path, tmp_path: Path) -> None:
    result = run("lesson9", str(build), "--prompt", "abc", guesses=["a", "b"])
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.count(", as the integer model says") == 2
    save_model(tmp_path / "model.npz", digit_model(SMALL, 2))
    (tmp_path / "snes_gpt.sfc").write_bytes((build / "snes_gpt.sfc").read_bytes())
    assert "NOT AS" in run("lesson9", str(tmp_path), "--prompt", "abc").stdout


@pytest.mark.emulator
def test_lesson_9_says_what_is_wrong_in_one_line(build: Path, tmp_path: Path) -> None:
    save_model(tmp_path / "model.npz", built(build))
    for arguments, message in [
        ((str(build), "--prompt", "&"), "prompt '&'"),
        ((str(build), "--seed", "-1"), "seed -1"),
        ((str(build), "--core", "absent"), "core absent"),
        ((str(tmp_path),), "snes_gpt.sfc"),
    ]:
        result = run("lesson9", *arguments)
        assert result.returncode == 1
        assert message in result.stderr
        assert result.stderr.count("\n") == 1


def test_counting_again_is_better_with_longer_contexts_and_learns_by_heart_without_trust() -> None:
    lines = {trust: run("lesson10", "--trust", trust).stdout.splitlines() for trust in ("5", "0.1")}
    found = {trust: [re.findall(r"\d\.\d{4}|\d+(?=%)", line) for line in own] for trust, own in lines.items()}
    held_out = {trust: [float(loss) for _learned, loss, _share in own] for trust, own in found.items()}
    assert min(held_out["5"]) == held_out["5"][2] < held_out["5"][0] - 0.1
    assert held_out["0.1"][4] > math.log(27)
    assert float(found["0.1"][4][2]) > 80 > float(found["5"][4][2])


@pytest.mark.parametrize("wrong", [["--names", "0"], ["--trust", "0"], ["--trust", "nan"]])
def test_counting_again_refuses_what_makes_no_table(wrong: Sequence[str]) -> None:
    result = run("lesson10", *wrong)
    assert result.returncode == 2 and "must be" in result.stderr and "Traceback" not in result.stderr
