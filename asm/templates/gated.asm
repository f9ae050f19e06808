; The gated MLP's middle, silu(gate) · up, and the sums that are cut as they join the residual stream.

        .include "contract.inc"
        .include "snes.inc"
        .include "config.inc"
        .include "memory.inc"

.define PRODUCT <(MPYL + 1)      ; read as 16 bits: the product over 256
FAR = 64                        ; a product's whole part beyond this is cut, whatever its low part adds
NEGATIVE = $8000
{% for block in gates %}

; {{ block.comment }}
; in: gate, up; data bank $7E    out: hidden_slots = {{ block.bias }} ± hidden, in parts
; kills: A, X, product_low
; twin: quantize.blocks.gated
        .segment "{{ block.segment }}"
        .export {{ block.entry }}
{{ block.entry }}:
        .a16
        .i16
        pea INIDISP
        pld
{% for unit in block.units %}
        lda a:gate + {{ 2 * unit.number }}
        clc
        adc #1 << {{ block.bits }}
{% for line in block.to_offset %}
        {{ line }}
{% endfor %}
        rep #$10
        .i16
        tax
        lda f:{{ block.table }}, x
        sep #$10
        .i8
        tax
        stx <M7A
        xba
        tax
        stx <M7A
        ldx a:up + {{ 2 * unit.number }}
        stx <M7B
        lda PRODUCT
        sta a:product_low
        lda a:up + {{ 2 * unit.number }}
        clc
        adc #$80
        xba
        tax
        stx <M7B
        lda PRODUCT
        clc
        adc #FAR
        cmp #2 * FAR
        bcs :+
        lda <MPYL
        clc
        adc a:product_low
        clc
        adc #{{ block.limit }}
        cmp #2 * {{ block.limit }} + 1
        bcc :++
:       cmp #NEGATIVE
        lda #0
        bcs :+
        lda #2 * {{ block.limit }}
:       .repeat {{ block.shift }}
        lsr a
        .endrepeat
        adc #{{ block.to_slot }}        ; the carry is the rounding
        sta a:hidden_slots + {{ unit.slot }}
        eor #$FFFF
        sec
        adc #2 * {{ block.bias }}
        sta a:hidden_slots + {{ unit.slot }} + MINUS_PART
{% endfor %}
        rep #$10
        .i16
        pea 0
        pld
        rtl
{% endfor %}
{% for routine in sums %}

; residual = residual + branch · 2^{{ routine.doublings }}, cut to what lies between ±2^{{ routine.bits }}.
; data bank $7E    kills: A
; twin: quantize.blocks.add_cut
        .segment "{{ routine.segment }}"
        .export {{ routine.entry }}
{{ routine.entry }}:
        .a16
        .i16
        .repeat ::N_EMBD, I
        .scope
        lda a:branch + 2 * I
{% if routine.far %}
        clc
        adc #{{ routine.far }}
        cmp #2 * {{ routine.far }}
        lda a:branch + 2 * I
        bcs cut                 ; so far from zero that no residual brings it back
{% endif %}
        .repeat {{ routine.doublings }}
        asl a
        .endrepeat
        clc
        adc a:residual + 2 * I
        clc
        adc #{{ routine.limit }}
        cmp #2 * {{ routine.limit }} + 1
        bcc inside
cut:    cmp #NEGATIVE
        lda #0
        bcs inside
        lda #2 * {{ routine.limit }}
inside: sec
        sbc #{{ routine.limit }}
        sta a:residual + 2 * I
        .endscope
        .endrepeat
        rtl
{% endfor %}
