"""Random buttons and resets for a long time, in both emulators: the tokens afterwards are right."""

from __future__ import annotations

import sys
import time
from collections import Counter

from asm.build import build_rom
from snesgpt.emulator.console import Console
from snesgpt.emulator.cores import KNOWN
from tests.support.mash import FRAMES_A_MINUTE, mash
from tests.support.models import llama_config, llama_model, random_model
from trainer.config import ModelConfig

TOKENS = 200


def run(seconds: float, seed: int) -> str:
    """Minutes of the console and tokens, until the time is over. Raises AssertionError at the first difference."""
    models = (
        random_model(ModelConfig(12, 8, 16, 4, 1, 32), 1),
        llama_model(llama_config(24, 8, 16, (4, 2), 1, 24)),
    )
    images = [build_rom(model).image for model in models]
    minutes, tokens, end = Counter[str](), 0, time.monotonic() + seconds
    while time.monotonic() < end:
        for core in sorted(KNOWN):
            which = seed % len(models)
            with Console(images[which], core) as console:
                parity = mash(console, models[which], seed, FRAMES_A_MINUTE, TOKENS)
            assert not parity.mismatches, f"seed {seed} in {core}: {parity.first}"
            minutes[core] += 1
            tokens += parity.tokens
            seed += 1
    played = ", ".join(f"{count} minutes in {core}" for core, count in sorted(minutes.items()))
    return f"{played}; {tokens:,} tokens, 0 differences"


if __name__ == "__main__":
    print(run(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0))
