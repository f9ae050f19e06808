; A token and its position, where no table holds every pair of them.

        .include "contract.inc"
        .include "config.inc"
        .include "memory.inc"

        .segment "CODE"

; y = x + w: a token's row of the embedding and a position's.
; in: x_ptr = result, y_ptr, w_ptr = the rows, n_bytes    kills: A, Y
; twin: wte[token] + wpe[position]
proc add_rows, 16, 16
        ldy #0
:       lda [w_ptr], y
        clc
        adc [y_ptr], y
        sta (x_ptr), y
        iny
        iny
        cpy n_bytes
        bne :-
        rts
endproc
