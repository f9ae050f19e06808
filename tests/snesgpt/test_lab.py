"""The lab page's data: whole, the same each time, true to the model and to the cartridge beside it.

The page's own arithmetic is compared with Python's in lab/test/model, on what tests.support.lab_golden writes.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quantize.executor import Executor
from quantize.fixed import Ints
from quantize.kernels.digit_rows import Digits
from quantize.model_file import load_model, save_model
from quantize.sampler import Request, run
from snesgpt.cli import run as snesgpt
from snesgpt.emulator.console import Console
from snesgpt.lab.model import GOLDEN, KERNELS, LONG, golden, kernel_names, model_data, parameters
from tests.support import lab_golden
from tests.support.models import digit_model, for_sa1
from trainer.config import FAMILIES, ModelConfig
from trainer.files import read_arrays, write_arrays
from trainer.text.corpus import split
from trainer.weights import load_weights

TEXT = [f"{first}{second}{first}" for first in "abcdef" for second in "abcdef"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a text, what was trained on it, its model on digits, and the lab's data twice."""
    folder = tmp_path_factory.mktemp("lab")
    (folder / "text.txt").write_text("\n".join(TEXT))
    shape = ["--n-embd", "8", "--n-head", "2", "--n-hidden", "16", "--block-size", "6"]
    weights, model, text = (str(folder / name) for name in ("weights.npz", "model.npz", "text.txt"))
    assert snesgpt(["train", "--data", text, "--steps", "60", *shape, "--out", weights]) == 0
    assert snesgpt(["quantize", weights, "--kernel", "digits", "--data", text, "--out", model]) == 0
    for name in ("one", "two"):
        golden_file = str(folder / name / "golden.json")
        arguments = ["lab", model, "--data", text, "--out", str(folder / name), "--golden", golden_file]
        assert snesgpt(arguments) == 0
    return folder


@pytest.fixture(scope="module")
def data(made: Path) -> dict[str, Any]:
    """The contents of lab.json."""
    found: dict[str, Any] = json.loads((made / "one" / "lab.json").read_bytes())
    return found


