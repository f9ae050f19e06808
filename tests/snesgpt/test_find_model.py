"""The model of a ROM is found by what the ROM holds, whatever the files are called."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from asm.build import build_rom
from asm.cartridge.header import read_image, with_checksum
from asm.cartridge.transcript import transcript
from quantize.model import IntegerModel
from quantize.model_file import save_model
from snesgpt.cli import run
from snesgpt.verify.find_model import Found, computes, find_model
from tests.support.models import digit_rom, random_model
from trainer.config import ModelConfig
from trainer.errors import InputError
from trainer.weights import Weights, save_weights

CONFIG = ModelConfig(4, block_size=4, n_embd=8, n_head=2, n_hidden=16)
OWN, OTHER = random_model(CONFIG, 0), random_model(CONFIG, 1)
ROM = Path("p.sfc")


@pytest.fixture(scope="module")
def image() -> bytes:
    """The cartridge of OWN."""
    return build_rom(OWN).image


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, image: bytes) -> None:
    """A folder with a ROM in it, and nothing else."""
    monkeypatch.chdir(tmp_path)
    ROM.write_bytes(image)


def save(name: str, model: IntegerModel) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_model(path, model)
    return path


def found(model: Path | None = None, rom: Path = ROM) -> Found:
    return find_model(rom, read_image(rom), model)


def refusal(model: Path | None = None) -> str:
    with pytest.raises(InputError) as error:
        found(model)
    assert "\n" not in str(error.value)
    return str(error.value)


def golden(image: bytes) -> int:
    """Where the transcript is."""
    return image.index(transcript(OWN).checksums.astype("<u2").tobytes())


def flipped(image: bytes, offset: int) -> bytes:
    return image[:offset] + bytes([image[offset] ^ 1]) + image[offset + 1 :]


@pytest.mark.parametrize("name", ["p.npz", "model.npz", "build/model.npz"])
def test_a_model_is_found_by_the_rom_s_name_beside_it_and_in_build(name: str) -> None:
    path = save(name, OWN)
    assert found().path == path
    assert found().proved.model.tensors["lm_head"].tolist() == OWN.tensors["lm_head"].tolist()


def test_a_model_of_the_rom_s_name_that_is_another_rom_s_is_passed_over() -> None:
    save("p.npz", OTHER)
    save("model.npz", OTHER)
    path = save("build/model.npz", OWN)
    assert found().path == path


def test_files_that_are_no_model_are_passed_over() -> None:
    tensors = {name: tensor.astype("f4") for name, tensor in OWN.tensors.items()}
    save_weights(Path("p.npz"), Weights(CONFIG, "".join(OWN.symbols), tensors))
    path = save("model.npz", OWN)
    assert found().path == path
    path.write_bytes(path.read_bytes()[:-100])
    message = refusal()
    assert "p.npz is not an integer model" in message
    assert "model.npz is not a model file" in message
    assert "build/model.npz does not exist" in message
    assert message.endswith("name it with --model")


def test_without_a_model_in_the_usual_places_one_has_to_be_named() -> None:
    assert found(save("elsewhere/any name.npz", OWN)).path == Path("elsewhere/any name.npz")
    assert refusal() == (
        "found no model of p.sfc (p.npz does not exist; model.npz does not exist; build/model.npz does not exist): "
        "name it with --model"
    )


def test_a_model_in_two_places_is_looked_at_once() -> None:
    Path("build").mkdir()
    shutil.move(ROM, "build/p.sfc")
    rom = Path("build/p.sfc").absolute()
    with pytest.raises(InputError) as error:
        found(rom=rom)
    assert str(error.value).count("does not exist") == 2


def test_the_model_of_another_rom_is_refused_by_name() -> None:
    save("model.npz", OWN)
    message = refusal(save("q.npz", OTHER))
    assert message.startswith("p.sfc is not a cartridge of q.npz: the ROM's self-test has other numbers")


def test_one_weight_makes_another_model() -> None:
    head = OWN.tensors["lm_head"].copy()
    head[-1, -1] += 1
    assert "p.sfc is not a cartridge of" in refusal(
        save("q.npz", replace(OWN, tensors={**OWN.tensors, "lm_head": head}))
    )


def test_the_code_around_the_numbers_does_not_count() -> None:
    """Traced, timed, and with a routine that today's sources do not have."""

    def edit(files: dict[str, bytes]) -> None:
        files["main.asm"] += b'\n        .segment "CODE"\n        nop\n'

    others = (build_rom(OWN, traced=True), build_rom(OWN, profiled=True), build_rom(OWN, edit=edit))
    assert all(computes(rom.image, OWN) and not computes(rom.image, OTHER) for rom in others)


def test_a_cartridge_of_adds_holds_its_model_too() -> None:
    model, rom = digit_rom(CONFIG, traced=False)
    assert computes(rom.image, model) and not computes(rom.image, OWN)


def test_a_damaged_rom_has_its_model_and_one_without_a_whole_transcript_is_called_damaged(image: bytes) -> None:
    save("p.npz", OWN)
    ROM.write_bytes(flipped(image, golden(image) - 1))
    assert found().path == Path("p.npz")
    broken = flipped(image, golden(image))
    ROM.write_bytes(broken)
    assert "p.npz is not: the ROM is damaged or edited (checksum" in refusal()
    assert "p.npz: the ROM is damaged or edited (checksum" in refusal(Path("p.npz"))
    ROM.write_bytes(with_checksum(broken))
    assert "of another model or of another version" in refusal()


@pytest.mark.parametrize("command", ["verify p.sfc", "verify p.sfc --trace", "bench p.sfc --no-schoolbook"])
def test_the_commands_refuse_before_they_switch_a_console_on(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    save("q.npz", OTHER)
    assert run(command.split()) == 1
    assert capsys.readouterr().err.startswith("snesgpt: found no model of p.sfc (")
    assert run([*command.split(), "--model", "q.npz"]) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("snesgpt: p.sfc is not a cartridge of q.npz: ")


def test_the_schoolbook_is_not_made_from_weights_of_another_shape(capsys: pytest.CaptureFixture[str]) -> None:
    save("p.npz", OWN)
    shape = replace(CONFIG, n_hidden=8)
    tensors = {name: tensor.astype("f4") for name, tensor in random_model(shape).tensors.items()}
    save_weights(Path("weights.npz"), Weights(shape, "".join(OWN.symbols), tensors))
    assert run(["bench", "p.sfc"]) == 1
    assert "the float weights are of another model" in capsys.readouterr().err


@pytest.mark.emulator
def test_a_rom_of_any_name_is_verified_with_its_own_model(capsys: pytest.CaptureFixture[str]) -> None:
    save("p.npz", OWN)
    save("model.npz", OTHER)
    assert run(["verify", "p.sfc", "--tokens", "20"]) == 0
    assert ", 0 mismatches" in capsys.readouterr().out


@pytest.mark.emulator
def test_a_rom_whose_weights_are_damaged_is_compared_with_its_model(
    image: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    """The transcript is its model's still, and so verify says what the damage does."""
    save("p.npz", OWN)
    head = image.index(OWN.tensors["lm_head"].astype("<i2").tobytes())
    ROM.write_bytes(flipped(image, head + 1))
    with pytest.raises(SystemExit, match="1"):
        run(["verify", "p.sfc", "--tokens", "20"])
    assert "first difference: seed " in capsys.readouterr().err
