"""`snesgpt distill`: what it says, what it writes, and that `quantize` keeps it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from asm.cost.predict import predict
from asm.layout import plan
from quantize.convert import folded
from quantize.executor import Executor, loss
from quantize.model_file import load_model
from quantize.ranges import prove
from snesgpt.cli import run
from snesgpt.selection.digit_choice import digits_per_weight
from tests.support.models import llama_config, llama_weights, microgpt_weights
from trainer.config import ModelConfig
from trainer.model.decoder import active_share
from trainer.training.teacher import Teacher
from trainer.weights import load_weights, save_weights


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, tokens in {"ROUND": 1200, "APART": 1200, "INFORMATION": 1200}.items():
        monkeypatch.setattr(f"trainer.training.teacher.{name}", tokens)
    monkeypatch.setattr("trainer.training.distill.BATCH", 240)
    save_weights(tmp_path / "weights.npz", llama_weights(llama_config(20, 12, 16, (4, 2), 1, 24)))
    return tmp_path


@pytest.mark.slow
def test_the_last_line_is_of_the_text_kept_apart_and_quantize_keeps_the_digits(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = f"distill {folder}/weights.npz --out {folder}/few.npz --digits 1.2 --steps 20".split()
    assert run(words) == 0
    out, err = capsys.readouterr()
    found = out.splitlines()[0]
    for part in ("1.2", "nats a token above the teacher, divergence", "tokens kept apart", "tokens/s predicted"):
        assert part in found
    assert err.count("above the teacher") == 21
    assert [path.name for path in folder.iterdir() if "checkpoint" in path.name] == []
    assert run([*words, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert f"{report['above_teacher']:+.4f}" in found and report["tokens_apart"] == 1200
    assert run(f"quantize {folder}/few.npz --out {folder}/model.npz".split()) == 0
    assert digits_per_weight(load_model(folder / "model.npz")) == pytest.approx(report["digits"])
    assert 1.1 < report["digits"] < 1.3, (
        "digits above 1 are adds of 1 on the console, and weights this wild have some"
    )
    info = load_weights(folder / "few.npz").info
    assert (info["digits"], info["grid"], info["temperature"]) == (1.2, 9, 0.9)


@pytest.mark.slow
def test_a_speed_is_reached_with_the_digits_and_windows_that_it_leaves_room_for(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = f"distill {folder}/weights.npz --out {folder}/few.npz --steps 5 --json".split()
    assert run([*words, "--tokens-per-second", "90"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert 0.97 * 90 < report["tokens_per_second"] < 1.06 * 90
    assert load_weights(folder / "few.npz").config.windows == tuple(report["windows"])
    assert run([*words, "--tokens-per-second", "2000"]) == 1
    assert "2000 tokens a second leave no room for 0.5 digits a weight" in capsys.readouterr().err
    for given in ([], ["--digits", "1", "--tokens-per-second", "1"]):
        assert run([*words, *given]) == 2
        assert "give --digits or --tokens-per-second, one of both" in capsys.readouterr().err


MICROGPT = microgpt_weights(ModelConfig(9, block_size=12, n_embd=16, n_head=2, n_hidden=24))


@pytest.fixture
def names(folder: Path) -> Path:
    save_weights(folder / "names.npz", MICROGPT)
    return folder


def test_quantize_keeps_a_microgpts_digits_and_makes_the_model_that_was_measured(
    names: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = f"distill {names}/names.npz --out {names}/few.npz --digits 1.2 --steps 20 --json".split()
    assert run(words) == 0
    report = json.loads(capsys.readouterr().out)
    assert run(f"quantize {names}/few.npz --out {names}/model.npz".split()) == 0
    student, model = load_weights(names / "few.npz"), load_model(names / "model.npz")
    assert 0.9 < digits_per_weight(model) == report["digits"] < 1.4, "a digit of fc2 counts half in the budget"
    for name, exact in folded(student, centred=False).items():
        scale = 2**model.logit_shift if name == "lm_head" else 1
        np.testing.assert_allclose(model.weights(name) * scale, exact, rtol=1e-7, atol=0, err_msg=name)
    text = Teacher(MICROGPT.tensors, MICROGPT.config, 0).apart
    assert report["tokens_apart"] == text.lengths.sum() < text.tokens[:, 1:].size
    rows = [row[: length + 1] for row, length in zip(text.tokens.tolist(), text.lengths, strict=True)]
    assert loss(Executor(model), rows) == pytest.approx(report["nll_teacher"] + report["integer_above_teacher"])
    assert student.info["active_hidden"] == active_share(student.tensors, MICROGPT.config, text.documents)
    prediction = predict(plan(prove(model)))
    assert prediction is not None and prediction.tokens_per_second == report["tokens_per_second"]


@pytest.mark.slow
def test_a_speed_chooses_a_microgpts_digits(names: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = f"distill {names}/names.npz --out {names}/few.npz --steps 5 --json".split()
    found = []
    for wanted in (1, 180):
        assert run([*words, "--tokens-per-second", str(wanted)]) == 0
        found.append(json.loads(capsys.readouterr().out))
    assert all(report["tokens_per_second"] > 0.97 * wanted for report, wanted in zip(found, (1, 180), strict=True))
    assert found[0]["digits"] > 2 * found[1]["digits"] and found[1]["tokens_per_second"] < 1.06 * 180
    assert run([*words, "--tokens-per-second", "4000"]) == 1
    assert "4000 tokens a second leave no room for 0.5 digits a weight: these make" in capsys.readouterr().err


def test_where_sums_of_digits_have_no_room_the_line_says_so(
    names: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tensors = {name: tensor * np.float32(3) for name, tensor in MICROGPT.tensors.items()}
    save_weights(names / "large.npz", replace(MICROGPT, tensors=tensors))
    assert run(f"distill {names}/large.npz --out {names}/few.npz --digits 3 --steps 5".split()) == 0
    line = capsys.readouterr().out.splitlines()[0]
    assert (
        line.startswith("3.00 digits a weight: ") and "; schoolbook for all matrices: range proof fails at" in line
    )
