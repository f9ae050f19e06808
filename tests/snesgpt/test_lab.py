"""The lab page's data: whole, the same each time, true to the model and to the cartridge beside it.

The page's own arithmetic is compared with Python's in lab/test/model, on what tests.support.lab_golden writes.
"""

from __future__ import annotations

import json
import shutil
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from asm.memory.log_record import RecordLayout
from quantize.executor import Executor
from quantize.fixed import Ints
from quantize.kernel import SA1, STOCK, TARGETS, Leaf
from quantize.kernels.digit_rows import DigitRows, Digits
from quantize.kernels.matrix import MatrixKernel
from quantize.model import IntegerModel
from quantize.model_file import KERNELS, load_model
from quantize.program import leaves
from quantize.sampler import Request, run
from snesgpt.cli import run as snesgpt
from snesgpt.emulator.console import Console
from snesgpt.lab.model import GOLDEN, LONG, golden, model_data
from snesgpt.lab.packed import TYPES, packed
from tests.support import lab_golden
from tests.support.models import (
    digit_weights,
    gpt2_config,
    gpt2_weights,
    llama_config,
    llama_weights,
)
from trainer.config import FAMILIES, ModelConfig
from trainer.files import read_arrays, write_arrays
from trainer.text.corpus import split
from trainer.weights import Weights, load_weights, save_weights

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


def unpacked(found: dict[str, Any]) -> np.ndarray[Any, Any]:
    """A tensor of the file."""
    values = np.frombuffer(b64decode(found["values"]["base64"]), f"<{np.dtype(found['values']['packed']).str[1:]}")
    return values.reshape(found["shape"])


@given(arrays(np.int64, st.integers(0, 9), elements=st.integers(-(1 << 31), (1 << 32) - 1)))
def test_packed_numbers_come_back_whole_in_the_smallest_type_that_holds_them(values: Ints) -> None:
    assume(values.size == 0 or values.min() >= 0 or values.max() < 1 << 31)
    plain = packed(values)
    np.testing.assert_array_equal(unpacked({"values": plain, "shape": values.shape}), values)
    smaller = [np.iinfo(kind) for kind in TYPES[: TYPES.index(plain["packed"])]]
    assert not any(info.min <= values.min(initial=0) and values.max(initial=0) <= info.max for info in smaller)


def test_the_integers_are_the_models(made: Path, data: dict[str, Any]) -> None:
    model = load_model(made / "model.npz")
    assert {name: data["config"][name] for name in model.config.to_dict()} == model.config.to_dict()
    assert (data["symbols"], data["exponents"]) == (list(model.symbols), dict(model.exponents))
    for name, tensor in model.tensors.items():
        np.testing.assert_array_equal(unpacked(data["tensors"][name]), tensor)


def test_the_program_is_the_models_kernel_by_kernel_with_every_number(made: Path, data: dict[str, Any]) -> None:
    kernels = list(leaves(load_model(made / "model.npz").program))
    for found, kernel in zip(data["program"], kernels, strict=True):
        assert (found["kernel"], found["block"]) == (type(kernel).__name__, vars(kernel.block))
        numbers = {name: value for name, value in vars(kernel).items() if isinstance(value, int)}
        assert {name: value for name, value in found.items() if name not in ("kernel", "block")} == numbers


def test_the_float_weights_are_the_models(made: Path, data: dict[str, Any]) -> None:
    for name, tensor in load_weights(made / "weights.npz").tensors.items():
        np.testing.assert_array_equal(unpacked(data["weights"][name]), tensor)


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
    weights = unpacked(data["tensors"]["lm_head"])[0]
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


SHAPES = {
    "microgpt": digit_weights(ModelConfig(9, 6, n_embd=8, n_head=2, n_hidden=16), lm_head=0.3),
    "llama": llama_weights(llama_config(9, 6, 8, (2, 1), 2, 60)),
    "gpt2": gpt2_weights(gpt2_config(9, 6, 8, 2, 2, 60)),
}


def lab_of(folder: Path, weights: Weights, target: str, kernel: str = "digits") -> tuple[IntegerModel, Path]:
    """The model that is made of weights, and the lab's data of it."""
    save_weights(folder / "weights.npz", weights)
    named = [str(folder / name) for name in ("weights.npz", "model.npz")]
    assert snesgpt(["quantize", named[0], "--kernel", kernel, "--target", target, "--out", named[1]]) == 0
    assert snesgpt(["lab", named[1], "--out", str(folder / "lab")]) == 0
    return load_model(folder / "model.npz"), folder / "lab"


