; The gated MLP's middle, silu(gate) · up.

        .include "contract.inc"
        .include "snes.inc"
        .include "multiplier.inc"
        .include "config.inc"
        .include "memory.inc"

FAR = 64                        ; a product's whole part beyond this is cut, whatever its low part adds
NEGATIVE = $8000
{% for gate in routines %}

; {{ gate.comment }}
; in: gate, up; data bank $7E    out: hidden_slots = {{ gate.bias }} ± hidden
; kills: A, X, Y, product_low
; twin: quantize.kernels.gate.gated
        .segment "{{ gate.entry }}"
far_proc {{ gate.entry }}, 16, 16
        pea INIDISP
        pld
        sec
        .repeat {{ gate.units }}, I
        lda a:gate + 2 * I
        adc #(1 << {{ gate.bits }}) - 1         ; the carry is set, by the unit before too
{% if gate.cuts %}
        cmp #2 << {{ gate.bits }}
        bcc :+                  ; within the table
        cmp #NEGATIVE + (1 << {{ gate.bits }})
        lda #0
        bcs :+
        lda #(2 << {{ gate.bits }}) - 1
:
{% endif %}
{% for line in gate.to_offset %}
        {{ line }}
{% endfor %}
        rep #$10
        .i16
        tax
        lda f:{{ gate.table }}, x
        sep #$10
        .i8
        tax
        stx FACTOR_LOW
        xba
        tax
        stx FACTOR_HIGH
        ldx a:up + 2 * I
        stx TIMES
        multiply
        lda PRODUCT
        sta a:product_low
        lda a:up + 2 * I
        clc
        adc #$80
        xba
        tax
        stx TIMES
        multiply
        lda PRODUCT
        clc
        adc #FAR
        cmp #2 * FAR
        bcs :+
        lda PRODUCT_LOW
        adc a:product_low
        clc
        adc #{{ gate.limit }}
        cmp #2 * {{ gate.limit }} + 1
        bcc :++
:       cmp #NEGATIVE
        lda #0
        bcs :+
        lda #2 * {{ gate.limit }}
:       .repeat {{ gate.shift }}
        lsr a
        .endrepeat
        adc #{{ gate.to_slot }}        ; the carry is the rounding
        sta a:hidden_slots + 2 * I
        eor #$FFFF
        adc #2 * {{ gate.bias }} + 1
        sta a:hidden_slots + MINUS_PART + 2 * I
        .endrepeat
        rep #$10
        .i16
        pea ZERO_PAGE
        pld
        rtl
endproc
{% endfor %}
