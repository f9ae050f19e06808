"""Link 5 for how two processors work together: every bug in what they say to each other must be caught."""

from __future__ import annotations

import pytest

from tests.support.planted_bugs import Bug, Place, routine
from tests.support.sa1_protocol import PLAYS

ENGINE = "engine.asm"
PUBLISH = routine("publish", ENGINE)
OPEN, BEGIN, NEXT, MAKE, STOP = (
    routine(name, "calls.asm") for name in ("open_cartridge", "begin_token", "begin_next", "make_token", "stop_sa1")
)
NOT_TAKEN = ":       lda token_ready\n        bne :-                  ; the one before is not taken yet\n"
GO_ON = "        set engine_task, TASK_NEXT\n"
LET_GO = "        stz CCNT\n"
AGAIN = "        call begin_token\n        bra :+\n"
ENDED = "        a16\n        stz token_begun\n"

TABLE: dict[str, tuple[str, str | Place, str, str]] = {
    "a press waits for ever": ("a press at once", ENGINE, "        stz committed\n", ""),
    "the next position is the same": ("a page", ENGINE, "        call advance\n", ""),
    "a token is not waited for": ("the S-CPU looks late", ENGINE, NOT_TAKEN, ""),
    "it goes on untold": ("the S-CPU goes on late", ENGINE, "        lda go_ahead\n        beq rest\n", ""),
    "on behind the end": ("a page", ENGINE, "        cmp #TOKEN_BOS\n        beq rest\n", ""),
    "on behind the context": ("a page", ENGINE, "        cmp #N_CONTEXT\n        bcs rest\n", ""),
    "the same token again": ("a page", ENGINE, GO_ON, ""),
    "the task is not done": ("a page", ENGINE, "rest:   stz engine_task\n", "rest:\n"),
    "nobody is woken": (
        "several tokens a frame",
        ENGINE,
        "        sta SCNT                ; wakes the S-CPU\n",
        "",
    ),
    "no position": ("a page", PUBLISH, "        sta ready_position\n", ""),
    "no token": ("a page", PUBLISH, "        sta ready_token\n", ""),
    "I-RAM is not cleared": ("noise at power-on", OPEN, "        mvn #$00, #$00\n", ""),
    "BW-RAM is not cleared": ("noise at power-on", OPEN, "        mvn #$40, #$40\n", ""),
    "on as before": ("completions after a page", BEGIN, "        stz go_ahead\n", ""),
    "nobody knows that it has begun": ("a page", BEGIN, "        inc token_begun\n", ""),
    "more behind the end": ("a page", NEXT, "        cmp #TOKEN_BOS\n        beq complete\n", ""),
    "more behind the context": ("a page", NEXT, "        cmp #N_CONTEXT\n        bcs complete\n", ""),
    "told what is done": (
        "the S-CPU goes on late",
        NEXT,
        "        bne begun               ; that",
        "        ; that",
    ),
    "not told": ("a page", NEXT, GO_ON, ""),
    "nobody knows of the next": ("the S-CPU goes on late", NEXT, "        inc token_begun\n", ""),
    "begun twice": ("a page", MAKE, "        bne :+\n        call begin_token\n", AGAIN),
    "taken, and taken back": ("presses, both are slow", MAKE, "        stz abandonable         ;", "        ;"),
    "begun for ever": ("a host", MAKE, "        stz token_begun\n", ""),
    "ready for ever": ("a page", MAKE, "        stz token_ready\n", ""),
    "not counted": ("a page", MAKE, "        inc tokens_made\n", ""),
    "stopped on its way": ("presses, it is slow to go on", STOP, "        call at_position\n", ""),
    "not paused": ("presses, the S-CPU holds late", STOP, "        lda #PAUSE\n", "        lda #0\n"),
    "in the midst of an instruction": ("presses, in bsnes", STOP, "        lda #STILL\n", "        lda #1\n"),
    "while it chooses": (
        "presses, it is slow to choose",
        STOP,
        "        lda committed\n        ora",
        "        lda",
    ),
    "while one is ready": ("another seed", STOP, "        ora token_ready\n", ""),
    "not stopped": ("presses, the SA-1 is slow", STOP, "        lda #HOLD\n", "        lda #0\n"),
    "its task is still there": ("a page", STOP, "        stz engine_task\n", ""),
    "begun though stopped": ("presses, the SA-1 is slow", STOP, "        stz token_begun\n", ""),
    "held for ever": ("presses, the SA-1 is slow", STOP, LET_GO + ENDED, ENDED),
    "paused for ever": ("the S-CPU looks late", STOP, "done:   stz CCNT\n", "done:\n"),
}


@pytest.mark.parametrize("name", PLAYS)
def test_without_a_bug_nothing_is_lost(name: str) -> None:
    PLAYS[name](None)


@pytest.mark.parametrize("label", TABLE)
def test_a_bug_is_caught(label: str) -> None:
    play, place, old, new = TABLE[label]
    with pytest.raises((AssertionError, TimeoutError)) as caught:
        PLAYS[play](Bug(label, place, old, new))
    assert " occurs " not in str(caught.value), "it was not planted"
