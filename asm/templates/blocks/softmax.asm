; A = exp(−A): the nearest of 256 entries 1/32 apart, 0 beyond them.
; in: A Q8.8 unsigned    out: A Q0.16    kills: X
; twin: EXP[min(round_shift(a, 3), 256)]
proc exp_negative, 16, 16
        clc
        adc #4
        bcs beyond
        lsr a
        lsr a
        lsr a
        cmp #EXP_ENTRIES
        bcs beyond
        asl a
        tax
        lda .loword(exp_table), x
        rts
beyond: lda #0
        rts
endproc
        .assert .bankbyte(exp_table) = PROGRAM_BANK, lderror, "exp_table is read through the data bank"

; weights[j] = exp(scores[j] − max), weight_sum = their sum.
; in: scores, position    out: weights Q0.8, weight_sum    kills: A, X, Y, column
; twin: quantize.kernels.attention.softmax_weights
proc softmax_weights, 16, 16
        lda position
        asl a
        tax                     ; X, Y = offset of the last position
        tay
        stz column              ; the largest score so far, plus 2^15: an unsigned comparison orders them
largest:
        lda scores, x
        eor #$8000
        cmp column
        bcc :+
        sta column
:       dex
        dex
        bpl largest
        stz weight_sum
next:   lda column
        sec
        sbc scores, y
        eor #$8000              ; max − score
        call exp_negative
        xba
        and #$FF
        sta weights, y
        clc
        adc weight_sum
        sta weight_sum
        dey
        dey
        bpl next
        rts
endproc
