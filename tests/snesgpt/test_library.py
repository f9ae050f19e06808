"""`snesgpt build --library`: what it writes, what it says, what it refuses."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from asm.build import symbols
from asm.library.calls import BYTES, CALLS
from asm.library.files import FILES
from quantize.kernel import SA1, STOCK
from quantize.model_file import save_model
from snesgpt.cli import cli
from tests.support.library_models import SMALL
from tests.support.models import digit_model, random_model
from trainer.errors import InputError


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    for target in (STOCK, SA1):
        save_model(folder / f"{target}.npz", digit_model(SMALL, 1, target=target))
    save_model(folder / "schoolbook.npz", random_model(SMALL, 1))
    return folder


def built(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, ["build", *map(str, words)])


def test_a_folder_with_all_that_a_game_needs(models: Path, tmp_path: Path) -> None:
    done = built(models / "stock.npz", "--library", tmp_path / "out", "--first-bank", "6", "--ram", "7E9000")
    assert done.exit_code == 0, done.output
    assert "RAM: $7E9000 to $7E" in done.output and "ROM: banks 6 to " in done.output
    assert {path.name for path in (tmp_path / "out").iterdir()} == {*FILES}
    include = (tmp_path / "out" / "gpt.inc").read_text()
    assert re.search(r"GPT_RAM +\= \$7E9000", include) and re.search(
        r"GPT_LOW_RAM_BYTES +\= \$000[1-9A-F]", include
    )
    image = (tmp_path / "out" / "gpt.bin").read_bytes()
    assert len(image) % 0x8000 == 0
    at = symbols((tmp_path / "out" / "gpt.dbg").read_bytes())
    for number, call in enumerate(CALLS):
        place = 0x868000 + BYTES * number
        for name in ("gpt.inc", "gpt_asar.asm", "gpt_wla.inc", "README.txt"):
            text = (tmp_path / "out" / name).read_text()
            assert re.search(rf"{call.name}\b.*\${place:06X}", text), (name, call.name)
        jump = image[BYTES * number : BYTES * (number + 1)]
        assert at[call.name] == place and jump[0] == 0x5C
        assert int.from_bytes(jump[1:], "little") == at[call.entry]


def test_the_readme_lists_the_ram_and_the_hardware_that_is_used(models: Path, tmp_path: Path) -> None:
    for name, options, lines in (
        ("stock", ["--dma-channel", "5"], ["PPU's multiplier: $211B", "DMA channel 5", "$7E8000 to $7E"]),
        ("stock", ["--dma-channel", "none", "--no-ppu-multiplier"], ["all channels are free", "With the PPU's"]),
        ("schoolbook", [], ["CPU's multiplier ($4202", "not predicted"]),
        ("sa1", ["--ram", "0x404000"], ["$003000 to $0037FF", "$404000 to $40", "the game asks"]),
    ):
        done = built(models / f"{name}.npz", "--library", tmp_path / "out", *options)
        assert done.exit_code == 0, done.output
        text = (tmp_path / "out" / "README.txt").read_text()
        assert all(line in text for line in lines), text


def test_json_says_the_same(models: Path, tmp_path: Path) -> None:
    done = built(models / "stock.npz", "--library", tmp_path / "out", "--json")
    said = json.loads(done.output)
    assert said["bytes"] == (tmp_path / "out" / "gpt.bin").stat().st_size
    assert said["ram"][1][0] == 0x7E8000 and said["first_bank"] == 1
    assert said["tokens_per_second"] > 100


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--first-bank", "128"], "the last is 127"),
        (["--first-bank", "64"], "the program must be in one of the first 64"),
        (["--direct-page", "0x0A01"], "a multiple of \\$100"),
        (["--direct-page", "2000"], "a multiple of \\$100 below \\$2000"),
        (["--direct-page", "1F00"], "low RAM would end at .* use \\$1.00 or less"),
        (["--ram", "7E1FFF"], "must be \\$7E2000 to \\$7EFFFF"),
        (["--ram", "7F0000"], "must be \\$7E2000 to \\$7EFFFF"),
        (["--ram", "7EFFF0"], "of work RAM"),
    ],
)
def test_an_impossible_place_is_refused_in_one_line(
    options: list[str], complaint: str, models: Path, tmp_path: Path
) -> None:
    done = built(models / "stock.npz", "--library", tmp_path / "out", *options)
    assert isinstance(done.exception, InputError)
    assert re.search(complaint, str(done.exception)) and "\n" not in str(done.exception)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "options", "complaint"),
    [
        ("sa1", ["--dma-channel", "none"], "are free"),
        ("sa1", ["--no-ppu-multiplier"], "are free"),
        ("sa1", ["--direct-page", "1F00"], "low RAM would end at"),
        ("schoolbook", ["--no-ppu-multiplier"], "does not use the PPU's multiplier"),
    ],
)
def test_an_option_that_another_model_has_no_use_for_is_refused(
    name: str, options: list[str], complaint: str, models: Path, tmp_path: Path
) -> None:
    done = built(models / f"{name}.npz", "--library", tmp_path / "out", *options)
    assert isinstance(done.exception, InputError) and complaint in str(done.exception)


@pytest.mark.parametrize("ram", ["3FFFFF", "410000"])
def test_so_is_one_that_is_no_bw_ram(ram: str, models: Path, tmp_path: Path) -> None:
    done = built(models / "sa1.npz", "--library", tmp_path / "out", "--ram", ram)
    assert isinstance(done.exception, InputError) and "of BW-RAM" in str(done.exception)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--ram", "7E9000"], "--ram is for --library"),
        (["--library", "out", "--first-bank", "0"], "is not in the range"),
        (["--library", "out", "--out", "x.sfc"], "--library does not go with --out"),
        (["--no-ppu-multiplier"], "--no-ppu-multiplier is for --library"),
        (["--library", "out", "--trace"], "--library does not go with --trace"),
        (["--library", "out", "--ram", "7E 90"], "is no address such as 0x7E8000"),
        (["--library", "out", "--ram", "12345678"], "is no address"),
    ],
)
def test_options_that_mean_nothing_are_refused(options: list[str], complaint: str, models: Path) -> None:
    done = built(models / "stock.npz", *options)
    assert done.exit_code == 2 and complaint in done.output
