; Rotary positions: queries and keys turned, pair by pair, on the PPU's multiplier; keys and values made bytes.
; The multiplier takes 8 bits on one side: x · w is w · (high byte) + (w · (low byte) >> 8), the low byte signed.

        .include "contract.inc"
        .include "snes.inc"
        .include "multiplier.inc"
        .include "config.inc"
        .include "memory.inc"


; factor from: what the products that follow are multiplied by.
; kills: X
.macro factor from
        ldx a:from
        stx FACTOR_LOW
        ldx a:from + 1
        stx FACTOR_HIGH
.endmacro

; times_factor from: A = floor(word at `from` · factor / 256).
; kills: X, product_low
.macro times_factor from
        ldx a:from
        stx TIMES
        multiply
        lda PRODUCT
        sta a:product_low
        lda a:from
        clc
        adc #$80
        xba
        tax
        stx TIMES
        multiply
        lda PRODUCT_LOW
        clc
        adc a:product_low
.endmacro

; turn pair, angle: the pair by the cosine and sine at `angle`; A, then turned_second, are the results.
; kills: X, product_low, turned_first
.macro turn pair, angle
        factor angle
        times_factor pair
        sta a:turned_first
        times_factor pair + 2
        sta a:turned_second
        factor angle + 2
        times_factor pair
        clc
        adc a:turned_second
        sta a:turned_second
        times_factor pair + 2
        eor #$FFFF
        sec
        adc a:turned_first
.endmacro

; narrow shift, to: a byte of A / 2^shift, cut to it. in: A with 2^(shift + 7) and the rounding half on top.
; kills: A, X
.macro narrow shift, to
        .local inside
        cmp #$100 << (shift)
        bcc inside
        cmp #$8000
        lda #0
        bcs inside
        lda #($100 << (shift)) - 1
inside: .repeat shift
        lsr a
        .endrepeat
        eor #$80
        tax
        stx a:to
.endmacro
{% for turns in routines %}

; {{ turns.comment }}
; in: query, key, value, position; data bank $7E
; out: query · 2^{{ turns.query_shift }}, turned; packed = bytes of the turned key from its centre, and of the value
; kills: A, X, Y, weight_sum, turn_by, product_low, turned_first, turned_second
; twin: quantize.kernels.rotary.rotate, narrow
        .segment "{{ turns.entry }}"
far_proc {{ turns.entry }}, 16, 16
        lda a:ZERO_PAGE + position
        asl a
{% for line in turns.times_row %}
        {{ line }}
{% endfor %}
        tax
{% for angles in turns.angles %}
        .repeat {{ angles.words }}, I
        lda f:{{ angles.label }} + 2 * I, x
        sta a:turn_by + 2 * ({{ angles.first }} + I)
        .endrepeat
{% endfor %}
        pea INIDISP
        pld
        sep #$10
        .i8
{% for pair in turns.query_pairs %}
        turn query + 4 * {{ pair.number }}, turn_by + 4 * {{ pair.angle }}
        .repeat {{ turns.query_shift }}
        asl a
        .endrepeat
        sta a:query + 4 * {{ pair.number }}
        lda a:turned_second
        .repeat {{ turns.query_shift }}
        asl a
        .endrepeat
        sta a:query + 4 * {{ pair.number }} + 2
{% endfor %}
{% for pair in turns.key_pairs %}
        turn key + 4 * {{ pair.number }}, turn_by + 4 * {{ pair.angle }}
        clc
        adc #{{ pair.first }}
        narrow {{ turns.key_shift }}, packed + 4 * {{ pair.number }}
        lda a:turned_second
        clc
        adc #{{ pair.second }}
        narrow {{ turns.key_shift }}, packed + 4 * {{ pair.number }} + 2
{% endfor %}
{% for n in range(config.kv_dim) %}
        lda a:value + 2 * {{ n }}
        clc
        adc #{{ turns.value_start }}
        narrow {{ turns.value_shift }}, packed + 2 * {{ n }} + 1
{% endfor %}
        rep #$10
        .i16
        pea ZERO_PAGE
        pld
        rtl
endproc
{% endfor %}