@pytest.fixture
def here(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the folder to spoil, as the working directory."""
    shutil.copytree(made, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    yield tmp_path / "here"


@pytest.mark.slow
def test_the_same_model_gives_the_same_bytes(made: Path) -> None:
    one, two = ({path.name: path.read_bytes() for path in (made / name).iterdir()} for name in ("one", "two"))
    assert one == two and set(one) == {"cartridge.sfc", "lab.json", "golden.json"}
    assert not any(str(made).encode() in content for content in one.values())


def test_the_integers_are_the_models(made: Path, data: dict[str, Any]) -> None:
    model = load_model(made / "model.npz")
    assert {name: data["config"][name] for name in model.config.to_dict()} == model.config.to_dict()
    assert (data["symbols"], data["kernels"], data["parameters"]) == (
        list(model.symbols),
        kernel_names(model),
        parameters(model),
    )
    for name, tensor in model.tensors.items():
        found = data["tensors"][name]
        np.testing.assert_array_equal(np.reshape(found["values"], found["shape"]), tensor)


def test_the_float_weights_keep_six_digits(made: Path, data: dict[str, Any]) -> None:
    for name, tensor in load_weights(made / "weights.npz").tensors.items():
        found = np.reshape(data["weights"][name]["values"], data["weights"][name]["shape"])
        np.testing.assert_allclose(found, tensor, rtol=5e-6, atol=0)


def test_the_training_is_told_from_before_its_first_step_to_its_last(made: Path, data: dict[str, Any]) -> None:
    training, info = data["training"], load_weights(made / "weights.npz").info
    assert [step for step, _, _ in training["curve"]] == [step for step, *_ in info["measurements"]]
    assert training["curve"][-1][0] == training["steps"] == 60
    assert training["samples"] == [
        training["samples"][0],
        *([step, texts] for step, _, _, texts in info["measurements"]),
    ]
    step, texts = training["samples"][0]
    assert step == 0 and len(texts) == 3 and set("".join(texts)) <= set("abcdef")
    assert training["nll_float"] == info["nll_float"] and 0 < training["nll_integer"] < np.log(7)
    assert data["documents"] == split(TEXT, 0.1)[0]


def test_a_row_is_code_of_the_cartridge_that_computes_its_logit(made: Path, data: dict[str, Any]) -> None:
    row = data["row"]
    assert snesgpt(["build", str(made / "model.npz"), "--out", str(made / "built" / "rom.sfc")]) == 0
    source = (made / "built" / "asm" / "kernels.asm").read_text()
    lines = "".join(f"        {line['text']}\n" for line in row["lines"])
    assert f"        ; {row['comment']}\n{lines}" in source
    weights = np.array(data["tensors"]["lm_head"]["values"][:8])
    digits = sum(np.array(plane["digits"]) * 2.0 ** -plane["shift"] for plane in row["digits"])
    np.testing.assert_array_equal(digits * 256 * 2 ** row["exponent"], weights)
    model = load_model(made / "model.npz")
    random = np.random.default_rng(0)
    for x in random.integers(-row["bias"], row["bias"] + 1, (50, 8)):
        assert executed(row, x) == Digits(model.tensors["lm_head"], row["exponent"])(x)[0]


def executed(row: dict[str, Any], x: Ints) -> int:
    """The result of a row, told by nothing but its lines."""
    a = carry = 0
    for line in row["lines"]:
        mnemonic = line["text"].split()[0]
        value = line.get(
            "constant", row["bias"] + line["sign"] * int(x[line["input"]]) if "input" in line else None
        )
        if mnemonic == "clc":
            carry = 0
        elif mnemonic == "lsr":
            a, carry = a >> 1, a & 1
        elif mnemonic == "lda":
            a = value
        elif mnemonic in ("adc", "sbc"):
            total = a + carry + (value if mnemonic == "adc" else value ^ 0xFFFF)
            a, carry = total & 0xFFFF, total >> 16
        else:
            assert mnemonic == "sta"
    return a - 0x10000 if a >= 0x8000 else a


@pytest.mark.emulator
def test_the_cartridge_is_found_where_the_data_says(made: Path, data: dict[str, Any]) -> None:
    """A request is made and its records are read with the addresses of lab.json alone."""
    host, record, count = data["host"], data["record"], 12
    (expected,) = run(Executor(load_model(made / "model.npz")), [Request(5, 10, count)], traced=True)
    with Console(made / "one" / "cartridge.sfc", "snes9x") as console:
        magic = host["magic"].encode()
        console.run_until(lambda c: c.read(host["block"], len(magic)) == magic, 120)
        field = {
            name: lambda name=name: int(console.read_words(host["fields"][name], 1)[0]) for name in host["fields"]
        }
        assert (field["record_bytes"](), field["capacity"]()) == (record["bytes"], record["capacity"])
        assert record["bytes"] * record["capacity"] <= host["log_bytes"]
        request = {"seed": 5, "temperature": 10, "count": count, "prompt_length": 0, "status": 1, "log_count": 0}
        for name, value in (request | {"command": 1}).items():
            console.write_words(host["fields"][name], np.array([value]))
        console.run_until(lambda _: field["command"]() == 0, 4000)
        assert field["log_count"]() == len(expected) <= record["capacity"]
        for number, token in enumerate(expected):
            at = host["log"] + number * record["bytes"]
            words = console.read_words(at, len(record["words"])).view(np.uint16).tolist()
            assert dict(zip(record["words"], words, strict=True)) == {
                "token": token.token,
                "position": token.position,
                "next_token": token.next_token,
                "x": token.x,
                "y": token.y,
            }
            assert token.trace is not None
            assert set(record["entries"]) == set(token.trace) - set(record["unrecorded"])
            for name, entry in record["entries"].items():
                found = console.read_words(at + entry["offset"], int(np.prod(entry["shape"]))).reshape(
                    entry["shape"]
                )
                seen = token.position + 1 if entry["over_positions"] else found.shape[-1]
                np.testing.assert_array_equal(found[..., :seen], token.trace[name][..., :seen], name)


def test_the_build_is_the_cartridges(made: Path, data: dict[str, Any]) -> None:
    image, build = (made / "one" / "cartridge.sfc").read_bytes(), data["build"]
    assert build["rom_bytes"] == len(image) and build["id"].encode() in image
    assert build["front_table"] and build["predicted"]["tokens_per_second"] > 100


def test_a_schoolbook_model_has_no_row_of_code_and_no_prediction(here: Path) -> None:
    assert snesgpt(["quantize", "weights.npz", "--kernel", "schoolbook", "--out", "model.npz"]) == 0
    assert snesgpt(["lab", "--out", "book", "model.npz"]) == 0
    found = json.loads((here / "book" / "lab.json").read_bytes())
    assert found["row"] is None and found["build"]["predicted"] is None
    assert found["documents"] == [], "without --data only the names shipped can be told to be the training's"


def test_weights_made_elsewhere_have_no_curve(here: Path) -> None:
    header, arrays = read_arrays(Path("weights.npz"))
    write_arrays(Path("weights.npz"), header | {"info": {}}, arrays)
    assert snesgpt(["lab", "model.npz", "--out", "bare"]) == 0
    training = json.loads((here / "bare" / "lab.json").read_bytes())["training"]
    assert (training["curve"], training["samples"], training["nll_float"]) == ([], [], None)


@pytest.mark.parametrize("value", [7, [7], [[1, 2, 3]], [[1, "much", 2.0, []]], [[1, float("nan"), 2.0, ["a"]]]])
def test_a_damaged_training_log_is_one_line(here: Path, capsys: pytest.CaptureFixture[str], value: Any) -> None:
    header, arrays = read_arrays(Path("weights.npz"))
    header["info"]["measurements"] = value
    write_arrays(Path("weights.npz"), header, arrays)
    assert "weights.npz: info.measurements" in refusal(["lab", "model.npz", "--out", "one"], capsys).replace(
        "the header: ", ""
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["absent.npz"], "absent.npz does not exist"),
        (["sa1.npz"], "sa1.npz is for the sa1: the lab page runs stock cartridges only"),
        (["model.npz", "--weights", "absent.npz"], "absent.npz does not exist"),
        (["model.npz", "--weights", "model.npz"], "model.npz is not a weights file"),
        (["model.npz", "--weights", "other.npz"], "the float weights are of another model"),
        (["model.npz", "--data", "absent.txt"], "absent.txt does not exist"),
        (["model.npz", "--data", "other.txt"], "other.txt is not the text the model learned from"),
        (["model.npz", "--data", "text.txt", "--out", "text.txt"], "text.txt is a file"),
        (["model.npz", "--data", "text.txt", "--golden", "one"], "one is a directory"),
    ],
)
def test_what_is_wrong_is_said_in_a_line_and_nothing_is_lost(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    Path("other.txt").write_text("one\ntwo")
    header, arrays = read_arrays(Path("weights.npz"))
    write_arrays(Path("other.npz"), header | {"symbols": list("uvwxyz")}, arrays)
    save_model(Path("sa1.npz"), for_sa1(digit_model(ModelConfig(9, 5, n_embd=8, n_head=2, n_hidden=16))))
    assert message in refusal(["lab", "--out", "one", *arguments], capsys)


def refusal(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line a command fails with; no file changes."""
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    capsys.readouterr()
    assert snesgpt(arguments) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1) and err.startswith("snesgpt: ")
    assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == before
    return err


