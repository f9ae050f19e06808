"""The faults that are planted for the console's logic fit the sources of today's cartridges."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from asm.build import sources
from asm.layout import Layout, plan
from quantize.convert import quantize
from quantize.kernel import SA1
from quantize.ranges import prove
from rtl.faults import FAULTS, Fault
from trainer.weights import load_weights

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
