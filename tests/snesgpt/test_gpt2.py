"""A nanoGPT checkpoint goes through every command, and what they leave is one model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from quantize.model_file import load_model
from snesgpt.cli import run
from snesgpt.selection.digit_choice import digits_per_weight
from tests.support.gpt2_reference import Sizes, gpt2
from tests.support.models import SHAKESPEARE
from tests.support.torch_files import checkpoint, meta, torch_bytes
from trainer.weights import load_weights

SIZES = Sizes(n_layer=1, n_head=2, n_embd=8, block_size=16, vocab_size=len(SHAKESPEARE))
TEXT = "Now, sirrah! the $3 & the rest;\nSPEAK: what is't? I'll go to-morrow.\n\n" * 60


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that the commands leave, from a checkpoint to a cartridge."""
    folder = tmp_path_factory.mktemp("nanogpt")
    (folder / "ckpt.pt").write_bytes(torch_bytes(checkpoint(SIZES, gpt2(SIZES))))
    (folder / "meta.pkl").write_bytes(meta(SHAKESPEARE))
    (folder / "input.txt").write_text(TEXT)
    for command in (
        f"import {folder}/ckpt.pt --meta {folder}/meta.pkl --out {folder}/weights.npz",
        f"quantize {folder}/weights.npz --data {folder}/input.txt --out {folder}/model.npz",
        f"build {folder}/model.npz --trace --out {folder}/rom.sfc",
    ):
        assert run(command.split()) == 0, command
    return folder


def printed(capsys: pytest.CaptureFixture[str], command: str) -> str:
    """What a command that works prints."""
    capsys.readouterr()
    assert run(command.split()) == 0
    return capsys.readouterr().out


@pytest.mark.emulator
@pytest.mark.parametrize("core", ["snes9x", "bsnes"])
def test_the_cartridge_is_the_model(made: Path, capsys: pytest.CaptureFixture[str], core: str) -> None:
    out = printed(
        capsys, f"verify {made}/rom.sfc --model {made}/model.npz --core {core} --tokens 60 --trace --json"
    )
    report = json.loads(out)
    assert report["mismatches"] == 0 and report["tokens"] >= 60


def test_samples_go_on_from_any_beginning(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain = printed(capsys, f"sample {made}/model.npz --count 3 --seed 4")
    assert plain == printed(capsys, f"sample {made}/model.npz --count 3 --seed 4")
    assert len(plain.replace("\n", "")) > 16
    assert printed(capsys, f"sample {made}/model.npz --count 1 --prompt To,").startswith("To,")


def test_integers_cost_what_floats_do(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = json.loads(printed(capsys, f"evaluate {made}/model.npz --data {made}/input.txt --json"))
    assert report["tokens"] > 100
    assert report["nll_integer"] == pytest.approx(report["nll_float"], abs=0.03)


def test_what_is_exported_comes_back(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    printed(capsys, f"export {made}/weights.npz --out {made}/given.safetensors")
    printed(capsys, f"import {made}/given.safetensors --out {made}/again.npz")
    weights, again = load_weights(made / "weights.npz"), load_weights(made / "again.npz")
    assert (again.config, again.symbols, again.digest) == (weights.config, weights.symbols, weights.digest)
    assert again.reading == weights.reading and again.info["temperature"] == weights.info["temperature"]
    assert all(np.array_equal(again.tensors[name], tensor) for name, tensor in weights.tensors.items())


@pytest.mark.emulator
def test_it_is_distilled_to_fewer_digits(
    made: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ROUND", "APART", "INFORMATION"):
        monkeypatch.setattr(f"trainer.training.teacher.{name}", 600)
    monkeypatch.setattr("trainer.training.distill.BATCH", 120)
    out = printed(
        capsys, f"distill {made}/weights.npz --digits 1 --steps 3 --out {made}/few.npz --target sa1 --json"
    )
    digits = json.loads(out)["digits"]
    printed(capsys, f"quantize {made}/few.npz --target sa1 --out {made}/few-model.npz")
    assert digits_per_weight(load_model(made / "few-model.npz")) == pytest.approx(digits)
    assert 0.9 < digits < 1.3, "digits above 1 are adds of 1 on the console, and weights this wild have some"
    printed(capsys, f"build {made}/few-model.npz --out {made}/few.sfc")
    out = printed(capsys, f"verify {made}/few.sfc --model {made}/few-model.npz --tokens 60 --json")
    assert json.loads(out)["mismatches"] == 0