@pytest.mark.emulator
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("family", FAMILIES)
def test_the_cartridge_is_found_where_the_data_says(family: str, target: str, tmp_path: Path) -> None:
    """A request is made and its records are read with the addresses of lab.json alone."""
    model, folder = lab_of(tmp_path, SHAPES[family], target)
    data = json.loads((folder / "lab.json").read_bytes())
    host, record, count = data["host"], data["record"], 2
    (expected,) = run(Executor(model), [Request(5, 10, count)], traced=True)
    with Console(folder / "cartridge.sfc", "snes9x") as console:
        ram = {"work": console.wram, "cartridge": console.sram}[host["ram"]]

        def words(at: int, size: int) -> Ints:
            return np.frombuffer(ram[at : at + 2 * size].tobytes(), "<i2").astype(np.int64)

        def field(name: str) -> int:
            return int(words(host["fields"][name], 1)[0])

        magic = host["magic"].encode()
        console.run_until(lambda _: ram[host["block"] :][: len(magic)].tobytes() == magic, 120)
        assert (field("record_bytes"), field("capacity")) == (record["bytes"], record["capacity"])
        assert record["traced"] and record["bytes"] * record["capacity"] <= host["log_bytes"]
        request = {"seed": 5, "temperature": 10, "count": count, "prompt_length": 0, "status": 1, "log_count": 0}
        for name, value in (request | {"command": 1}).items():
            at = host["fields"][name]
            ram[at : at + 2] = np.frombuffer(np.array([value], "<u2").tobytes(), np.uint8)
        console.run_until(lambda _: field("command") == 0, 4000)
        assert field("log_count") == len(expected) <= record["capacity"]
        for number, token in enumerate(expected):
            at = host["log"] + number * record["bytes"]
            told = dict(zip(record["words"], words(at, len(record["words"])) & 0xFFFF, strict=True))
            assert told == {name: getattr(token, name) for name in record["words"]}
            assert token.trace is not None
            assert set(record["entries"]) == set(token.trace) - set(record["unrecorded"])
            for name, entry in record["entries"].items():
                found = words(at + entry["offset"], int(np.prod(entry["shape"]))).reshape(entry["shape"])
                seen = token.position + 1 if entry["over_positions"] else found.shape[-1]
                np.testing.assert_array_equal(found[..., :seen], token.trace[name][..., :seen], name)


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_of_another_family_there_are_no_float_weights_and_no_row(family: str, tmp_path: Path) -> None:
    data = json.loads((lab_of(tmp_path, SHAPES[family], SA1)[1] / "lab.json").read_bytes())
    assert (data["weights"], data["row"], data["host"]["ram"]) == ({}, None, "cartridge")


def test_where_ram_has_no_room_for_a_trace_the_cartridge_logs_its_logits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = digit_weights(ModelConfig(9, 256, n_embd=64, n_head=64, n_hidden=16), wq=0.3, wo=0.02, fc2=0.02)
    model, folder = lab_of(tmp_path, weights, STOCK, "schoolbook")
    assert "logs its logits alone" in capsys.readouterr().out
    record = json.loads((folder / "lab.json").read_bytes())["record"]
    assert not record["traced"] and list(record["entries"]) == ["logits"]
    assert record["bytes"] == RecordLayout(model, traced=False).size


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
    for wanted, request in zip((*GOLDEN, LONG), found["requests"], strict=True):
        asked = replace(wanted, prompt=tuple(request["prompt"]))
        (tokens,) = run(Executor(model), [asked], traced=True)
        assert (request["seed"], request["tenths"], request["count"]) == (wanted.seed, wanted.tenths, wanted.count)
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
    kernels = [(model, kernel) for model in models.values() for kernel in leaves(model.program)]
    assert {type(kernel) for _, kernel in kernels} == {kind for kind in KERNELS.values() if issubclass(kind, Leaf)}
    activations = {activation for family in FAMILIES.values() for activation in family.activations}
    assert {model.config.activation for model in models.values()} == activations
    assert {(model.config.family, model.target) for model in models.values()} == {*product(FAMILIES, TARGETS)}
    rows = [(model, kernel) for model, kernel in kernels if isinstance(kernel, DigitRows)]
    for name in ("clamp", "clamp_shift", "unbiased", "source_shift", "out_shift"):
        assert any(getattr(kernel, name) for _, kernel in rows), name
    assert any(kernel.sections > 1 for _, kernel in rows)
    assert any(kernel.bias(model).any() for model, kernel in rows)
    fine = {type(k) for m, k in kernels if isinstance(k, MatrixKernel) and m.exponent(k.block.weight)}
    assert {kind.__name__ for kind in fine} == set(lab_golden.PRODUCTS)
    assert any(model.logit_shift for model in models.values())
    running = lab_golden.running_text()
    tokens = [token for request in lab_golden.RUNNING for token in run(Executor(running), [request])[0]]
    full = [token.position + 1 == running.config.block_size for token in tokens]
    bos = [token.next_token == running.config.bos for token in tokens]
    goes_on = any(f and not b for f, b in zip(full, bos, strict=True))
    assert goes_on and any(bos) and not all(full) and len(running.merges) > 1
    called = {call["call"] for call in lab_golden.calls()}
    assert {f"linear {name}" for name in lab_golden.PRODUCTS} < called


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
