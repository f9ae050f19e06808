"""Any text from file to cartridge: every kind of document and token, exact on the console, losses that compare."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from asm.build import build_rom
from quantize.integer_model import IntegerModel
from quantize.quantized import load_model, save_model
from snesgpt.cli import run
from snesgpt.console import Console
from snesgpt.host import Host
from snesgpt.parity import requests, verify
from tests.models import random_model
from trainer.config import ModelConfig
from trainer.files import read_arrays, write_arrays
from trainer.model import initial_tensors
from trainer.weights import Weights, load_weights, save_weights

LINES = [f"{who} mag {what}" for who in ("Jörg", "ÄNNE", "Zoë", "der König") for what in ("Öl", "süße Äpfel", "é")]
TEXTS = {
    "lines": "\n".join(LINES),
    "paragraphs": "\n\n".join(f"{first}\n  {second}" for first in LINES for second in LINES[:3]),
    "stream": "\n".join(LINES * 40),
}
SHAPE = "--steps 2 --n-embd 8 --n-head 2 --block-size 12"
Report = Callable[..., Any]


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Report:
    """What a command prints as JSON, run in a folder with the texts."""
    monkeypatch.chdir(tmp_path)
    for name, text in TEXTS.items():
        Path(f"{name}.txt").write_text(text, encoding="utf-8")

    def reported(command: str, *arguments: str) -> Any:
        capsys.readouterr()
        assert run([*command.split(), *arguments, "--json"]) == 0, capsys.readouterr().err
        return json.loads(capsys.readouterr().out)

    return reported


@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize("tokens", ["", "--tokens 60"], ids=["characters", "pairs"])
def test_a_text_becomes_a_model_that_knows_how_it_was_read(report: Report, kind: str, tokens: str) -> None:
    trained = report(f"train --data {kind}.txt --documents {kind} --fold-case {tokens} {SHAPE} --out weights.npz")
    report(f"quantize weights.npz --out model.npz --data {kind}.txt")
    weights, model = load_weights(Path("weights.npz")), load_model(Path("model.npz"))
    assert model.tokenizer == weights.tokenizer and bool(model.merges) == bool(tokens)
    assert (model.reading.documents, model.reading.fold_case) == (kind, True)
    assert model.tokenizer.running == (kind == "stream")
    assert ("\n" in model.symbols) == (kind != "lines") and "ö" in model.symbols and "Ö" not in model.symbols

    losses = report(f"evaluate model.npz --data {kind}.txt")
    assert losses["nll_float"] == pytest.approx(trained["nll_float"])
    share = losses["tokens"] / losses["characters"]
    assert losses["per_character"]["nll_float"] == pytest.approx(trained["nll_float_per_character"])
    assert losses["per_character"]["nll_integer"] == pytest.approx(losses["nll_integer"] * share)
    assert (share < 1) == bool(tokens)

    texts = report("sample model.npz --count 3 --prompt", "JÖRG mag")
    assert len(texts) == 3 and all(text.startswith("jörg mag") for text in texts)
    assert len(report("sample model.npz --count 2 --float")) == 2


@pytest.mark.parametrize("core", ["snes9x", "bsnes"])
def test_merged_tokens_on_the_console(report: Report, core: str) -> None:
    report(f"train --data paragraphs.txt --documents paragraphs --tokens 60 {SHAPE} --out weights.npz")
    report("quantize weights.npz --out model.npz")
    model = load_model(Path("model.npz"))
    with Console(build_rom(model).image, core) as console:
        host, tokens = Host(console, model), 60
        parity = verify(host, IntegerModel(model), requests(model, tokens), tokens=tokens)
    assert parity.tokens >= tokens and (parity.mismatches, parity.first) == (0, None)


def test_cut_documents_are_counted_in_tokens(report: Report, capsys: pytest.CaptureFixture[str]) -> None:
    for option, what in (("", "characters"), ("--tokens 30", "tokens")):
        assert run(f"train --data lines.txt {SHAPE} {option} --out weights.npz".split()) == 0
        assert f"documents are longer than 11 {what} and are cut" in capsys.readouterr().err
    assert run(f"train --data stream.txt --documents stream {SHAPE} --out weights.npz".split()) == 0
    assert "are cut" not in capsys.readouterr().err


def test_files_of_the_first_format_are_read(tmp_path: Path) -> None:
    path, config = tmp_path / "file.npz", ModelConfig(4, block_size=4, n_embd=4, n_head=2, n_hidden=8)
    weights, model = Weights(config, "abc", initial_tensors(config, 0)), random_model(config)
    save_weights(path, weights)
    header, arrays = read_arrays(path)
    del header["merges"]
    write_arrays(path, header | {"format": "snes-gpt weights 1", "symbols": "abc"}, arrays)
    assert load_weights(path).tokenizer == weights.tokenizer
    save_model(path, model)
    header, arrays = read_arrays(path)
    del header["merges"]
    write_arrays(path, header | {"format": "snes-gpt integer model 1", "symbols": "abc"}, arrays)
    assert load_model(path).tokenizer == model.tokenizer
    np.testing.assert_array_equal(load_model(path).tensors["wte"], model.tensors["wte"])
