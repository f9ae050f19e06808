"""The about screen says what the model, its cartridge and the machine are."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from asm.build import Rom, build_rom
from asm.cartridge.header import REGION, with_checksum
from asm.screens.about import LINES, UNKNOWN
from quantize.kernel import SA1, STOCK, TARGETS
from quantize.model import IntegerModel
from quantize.model_file import load_model, save_model
from quantize.program import leaves
from snesgpt.cli import run
from snesgpt.emulator.console import Console
from snesgpt.emulator.cores import KNOWN
from tests.support.models import digit_rom, digit_weights, random_model
from tests.support.screens import Screens
from trainer.config import ModelConfig
from trainer.weights import save_weights

CONFIG = ModelConfig(9, 6, n_embd=8, n_head=2, n_layer=2, n_hidden=24)
SCHOOLBOOK = replace(random_model(CONFIG), info={"nll_float": 2.07884, "nll_integer": 12.07891})
ROM = build_rom(SCHOOLBOOK)
FIRST_ROW, VALUE_COLUMN = 4, 15
MACHINE_FRAMES = 30
EUROPE = 2


def facts(rom: Rom, image: bytes | None = None, core: str = "snes9x") -> dict[str, str]:
    """Label → value as they appear on the screen; a line without label belongs to the one above."""
    with Console(image or rom.image, core) as console:
        screens = Screens(console, rom)
        screens.open("about")
        console.run(MACHINE_FRAMES)
        rows = screens.rows()[FIRST_ROW : FIRST_ROW + LINES + 2]
        inks = {screens.ink(FIRST_ROW, 1), screens.ink(FIRST_ROW, VALUE_COLUMN)}
    assert inks == {"grey", "paper"}
    assert all(row[0] == row[31] == " " for row in rows)
    found: dict[str, str] = {}
    last = ""
    for row in rows:
        label, value = row[:VALUE_COLUMN].strip(), row[VALUE_COLUMN:].strip()
        last = label or last
        found[last] = f"{found.get(last, '')} {value}".strip()
    return found


@pytest.mark.parametrize("core", sorted(KNOWN))
def test_it_shows_the_model_and_the_cartridge(core: str) -> None:
    shown = facts(ROM, core=core)
    build = shown.pop("build")
    assert re.fullmatch("[0-9A-F]{8}", build) and f'"{build}"'.encode() in ROM.sources["build_id.inc"]
    assert shown == {
        "width": "8, hidden 24",
        "layers": "2, heads 2",
        "context": "6 positions",
        "symbols": "8 and an end",
        "parameters": f"{sum(tensor.size for tensor in SCHOOLBOOK.tensors.values()):,}",
        "kernel": "schoolbook",
        "digits": "none",
        "cartridge": f"{len(ROM.image) // 1024} KiB",
        "held-out loss": "2.0788 float 12.0789 integer",
        "licence": "MIT",
        "machine": "NTSC, 60 Hz",
    }


@pytest.mark.parametrize("target", TARGETS)
def test_it_counts_the_digits_that_the_matrices_are_made_of_and_names_the_chip(target: str) -> None:
    model, rom = digit_rom(replace(CONFIG, n_layer=1), traced=False, target=target)
    matrices = [model.tensors[weight] for kernel in leaves(model.program) if (weight := kernel.digit_weight)]
    weights = [abs(int(weight)) for matrix in matrices for weight in matrix.flat]
    shown = facts(rom)
    assert shown["digits"] == f"{sum((weight ^ 3 * weight).bit_count() for weight in weights):,}"
    assert shown["kernel"] == "signed digits"
    assert shown["held-out loss"] == UNKNOWN
    assert shown["cartridge"] == f"{len(rom.image) // 1024} KiB{', SA-1' if target == SA1 else ''}"


@pytest.mark.parametrize("core", sorted(KNOWN))
@pytest.mark.parametrize("target", TARGETS)
def test_a_european_machine_is_recognised(core: str, target: str) -> None:
    rom = ROM if target == STOCK else digit_rom(replace(CONFIG, n_layer=1), traced=False, target=target)[1]
    european = rom.image[:REGION] + bytes([EUROPE]) + rom.image[REGION + 1 :]
    assert facts(rom, with_checksum(european), core)["machine"] == "PAL, 50 Hz"


def build_id(model: IntegerModel) -> bytes:
    return build_rom(model).sources["build_id.inc"]


def test_the_build_id_is_the_model_s_own(tmp_path: Path) -> None:
    save_model(tmp_path / "model.npz", SCHOOLBOOK)
    assert build_id(load_model(tmp_path / "model.npz")) == build_id(SCHOOLBOOK)
    head = SCHOOLBOOK.tensors["lm_head"].copy()
    head[-1, -1] += 1
    others = [
        replace(SCHOOLBOOK, tensors={**SCHOOLBOOK.tensors, "lm_head": head}),
        replace(SCHOOLBOOK, symbols=SCHOOLBOOK.symbols[::-1]),
        replace(SCHOOLBOOK, info={**SCHOOLBOOK.info, "temperature": 1.0}),
        replace(SCHOOLBOOK, logit_shift=1),
    ]
    assert len({build_id(model) for model in [SCHOOLBOOK, *others]}) == 1 + len(others)


def test_quantize_notes_the_losses_it_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = tmp_path / "text.txt"
    text.write_text("".join(f"{a}{b}{c}\n" for a in "abcdefgh" for b in "abcdefgh" for c in "abcd"))
    weights, out = tmp_path / "weights.npz", tmp_path / "model.npz"
    save_weights(weights, digit_weights(CONFIG))
    assert run(["quantize", str(weights), "--out", str(out), "--data", str(text), "--json"]) == 0
    losses = json.loads(capsys.readouterr().out)
    assert {name: load_model(out).info[name] for name in ("nll_float", "nll_integer")} == {
        name: round(losses[name], 4) for name in ("nll_float", "nll_integer")
    }
