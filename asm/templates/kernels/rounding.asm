; Sums of products back to Q8.8: for the schoolbook kernel and squares.

        .include "contract.inc"
        .include "config.inc"
        .include "memory.inc"

        .segment "CODE"

; A = round(acc / 256), halves up: Q16.16 → Q8.8.
; in: acc    out: A    kills: acc
; twin: quantize.fixed.round_shift(acc, 8)
proc round_q88, 16, 16
        lda acc
        clc
        adc #$80
        sta acc
        bcc :+
        inc acc + 2
:       lda acc + 1
        rts
endproc
