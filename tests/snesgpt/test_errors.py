"""Bad input, as a user meets it: one line on stderr, an exit status, the old output kept, never a traceback."""

from __future__ import annotations

import io
import json
import os
import pickle
import resource
import shutil
import signal
import subprocess
import sys
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from shlex import quote
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from snesgpt.cli import COMMANDS, run
from trainer.config import ModelConfig
from trainer.files import (
    LARGEST_FILE,
    TEMPORARY,
    Array,
    read_arrays,
    scratch_folder,
    whole_file,
    write_arrays,
)
from trainer.model.decoder import initial_tensors
from trainer.weights import Weights, load_weights, save_weights

CONFIG = ModelConfig(4, block_size=4, n_embd=8, n_head=2, n_hidden=16)
NAMES = ["abc", "cab", "bac", "aabb", "ccc", "baa", "acb", "bcabcabc", "ca", "ab"]
ROWS = {
    "clamp": 0,
    "clamp_shift": 0,
    "sections": 1,
    "out_shift": 0,
    "source_shift": 0,
    "store": ["words", 0],
    "unbiased": False,
}
"""The numbers of rows of digits."""
Change = Callable[[dict[str, Any], dict[str, Array]], None]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a text, weights, model and cartridge made for it, and the weights as others write them."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "text.txt").write_text("\n".join(NAMES))
    save_weights(folder / "weights.npz", Weights(CONFIG, "abc", initial_tensors(CONFIG, 0), {"temperature": 0.5}))
    assert (
        run(["quantize", str(folder / "weights.npz"), "--kernel", "schoolbook", "--out", str(folder / "model.npz")])
        == 0
    )
    assert run(["build", str(folder / "model.npz"), "--out", str(folder / "rom.sfc")]) == 0
    assert run(["export", str(folder / "weights.npz"), "--out", str(folder / "given.safetensors")]) == 0
    return folder


