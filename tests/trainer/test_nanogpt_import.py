"""nanoGPT's checkpoints: the same model after folding, and refused in one line when they are none."""

from __future__ import annotations

import io
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from snesgpt.cli import run
from tests.support.gpt2_reference import Sizes, folded_logits, gpt2, reference_logits
from tests.support.llama_files import SHARED
from tests.support.torch_files import Raw, View, checkpoint, meta, torch_bytes
from trainer.errors import InputError
from trainer.files import Array
from trainer.formats.gpt2_checkpoint import NEVER, NOTES
from trainer.formats.reader import Options
from trainer.formats.readers import read_model
from trainer.formats.torch_file import TorchFile
from trainer.weights import Weights

CHARACTERS = "\n abcdeABC."
SIZES = Sizes(vocab_size=len(CHARACTERS))
MODEL = gpt2(SIZES)
REAL = SHARED / "nanogpt"
NEAR = 1e-5
"""The largest difference of a logit: what is folded in float64 is float32 in the end."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with meta.pkl to work in."""
    monkeypatch.chdir(tmp_path)
    Path("meta.pkl").write_bytes(meta(CHARACTERS))
    return tmp_path


def read(value: object = None, *, data: bytes = b"", **options: Any) -> Weights:
    Path("ckpt.pt").write_bytes(data or torch_bytes(checkpoint(SIZES, MODEL) if value is None else value))
    return read_model(Path("ckpt.pt"), Options(**{"meta": Path("meta.pkl"), **options}))


def refused(value: object = None, *, data: bytes = b"", **options: Any) -> str:
    with pytest.raises(InputError) as raised:
        read(value, data=data, **options)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def changed(place: str, value: object) -> dict[str, Any]:
    """A checkpoint with another value in model_args, or of a tensor (a name with a dot); None: without it."""
    whole = checkpoint(SIZES, MODEL)
    part = whole["model" if "." in place else "model_args"]
    if value is None:
        del part[place]
    else:
        part[place] = value
    return whole


def largest_difference(weights: Weights, sizes: Sizes, model: dict[str, Array]) -> float:
    """Of all logits of some random texts, those of the tokens that the file has."""
    random, worst = np.random.default_rng(1), 0.0
    for _ in range(5):
        tokens = random.integers(sizes.vocab_size, size=sizes.block_size)
        found = folded_logits(weights.tensors, weights.config, tokens)[:, : sizes.vocab_size]
        expected = reference_logits(sizes, model, tokens)
        assert np.abs(expected).max() > 1
        worst = max(worst, float(np.abs(found - expected).max()))
    return worst


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("heads", [1, 4])
def test_the_folded_model_is_gpt2(bias: bool, tied: bool, heads: int) -> None:
    sizes = replace(SIZES, bias=bias, tied=tied, n_head=heads, n_layer=3)
    model = gpt2(sizes)
    weights = read(checkpoint(sizes, model))
    assert largest_difference(weights, sizes, model) < NEAR
    assert weights.config.activation == "gelu" and weights.info == NOTES


def test_bos_is_the_mean_of_all_characters_and_is_never_chosen() -> None:
    weights = read()
    assert weights.symbols == tuple(CHARACTERS) and weights.config.bos == len(CHARACTERS)
    wte = weights.tensors["wte"]
    np.testing.assert_allclose(wte[-1], wte[:-1].mean(0), rtol=0, atol=1e-6)
    logits = folded_logits(weights.tensors, weights.config, np.arange(5))
    np.testing.assert_array_equal(logits[:, -1], NEVER)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", ["f4", "f2", "f8", "u2"])
def test_numbers_of_every_kind(kind: str, order: Literal["<", ">"]) -> None:
    """Numbers that all kinds can hold; u2 is the upper half of a float32."""
    plain = {name: (np.round(array * 16) / 16).astype(np.float32) for name, array in MODEL.items()}
    halves = {name: (array.view("u4") >> 16).astype("u2") for name, array in plain.items()}
    given = halves if kind == "u2" else {name: array.astype(kind) for name, array in plain.items()}
    one = read(data=torch_bytes(checkpoint(SIZES, given), order))
    other = read(checkpoint(SIZES, plain))
    for name, tensor in other.tensors.items():
        np.testing.assert_array_equal(one.tensors[name], tensor)


