; Q8.8 arithmetic on the CPU's own 8-bit multiplier, and the tables of exp and rsqrt.

        .include "contract.inc"
        .include "snes.inc"
        .include "config.inc"
        .include "memory.inc"

        .segment "CODE"

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

; A = A², rounded to Q8.8, saturated at the largest word.
; in: A ≥ 0    out: A    kills: X, mul_a, mul_b, product, acc
; twin: quantize.blocks.relu2
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

; dividend = floor(dividend / divisor), unsigned 32 / 16 → 16 bits.
; in: dividend, divisor > high word of dividend    out: low word of dividend, A = remainder    kills: X
; twin: n // d
proc divide, 16, 16
        ldx #16
        lda dividend + 2        ; A holds the running remainder
next:   asl dividend
        rol a
        bcs subtract            ; 17 bits: certainly larger
        cmp divisor
        bcc smaller
subtract:
        sbc divisor             ; carry is set on both ways here
        inc dividend
smaller:
        dex
        bne next
        rts
endproc

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

; A = rsqrt table entry for acc, and how far acc was shifted to find it.
; in: acc > 0, unsigned 32 bits    out: norm_scale 8 bits, norm_shift = RSQRT_SHIFT − pairs of bits    kills: A, X, acc
; twin: the table look-up of quantize.blocks.rmsnorm
proc rsqrt, 16, 16
        lda #RSQRT_SHIFT
        sta norm_shift
        lda acc + 2
:       cmp #$4000
        bcs found
        asl acc
        rol a
        asl acc
        rol a
        dec norm_shift
        bra :-
found:  xba
        and #$FF
        tax
        lda f:rsqrt_table, x    ; whatever the data bank
        and #$FF
        sta norm_scale
        rts
endproc
        .assert .bankbyte(exp_table) = $80, lderror, "exp_table is read through the data bank"

; The next 16 random bits: x, y = y, y ^ (y >> 1) ^ t ^ (t >> 3) with t = x ^ (x << 5).
; in: random_x, random_y    out: A = random_y    kills: random_t
; twin: quantize.sampler.Generator.draw
proc random, 16, 16
        lda random_x
        asl a
        asl a
        asl a
        asl a
        asl a
        eor random_x
        sta random_t
        lsr a
        lsr a
        lsr a
        eor random_t
        sta random_t
        lda random_y
        sta random_x
        lsr a
        eor random_y
        eor random_t
        sta random_y
        rts
endproc

; The generator's state for a seed.
; in: A = seed    out: random_x, random_y    kills: A, X, random_t
; twin: quantize.sampler.Generator.seeded
proc seed_random, 16, 16
        sta random_x
        lda #SEED_MIX
        sta random_y
        ldx #SEED_ROUNDS
:       call random
        dex
        bne :-
        rts
endproc
