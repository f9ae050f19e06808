"""Faults for the console's logic: they fit the sources of today, and what a machine makes of one is told apart."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from asm.build import build, sources
from asm.layout import Layout, plan
from quantize.convert import quantize
from quantize.kernel import SA1
from quantize.ranges import prove
from rtl.faults import FAULTS, Fault, seen_by
from tests.support.models import digit_model, for_sa1
from tests.support.planted_bugs import Bug, every, first, rows
from trainer.config import ModelConfig
from trainer.weights import load_weights

OTHER_LOGITS = Bug("a sign", rows("lm_head"), first("adc <PLUS"), "adc <MINUS")
NEVER_UP = Bug("magic", "main.asm", every("set host_magic, .*"), "")
PLANTED = [fault for fault in FAULTS.values() if fault.edit is not None]


@cache
def layout(kernel: str, profiled: bool) -> Layout:
    weights = load_weights(Path("checkpoints/microgpt.npz"))
    return plan(prove(quantize(weights, kernel, target=SA1)), profiled=profiled)


@pytest.mark.parametrize("profiled", [False, True])
@pytest.mark.parametrize("fault", PLANTED, ids=lambda fault: fault.name)
def test_a_fault_can_be_planted(fault: Fault, profiled: bool) -> None:
    assert fault.edit is not None
    files = sources(layout(fault.cartridge.kernel or "digits", profiled))
    before = dict(files)
    fault.edit(files)  # raises where its text is not there
    assert files != before


@pytest.mark.emulator
def test_a_difference_a_clock_and_a_cartridge_that_does_not_come_up_are_seen() -> None:
    config = ModelConfig(vocab_size=27, n_embd=8, n_head=2, n_layer=1, block_size=8)
    proved = prove(for_sa1(digit_model(config, seed=1)))

    def seen(core: str, bug: Bug | None = None) -> str:
        rom, timed = (build(plan(proved, profiled=profiled), bug) for profiled in (False, True))
        return seen_by(core, rom, timed, proved.model)

    assert seen("snes9x") == "equal"
    assert re.fullmatch(r"equal, [\d,]+ clocks a token", seen("bsnes"))
    assert seen("bsnes", OTHER_LOGITS).startswith("differs: ")
    assert seen("bsnes", NEVER_UP) == "does not come up"
