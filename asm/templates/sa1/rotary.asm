; Rotary positions: queries and keys turned, pair by pair, on the SA-1's arithmetic unit; keys and values made bytes.

        .include "contract.inc"
        .include "sa1.inc"
        .include "config.inc"
        .include "memory.inc"

.define PRODUCT a:MR + 1          ; read as 16 bits: the product over 256
.define REGISTERS MCNT & $FF00

; turn pair, angle: the pair by the cosine and sine at `angle`; A, then turned_second, are the results.
; kills: X, Y
.macro turn pair, angle
        lda a:angle
        sta <MA
        lda a:pair
        sta <MB
        ldx a:pair + 2
        ldy PRODUCT             ; first · cosine
        stx <MB
        lda a:angle + 2
        ldx PRODUCT             ; second · cosine
        sta <MA
        lda a:pair
        sta <MB
        txa
        clc
        adc PRODUCT             ; first · sine
        sta a:turned_second
        lda a:pair + 2
        sta <MB
        tya
        sec
        sbc PRODUCT             ; second · sine
.endmacro

; narrow shift: A = a byte of A / 2^shift, cut to it. in: A with 2^(shift + 7) and the rounding half on top.
.macro narrow shift
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
.endmacro
{% for turns in routines %}

; {{ turns.comment }}
; in: query, key, value, position
; out: query · 2^{{ turns.query_shift }}, turned; packed = bytes of the turned key from its centre, and of the value
; kills: A, X, Y, weight_sum, turn_by, turned_second
; twin: quantize.kernels.rotary.rotate, narrow
        .segment "{{ turns.entry }}"
far_proc {{ turns.entry }}, 16, 16
        lda a:position
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
{% for n in range(config.kv_dim) %}
        lda a:value + 2 * {{ n }}
        clc
        adc #{{ turns.value_start }}
        narrow {{ turns.value_shift }}
        xba
        sta a:packed + 2 * {{ n }}
{% endfor %}
        pea REGISTERS
        pld
        stz <MCNT               ; multiply
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
        narrow {{ turns.key_shift }}
        ora a:packed + 4 * {{ pair.number }}
        sta a:packed + 4 * {{ pair.number }}
        lda a:turned_second
        clc
        adc #{{ pair.second }}
        narrow {{ turns.key_shift }}
        ora a:packed + 4 * {{ pair.number }} + 2
        sta a:packed + 4 * {{ pair.number }} + 2
{% endfor %}
        pea 0
        pld
        rtl
endproc
{% endfor %}
