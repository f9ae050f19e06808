; For the trace: what a norm has left in its slots.

        .include "contract.inc"
        .include "config.inc"
        .include "memory.inc"

        .segment "CODE"

; normed = slots − bias: in a traced cartridge only.
; kills: A, X
proc trace_slots, 16, 16
        ldx #2 * N_EMBD - 2
:       lda a:slots, x
        sec
        sbc #NORM_BIAS
        sta normed, x
        dex
        dex
        bpl :-
        rts
endproc