def test_golden_tokens_are_the_integer_models(made: Path) -> None:
    found, model = json.loads((made / "one" / "golden.json").read_bytes()), load_model(made / "model.npz")
    assert found["model"] == model_data(model)
    for given, request in zip((*GOLDEN, LONG), found["requests"], strict=True):
        asked = replace(given, prompt=tuple(request["prompt"]))
        (tokens,) = run(Executor(model), [asked], traced=True)
        assert (request["seed"], request["tenths"], request["count"]) == (given.seed, given.tenths, given.count)
        for token, noted in zip(tokens, request["tokens"], strict=True):
            assert (noted["token"], noted["position"], noted["next"]) == (
                token.token,
                token.position,
                token.next_token,
            )
            assert (noted["x"], noted["y"], noted["logits"]) == (token.x, token.y, token.logits.tolist())
            assert token.trace is not None
            assert list(noted["trace"]) == [entry["name"] for entry in found["model"]["trace"]]
            for entry in found["model"]["trace"]:
                values = np.reshape(noted["trace"][entry["name"]], entry["shape"])
                seen = token.position + 1 if entry["over_positions"] else values.shape[-1]
                np.testing.assert_array_equal(values[..., :seen], token.trace[entry["name"]][..., :seen])
                assert not values[..., seen:].any()


@pytest.mark.slow
def test_the_javascript_model_meets_every_kernel_and_every_kind_of_text() -> None:
    models = lab_golden.models()
    names = {name: kernel_names(model) for name, model in models.items()}
    assert {kernel for own in names.values() for kernel in own.values()} == set(KERNELS.values())
    exact = [model for name, model in models.items() if "layer0.attention" not in names[name]]
    assert exact and {model.config.activation for model in models.values()} == set(FAMILIES["microgpt"].activations)
    assert {"lm_head.shift", "lm_head.clamp"} <= {
        name for m in models.values() for name, n in parameters(m).items() if n
    }
    fine = {
        kernel_names(model)[name] for model in models.values() for name in model.exponents if model.exponent(name)
    }
    assert fine == {"schoolbook", "digits", "digit_columns"}
    assert any(model.logit_shift for model in models.values())
    running = lab_golden.running_text()
    tokens = [token for request in lab_golden.RUNNING for token in run(Executor(running), [request])[0]]
    full = [token.position + 1 == running.config.block_size for token in tokens]
    bos = [token.next_token == running.config.bos for token in tokens]
    goes_on = any(f and not b for f, b in zip(full, bos, strict=True))
    assert goes_on and any(bos) and not all(full) and len(running.merges) > 1
    called = {call["call"] for call in lab_golden.calls()}
    assert {f"linear {name}" for name in fine} < called


@pytest.mark.slow
def test_the_golden_files_are_the_same_each_time(tmp_path: Path) -> None:
    for name in ("one", "two"):
        lab_golden.write(tmp_path / name)
    one, two = (
        {p.relative_to(tmp_path / n): p.read_bytes() for p in (tmp_path / n).rglob("*.json")}
        for n in ("one", "two")
    )
    assert one == two and len(one) == len(lab_golden.models()) + 1


def test_other_weights_give_other_data(made: Path) -> None:
    """So that a test of sameness means something."""
    model = load_model(made / "model.npz")
    changed = {**model.tensors, "lm_head": model.tensors["lm_head"] + 1}
    assert golden(model) != golden(replace(model, tensors=changed))
