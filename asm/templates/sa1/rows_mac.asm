; The schoolbook's matrices on the SA-1's arithmetic unit: rows of words, unrolled over their length. The unit adds a
; row's products up exactly, in 40 bits; the sum is rounded once.
; The direct page covers the unit's registers. The rows' bank, half of which is ROM, shows them and I-RAM too.

        .include "contract.inc"
        .include "sa1.inc"
        .include "config.inc"
        .include "memory.inc"

.define REGISTERS MCNT & $FF00
{% for code in routines %}

; {{ code.comment }}
; in: {{ code.source }}, w_ptr, y_ptr in bank 0, rows > 0    out: y    kills: A, X, Y, rows
; twin: quantize.kernels.schoolbook.Schoolbook
        .segment "{{ code.entry }}"
far_proc {{ code.entry }}, 16, 16
        phb
        ldx w_ptr
        ldy y_ptr
        pei (w_ptr + 1)
        plb
        plb                     ; the upper byte
        pea REGISTERS
        pld
next:   lda #ADD
        sta <MCNT
        .repeat {{ code.inputs }}, I
        lda a:{{ code.source }} + 2 * I
        sta <MA
        lda a:2 * I, x
        sta <MB
        .endrepeat
        txa
        clc
        adc #2 * {{ code.inputs }}
        tax
        rounded_result
        sta a:0, y
        iny
        iny
        dec a:rows
        beq :+
        jmp next
:       pea 0
        pld
        plb
        rtl
endproc
{% endfor %}
