{% if digits %}
; product = mul_a · mul_b, unsigned 16 × 16 → 32 bits, bit by bit: the CPU's multiplier is the game's.
; in: mul_a, mul_b    out: product    kills: A, X
; twin: a * b
proc mul_u16, 16, 16
        lda mul_b
        sta product
        lda #0
        ldx #16
        lsr product
next:   bcc :+
        clc
        adc mul_a
:       ror a
        ror product
        dex
        bne next
        sta product + 2
        rts
endproc
{% else %}
{% include "blocks/mul_u16_cpu.asm" %}
{% endif %}