def test_views_parameters_and_names_of_compiled_models() -> None:
    plain = read()
    whole = checkpoint(SIZES, MODEL, prefix="_orig_mod.")
    name = "_orig_mod.transformer.h.0.attn.c_attn.weight"
    rows, columns = whole["model"][name].shape
    turned = np.concatenate([np.full(5, np.nan, np.float32), whole["model"][name].T.ravel()])
    whole["model"][name] = View(turned, (rows, columns), (1, rows), 5, parameter=True)
    whole["model"]["_orig_mod.transformer.h.0.attn.bias"] = np.zeros((1, 1, 4, 4), bool)
    again = read(whole)
    for tensor, array in plain.tensors.items():
        np.testing.assert_array_equal(again.tensors[tensor], array)


def test_what_pytorch_saves() -> None:
    """Modules with parameters and buffers, and an optimizer that has made a step."""
    import torch

    tensors = {name: torch.nn.Parameter(torch.tensor(array)) for name, array in MODEL.items()}
    tensors["lm_head.weight"] = tensors["transformer.wte.weight"]
    optimizer = torch.optim.AdamW(list(tensors.values())[:-1])
    for tensor in tensors.values():
        tensor.grad = torch.ones_like(tensor)
    state = checkpoint(SIZES, MODEL) | {"best_val_loss": torch.tensor(1.5)}
    with torch.no_grad():
        kept = {name: tensor.clone() for name, tensor in tensors.items()}
    optimizer.step()
    file = io.BytesIO()
    torch.save(state | {"model": kept, "optimizer": optimizer.state_dict()}, file)
    again = read(data=file.getvalue())
    for name, array in read().tensors.items():
        np.testing.assert_array_equal(again.tensors[name], array)
    old = io.BytesIO()
    torch.save(state | {"model": kept, "optimizer": {}}, old, _use_new_zipfile_serialization=False)
    assert "written before PyTorch 1.6: load it in a current PyTorch and save it again" in refused(
        data=old.getvalue()
    )


def test_an_optimizer_s_state_is_never_read(monkeypatch: pytest.MonkeyPatch) -> None:
    keys, entry = list[str](), TorchFile._entry

    def noted(self: TorchFile, name: str, limit: int) -> bytes:
        keys.append(name)
        return entry(self, name, limit)

    monkeypatch.setattr(TorchFile, "_entry", noted)
    read(checkpoint(SIZES, replace_tied()))
    assert len([key for key in keys if key.startswith("data/")]) == len(MODEL)
    read(data=torch_bytes(checkpoint(SIZES, MODEL), others={f"data/{len(MODEL)}": b"cut"}))


def replace_tied() -> dict[str, Array]:
    """The model with a head of its own, so that there are as many storages as tensors."""
    return MODEL | {"lm_head.weight": MODEL["lm_head.weight"].copy()}


def test_the_context_is_cut_from_its_end() -> None:
    weights = read(context=5)
    assert weights.config.block_size == 5
    np.testing.assert_array_equal(weights.tensors["wpe"], read().tensors["wpe"][:5])
    long = replace(SIZES, block_size=300)
    assert read(checkpoint(long, gpt2(long))).config.block_size == 128
    assert read(checkpoint(long, gpt2(long)), context=256).config.block_size == 256
    assert "ckpt.pt: --context is 257: it must be 2 to 256, as the file has 300" in refused(
        checkpoint(long, gpt2(long)), context=257
    )


def test_keep_leaves_out_what_a_text_does_not_use() -> None:
    Path("text").write_text("ABBA a cab.")
    weights, whole = read(keep=Path("text")), read()
    assert weights.symbols == tuple("\n abcAB.")
    rows = [CHARACTERS.index(symbol) for symbol in weights.symbols]
    np.testing.assert_array_equal(weights.tensors["wte"][:-1], whole.tensors["wte"][rows])
    np.testing.assert_array_equal(weights.tensors["lm_head"][:-1], whole.tensors["lm_head"][rows])


