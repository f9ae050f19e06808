; The square of a number: for a squared ReLU, whatever computes its input.

        .include "contract.inc"
        .include "config.inc"
        .include "memory.inc"

        .segment "CODE"

; A = A², rounded to Q8.8, saturated at the largest word.
; in: A ≥ 0    out: A    kills: X, mul_a, mul_b, product, acc
; twin: quantize.kernels.activation.relu2
proc square_q88, 16, 16
        sta mul_a
        sta mul_b
        call mul_u16
        lda product
        sta acc
        lda product + 2
        sta acc + 2
        call round_q88
        ldx acc + 2
        cpx #$0080              ; 128.0 and above
        bcc :+
        lda #$7FFF
:       rts
endproc
