; The gated MLP's middle, silu(gate) · up, on the SA-1's arithmetic unit.

        .include "contract.inc"
        .include "sa1.inc"
        .include "config.inc"
        .include "memory.inc"

.define PRODUCT a:MR + 1          ; read as 16 bits: the product over 256
.define WHOLE a:MR + 2            ; the same over 2^16
.define REGISTERS MCNT & $FF00
FAR = 64                        ; a product's whole part beyond this is cut
NEGATIVE = $8000
{% for gate in routines %}

; {{ gate.comment }}
; in: gate, up    out: hidden_slots = {{ gate.bias }} ± hidden
; kills: A, X
; twin: quantize.kernels.gate.gated
        .segment "{{ gate.entry }}"
far_proc {{ gate.entry }}, 16, 16
        pea REGISTERS
        pld
        stz <MCNT               ; multiply
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
        tax
        lda f:{{ gate.table }}, x
        sta <MA
        lda a:up + 2 * I
        sta <MB
        lda #FAR
        clc
        adc WHOLE
        cmp #2 * FAR
        bcs :+
        lda PRODUCT
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
        pea 0
        pld
        rtl
endproc
{% endfor %}
