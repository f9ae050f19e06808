"""Processors that take their time at a place, so that a small model shows what a large one would, or bad luck."""

from __future__ import annotations

from tests.support.planted_bugs import Bug, Place, routine


def sa1_slow(rounds: int) -> Bug:
    """The SA-1, for some 1.8 frames a round in bsnes, while a press may still take its token back."""
    return _later("the SA-1 is slow", "engine.asm", ":       call make_token\n", ":", _sa1_waits(rounds))


def sa1_slow_to_choose(rounds: int) -> Bug:
    """The same when it has drawn a token, so that a press has to wait."""
    place = routine("next_of_token", "inference.asm")
    return _later("the SA-1 is slow to choose", place, "        lda log_enabled\n", "", _sa1_waits(rounds))


def sa1_slow_to_go_on(rounds: int) -> Bug:
    """The same where its task is still the next position."""
    return _later("the SA-1 is slow to go on", "engine.asm", "        call advance\n", "", _sa1_waits(rounds))


def late_to_hold() -> Bug:
    """The S-CPU, for a frame, when it has seen that it may stop the SA-1, which waits meanwhile."""
    waits = "        ldx #10000\nslow_step: dex\n        bne slow_step\n"
    return _later("the S-CPU holds late", routine("stop_sa1", "calls.asm"), "        lda #HOLD\n", "", waits)


def late_to_go_on() -> Bug:
    """The S-CPU, for a frame, between a token that it has taken and the next."""
    return _later(
        "the S-CPU goes on late", routine("begin_next", "calls.asm"), "        lda made_token\n", "", WAITS
    )


def late_to_count() -> Bug:
    """The same within taking one."""
    return _later(
        "the S-CPU counts late", routine("make_token", "calls.asm"), "        inc tokens_made\n", "", WAITS
    )


def late_to_look() -> Bug:
    """The same for three frames between asking for a token and taking it."""
    waits = WAITS.replace("10000", "30000")
    return _later("the S-CPU looks late", routine("make_token", "calls.asm"), ":       call asleep\n", ":", waits)


def late_to_hear() -> Bug:
    """The S-CPU, for a frame, between the SA-1's interrupt and ending that."""
    return _later("the S-CPU hears late", routine("asleep", "calls.asm"), "awake:  a8\n", "awake:", WAITS)


WAITS = "        lda #10000\nslow_step: dec a\n        bne slow_step\n"


def _sa1_waits(rounds: int) -> str:
    return (
        f"        ldy #{rounds}\n"
        "slow_round: ldx #0\nslow_step: dex\n        bne slow_step\n        dey\n        bne slow_round\n"
    )


def _later(name: str, place: str | Place, old: str, label: str, waits: str) -> Bug:
    """The lines `old` after a wait. label: of the first of them, which the wait takes over."""
    return Bug(name, place, old, label + waits[len(label) :] + old.replace(label, " ", 1) if label else waits + old)