class User:
    """Someone at a prompt, in a folder of their own with a copy of everything made."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def is_told(self, command: str, status: int = 1) -> str:
        """The one line that a command fails with; no file appears, changes or goes."""
        before = _contents()
        self._capsys.readouterr()
        found = run(command.split(" "))
        out, err = self._capsys.readouterr()
        assert (found, out, err.count("\n")) == (status, "", 1), f"{command}: {found}, {out!r}, {err!r}"
        assert err.startswith("snesgpt: ")
        assert _contents() == before, command
        return err


def _contents() -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}


@pytest.fixture
def user(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[User]:
    shutil.copytree(made, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    yield User(capsys)


TEXTS = {
    "missing": (None, "does not exist"),
    "empty": (b"", "no text in it"),
    "not UTF-8": (b"ab\nb\xff\n", "line 2: not UTF-8"),
    "one character": (b"aaa\naa\n", "repeats the one character 'a'"),
    "not in the font": ("ab\n\nzoł\n".encode(), "line 3: the cartridge's font has no 'ł'"),
}
LEARNERS = (
    "train --steps 1 --out new.npz",
    "quantize weights.npz --out new.npz",
    "evaluate model.npz",
    "benchmark",
)


@pytest.mark.parametrize("command", LEARNERS, ids=lambda command: command.split()[0])
@pytest.mark.parametrize(("content", "message"), TEXTS.values(), ids=TEXTS)
def test_a_bad_text(user: User, command: str, content: bytes | None, message: str) -> None:
    if content is not None:
        Path("bad.txt").write_bytes(content)
    assert message in user.is_told(f"{command} --data bad.txt")
    assert "is a directory" in user.is_told(f"{command} --data .")


def test_windows_lines_are_accepted_and_long_ones_counted_and_cut(
    user: User, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("text.txt").write_bytes("\r\n".join(["bcabcabc", *NAMES, "ccccccccc"]).encode())
    command = "train --data text.txt --steps 2 --block-size 5 --n-embd 8 --out new.npz"
    assert run(command.split(" ")) == 0
    assert "2 documents are longer than 4 characters and are cut" in capsys.readouterr().err
    assert load_weights(Path("new.npz")).symbols == tuple("abc")
    assert run(["evaluate", "model.npz", "--data", "text.txt", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["tokens_per_second"] > 0
    assert report["documents"] == 1 and report["cut"] in (0, 1)


SIZES = {
    "--tokens 4": "the text has 3 characters: --tokens must be at least 5",
    "--n-embd 10": "not divisible by n_head 4",
    "--n-embd 0": "n_embd is 0",
    "--n-head -1": "n_head is -1",
    "--n-layer 1000000": "n_layer is 1000000",
    "--n-hidden 0": "n_hidden is 0",
    "--block-size 99999999": "block_size is 99999999",
    "--time-budget inf": "time budget of inf",
    "--learning-rate nan": "learning rate",
}


@pytest.mark.parametrize(("option", "message"), SIZES.items())
def test_an_absurd_size(user: User, option: str, message: str) -> None:
    assert message in user.is_told(f"train --data text.txt --out weights.npz {option}")


USAGE = (
    "typo",
    "train --documents pages",
    "train --tokens 513",
    "--typo",
    "train --preset typo",
    "train --steps 0",
    "train --batch-size 100000000000",
    "sample --seed 65536",
    "sample a b",
    "play --frames x",
    "import given.safetensors --temperature 3",
    "import given.safetensors --top-p nan",
    *(f"{name} --typo" for name in COMMANDS),
)


@pytest.mark.parametrize("command", USAGE)
def test_a_misspelt_command(user: User, command: str) -> None:
    assert "--help lists what there is" in user.is_told(command, status=2)


@pytest.mark.parametrize(("kind", "unit"), [("lines", "lines"), ("paragraphs", "paragraphs"), ("stream", "blocks")])
def test_an_empty_text_is_told_what_it_lacks(user: User, kind: str, unit: str) -> None:
    Path("bad.txt").touch()
    said = user.is_told(f"train --data bad.txt --documents {kind} --out new.npz")
    assert f"bad.txt has no text in it: two different {unit} are the least" in said


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "--help"]) == 0
    out, err = capsys.readouterr()
    assert f"snesgpt {name}" in out and not err


@pytest.mark.parametrize("top_p", ["nan", "inf", "-0.1", "0.905", "1.01", "90"])
def test_a_top_p_that_is_none(user: User, top_p: str) -> None:
    assert "is not one of 0 (off), 0.01" in user.is_told(f"sample model.npz --top-p {top_p}")


def test_the_float_model_knows_no_top_p(user: User) -> None:
    assert "leave out --top-p" in user.is_told("sample model.npz --float --top-p 0.5")


@pytest.mark.parametrize("temperature", ["nan", "inf", "-0.1", "0.55", "2.1"])
def test_a_temperature_that_is_none(user: User, temperature: str) -> None:
    assert "is not one of 0.0, 0.1" in user.is_told(f"sample model.npz --temperature {temperature}")


def header(**changes: Any) -> Change:
    return lambda header, arrays: header.update(changes)


def entry(table: str, **changes: Any) -> Change:
    return lambda header, arrays: header[table].update(changes)


def kernel(place: int, **changes: Any) -> Change:
    return lambda header, arrays: header["program"][place].update(changes)


def tensor(name: str, change: Callable[[Array], Array]) -> Change:
    def changed(header: dict[str, Any], arrays: dict[str, Array]) -> None:
        arrays[name] = change(arrays[name])

    return changed


def first(value: float) -> Callable[[Array], Array]:
    def changed(array: Array) -> Array:
        copy = array.copy()
        copy[0, 0] = value
        return copy

    return changed


DAMAGED = {
    "size is a fraction": (entry("config", n_embd=8.0), "n_embd is 8.0"),
    "size is a truth": (entry("config", n_layer=True), "n_layer is True"),
    "size is absurd": (entry("config", n_hidden=10**30), "n_hidden is 1000"),
    "unknown size": (entry("config", depth=1), "unknown fields: depth"),
    "no shape": (header(config=None), "config is None: it must be an object"),
    "too few symbols": (header(symbols="ab"), "has 3 different symbols"),
    "a symbol twice": (header(symbols="aab"), "has 3 different symbols"),
    "symbols of no kind": (header(symbols=["a", 2, "c"]), "symbols[1] is 2: it must be a text"),
    "a symbol above 255": (header(symbols="abŁ"), "the alphabet has 'Ł'"),
    "a symbol the font lacks": (header(symbols="ab\t"), "the alphabet has '\\t'"),
    "merges of no kind": (header(merges=7), "merges is 7: it must be a list"),
    "merges that make no symbol": (header(merges=[["a", "b"]]), "'a' and 'b' are merged, but"),
    "a symbol too long": (header(symbols=["a", "b", "c" * 17]), "is longer than 16 characters"),
    "notes of no kind": (header(info=7), "info is 7: it must be an object"),
    "documents of no kind": (header(info={"documents": ["pages"]}), "documents is ['pages']: it must be one of"),
    "case of no kind": (header(info={"fold_case": 3}), "fold_case is 3"),
    "temperature is a word": (header(info={"temperature": "hot"}), "temperature is 'hot'"),
    "temperature is none": (header(info={"temperature": float("nan")}), "temperature is nan"),
    "another format": (header(format="other 1"), "is not a"),
}
DAMAGED_WEIGHTS = DAMAGED | {
    "another shape": (tensor("wte", lambda wte: wte[:2]), "wte is (2, 8)"),
    "another type": (tensor("wte", lambda wte: wte.astype(np.float64)), "wte is float64"),
    "not a number": (tensor("lm_head", first(np.nan)), "lm_head holds NaN"),
    "infinity": (tensor("wpe", first(np.inf)), "wpe holds NaN or infinity"),
    "outside Q8.8": (tensor("wpe", first(128)), "wpe[0, 0] is 128: a Q8.8 weight"),
    "far outside Q8.8": (tensor("wpe", first(1e38)), "wpe[0, 0] is 1e+38: a Q8.8 weight"),
    "beyond the range proof": (tensor("layer0.fc1", lambda fc1: fc1 * 0 + 60), "range proof fails at layer0."),
}
DAMAGED_MODEL = DAMAGED | {
    "shift below zero": (header(logit_shift=-1), "logit_shift is -1"),
    "shift too far": (header(logit_shift=40), "logit_shift is 40"),
    "shift is a fraction": (header(logit_shift=1.5), "logit_shift is 1.5: it must be a whole number"),
    "a program of no kind": (header(program=7), "program is 7: it must be a list"),
    "a kernel of no kind": (header(program=["SchoolbookRows"]), "program[0] is 'SchoolbookRows': it must"),
    "unknown kernel": (kernel(-1, kernel="Abacus"), "kernel is 'Abacus': it must be one of"),
    "a kernel of another block": (kernel(-1, block="layer0.fc2"), "computes layer0.fc2 where logits is due"),
    "kernels that do not mix": (kernel(-1, kernel="DigitRows", **ROWS), "these kernels do not go together"),
    "a kernel without its numbers": (kernel(-1, kernel="DigitRows"), "store is missing: it must be a list of 2"),
    "a number that is a word": (
        kernel(-1, kernel="DigitRows", **ROWS | {"clamp": "low"}),
        "clamp is 'low': it must be",
    ),
    "a kernel missing": (header(program=[]), "computes 0 of 1"),
    "another shape": (tensor("wte", lambda wte: wte[:2]), "wte is missing or not (4, 8)"),
    "floats": (tensor("wte", lambda wte: wte.astype(np.float32)), "wte is float32: it must be int16"),
    "outside a word": (tensor("wte", lambda wte: wte.astype(np.int64) + 10**12), "outside a 16-bit word"),
    "beyond the range proof": (tensor("layer0.fc1", lambda fc1: fc1 * 0 + 30_000), "range proof fails at layer0."),
}


def damage(path: str, change: Change) -> None:
    notes, arrays = read_arrays(Path(path))
    change(notes, arrays)
    write_arrays(Path(path), notes, arrays)


@pytest.mark.parametrize(("change", "message"), DAMAGED_WEIGHTS.values(), ids=DAMAGED_WEIGHTS)
def test_damaged_weights(user: User, change: Change, message: str) -> None:
    damage("weights.npz", change)
    assert message in user.is_told("quantize weights.npz --out model.npz")


@pytest.mark.parametrize(("change", "message"), DAMAGED_MODEL.values(), ids=DAMAGED_MODEL)
def test_a_damaged_model(user: User, change: Change, message: str) -> None:
    damage("model.npz", change)
    assert message in user.is_told("build model.npz --out rom.sfc")


def test_weights_and_model_of_different_making(user: User) -> None:
    damage("weights.npz", header(symbols="cab"))
    assert "of another model" in user.is_told("evaluate model.npz --data text.txt")


def archive(*members: tuple[str, bytes, int]) -> bytes:
    """A compressed .npz: each member a name, its beginning, and how many MiB of zeros follow."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, beginning, zeros in members:
            with packed.open(f"{name}.npy", "w") as member:
                member.write(beginning)
                for _ in range(zeros):
                    member.write(bytes(1 << 20))
    return file.getvalue()


