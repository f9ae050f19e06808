; Vectors of Q8.8 words by the SA-1's arithmetic unit: what surrounds the schoolbook's matrices.

        .include "contract.inc"
        .include "sa1.inc"
        .include "config.inc"
        .include "memory.inc"

        .segment "CODE"

{% include "blocks/add_vector.asm" %}

; y = x / sqrt(mean(x²) + 1e-5): every element times the table's entry, which is doubled until the rest of the
; shift is whole bytes: two, one, or none where the vector is all but zero.
; in: x_ptr, y_ptr (may be x), n_bytes = 2 · N_EMBD    out: y    kills: A, X, Y, acc, norm_scale, norm_shift
; twin: quantize.kernels.norm.rmsnorm
proc rmsnorm, 16, 16
        set MCNT, ADD
        ldy #0
:       lda (x_ptr), y
        sta MA
        sta MB
        iny
        iny
        cpy n_bytes
        bne :-
        lda MR
        clc
        adc #NORM_EPSILON
        sta acc
        lda MR + 2
        adc #0
        sta acc + 2
        call rsqrt
        set MCNT, MULTIPLY
        lda norm_shift
        eor #$FFFF
        inc a
        and #7                  ; bits to shift by: whole bytes are left
        tax
        lda norm_scale
:       dex
        bmi :+
        asl a
        bra :-
:       sta MA
        ldy #0
        lda norm_shift
        beq whole
        bmi whole
        cmp #9
        bcc over_byte
:       lda (x_ptr), y
        sta MB
        nop
        lda MR
        asl a                   ; carry = the half
        lda MR + 2
        adc #0
        sta [y_ptr], y
        iny
        iny
        cpy n_bytes
        bne :-
        rts
over_byte:
        lda (x_ptr), y
        sta MB
        nop
        rounded_result
        sta [y_ptr], y
        iny
        iny
        cpy n_bytes
        bne over_byte
        rts
whole:  lda (x_ptr), y
        sta MB
        nop
        lda MR
        sta [y_ptr], y
        iny
        iny
        cpy n_bytes
        bne whole
        rts
endproc
