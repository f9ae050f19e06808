"""Text, weights, model and ROM that do not belong together: told by their fingerprints, not by their names."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from snesgpt.cli import run
from snesgpt.selection.belonging import learned_from
from trainer.text.corpus import read_corpus
from trainer.weights import load_weights, save_weights

NAMES = ["abc", "cab", "bac", "aabb", "ccc", "baa", "acb", "bcabcabc", "ca", "ab"]
OTHERS = ["abcb", "caba", "bacc", "aab", "cc", "ba", "acba", "bcabcab", "caa", "abb"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models of one shape, one alphabet and as many documents, and a cartridge of the first."""
    folder = tmp_path_factory.mktemp("made")
    for name, text in (("own", NAMES), ("other", OTHERS)):
        (folder / f"{name}.txt").write_text("\n".join(text))
        train = ["train", "--data", str(folder / f"{name}.txt"), "--steps", "2", "--digits", "0"]
        assert run([*train, "--out", str(folder / name / "weights.npz")]) == 0
        weights, model = (str(folder / name / f"{stage}.npz") for stage in ("weights", "model"))
        assert run(["quantize", weights, "--kernel", "schoolbook", "--out", model]) == 0
    assert run(["build", str(folder / "own/model.npz"), "--out", str(folder / "own/rom.sfc")]) == 0
    return folder


@pytest.fixture
def here(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    shutil.copytree(made, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    yield


@pytest.mark.parametrize(
    "words",
    [
        "evaluate own/model.npz --weights other/weights.npz --data own.txt",
        "lab own/model.npz --weights other/weights.npz --data own.txt --out lab",
        "bench own/rom.sfc --weights other/weights.npz",
    ],
)
def test_weights_of_another_model_are_refused(here: None, capsys: pytest.CaptureFixture[str], words: str) -> None:
    assert run(words.split()) == 1
    assert "the float weights are of another model" in capsys.readouterr().err


def test_weights_that_came_beside_a_model_are_not_taken_for_its_own(
    here: None, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy("other/weights.npz", "own/weights.npz")
    for words in ("sample own/model.npz --float --count 1", "evaluate own/model.npz --data own.txt"):
        assert run(words.split()) == 1
        assert "the float weights are of another model" in capsys.readouterr().err


def test_a_loss_on_another_text_says_so(here: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["evaluate", "own/model.npz", "--data", "own.txt", "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["own_text"] is True and not err
    assert run(["evaluate", "own/model.npz", "--data", "other.txt", "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["own_text"] is False
    assert err == "snesgpt: warning: other.txt is not the text that the model learned from\n"
    assert run(["evaluate", "own/model.npz"]) == 1
    assert "learned from own.txt, not from the names: give its text with --data" in capsys.readouterr().err


def test_a_text_is_the_same_in_any_order_and_by_any_name(here: None) -> None:
    weights = load_weights(Path("own/weights.npz"))
    Path("renamed.txt").write_text("\n".join([*NAMES[::-1], NAMES[3]]))
    assert learned_from(weights, read_corpus(Path("renamed.txt")))
    assert not learned_from(weights, read_corpus(Path("other.txt")))


def test_a_model_is_known_by_its_numbers_and_not_by_its_notes(here: None) -> None:
    weights = load_weights(Path("own/weights.npz"))
    assert replace(weights, info={"temperature": 1.0}).digest == weights.digest
    moved = {name: tensor.copy() for name, tensor in weights.tensors.items()}
    moved["wte"][0, 0] = np.nextafter(moved["wte"][0, 0], np.float32(9))
    assert replace(weights, tensors=moved).digest != weights.digest


def test_files_without_fingerprints_are_compared_by_what_they_have(
    here: None, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = load_weights(Path("own/weights.npz"))
    known = weights.info.copy()
    del known["text_digest"]
    save_weights(Path("own/weights.npz"), replace(weights, info=known))
    assert run(["evaluate", "own/model.npz", "--data", "own.txt"]) == 0
    assert not capsys.readouterr().err
    Path("longer.txt").write_text("\n".join([*NAMES, "cba"]))
    assert run(["evaluate", "own/model.npz", "--data", "longer.txt"]) == 0
    assert "is not the text" in capsys.readouterr().err
