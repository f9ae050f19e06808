"""A model trained elsewhere becomes a cartridge, and one trained here goes elsewhere, without a bit lost."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asm.build import build_rom
from quantize.executor import Executor
from quantize.model_file import load_model
from snesgpt.cli import run
from snesgpt.commands.build import command as build_command
from snesgpt.emulator.console import Console
from snesgpt.verify.host import Host
from snesgpt.verify.parity import requests, verify
from tests.support.models import digit_weights
from trainer.config import ModelConfig
from trainer.errors import InputError
from trainer.files import Array
from trainer.formats.safetensors import config_beside, load_safetensors, save_safetensors
from trainer.model.decoder import initial_tensors, loss_per_token
from trainer.notes import Notes
from trainer.text.corpus import NAMES
from trainer.text.tokenizer import Tokenizer
from trainer.weights import Weights, load_weights, save_weights

MANUAL = (Path(__file__).parents[2] / "docs" / "import.md").read_text(encoding="utf-8")
CONFIG = ModelConfig(7, block_size=5, n_embd=12, n_head=3, n_layer=2, n_hidden=9, activation="relu2")
NUMBERS: Notes = {
    "origin": "here",
    "digits": 1.2,
    "grid": 9,
    "temperature": 0.7,
    "top_p": 0.9,
    "active_hidden": 0.25,
}


def weights(config: ModelConfig = CONFIG) -> Weights:
    """Random ones, with every kind of float32 that is finite among them."""
    tensors = initial_tensors(config, 0)
    tensors["lm_head"][0, :6] = [-0.0, 1e-45, -1e-40, 3.4028235e38, -3.4028235e38, 1 + 2**-23]
    return Weights(config, "abcdef", tensors, {**NUMBERS, "steps": 9, "adds_per_weight": {"wte": 1.0}})


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """FILE.safetensors and FILE.json of weights()."""
    path = tmp_path / "given.safetensors"
    save_safetensors(path, config_beside(path), weights())
    return path, config_beside(path)


def python_block(text: str) -> str:
    """The one Python program in a page."""
    (program,) = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return str(program)


def bits(tensors: dict[str, Array]) -> dict[str, tuple[tuple[int, ...], bytes]]:
    return {name: (tensor.shape, tensor.tobytes()) for name, tensor in tensors.items()}


def test_what_is_exported_is_imported_bit_for_bit(tmp_path: Path) -> None:
    old, new, out = tmp_path / "old.npz", tmp_path / "new.npz", tmp_path / "away" / "model.safetensors"
    save_weights(old, weights())
    assert run(["export", str(old), "--out", str(out)]) == 0
    assert run(["import", str(out), "--out", str(new)]) == 0
    before, after = load_weights(old), load_weights(new)
    assert bits(dict(after.tensors)) == bits(dict(before.tensors))
    assert (after.config, after.symbols, after.info) == (before.config, before.symbols, NUMBERS)
    again = tmp_path / "again.safetensors"
    assert run(["export", str(new), "--out", str(again)]) == 0
    assert again.read_bytes() == out.read_bytes()
    assert config_beside(again).read_bytes() == config_beside(out).read_bytes()


def test_both_commands_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, out = tmp_path / "old.npz", tmp_path / "model.safetensors"
    save_weights(old, weights())
    assert run(["export", str(old), "--out", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"tensors": str(out), "config": str(config_beside(out))}
    described = config_beside(out).rename(tmp_path / "shape")
    assert run(["import", str(out), "--config", str(described), "--out", str(old), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "weights": str(old),
        "n_params": CONFIG.n_params,
        "symbols": list("abcdef"),
    }


def test_the_pair_is_what_the_manual_says(pair: tuple[Path, Path]) -> None:
    path, config = pair
    fields = json.loads(config.read_text())
    assert fields == {**CONFIG.to_dict(), "symbols": list("abcdef"), **NUMBERS}
    described = re.findall(r"^\| `(\w+)` \|", MANUAL.split("## Shape")[1].split("\n## ")[0], re.MULTILINE)
    assert described == [*list(fields)[:-3], "merges", "documents", "fold_case", *list(fields)[-3:]]
    arrays = safetensors.numpy.load_file(path)
    assert {name: array.shape for name, array in arrays.items()} == CONFIG.tensor_shapes()
    named = set(re.findall(r"`([\w.]+)`", MANUAL.split("## Tensors")[1].split("Head h")[0]))
    assert {name.replace("layer0", "layerL").replace("layer1", "layerL") for name in arrays} <= named


def test_symbols_may_be_a_list(pair: tuple[Path, Path]) -> None:
    pair[1].write_text(json.dumps({**json.loads(pair[1].read_text()), "symbols": list("zyxwvu")}))
    assert load_safetensors(*pair).symbols == tuple("zyxwvu")


def decoded(patterns: Array, exponent: int, fraction: int) -> Array:
    """The values of 16-bit floats of `exponent` and `fraction` bits, by their definition; infinities as 0."""
    sign, biased = 1 - 2.0 * (patterns >> 15), patterns >> fraction & (1 << exponent) - 1
    mantissa = (patterns & (1 << fraction) - 1) + np.where(biased > 0, 1 << fraction, 0)
    power = np.maximum(biased, 1) - (1 << exponent - 1) + 1 - fraction
    return np.where(biased == (1 << exponent) - 1, 0, sign * np.ldexp(1.0, power) * mantissa)


@pytest.mark.parametrize(("dtype", "exponent", "fraction"), [("F16", 5, 10), ("BF16", 8, 7)])
def test_every_half_precision_number_is_widened_exactly(
    tmp_path: Path, dtype: str, exponent: int, fraction: int
) -> None:
    config = ModelConfig(4, n_embd=128, n_hidden=512)
    patterns = np.arange(1 << 16)
    exact = decoded(patterns, exponent, fraction)
    patterns[patterns >> fraction & (1 << exponent) - 1 == (1 << exponent) - 1] = 0
    header, data = {}, b""
    for name, shape in config.tensor_shapes().items():
        halves = patterns if name == "layer0.fc1" else np.zeros(shape)
        begin, data = len(data), data + halves.astype("<u2").tobytes()
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [begin, len(data)]}
    text = json.dumps(header).encode()
    path = tmp_path / "half.safetensors"
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    config_beside(path).write_text(json.dumps(config.to_dict() | {"symbols": "abc"}))
    fc1 = load_safetensors(path, config_beside(path)).tensors["layer0.fc1"]
    np.testing.assert_array_equal(fc1.ravel(), exact)
    np.testing.assert_array_equal(np.signbit(fc1.ravel())[exact != 0], exact[exact != 0] < 0)


@pytest.mark.slow
@given(st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_pair_is_refused_or_a_model(pair: tuple[Path, Path], data: st.DataObject) -> None:
    for path in pair:
        whole = path.read_bytes()
        broken = bytearray(whole[: data.draw(st.sampled_from([len(whole), len(whole) - 1, len(whole) // 2]))])
        for at in data.draw(st.lists(st.integers(0, min(len(broken), 2500) - 1), max_size=3)):
            broken[at] = data.draw(st.integers(0, 255))
        path.with_suffix(".broken" + path.suffix).write_bytes(broken)
    with suppress(InputError):
        load_safetensors(*(path.with_suffix(".broken" + path.suffix) for path in pair))


def test_an_interrupted_export_leaves_the_old_pair(
    pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = [path.read_bytes() for path in pair]

    write, written = Path.write_bytes, list[Path]()

    def interrupted(path: Path, data: bytes) -> int:
        written.append(path)
        if len(written) == len(pair):
            raise KeyboardInterrupt
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save_safetensors(*pair, Weights(CONFIG, "fedcba", initial_tensors(CONFIG, 1)))
    assert [path.read_bytes() for path in pair] == before
    assert sorted(pair[0].parent.iterdir()) == sorted(pair)


@pytest.mark.emulator
@pytest.mark.parametrize("kernel", ["schoolbook", "digits"])
def test_an_imported_model_becomes_a_cartridge(tmp_path: Path, kernel: str) -> None:
    config = ModelConfig(5, block_size=4, n_embd=8, n_head=2, n_hidden=12)
    given, imported, model = tmp_path / "given.safetensors", tmp_path / "weights.npz", tmp_path / "model.npz"
    small = digit_weights(config, wq=0.3, wk=0.3, wv=0.3, wo=0.3, fc1=0.3, fc2=0.3, lm_head=0.3)
    save_safetensors(given, config_beside(given), small)
    assert run(["import", str(given), "--out", str(imported)]) == 0
    assert run(["quantize", str(imported), "--kernel", kernel, "--out", str(model)]) == 0
    integers = load_model(model)
    with Console(build_rom(integers, traced=True).image, "snes9x") as console:
        found = verify(Host(console, integers), Executor(integers), requests(integers, 20), tokens=20)
    assert (found.mismatches, found.first) == (0, None)
    assert found.traced and found.tokens >= 20


@pytest.mark.slow
def test_the_pytorch_program_of_the_manual(tmp_path: Path) -> None:
    """It runs as it is, and its loss on the documents it held out is the loss of what is imported."""
    program = python_block(MANUAL)
    assert program.count("\n") <= 80
    (tmp_path / "torch_gpt.py").write_text(program)
    command = [sys.executable, "torch_gpt.py", str(NAMES), "model.safetensors"]
    one_thread = {**os.environ, "OMP_NUM_THREADS": "1"}  # as in conftest.py
    printed = subprocess.run(
        command, cwd=tmp_path, env=one_thread, stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    assert run(["import", str(tmp_path / "model.safetensors"), "--out", str(tmp_path / "weights.npz")]) == 0
    model = load_weights(tmp_path / "weights.npz")
    documents = sorted(set(NAMES.read_text().split()))
    random.Random(0).shuffle(documents)
    tokens = [Tokenizer(model.symbols).encode(document) for document in documents[: len(documents) // 10]]
    loss = loss_per_token(model.tensors, model.config, tokens)
    assert loss == pytest.approx(float(printed), abs=2e-4)
    assert loss < 2.6 < np.log(27)


def test_a_cartridge_is_of_the_weights_that_were_imported_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever model was there before: `import` and `build` are enough."""
    monkeypatch.chdir(tmp_path)
    save_weights(Path("build/weights.npz"), digit_weights(ModelConfig(9, 5, 8, 2, 1, 16), 1))
    first = CliRunner().invoke(build_command, ["--dry-run", "--json"], catch_exceptions=False)
    assert first.exit_code == 0 and "quantizing" in first.output
    made = Path("build/model.npz").stat().st_mtime_ns
    again = CliRunner().invoke(build_command, ["--dry-run", "--json"], catch_exceptions=False)
    assert "quantizing" not in again.output and Path("build/model.npz").stat().st_mtime_ns == made
    os.utime("build/weights.npz", ns=(made + 1, made + 1))
    assert "quantizing" in CliRunner().invoke(build_command, ["--dry-run"], catch_exceptions=False).output
