; Attention of one head over the positions so far.

        .include "contract.inc"
        .include "config.inc"
        .include "memory.inc"

        .segment "CODE"

; scores[j] = query · keys[j], j = 0 … position.
; in: x_ptr = query, w_ptr = the head's first key, n_bytes = 2 · HEAD_DIM, position    kills: all of dot's, w_ptr, column
; twin: quantize.kernels.attention.attention_scores
proc attention_scores, 16, 16
        stz column
:       call dot
        call round_q88
        ldx column
        sta scores, x
        lda w_ptr
        clc
        adc #KV_ROW
        sta w_ptr
        inx
        inx
        stx column
        txa
        lsr a
        dec a
        cmp position
        bne :-
        rts
endproc

{% include "blocks/softmax.asm" %}

; y[d] = round(Σ weights[j] · values[j][d] / weight_sum), d = 0 … HEAD_DIM − 1.
; Values enter with 2^15 added, so that everything is unsigned; a mean loses it unchanged.
; in: w_ptr = the head's first value, y_ptr, weights, weight_sum, position
; kills: A, X, Y, y_ptr, mul_a, mul_b, dividend, divisor, column, count
; twin: quantize.kernels.attention.attend
proc weighted_mean, 16, 16
        stz column
next:   lda weight_sum
        sta divisor
        lsr a
        sta dividend            ; half the divisor: the quotient rounds
        stz dividend + 2
        ldy column
        stz count
:       ldx count
        lda weights, x
        sta mul_a
        lda [w_ptr], y
        eor #$8000
        sta mul_b
        call mul_u16
        lda dividend
        clc
        adc product
        sta dividend
        lda dividend + 2
        adc product + 2
        sta dividend + 2
        tya
        clc
        adc #KV_ROW
        tay
        lda count
        inc a
        inc a
        sta count
        lsr a
        dec a
        cmp position
        bne :-
{% include "blocks/head_mean.asm" %}
        rts
endproc
