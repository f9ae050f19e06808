"""An SA-1 that takes its time for a token, so that a small model shows what a large one would."""

from __future__ import annotations

from tests.support.planted_bugs import Bug, routine


def _pause(rounds: int) -> str:
    """Some 1.8 frames a round in bsnes; less in Snes9x, whose SA-1 has no clock."""
    return (
        f"        ldy #{rounds}\n"
        "slow_round: ldx #0\nslow_step: dex\n        bne slow_step\n        dey\n        bne slow_round\n"
    )


def slow(rounds: int) -> Bug:
    """While a press may still take the token back."""
    call = "        call make_token\n"
    return Bug("a slow token", "engine.asm", f":{call[1:]}", f":{_pause(rounds)[1:]}{call}")


def slow_choice(rounds: int) -> Bug:
    """When the press has to wait."""
    committed = "        inc committed\n"
    return Bug("a slow choice", routine("next_of_token", "inference.asm"), committed, committed + _pause(rounds))
