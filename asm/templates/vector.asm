; Vectors of Q8.8 words: the schoolbook kernel, its signed products, and what surrounds it.

        .include "contract.inc"
        .include "config.inc"
        .include "memory.inc"

        .segment "CODE"

; product = mul_a · mul_b, signed 16 × 16 → 32 bits.
; A negative factor read as unsigned is 2^16 too large: take the other factor off the high word.
; in: mul_a, mul_b    out: product    kills: A, X, mul_mid    about 160 cycles
; twin: a * b
proc mul_s16, 16, 16
        call mul_u16
        lda mul_a
        bpl :+
        lda product + 2
        sec
        sbc mul_b
        sta product + 2
:       lda mul_b
        bpl :+
        lda product + 2
        sec
        sbc mul_a
        sta product + 2
:       rts
endproc

; acc = Σ x[i] · w[i], exact.
; in: x_ptr, w_ptr, n_bytes > 0    out: acc Q16.16    kills: A, X, Y, mul_a, mul_b, product
; twin: (x * w).sum()
proc dot, 16, 16
        stz acc
        stz acc + 2
        ldy #0
:       lda (x_ptr), y
        sta mul_a
        lda [w_ptr], y
        sta mul_b
        call mul_s16
        lda acc
        clc
        adc product
        sta acc
        lda acc + 2
        adc product + 2
        sta acc + 2
        iny
        iny
        cpy n_bytes
        bne :-
        rts
endproc

; y = W x, the schoolbook kernel: rows of words, each product exact, one rounding a row.
; in: x_ptr, w_ptr, y_ptr, n_bytes, rows    out: y    kills: A, X, Y, w_ptr, y_ptr, rows
; twin: quantize.kernels.schoolbook.Schoolbook
proc matvec, 16, 16
next:   call dot
        call round_q88
        sta [y_ptr]
        inc y_ptr
        inc y_ptr
        lda w_ptr
        clc
        adc n_bytes
        sta w_ptr
        dec rows
        bne next
        rts
endproc

{% include "blocks/add_vector.asm" %}

; acc = round(acc / 2^X), halves up; a negative X shifts left. The bit shifted out last is the half.
; in: acc, X    out: acc, A = its low word    kills: X
; twin: quantize.fixed.round_shift
proc round_shift, 16, 16
        cpx #0
        beq done
        bmi left
right:  lda acc + 2
        asl a                   ; carry = sign
        ror acc + 2
        ror acc
        dex
        bne right
        bcc done
        inc acc
        bne done
        inc acc + 2
done:   lda acc
        rts
left:   asl acc
        rol acc + 2
        inx
        bne left
        lda acc
        rts
endproc

; y = x / sqrt(mean(x²) + 1e-5).
; in: x_ptr, y_ptr (may be x), n_bytes = 2 · N_EMBD    out: y    kills: A, X, Y, mul_a, mul_b, product, acc
; twin: quantize.kernels.norm.rmsnorm
proc rmsnorm, 16, 16
        set acc, NORM_EPSILON
        stz acc + 2
        ldy #0
square: lda (x_ptr), y
        sta mul_a
        sta mul_b
        call mul_s16
        lda acc
        clc
        adc product
        sta acc
        lda acc + 2
        adc product + 2
        sta acc + 2
        iny
        iny
        cpy n_bytes
        bne square
        call rsqrt
        lda norm_scale
        sta mul_b
        ldy #0
scale:  lda (x_ptr), y
        sta mul_a
        call mul_s16
        lda product
        sta acc
        lda product + 2
        sta acc + 2
        ldx norm_shift
        call round_shift
        sta [y_ptr], y
        iny
        iny
        cpy n_bytes
        bne scale
        rts
endproc
