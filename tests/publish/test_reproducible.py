"""The same checkpoint is the same cartridge, byte for byte, wherever and whenever it is built."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from publish.checksums import CHECKSUMS, from_text
from quantize.convert import convert_llama, prepare
from tests.support.models import llama_config, llama_weights
from trainer.config import ModelConfig
from trainer.files import Array
from trainer.model.blocks import rmsnorm

ROOT = Path(__file__).parents[2]
PYTHONS = ("python3.11", "python3.12", "python3.13")


def built(python: str, folder: Path, weights: str, target: str, environment: dict[str, str]) -> bytes:
    """The cartridge of a checkpoint, made in a folder by a process of its own."""
    shutil.copy(ROOT / "checkpoints" / weights, folder / "weights.npz")
    for command in (("quantize", "weights.npz", "--target", target, "--out", "model.npz"), ("build", "model.npz")):
        out = ("--out", "rom.sfc") if command[0] == "build" else ()
        done = subprocess.run(
            [python, "-m", "snesgpt", *command, *out],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
    return (folder / "rom.sfc").read_bytes()


@cache
def pythons() -> tuple[str, ...]:
    """The interpreter that runs this, and every other one on the PATH that has what the package needs."""
    found = [path for name in PYTHONS if (path := shutil.which(name))]
    able = [
        path
        for path in found
        if subprocess.run([path, "-c", "import numpy, jinja2, msgspec, click"]).returncode == 0
    ]
    return sys.executable, *able


PUBLISHED = [
    ("names", "microgpt.npz", "stock"),
    ("names-sa1", "microgpt.npz", "sa1"),
    ("small", "small.npz", "stock"),
]


@pytest.mark.parametrize(("name", "weights", "target"), PUBLISHED, ids=[name for name, _, _ in PUBLISHED])
def test_a_cartridge_of_a_checkpoint_has_the_published_checksum(
    tmp_path: Path, name: str, weights: str, target: str
) -> None:
    published = from_text(CHECKSUMS.read_text(encoding="utf-8"))[f"snes-gpt-{name}.sfc"]
    found = sha256(built(sys.executable, tmp_path, weights, target, {})).hexdigest()
    assert found == published, "`make checksums`, if the machine code or the checkpoint was meant to change"


ELSEWHERE = {
    "TZ": "Pacific/Kiritimati",
    "LC_ALL": "tr_TR.UTF-8",
    "PYTHONHASHSEED": "77",
    "PYTHONUTF8": "0",
    "OPENBLAS_CORETYPE": "Nehalem",
    "OPENBLAS_NUM_THREADS": "2",
    "SOURCE_DATE_EPOCH": "1",
}


@pytest.mark.parametrize("python", pythons(), ids=lambda path: Path(path).name)
def test_another_folder_clock_locale_hash_seed_umask_or_python_makes_the_same_cartridge(
    tmp_path: Path, python: str
) -> None:
    folder = tmp_path / "тест dir ½"
    folder.mkdir()
    before = os.umask(0o077)
    try:
        rom = built(python, folder, "microgpt.npz", "stock", ELSEWHERE)
    finally:
        os.umask(before)
    assert sha256(rom).hexdigest() == from_text(CHECKSUMS.read_text(encoding="utf-8"))["snes-gpt-names.sfc"]


CONFIG: ModelConfig = llama_config(20, 16, 32, (2, 2), 2, 64)
"""Its ranges are measured on text of its own, and its digits chosen by gradients."""


@pytest.mark.parametrize("digits", [None, 1.2], ids=["all digits", "the digits that are worth most"])
def test_sums_that_another_processor_rounds_otherwise_choose_the_same_integers(
    monkeypatch: pytest.MonkeyPatch, digits: float | None
) -> None:
    weights = llama_weights(CONFIG, wk=2.0)
    usual = convert_llama(prepare(weights), digits).model
    random = np.random.default_rng(0)

    def disturbed(x: Array) -> tuple[Array, Array]:
        factor = rmsnorm(x)[1]
        noise: Array = random.uniform(-64, 64, factor.shape) * np.finfo(x.dtype).eps
        factor *= (1 + noise).astype(x.dtype)
        return x * factor, factor

    monkeypatch.setattr("trainer.model.llama.rmsnorm", disturbed)
    other = convert_llama(prepare(weights), digits).model
    assert other.program == usual.program
    assert all(np.array_equal(other.tensors[name], usual.tensors[name]) for name in usual.tensors)
