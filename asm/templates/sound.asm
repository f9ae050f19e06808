; Notes.

        .include "contract.inc"
        .include "snes.inc"
        .include "config.inc"
        .include "memory.inc"

        .segment "CODE"

proc sound_start, 16, 16
        rts
endproc

proc play_letter, 16, 16
        rts
endproc
