"""A weights file is either whole and right, or an error of one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from trainer.config import ModelConfig
from trainer.errors import InputError
from trainer.files import read_arrays, whole_file, write_arrays
from trainer.model.decoder import initial_tensors
from trainer.presets import PRESETS
from trainer.weights import Weights, load_weights, save_weights

CONFIG = ModelConfig(4, block_size=4, n_embd=4, n_head=2, n_hidden=8)
WEIGHTS = Weights(CONFIG, "abc", initial_tensors(CONFIG, 0), {"nll_float": 1.5})


def test_the_presets_are_the_models_the_design_names() -> None:
    microgpt, forerunner = PRESETS["microgpt"].config(27), PRESETS["forerunner"].config(27)
    assert (microgpt.n_params, microgpt.activation, microgpt.block_size) == (4192, "relu", 16)
    assert (forerunner.n_params, forerunner.activation, forerunner.block_size) == (4064, "relu2", 8)
    assert (PRESETS["microgpt"].temperature, PRESETS["forerunner"].temperature) == (0.5, 0.6)


def test_weights_come_back_as_they_went(tmp_path: Path) -> None:
    save_weights(tmp_path / "w.npz", WEIGHTS)
    back = load_weights(tmp_path / "w.npz")
    assert (back.config, back.symbols, back.info) == (CONFIG, tuple("abc"), {"nll_float": 1.5})
    assert list(back.tensors) == list(CONFIG.tensor_shapes())
    for name, tensor in WEIGHTS.tensors.items():
        np.testing.assert_array_equal(back.tensors[name], tensor)


def test_a_file_cut_anywhere_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.npz"
    save_weights(path, WEIGHTS)
    whole = path.read_bytes()
    for size in (0, 1, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(InputError, match="not a model file"):
            load_weights(path)


def test_a_pickle_is_refused_and_never_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return eval, (f"open({str(tmp_path / 'sprung')!r}, 'w')",)

    path = tmp_path / "w.npz"
    np.savez(path, wte=np.array([Trap()], dtype=object))
    with pytest.raises(InputError, match="pickle"):
        load_weights(path)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("name", "tensor", "message"),
    [
        ("wte", np.full((4, 4), np.nan, np.float32), "wte holds NaN"),
        ("lm_head", np.full((4, 4), np.inf, np.float32), "lm_head holds NaN or infinity"),
        ("layer0.fc1", np.zeros((4, 8), np.float32), "layer0.fc1 is (4, 8)"),
        ("wpe", np.zeros((4, 4)), "wpe is float64"),
        ("layer1.wq", np.zeros((4, 4), np.float32), "unknown tensors: layer1.wq"),
    ],
)
def test_a_wrong_tensor_is_refused_by_name(
    tmp_path: Path, name: str, tensor: np.ndarray[tuple[int, ...], np.dtype[np.float32]], message: str
) -> None:
    path = tmp_path / "w.npz"
    save_weights(path, WEIGHTS)
    header, arrays = read_arrays(path)
    write_arrays(path, header, arrays | {name: tensor})
    with pytest.raises(InputError) as caught:
        load_weights(path)
    assert message in str(caught.value) and str(path) in str(caught.value)


def test_who_is_reading_the_old_file_reads_it_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "w.npz"
    save_weights(path, WEIGHTS)
    before = path.read_bytes()
    with path.open("rb") as reader:
        save_weights(path, Weights(CONFIG, "xyz", initial_tensors(CONFIG, 1)))
        assert reader.read() == before
    assert load_weights(path).symbols == tuple("xyz")


def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "w.npz"
    save_weights(path, WEIGHTS)
    before = path.read_bytes()
    with pytest.raises(KeyboardInterrupt), whole_file(path) as temporary:
        temporary.write_bytes(before[:50])
        raise KeyboardInterrupt
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
