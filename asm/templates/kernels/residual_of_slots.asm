; The norm of the embedding goes back into the residual stream.

        .include "contract.inc"
        .include "config.inc"
        .include "memory.inc"

        .segment "CODE"

; residual = what a norm left in its slots: the norm of the embedding is the residual stream.
; kills: A, X
; twin: quantize.executor.Executor.step
proc residual_of_slots, 16, 16
        ldx #2 * N_EMBD - 2
:       lda a:slots, x
        sec
        sbc #NORM_BIAS
        sta a:residual, x
        dex
        dex
        bpl :-
        rts
endproc
