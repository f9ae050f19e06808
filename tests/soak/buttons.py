"""Random buttons and resets for a long time, on both machines, in both emulators: the tokens afterwards are right.

An SA-1 cartridge is also played with a processor that is late, so that a press or a reset finds it at any point.
"""

from __future__ import annotations

import sys
import time
from collections import Counter

from asm.build import Rom, build_rom
from quantize.kernel import SA1, STOCK
from quantize.model import IntegerModel
from snesgpt.emulator.console import Console
from snesgpt.emulator.cores import KNOWN
from tests.support.mash import FRAMES_A_MINUTE, mash
from tests.support.models import llama_config, llama_model, model_for
from tests.support.planted_bugs import Bug, all_of
from tests.support.slow import late_to_count, late_to_go_on, late_to_hear, sa1_slow, sa1_slow_to_choose
from trainer.config import ModelConfig

TOKENS = 200
LATE: tuple[tuple[Bug, ...], ...] = (
    (sa1_slow(1),),
    (sa1_slow_to_choose(1),),
    (late_to_hear(), late_to_count()),
    (sa1_slow(1), late_to_go_on()),
)
"""Of either processor, or both."""


def cartridges() -> list[tuple[IntegerModel, Rom]]:
    """A microgpt and a Llama for both machines; the SA-1's microgpt with a late processor too."""
    models = [
        model
        for target in (STOCK, SA1)
        for model in (
            model_for(target, ModelConfig(12, 8, 16, 4, 1, 32), 1),
            llama_model(llama_config(24, 8, 16, (4, 2), 1, 24), target=target),
        )
    ]
    late = [(models[2], build_rom(models[2], edit=all_of(*edits))) for edits in LATE]
    return [*((model, build_rom(model)) for model in models), *late]


def run(seconds: float, seed: int) -> str:
    """Minutes of the console and tokens, until the time is over. Raises AssertionError at the first difference."""
    made = cartridges()
    minutes, tokens, end = Counter[str](), 0, time.monotonic() + seconds
    while time.monotonic() < end:
        for core in sorted(KNOWN):
            model, rom = made[seed % len(made)]
            with Console(rom.image, core) as console:
                parity = mash(console, model, seed, FRAMES_A_MINUTE, TOKENS)
            assert not parity.mismatches, f"seed {seed} in {core}: {parity.first}"
            minutes[core] += 1
            tokens += parity.tokens
            seed += 1
    played = ", ".join(f"{count} minutes in {core}" for core, count in sorted(minutes.items()))
    return f"{played}; {tokens:,} tokens, 0 differences"


if __name__ == "__main__":
    print(run(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0))