def array_header(shape: tuple[int, ...], dtype: str = "<f4") -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": dtype, "fortran_order": False, "shape": shape})
    return file.getvalue()


def understated() -> bytes:
    """200 MiB that its archive calls 1,000 bytes."""
    size = len(array_header((1 << 20,))) + (200 << 20)
    packed = archive(("wte", array_header((1 << 20,)), 200))
    return packed.replace(size.to_bytes(4, "little"), (1000).to_bytes(4, "little"))


HOSTILE = {
    "nothing": b"",
    "text": b"hello world\n" * 9,
    "a pickle": pickle.dumps({"wte": 1}),
    "objects": archive(("wte", array_header((1,), "|O"), 0)),
    "much declared": archive(("wte", array_header((1 << 16, 1 << 16)), 0)),
    "more declared than can be": archive(("wte", array_header((1 << 40, 1 << 40)), 0)),
    "a huge element": archive(("wte", array_header((1,), "|S2000000000"), 0)),
    "much unpacked": archive(("wte", array_header((50 << 20,)), 200)),
    "more unpacked than it says": understated(),
    "a header without end": archive(("header", array_header((1 << 20,), "|u1") + b"[" * (1 << 20), 0)),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_is_refused_before_memory_is_spent_on_it(user: User, content: bytes) -> None:
    Path("bad.npz").write_bytes(content)
    user.is_told("evaluate model.npz --weights bad.npz")  # imports what there is to import
    tracemalloc.start()
    try:
        for command in ("quantize bad.npz", "build bad.npz", "sample bad.npz"):
            assert "bad.npz" in user.is_told(command)
        assert tracemalloc.get_traced_memory()[1] < LARGEST_FILE // 2
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("flip", range(0, 2000, 97))
def test_a_flipped_bit_is_found(user: User, flip: int) -> None:
    whole = bytearray(Path("weights.npz").read_bytes())
    at = zipfile.ZipFile("weights.npz").getinfo("layer0.fc1.npy").header_offset + 200
    whole[at + flip // 8] ^= 1 << flip % 8
    Path("weights.npz").write_bytes(whole)
    assert "weights.npz is not a model file" in user.is_told("quantize weights.npz --out model.npz")


def fields(**changes: Any) -> str:
    """given.json with other or further fields."""
    return json.dumps(json.loads(Path("given.json").read_text()) | changes)


DESCRIBED = {
    "not JSON": (lambda: "n_embd: 8", "given.json: it is not JSON: Expecting value"),
    "not UTF-8": (lambda: b"\xff\xfe\xfd", "given.json: it is not JSON: "),
    "a list": (lambda: "[8]", "given.json: it is [8]: it must be an object"),
    "without end": (lambda: "[" * 100_000, "given.json: it is not JSON: it is nested too deeply"),
    "much nested in a field": (lambda: fields()[:-1] + ', "n_embd": ' + "[" * 900 + "]" * 900 + "}", "given.json"),
    "too large": (lambda: " " * (1 << 20) + "{}", "given.json has 1,048,578 bytes"),
    "no fields": (lambda: "{}", "given.json: symbols is missing"),
    "a size missing": (
        lambda: '{"symbols": "abc", "n_embd": 8}',
        "missing or unknown fields: activation, block_size",
    ),
    "an unknown field": (lambda: fields(dropout=0), "missing or unknown fields: dropout"),
    "size is a fraction": (lambda: fields(n_embd=8.0), "n_embd is 8.0: it must be a whole number from 4 to 128"),
    "size is a word": (lambda: fields(n_head="2"), "n_head is '2': it must be a whole number"),
    "size is a truth": (lambda: fields(n_layer=True), "n_layer is True: it must be a whole number"),
    "size is nothing": (lambda: fields(n_hidden=None), "n_hidden is None: it must be a whole number"),
    "size is absurd": (lambda: fields(block_size=10**30), "block_size is 1000000"),
    "size is no number": (lambda: fields(block_size=float("nan")), "block_size is nan"),
    "heads that do not divide": (lambda: fields(n_head=3), "n_embd 8 is not divisible by n_head 3"),
    "another activation": (
        lambda: fields(activation="tanh"),
        "activation is 'tanh': in microgpt it must be one of relu, relu2",
    ),
    "too few symbols": (lambda: fields(symbols="ab"), "a vocabulary of 4 has 3 different symbols, plus BOS"),
    "a symbol twice": (lambda: fields(symbols=["a", "b", "a"]), "a vocabulary of 4 has 3 different symbols"),
    "a symbol too long": (lambda: fields(symbols=["a", "b", "c" * 17]), "is longer than 16 characters"),
    "a symbol of no kind": (lambda: fields(symbols=["a", "b", 7]), "symbols[2] is 7: it must be a text"),
    "merges of no kind": (lambda: fields(merges=["ab"]), "merges[0] is 'ab': it must be a list of 2"),
    "merges that make no symbol": (lambda: fields(merges=[["a", "b"]]), "'a' and 'b' are merged, but"),
    "symbols of no kind": (lambda: fields(symbols={"a": 0}), "symbols is {'a': 0}: it must be a text or a list"),
    "a symbol the font lacks": (lambda: fields(symbols="abł"), "the alphabet has 'ł'"),
    "half a character": (lambda: fields(symbols="ab\ud800"), "symbols is 'ab\\ud800', which is half a character"),
    "temperature is a word": (lambda: fields(temperature="hot"), "temperature is 'hot'"),
    "temperature is a truth": (
        lambda: fields(temperature=True),
        "temperature is True: it must be a number from 0 to 2",
    ),
    "top-p is in percent": (lambda: fields(top_p=90), "top_p is 90: it must be a number from 0 to 1"),
    "temperature is too high": (lambda: fields(temperature=3), "temperature is 3"),
    "a share above one": (
        lambda: fields(active_hidden=1.5),
        "active_hidden is 1.5: it must be a number from 0 to 1",
    ),
    "a share that is none": (lambda: fields(active_hidden=None), "active_hidden is None"),
}


@pytest.mark.parametrize(("content", "message"), DESCRIBED.values(), ids=DESCRIBED)
def test_a_model_from_elsewhere_badly_described(
    user: User, content: Callable[[], str | bytes], message: str
) -> None:
    text = content()
    Path("given.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    assert message in user.is_told("import given.safetensors --out weights.npz")


def tensors_file(header: dict[str, Any] | bytes, data: bytes = b"") -> bytes:
    """A .safetensors file by hand: length of the header, header, numbers."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def one(dtype: str, shape: list[int], begin: int, end: int) -> dict[str, Any]:
    """A header with one tensor in it."""
    return {"wte": {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}}


LIARS = {
    "nothing": b"",
    "text": b"hello world\n" * 9,
    "a pickle": pickle.dumps({"wte": 1}),
    "an archive": archive(("wte", array_header((1,)), 0)),
    "a header longer than the file": (1 << 40).to_bytes(8, "little") + b"{}",
    "a header without end": tensors_file(b"[" * 100_000),
    "a large header": tensors_file(b" " * (2 << 20)),
    "numbers missing": tensors_file(one("F32", [4, 8], 0, 128), bytes(127)),
    "numbers left over": tensors_file(one("F32", [4, 8], 0, 128), bytes(129)),
    "a gap": tensors_file(one("F32", [4, 8], 4, 132), bytes(132)),
    "offsets swapped": tensors_file(one("F32", [4, 8], 128, 0), bytes(128)),
    "a shape of another length": tensors_file(one("F32", [4, 9], 0, 128), bytes(128)),
    "a shape beyond counting": tensors_file(one("F32", [1 << 40, 1 << 40], 0, 128), bytes(128)),
    "a negative shape": tensors_file(one("F32", [-4, -8], 0, 128), bytes(128)),
    "no type": tensors_file(one("F31", [4, 8], 0, 128), bytes(128)),
}


@pytest.mark.parametrize("content", LIARS.values(), ids=LIARS)
def test_a_tensor_file_that_lies(user: User, content: bytes) -> None:
    user.is_told("import none.safetensors")  # imports what there is to import
    Path("given.safetensors").write_bytes(content)
    tracemalloc.start()
    try:
        assert user.is_told("import given.safetensors --out weights.npz").startswith("snesgpt: given.safetensors: ")
        assert tracemalloc.get_traced_memory()[1] < LARGEST_FILE // 2
    finally:
        tracemalloc.stop()


def test_tensors_larger_than_any_model(user: User) -> None:
    os.truncate("given.safetensors", LARGEST_FILE + 1)
    assert "given.safetensors has 67,108,865 bytes" in user.is_told("import given.safetensors --out weights.npz")


def test_half_a_pair(user: User) -> None:
    assert "none.safetensors does not exist" in user.is_told("import none.safetensors")
    assert "none.json does not exist" in user.is_told("import given.safetensors --config none.json")
    assert "is a directory" in user.is_told("import .").lower()
    assert "is a directory" in user.is_told("import given.safetensors --config .").lower()
    assert "given.json: not a whole .safetensors file" in user.is_told("import given.json")
    assert "the name of tensors ends in .safetensors" in user.is_told("export weights.npz --out new.json")


def given(name: str, change: Callable[[Array], Array]) -> Callable[[dict[str, Array]], None]:
    return lambda arrays: arrays.update({name: change(arrays.get(name, np.zeros((4, 8), np.float32)))})


GIVEN = {
    "a tensor missing": (lambda arrays: arrays.pop("layer0.wq"), "missing tensors: layer0.wq"),
    "all missing": (lambda arrays: arrays.clear(), "missing tensors: wte, wpe, layer0.wq, layer0.wk"),
    "a tensor too many": (given("layer0.bias", np.copy), "superfluous tensors: 'layer0.bias'"),
    "a name on two lines": (given("\n\x1b[2J", np.copy), "superfluous tensors: '\\n\\x1b[2J'"),
    "another shape": (given("wte", lambda wte: wte[:2]), "wte is (2, 8): the shape described asks for (4, 8)"),
    "inputs and outputs swapped": (given("layer0.fc1", lambda fc1: fc1.T.copy()), "layer0.fc1 is (8, 16)"),
    "one dimension": (given("wpe", np.ravel), "wpe is (32,): the shape described"),
    "float64": (given("wte", lambda wte: wte.astype(np.float64)), "wte is F64: save it as F32, F16, BF16"),
    "integers": (given("wte", lambda wte: wte.astype(np.int16)), "wte is I16: save it as"),
    "not a number": (given("lm_head", first(np.nan)), "lm_head holds NaN"),
    "half of no number": (given("wpe", lambda wpe: first(np.nan)(wpe.astype(np.float16))), "wpe holds NaN"),
    "infinity": (given("wpe", first(-np.inf)), "wpe holds NaN or infinity"),
}


@pytest.mark.parametrize(("change", "message"), GIVEN.values(), ids=GIVEN)
def test_tensors_from_elsewhere(user: User, change: Callable[[dict[str, Array]], object], message: str) -> None:
    arrays = safetensors.numpy.load_file("given.safetensors")
    change(arrays)
    safetensors.numpy.save_file(arrays, "given.safetensors")
    assert f"given.safetensors: {message}" in user.is_told("import given.safetensors --out weights.npz")


SAYS = "case $1 in --version) echo {} V2.19;; *) {};; esac"
TOOLS = {
    "ca65 missing": ("ca65", None, "ca65 is not installed: install cc65"),
    "ld65 missing": ("ld65", None, "ld65 is not installed: install cc65"),
    "ca65 too old": ("ca65", "echo ca65 V2.15 - Debian 2.15-1 >&2", "ca65 is V2.15: 2.18 or newer is needed"),
    "ld65 too old": ("ld65", "echo ld65 V2.15", "ld65 is V2.15: 2.18 or newer is needed"),
    "ca65 of no version": ("ca65", "", "ca65 is of unknown version"),
    "ca65 fails": ("ca65", SAYS.format("ca65", "echo boom >&2; exit 1"), "ca65 refused the source: boom"),
    "ca65 babbles": ("ca65", SAYS.format("ca65", "printf '\\377\\n' >&2; exit 1"), "ca65 refused the source"),
    "ld65 is killed": ("ld65", SAYS.format("ld65", "kill -9 $$"), "ld65 refused the source: exit status -9"),
}


@pytest.mark.slow
@pytest.mark.parametrize(("tool", "script", "message"), TOOLS.values(), ids=TOOLS)
def test_an_assembler_that_cannot_do_it(
    user: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tool: str, script: str | None, message: str
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("ca65", "ld65", "od65"):
        (programs / name).symlink_to(str(shutil.which(name)))
    (programs / tool).unlink()
    if script is not None:
        (programs / tool).write_text(f"#!/bin/sh\n{script}\n")
        (programs / tool).chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    assert message in user.is_told("build model.npz --out rom.sfc")
    assert message in user.is_told("verify rom.sfc --model model.npz --trace")


@pytest.mark.emulator
def test_a_missing_emulator_names_the_command_that_fetches_it(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("snesgpt.emulator.cores._folders", lambda known: [])
    for command in ("verify rom.sfc", "play rom.sfc", "bench rom.sfc --tokens 1"):
        for core in ("snes9x", "bsnes"):
            assert "`make emulators` fetches it" in user.is_told(f"{command} --core {core}")
        assert "no.so does not exist" in user.is_told(f"{command} --core no.so")


WRITERS = {
    "train --data text.txt --steps 1 --out {}/weights.npz": "weights",
    "quantize weights.npz --out {}/model.npz": "model.npz",
    "build model.npz --out {}/rom.sfc": "",
    "play rom.sfc --frames 2 --screenshot {}/picture.png": "picture.png",
    "import given.safetensors --out {}/weights.npz": "weights.npz",
    "export weights.npz --out {}/model.safetensors": "model.safetensors",
    "export weights.npz --out {}/shape.safetensors": "shape.",
}


WRITING = [
    pytest.param(writer, id=name, marks=[pytest.mark.emulator] if name == "play" else [])
    for writer in WRITERS
    for name in writer.split()[:1]
]


@pytest.mark.parametrize("command", WRITING)
def test_a_target_that_cannot_be_written(user: User, command: str) -> None:
    target = WRITERS[command]
    for name in ("weights.npz", "model.npz", "rom.sfc", "picture.png", "model.safetensors", "shape.json"):
        (Path("taken") / name).mkdir(parents=True)
    for folder in ("text.txt", "text.txt/deeper", "taken"):
        line = user.is_told(command.format(folder))
        assert f"{folder}/{target}" in line
        assert "cannot write" in line or "is a directory" in line


@pytest.mark.parametrize("command", WRITING)
def test_a_full_disk(user: User, command: str) -> None:
    """No file may grow beyond 20 bytes: a write fails when it is half done, as on a full disk."""
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20, limit[1]))
    try:
        assert "File too large" in user.is_told(command.format("."))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)


def snesgpt(*arguments: str | bytes, **options: Any) -> subprocess.Popen[str]:
    """The program, deaf to no signal: this process may have been begun under nohup."""
    code = "import signal; signal.signal(signal.SIGHUP, signal.SIG_DFL); from snesgpt.__main__ import main; main()"
    return subprocess.Popen([sys.executable, "-c", code, *arguments], stderr=subprocess.PIPE, text=True, **options)


@pytest.mark.parametrize("command", ["--help", "info rom.sfc", "sample model.npz"])
def test_output_that_goes_nowhere(user: User, command: str) -> None:
    with Path("/dev/full").open("w") as full, snesgpt(*command.split(), stdout=full) as process:
        assert process.communicate()[1] == "snesgpt: cannot write: No space left on device\n"
    assert process.returncode == 1


@pytest.mark.slow
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_stream_that_is_closed_is_one_to_nowhere(user: User, closed: str) -> None:
    """Nothing is printed into the files that are opened next."""
    whole = Path("rom.sfc").read_bytes()
    for words in ("quantize weights.npz --kernel schoolbook --out model.npz", "build model.npz --out rom.sfc"):
        subprocess.run(f"{quote(sys.executable)} -m snesgpt {words} {closed}", shell=True, check=True)
    assert Path("rom.sfc").read_bytes() == whole


def test_a_reader_that_leaves_early(user: User) -> None:
    read, write = os.pipe()
    os.close(read)
    with snesgpt("sample", "model.npz", stdout=write) as process:
        os.close(write)
        assert process.communicate()[1] == ""
    assert process.returncode == 141


SWALLOWED = """
import os, signal, time
from snesgpt import signals
signals.listen()
class Late:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
try:
    Late()
    time.sleep(10)
except signals.Ended:
    print(signals.status())
"""


def test_a_signal_in_a_finalizer_ends_the_program_too() -> None:
    ended = subprocess.run([sys.executable, "-c", SWALLOWED], capture_output=True, text=True, check=True)
    assert (ended.stdout, ended.stderr) == ("143\n", "")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_ends_a_command(user: User, number: signal.Signals) -> None:
    with snesgpt("sample", "model.npz", "--count", "65535", stdout=subprocess.PIPE) as process:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)
        process.send_signal(number)
        assert process.communicate() == ("", "snesgpt: interrupted\n")
    assert process.returncode == 128 + number


IMPORTED = {
    "a class that is being made": "Whole = type('Whole', (), {'part': Part()})",
    "a dataclass that is being made": "exec('Part().__set_name__(0, 0)')",
}
"""Where a signal meets an import: Python 3.11 makes a RuntimeError of the first, and remembers the second."""

PART = """
import signal


class Part:
    def __set_name__(self, owner, name):
        signal.raise_signal({number})
        while True:
            pass


"""


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("met", IMPORTED)
@pytest.mark.parametrize("module", ["click", "numpy", "jinja2"])
def test_a_signal_while_python_imports(user: User, tmp_path: Path, module: str, met: str, number: int) -> None:
    (tmp_path / f"{module}.py").write_text(PART.format(number=int(number)) + IMPORTED[met])
    path = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2])])
    words = [sys.executable, "-m", "snesgpt", "build", "model.npz", "--out", "new.sfc"]
    done = subprocess.run(words, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (128 + number, "", "snesgpt: interrupted\n")


@pytest.mark.slow
def test_nothing_temporary_is_left_but_by_a_kill_and_that_is_removed_by_the_next_command(
    user: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a folder for temporary files, while it assembles, and beside its output."""
    slow, temporary, out = tmp_path / "slow", tmp_path / "temporary", Path("out")
    for folder in (slow, temporary, out):
        folder.mkdir()
    (slow / "ca65").write_text(f"#!/bin/sh\n{SAYS.format('ca65', '>started; exec sleep 2')}\n")
    (slow / "ca65").chmod(0o755)
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr("tempfile.tempdir", None)
    command = ("build", "model.npz", "--out", "out/rom.sfc")
    for number, left in ((signal.SIGTERM, 0), (signal.SIGKILL, 1), (signal.SIGKILL, 1)):
        environment = os.environ | {"PATH": f"{slow}{os.pathsep}{os.environ['PATH']}"}
        with snesgpt(*command, env=environment, start_new_session=True) as process:
            while process.poll() is None and not list(temporary.rglob("started")):
                time.sleep(0.01)
            os.killpg(process.pid, number)
        assert len(list(temporary.iterdir())) == left
        for started in temporary.rglob("started"):
            started.unlink()
        assert not list(out.iterdir())
    (out / (TEMPORARY + 16 * "0")).touch()
    with scratch_folder() as held, whole_file(out / "other.sfc") as written:
        with snesgpt(*command) as process:
            assert process.wait() == 0
        assert held.exists() and written.exists(), "what is in use is nobody else's"
    assert {path.name for path in out.iterdir()} == {"asm", "other.sfc", "rom.dbg", "rom.sfc"}
    assert not list(temporary.iterdir())


def test_packages_of_our_names_elsewhere_on_the_path(user: User, tmp_path: Path) -> None:
    for name in ("tables", "trainer", "asm"):
        (tmp_path / "elsewhere" / name).mkdir(parents=True)
        (tmp_path / "elsewhere" / name / "__init__.py").write_text("raise SystemExit('another package')")
    path = os.pathsep.join([str(tmp_path / "elsewhere"), str(Path(__file__).parents[2])])
    with snesgpt("info", "rom.sfc", stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": path}) as process:
        assert process.communicate()[1] == ""
    assert process.returncode == 0


def test_a_path_of_any_bytes_can_be_printed(user: User) -> None:
    with snesgpt("export", "weights.npz", "--out", b"caf\xe9.safetensors", stdout=subprocess.PIPE) as process:
        said = "tensors: caf\\udce9.safetensors\nshape and alphabet: caf\\udce9.json\n"
        assert process.communicate() == (said, "")
    assert process.returncode == 0