ARGUMENTS: dict[str, list[Any]] = {
    "n_layer": [0, 7, 3, -1, 2.0, "2", True, None],
    "n_head": [0, 3, 1 << 40],
    "n_embd": [0, 129, 768, 16, None],
    "block_size": [0, 1, 11, 13],
    "vocab_size": [0, 10, 12, 50_304],
    "bias": [False, 1, "yes", None],
}


@pytest.mark.parametrize("field", ARGUMENTS)
def test_model_args_that_cannot_be(field: str) -> None:
    for wrong in ARGUMENTS[field]:
        message = refused(changed(field, wrong))
        named = (
            field in message or "model_args" in message or (field in ("bias", "n_layer") and "tensors" in message)
        )
        assert message.startswith("ckpt.pt: ") and named, (wrong, message)


WTE, FC1 = "transformer.wte.weight", "transformer.h.1.mlp.c_fc.weight"
NUMBERS = np.zeros((32, 8), np.float32)
TENSORS: dict[str, tuple[str, object, str]] = {
    "missing": (FC1, None, "missing tensors: h.1.mlp.c_fc.weight"),
    "superfluous": ("transformer.h.2.ln_1.weight", NUMBERS, "superfluous tensors: 'h.2.ln_1.weight'"),
    "no tensor": (FC1, [1, 2], "'transformer.h.1.mlp.c_fc.weight' of 'model' is no tensor"),
    "twice": ("wte.weight", NUMBERS, "is no tensor, or is there twice"),
    "another shape": (FC1, NUMBERS.T.copy(), "h.1.mlp.c_fc.weight: it is (8, 32): model_args ask for (32, 8)"),
    "whole numbers": (FC1, NUMBERS.astype(np.int64), "c_fc.weight: its numbers are of torch.LongStorage"),
    "not a number": (FC1, np.full_like(NUMBERS, np.nan), " holds NaN or infinity"),
    "beyond float32": (FC1, np.full((32, 8), 1e300), " holds NaN or infinity"),
    "beyond its storage": (FC1, View(NUMBERS, (32, 8), (8, 1), 1), "it reaches beyond its storage of 256 numbers"),
    "far beyond it": (FC1, View(NUMBERS, (32, 8), (1 << 60, 1)), "it reaches beyond its storage"),
    "backwards": (FC1, View(NUMBERS, (32, 8), (-8, 1), 255), "which torch never writes"),
    "before its storage": (FC1, View(NUMBERS, (32, 8), (8, 1), -1), "which torch never writes"),
    "one number again and again": (FC1, View(np.zeros(1, np.float32), (32, 8), (0, 0)), "repeats the 1 numbers"),
    "as many strides as it likes": (FC1, View(NUMBERS, (32, 8), (8,)), "which torch never writes"),
    "a shape of texts": (FC1, View(NUMBERS, ("32", 8), (8, 1)), "which torch never writes"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize(("place", "value", "message"), TENSORS.values(), ids=TENSORS)
def test_a_tensor_that_cannot_be(place: str, value: object, message: str) -> None:
    assert message in refused(changed(place, value))


def test_files_that_are_none() -> None:
    whole = torch_bytes(checkpoint(SIZES, MODEL))
    assert "ckpt.pt: it is no file of torch.save" in refused(data=b"hello")
    assert "ckpt.pt: it is not a whole zip" in refused(data=whole[: len(whole) // 2])
    assert "data/0 is missing" in refused(data=whole.replace(b"ckpt/data/0", b"ckpt/data/x"))
    assert "data/0 is damaged" in refused(data=whole.replace(MODEL[WTE].tobytes(), bytes(MODEL[WTE].nbytes)))
    assert "its storage has 3 bytes" in refused(
        data=torch_bytes(checkpoint(SIZES, MODEL), others={"data/0": b"abc"})
    )
    nothings: list[Any] = [7, [], {}, {"model": {}}, {"model": [], "model_args": {}}]
    for value in nothings:
        assert "it must be a checkpoint of nanoGPT's train.py" in refused(value)
    with pytest.raises(InputError, match=r"none\.pt: it does not exist"):
        read_model(Path("none.pt"), Options(meta=Path("meta.pkl")))


CHARACTERS_OF: dict[str, tuple[Any, str]] = {
    "no dict": ([1], "it is [1]: it must be an object"),
    "no itos": ({"vocab_size": 11}, "itos is missing"),
    "too few": ({"vocab_size": 11, "itos": {0: "a"}}, "itos has 1 tokens: they must be 0 to 10 of vocab_size"),
    "two of a kind": ({"vocab_size": 2, "itos": {0: "a", 1: "a"}}, "itos has one character for two tokens"),
    "words": ({"vocab_size": 2, "itos": {0: "a", 1: "the"}}, "itos has 'the': every token must be one character"),
    "numbers": ({"vocab_size": 1, "itos": {0: 7}}, "a value of itos is of another kind"),
    "texts for tokens": ({"vocab_size": 1, "itos": {"a": 0}}, "itos"),
    "another vocabulary": ({"vocab_size": 1, "itos": {0: "a"}}, "vocab_size is 11, and meta.pkl has 1 characters"),
}


@pytest.mark.parametrize(("value", "message"), CHARACTERS_OF.values(), ids=CHARACTERS_OF)
def test_a_meta_pkl_that_cannot_be(value: object, message: str) -> None:
    Path("meta.pkl").write_bytes(pickle.dumps(value))
    assert message in refused() and "meta.pkl" in refused()


def test_a_character_that_the_font_lacks_is_named() -> None:
    Path("meta.pkl").write_bytes(meta(CHARACTERS[:-1] + "日"))
    assert "ckpt.pt: the alphabet has '日'" in refused()
    Path("text").write_text(CHARACTERS[:-1])
    assert read(keep=Path("text")).symbols == tuple(CHARACTERS[:-1])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["ckpt.pt"], "ckpt.pt: it holds no texts of its 11 tokens: give the meta.pkl of its data with --meta"),
        (["ckpt.pt", "--meta", "none.pkl"], "none.pkl does not exist: give the meta.pkl"),
        (["ckpt.pt", "--meta", "ckpt.pt"], "ckpt.pt: it is not a whole pickle"),
        (["ckpt.pt", "--meta", "meta.pkl", "--keep", "none"], "none does not exist"),
        (["ckpt.pt", "--meta", "meta.pkl", "--tokenizer", "t"], "--tokenizer does not go with a .pt file"),
        (["m.bin", "--meta", "meta.pkl"], "--meta does not go with a .bin file"),
        (["m.safetensors", "--keep", "meta.pkl"], "--keep does not go with a .safetensors file"),
    ],
)
def test_the_command_says_in_one_line_what_is_wrong(
    capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    Path("ckpt.pt").write_bytes(torch_bytes(checkpoint(SIZES, MODEL)))
    assert run(["import", *options, "--out", "w.npz"]) == 1
    printed = capsys.readouterr()
    assert message in printed.err and printed.err.count("\n") == 1 and not printed.out
    assert not Path("w.npz").exists()


def test_a_raw_value_is_what_it_says() -> None:
    """The writer's own test: opcodes in place of a value are read as that value."""
    assert "n_layer is 'x'" in refused(changed("n_layer", Raw(b"\x8c\x01x")))


def real() -> list[Path]:
    """A checkpoint that nanoGPT's own program made, where it is found: it is not ours to publish."""
    return [REAL] if REAL.exists() else []


@pytest.mark.slow
def test_a_real_one_costs_what_its_own_program_says() -> None:
    """128 windows of 64 characters, each from an empty context, of the tenth that nanoGPT does not learn from."""
    for folder in real():
        weights = read_model(folder / "ckpt.pt", Options(meta=folder / "meta.pkl"))
        text = (folder / "input.txt").read_text()
        tokens = np.array(weights.tokenizer.encode(text[len(text) * 9 // 10 :][: 128 * 64 + 1])[1:-1])
        total = 0.0
        for start in range(0, 128 * 64, 64):
            logits = folded_logits(weights.tensors, weights.config, tokens[start : start + 64])
            following = tokens[start + 1 : start + 65]
            total += float((np.log(np.exp(logits).sum(axis=1)) - logits[range(64), following]).sum())
        assert total / (128 * 64) == pytest.approx(1.8550, abs=1e-4)
