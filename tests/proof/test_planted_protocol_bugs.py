"""Link 5 for how the two processors work together: every bug planted in what they say to each other must be caught."""

from __future__ import annotations

import pytest

from tests.support.planted_bugs import Bug, routine
from tests.support.sa1_protocol import PLAYS
from trainer.errors import InputError

ENGINE = "engine.asm"
PUBLISH = routine("publish", ENGINE)
OPEN, BEGIN, NEXT, MAKE, STOP = (
    routine(name, "calls.asm") for name in ("open_cartridge", "begin_token", "begin_next", "make_token", "stop_sa1")
)
TABLE = {
    "a press waits for ever": (ENGINE, "        stz committed\n", ""),
    "the next position is the same": (ENGINE, "        call advance\n", ""),
    "a token is not waited for": (ENGINE, ":       lda token_ready\n        bne :-                  ; the one before is not taken yet\n", ""),
    "it goes on untold": (ENGINE, "        lda go_ahead\n        beq rest\n", ""),
    "on behind the end": (ENGINE, "        cmp #TOKEN_BOS\n        beq rest\n", ""),
    "on behind the context": (ENGINE, "        cmp #N_CONTEXT\n        bcs rest\n", ""),
    "two tokens ahead": (ENGINE, "        stz go_ahead\n", ""),
    "the same token again": (ENGINE, "        set engine_task, TASK_NEXT\n        bra tell\n", "        bra tell\n"),
    "the task is not done": (ENGINE, "rest:   stz engine_task\n", "rest:\n"),
    "nobody is woken": (ENGINE, "        sta SCNT                ; wakes the S-CPU\n", ""),
    "no position": (PUBLISH, "        sta ready_position\n", ""),
    "no token": (PUBLISH, "        sta ready_token\n", ""),
    "I-RAM is not cleared": (OPEN, "        mvn #$00, #$00\n", ""),
    "BW-RAM is not cleared": (OPEN, "        mvn #$40, #$40\n", ""),
    "BW-RAM bank 41 is not cleared": (OPEN, "        mvn #$41, #$41\n", ""),
    "it goes on as it did": (BEGIN, "        stz go_ahead\n", ""),
    "nobody knows that it has begun": (BEGIN, "        inc token_begun\n", ""),
    "the next one behind the end": (NEXT, "        cmp #TOKEN_BOS\n        beq complete\n", ""),
    "the next one behind the context": (NEXT, "        cmp #N_CONTEXT\n        bcs complete\n", ""),
    "told though it goes on": (NEXT, "        lda engine_task\n        bne begun\n", ""),
    "told though it has gone on": (NEXT, "        bne begun               ; that token is made already\n", ""),
    "not told": (NEXT, "        set engine_task, TASK_NEXT\n", ""),
    "not ahead": (NEXT, "begun:  set go_ahead, 1\n", "begun:\n"),
    "nobody knows that the next one has begun": (NEXT, "        inc token_begun\n", ""),
    "begun twice": (MAKE, "        bne :+\n        call begin_token\n", "        call begin_token\n"),
    "taken back though taken": (MAKE, "        stz abandonable         ;", "        ;"),
    "begun for ever": (MAKE, "        stz token_begun\n", ""),
    "taken for ever": (MAKE, "        stz token_ready\n", ""),
    "not counted": (MAKE, "        inc tokens_made\n", ""),
    "stopped on its way": (STOP, "        call at_position\n", ""),
    "no pause": (STOP, "        lda #PAUSE\n", "        lda #0\n"),
    "it is not still": (STOP, "        lda #STILL\n", "        lda #1\n"),
    "stopped while it chooses": (STOP, "        lda committed\n        ora token_ready\n", "        lda token_ready\n"),
    "stopped though one is ready": (STOP, "        ora token_ready\n", ""),
    "not stopped": (STOP, "        lda #HOLD\n", "        lda #0\n"),
    "the task is still there": (STOP, "        stz engine_task\n", ""),
    "begun though stopped": (STOP, "        stz token_begun\n", ""),
    "on though stopped": (STOP, "        stz go_ahead\n", ""),
    "held for ever": (STOP, "        stz CCNT\n        a16\n        stz token_begun", "        a16\n        stz token_begun"),
    "paused for ever": (STOP, "done:   stz CCNT\n", "done:\n"),
}
