"""Faults that only hardware notices, planted in SA-1 cartridges: which of linter, logic and emulators see each one.

The linter is tests/support/sa1_rules.py. A machine sees a fault when a value is another one than the integer
model's, when the cartridge does not come up, or when it takes the time that the fault costs on a console. Snes9x
has no clock for the SA-1: it can see values only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from asm.build import Edit, Rom, build
from asm.layout import plan
from quantize.executor import Executor
from quantize.kernel import SA1
from quantize.model import IntegerModel
from quantize.sampler import Request
from rtl.prove import Run
from snesgpt.bench.stage_clocks import measure_stages
from snesgpt.emulator.console import Console
from snesgpt.emulator.cores import find_core
from snesgpt.verify.host import Host
from snesgpt.verify.parity import verify
from tests.support.planted_bugs import Bug, all_of, every, routine
from tests.support.sa1_rules import faults as broken_rules
from trainer.errors import InputError

CORES = ("rtl", "bsnes", "snes9x")
COMPARED = (Request(1, 5, 2), Request(7, 0, 1, (10, 0)))
TIMED = 150
"""Tokens, of the screen of names."""

DEFAULT = Run("default", "microgpt", 0, SA1)
PRODUCTS = Run("schoolbook", "microgpt", 0, SA1, kernel="schoolbook")
"""Its norm multiplies every element and reads the product at once."""

WAITS_IN_ROM = """:       wai
        lda token_ready
        beq :-
        a8
        lda #$80
        sta SIC
        a16
"""


@dataclass(frozen=True)
class Fault:
    """What is wrong, in which cartridge, and the edit of its generated source; without one, nothing is."""

    name: str
    cartridge: Run
    edit: Edit | None


FAULTS = {
    fault.name: fault
    for fault in (
        Fault("none", DEFAULT, None),
        Fault("none, schoolbook", PRODUCTS, None),
        Fault(
            "no `nop` before a product is read",
            PRODUCTS,
            Bug("nop", "vector.asm", every("(sta MB\n)        nop\n"), r"\1"),
        ),
        Fault(
            "the S-CPU waits in ROM",
            DEFAULT,
            Bug("ROM", routine("make_token", "calls.asm"), ":       call asleep\n", WAITS_IN_ROM),
        ),
        Fault(
            "the S-CPU reads I-RAM in a loop",
            DEFAULT,
            Bug("loop", routine("asleep", "calls.asm"), every("^        wai .*\n"), ""),
        ),
        Fault(
            "I-RAM is not opened for the S-CPU",
            DEFAULT,
            Bug("SIWP", routine("open_cartridge", "calls.asm"), "        sta SIWP\n", ""),
        ),
        Fault("I-RAM is not opened for the SA-1", DEFAULT, Bug("CIWP", "engine.asm", "        sta CIWP\n", "")),
        Fault(
            "BW-RAM is not opened by either",
            DEFAULT,
            all_of(
                Bug("SBWE", routine("open_cartridge", "calls.asm"), "        sta SBWE\n", ""),
                Bug("BWPA", routine("open_cartridge", "calls.asm"), "        stz BWPA\n", ""),
                Bug("CBWE", "engine.asm", "        sta CBWE\n", ""),
            ),
        ),
    )
}


def table(faults: Iterable[Fault]) -> Iterator[str]:
    """A line of what each fault looks like to everyone. Raises InputError when a core is missing."""
    for core in CORES:
        find_core(core)
    yield f"| fault | linter | {' | '.join(CORES)} |"
    yield "|---" * (len(CORES) + 2) + "|"
    for fault in faults:
        proved = fault.cartridge.model()
        rom, timed = (build(plan(proved, profiled=profiled), fault.edit) for profiled in (False, True))
        rules = sorted({found.rule.value for found in broken_rules(rom.image, rom.debug)})
        seen = [seen_by(core, rom, timed, proved.model) for core in CORES]
        yield f"| {fault.name} | {'; '.join(rules) or 'nothing'} | {' | '.join(seen)} |"


def seen_by(core: str, rom: Rom, timed: Rom, model: IntegerModel) -> str:
    """What a machine makes of a cartridge: its first difference, or the clocks of a token of its profile build.

    Raises InputError when the core refuses it, or the profile build does nothing.
    """
    with Console(rom.image, core) as console:
        try:
            host = Host(console, model, frames_per_token=60)
        except InputError:
            return "does not come up"
        try:
            parity = verify(host, Executor(model), [[request] for request in COMPARED], stop_at_first=True)
        except TimeoutError:
            return "stands still"
    if parity.mismatches:
        return f"differs: {parity.first}"
    if core == "snes9x":
        return "equal"
    return f"equal, {sum(measure_stages(timed, core, TIMED).stages().values()):,.0f} clocks a token"
