; The squared activation of the schoolbook kernel.

        .include "contract.inc"
        .include "config.inc"
        .include "memory.inc"

        .segment "CODE"

; x = max(x, 0)², saturated at the largest word.
; in: x_ptr, n_bytes    kills: A, X, Y, mul_a, mul_b, product, acc
; twin: quantize.kernels.activation.relu2
proc relu2, 16, 16
        ldy #0
next:   lda (x_ptr), y
        bmi negative
        call square_q88
        bra store
negative:
        lda #0
store:  sta (x_ptr), y
        iny
        iny
        cpy n_bytes
        bne next
        rts
endproc
