"""The program shares its bank with font and look where it is small: the largest that does so still links."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from asm.build import build_rom
from asm.layout import SMALL_WIDTH
from asm.screens.names import TWO_COLUMNS
from quantize.kernel import TARGETS
from quantize.model import IntegerModel
from tests.support.models import digit_model, llama_config, llama_model, remembering
from trainer.config import ModelConfig
from trainer.text.alphabet import FONT, NEWLINE

LETTERS = (NEWLINE, *sorted(FONT))
"""Every single character that a token may be."""

VOCAB, HEADS, HIDDEN = len(LETTERS) + 1, 8, 512

REMEMBERS = remembering(ModelConfig(VOCAB, TWO_COLUMNS, SMALL_WIDTH, HEADS, activation="relu2"), 2, 4)
GATED = llama_config(VOCAB, TWO_COLUMNS, SMALL_WIDTH, (HEADS, HEADS), 1, HIDDEN)

LARGEST: Mapping[str, Callable[[str], IntegerModel]] = {
    "front table and memory": lambda target: digit_model(REMEMBERS, target=target),
    "gated MLP in the most parts": lambda target: llama_model(GATED, target=target),
}
"""The longest forward passes: a microgpt's copies the widest row and finds contexts, a llama's calls each part."""


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", LARGEST)
def test_the_largest_small_program_has_font_and_look_in_its_bank(name: str, target: str) -> None:
    model = replace(LARGEST[name](target), symbols=LETTERS)
    rom = build_rom(model, traced=True, profiled=True)
    assert {"FONT", "LOOK"} <= rom.segments.keys()
