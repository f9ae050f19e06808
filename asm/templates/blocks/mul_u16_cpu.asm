; product = mul_a · mul_b, unsigned 16 × 16 → 32 bits, from four 8 × 8 products.
; in: mul_a, mul_b    out: product    kills: A, X, mul_mid    about 130 cycles
; twin: a * b
proc mul_u16, 16, 16
        a8
        lda mul_a
        sta WRMPYA
        lda mul_b
        sta WRMPYB
        wait_multiply
        ldx RDMPYL              ; a_low · b_low
        stx product
        lda mul_b + 1
        sta WRMPYB
        wait_multiply
        ldx RDMPYL              ; a_low · b_high
        stx mul_mid
        lda mul_a + 1
        sta WRMPYA
        lda mul_b + 1
        sta WRMPYB
        wait_multiply
        ldx RDMPYL              ; a_high · b_high
        stx product + 2
        lda mul_b
        sta WRMPYB
        a16
        wait_multiply
        lda RDMPYL              ; a_high · b_low
        clc
        adc mul_mid
        bcc :+
        inc product + 3         ; the middle sum's 17th bit weighs 2^24
:       clc
        adc product + 1
        sta product + 1
        bcc :+
        inc product + 3
:       rts
endproc
