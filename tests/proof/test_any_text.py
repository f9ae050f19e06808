"""Any text from file to cartridge: every kind of document and token, exact on the console, losses that compare."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from asm.build import build_rom
from quantize.executor import Executor
from quantize.kernels.digit_rows import DigitRows
from quantize.model import IntegerModel
from quantize.model_file import load_model, save_model
from quantize.sampler import Request, documents
from quantize.sampler import run as sample
from snesgpt.cli import run
from snesgpt.emulator.console import Console
from snesgpt.verify.host import Host
from snesgpt.verify.parity import requests, verify
from tests.support.models import random_model
from tests.support.screens import Screens
from trainer.config import ModelConfig
from trainer.data.tavern import lines
from trainer.errors import InputError
from trainer.files import read_arrays, write_arrays
from trainer.model.decoder import initial_tensors
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
    """The JSON that a command prints, run in a folder with the texts."""
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
    begun = texts[:1] if kind == "stream" else texts  # a running text goes on
    assert len(texts) == 3 and all(text.startswith("jörg mag") for text in begun)
    assert len(report("sample model.npz --count 2 --float")) == 2


@pytest.mark.parametrize("core", ["snes9x", "bsnes"])
def test_merged_tokens_on_the_console(report: Report, core: str) -> None:
    report(f"train --data paragraphs.txt --documents paragraphs --tokens 60 {SHAPE} --out weights.npz")
    report("quantize weights.npz --out model.npz")
    model = load_model(Path("model.npz"))
    with Console(build_rom(model).image, core) as console:
        host, tokens = Host(console, model), 60
        parity = verify(host, Executor(model), requests(model, tokens), tokens=tokens)
    assert parity.tokens >= tokens and (parity.mismatches, parity.first) == (0, None)


@pytest.mark.parametrize("size", [256, 512])
def test_a_vocabulary_learned_from_a_real_text_on_the_console(report: Report, size: int) -> None:
    Path("tavern.txt").write_text("\n".join(lines(800, seed=1)))
    shape = "--steps 20 --n-embd 16 --n-head 4 --block-size 24"
    report(f"train --data tavern.txt --tokens {size} {shape} --out weights.npz")
    report("quantize weights.npz --out model.npz --data tavern.txt")
    model = load_model(Path("model.npz"))
    assert model.config.vocab_size == size and isinstance(model.kernel("logits"), DigitRows)
    assert max(map(len, model.symbols)) > 6 and " the" in model.symbols
    rom, prompt = build_rom(model).image, tuple(model.tokenizer.encode(lines(1, seed=2)[0])[1:-1][:12])
    for core, seeds in (("snes9x", 4), ("bsnes", 1)):
        asked = [Request(seed, 10, 1, begun) for seed in range(seeds) for begun in (prompt, ())]
        with Console(rom, core) as console:
            parity = verify(Host(console, model), Executor(model), [asked])
        assert parity.tokens > len(prompt) + 2 * seeds and (parity.mismatches, parity.first) == (0, None)


def test_cut_documents_are_counted_in_tokens(report: Report, capsys: pytest.CaptureFixture[str]) -> None:
    for option, what in (("", "characters"), ("--tokens 30", "tokens")):
        assert run(f"train --data lines.txt {SHAPE} {option} --out weights.npz".split()) == 0
        assert f"documents are longer than 11 {what} and are cut" in capsys.readouterr().err
    assert run(f"train --data stream.txt --documents stream {SHAPE} --out weights.npz".split()) == 0
    assert "are cut" not in capsys.readouterr().err


def test_weights_of_the_first_format_are_read(tmp_path: Path) -> None:
    path, config = tmp_path / "weights.npz", ModelConfig(4, block_size=4, n_embd=4, n_head=2, n_hidden=8)
    weights = Weights(config, "abc", initial_tensors(config, 0))
    save_weights(path, weights)
    header, arrays = read_arrays(path)
    del header["merges"]
    write_arrays(path, header | {"format": "snes-gpt weights 1", "symbols": "abc"}, arrays)
    assert load_weights(path).tokenizer == weights.tokenizer


@pytest.mark.parametrize("version", [1, 2])
def test_an_integer_model_of_an_earlier_format_asks_for_quantize(version: int, tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    save_model(path, random_model(ModelConfig(4, block_size=4, n_embd=4, n_head=2, n_hidden=8)))
    header, arrays = read_arrays(path)
    write_arrays(path, header | {"format": f"snes-gpt integer model {version}"}, arrays)
    with pytest.raises(InputError, match=f"{path} was made by an earlier version: run `snesgpt quantize` again"):
        load_model(path)


def running_model(context: int) -> IntegerModel:
    """A lively one whose windows nearly always fill."""
    model = random_model(ModelConfig(53, context, n_embd=8, n_head=2, n_hidden=8), seed=6)
    return replace(model, info={"documents": "stream", "temperature": 1.5})


@pytest.mark.parametrize("core", ["snes9x", "bsnes"])
def test_a_running_text_goes_on_with_the_second_half_of_a_full_window(core: str) -> None:
    model = running_model(9)
    (tokens,) = sample(Executor(model), [Request(3, 15, 6, (1, 2, 3))])
    full = [n for n, token in enumerate(tokens[:-1]) if token.position == 8 and token.next_token != 52]
    assert len(full) > 2
    for end in full:
        again = [token.next_token for token in tokens[end + 1 : end + 5]]
        assert again == [token.next_token for token in tokens[end - 3 : end + 1]]
    with Console(build_rom(model).image, core) as console:
        found = verify(Host(console, model), Executor(model), [[Request(3, 15, 6, (1, 2, 3)), Request(4, 15, 5)]])
    assert (found.mismatches, found.first) == (0, None)


def test_the_screen_shows_each_part_of_a_running_text_once() -> None:
    model = running_model(16)
    rom, expected = build_rom(model), documents(Executor(model), Request(1, 15, 4))
    assert {len(text) for text in expected[1:]} & {8}
    with Console(rom.image) as console:
        page = Screens(console, rom)
        console.run_until(lambda _: page.word("names_made") >= 4, 6000)
        page.push("b")
        shown = [
            row[2:31].rstrip() for row in page.rows()[4 : 4 + 4 * rom.layout.names.lines : rom.layout.names.lines]
        ]
        assert shown == expected
        page.open("kept")
        page.open("names")
        console.run_until(lambda _: page.word("names_made") >= 4, 6000)
        console.run(2)
        assert [row[2:31].rstrip() for row in page.rows()[4:5]] == expected[:1]
