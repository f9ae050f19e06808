; For those who look at hidden units: the columns fill in only those above zero.

        .include "contract.inc"
        .include "config.inc"
        .include "memory.inc"

        .segment "CODE"

; Every hidden unit zero, where somebody looks: the columns fill in those above zero.
; kills: A, X
proc clear_hidden, 16, 16
        ldx #2 * N_HIDDEN - 2
:       stz a:hidden, x
        dex
        dex
        bpl :-
        rts
endproc
