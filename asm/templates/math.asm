; Whole numbers on the CPU's own 8-bit multiplier, the table of rsqrt, and random bits.

        .include "contract.inc"
        .include "snes.inc"
        .include "config.inc"
        .include "memory.inc"

        .segment "CODE"

        .if ::DRAWS
{% include "blocks/mul_u16.asm" %}

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
        .endif

        .if ::COMPUTES

; A = rsqrt table entry for acc, and how far acc was shifted to find it.
; in: acc > 0, unsigned 32 bits    out: norm_scale 8 bits, norm_shift = RSQRT_SHIFT − pairs of bits    kills: A, X, acc
; twin: the table look-up of quantize.kernels.norm.rmsnorm
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
        .endif

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

        .if ::DRAWS
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
        .endif
