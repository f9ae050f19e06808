; Vectors of Q8.8 words: the schoolbook kernel and what surrounds it.

        .include "contract.inc"
        .include "config.inc"
        .include "memory.inc"

        .segment "CODE"

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
; twin: quantize.kernels.Schoolbook
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

; y = y + x.
; in: x_ptr, y_ptr, n_bytes    kills: A, Y
; twin: x + y
proc add_vector, 16, 16
        ldy #0
:       lda (x_ptr), y
        clc
        adc [y_ptr], y
        sta [y_ptr], y
        iny
        iny
        cpy n_bytes
        bne :-
        rts
endproc

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

; x = max(x, 0).
; in: x_ptr, n_bytes    kills: A, Y
; twin: quantize.blocks.relu
proc relu, 16, 16
        ldy #0
:       lda (x_ptr), y
        bpl :+
        lda #0
        sta (x_ptr), y
:       iny
        iny
        cpy n_bytes
        bne :--
        rts
endproc

; x = max(x, 0)², saturated at the largest word.
; in: x_ptr, n_bytes    kills: A, X, Y, mul_a, mul_b, product, acc
; twin: quantize.blocks.relu2
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

; y = x / sqrt(mean(x²) + 1e-5).
; in: x_ptr, y_ptr (may be x), n_bytes = 2 · N_EMBD    out: y    kills: A, X, Y, mul_a, mul_b, product, acc
; twin: quantize.blocks.rmsnorm
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
