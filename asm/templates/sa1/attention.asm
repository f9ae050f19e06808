; Attention of one head over the positions so far, on the SA-1's arithmetic unit: it adds the products up exactly.

        .include "contract.inc"
        .include "sa1.inc"
        .include "config.inc"
        .include "memory.inc"

        .segment "CODE"

; scores[j] = query · keys[j], j = 0 … position.
; in: x_ptr = query, w_ptr = the head's first key, position    out: scores    kills: A, X, Y, w_ptr, column
; twin: quantize.kernels.attention.attention_scores
proc attention_scores, 16, 16
        stz column
next:   set MCNT, ADD
        ldy #2 * HEAD_DIM - 2
:       lda (x_ptr), y
        sta MA
        lda [w_ptr], y
        sta MB
        dey
        dey
        bpl :-
        rounded_result
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
        bne next
        rts
endproc

{% include "blocks/softmax.asm" %}

; y[d] = round(Σ weights[j] · values[j][d] / weight_sum), d = 0 … HEAD_DIM − 1.
; 2^15 is added to the mean, so that it is unsigned: with half a divisor that is weight_sum, turned right by one bit,
; and its half above.
; in: w_ptr = the head's first value, y_ptr, weights, weight_sum, position, position_bytes    out: y
; kills: A, X, Y, y_ptr, dividend, divisor, column
; twin: quantize.kernels.attention.attend
proc weighted_mean, 16, 16
        stz column
        lda weight_sum
        sta divisor
next:   set MCNT, ADD
        lda position_bytes
        clc
        adc column
        tay
        lda position
        asl a
        tax
:       lda weights, x          ; from the newest position to the first
        sta MA
        lda [w_ptr], y
        sta MB
        tya
        sec
        sbc #KV_ROW
        tay
        dex
        dex
        bpl :-
        lda divisor
        lsr a
        sta dividend + 2
        bcc :+
        ora #$8000
:       clc
        adc MR
        sta dividend
        lda dividend + 2
        adc MR + 2
        sta dividend + 2
{% include "blocks/head_mean.asm" %}
        rts
endproc

; dividend = floor(dividend / divisor), unsigned 32 / 16 → 16 bits: not by the unit, whose quotients emulators round
; in two ways.
; in: dividend, divisor > high word of dividend    out: low word of dividend, A = remainder    kills: nothing
; twin: n // d
proc divide, 16, 16
        lda dividend + 2        ; A holds the running remainder, the carry the quotient's last bit
        .repeat 16
        .scope
        rol dividend
        rol a
        bcs subtract            ; 17 bits: certainly larger
        cmp divisor
        bcc smaller
subtract:
        sbc divisor             ; carry is set on both ways here
        sec
smaller:
        .endscope
        .endrepeat
        rol dividend
        rts
endproc
