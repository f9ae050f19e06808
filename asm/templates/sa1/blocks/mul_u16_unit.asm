; product = mul_a · mul_b, unsigned 16 × 16 → 32 bits: the unit's is signed.
; in: mul_a, mul_b    out: product    kills: A
; twin: a * b
proc mul_u16, 16, 16
        a8
        stz MCNT
        a16
        lda mul_a
        sta MA
        lda mul_b
        sta MB
        asl a
        lda #0
        bcc :+
        lda mul_a               ; a negative factor is 2^16 too small
:       bit mul_a
        bpl :+
        clc
        adc mul_b
:       clc
        adc MR + 2
        sta product + 2
        lda MR
        sta product
        rts
endproc
