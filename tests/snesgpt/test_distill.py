"""`snesgpt distill`: what it says, what it writes, and that `quantize` keeps it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from quantize.model_file import load_model
from snesgpt.cli import run
from snesgpt.selection.digit_choice import digits_per_weight
from tests.support.models import llama_config, llama_weights
from trainer.config import ModelConfig
from trainer.model.decoder import initial_tensors
from trainer.weights import Weights, load_weights, save_weights


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, tokens in {"ROUND": 1200, "APART": 1200, "INFORMATION": 1200}.items():
        monkeypatch.setattr(f"trainer.training.teacher.{name}", tokens)
    for name, tokens in {"ROUND": 1200, "BATCH": 240}.items():
        monkeypatch.setattr(f"trainer.training.distill.{name}", tokens)
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


@pytest.mark.slow
def test_a_microgpt_is_told_how_it_gets_digits(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = ModelConfig(4, block_size=4, n_embd=8, n_head=2, n_hidden=16)
    save_weights(folder / "names.npz", Weights(config, "abc", initial_tensors(config, 0)))
    assert run(["distill", str(folder / "names.npz"), "--digits", "1", "--out", str(folder / "new.npz")]) == 1
    assert "names.npz is no Llama: `snesgpt train --digits` gives a microgpt its digits" in capsys.readouterr().err
    assert not (folder / "new.npz").exists()
