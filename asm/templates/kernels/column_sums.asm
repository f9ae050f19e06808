; The sums that the MLP's columns add to. Unrolled over the width; they run with data bank $7E: see gpt.asm.

        .include "contract.inc"
        .include "config.inc"
        .include "memory.inc"

HALF_WORD = $8000

; The sums that the MLP's columns add to, empty: 2^15, so that they never go below zero.
; kills: A
        .segment "column_sums"
far_proc clear_sums, 16, 16
        lda #HALF_WORD
        .repeat ::N_EMBD, I
        sta a:sums + 2 * I
        .endrepeat
        rtl
endproc
{% for code in routines %}
{% for sums in code.sums %}

{% if sums.exponent %}
; residual = residual + round(sums / 2^{{ sums.exponent }}): of a matrix that is kept 2^{{ sums.exponent }} times too large.
{% else %}
; residual = residual + sums.
{% endif %}
; kills: A
; twin: quantize.kernels.digit_columns.DigitColumns
far_proc {{ sums.entry }}, 16, 16
        .repeat ::N_EMBD, I
        lda a:sums + 2 * I
{% if sums.exponent %}
        .repeat {{ sums.exponent }}
        lsr a
        .endrepeat
        adc #.loword(-(HALF_WORD >> {{ sums.exponent }}))    ; the carry is the rounding
{% else %}
        eor #HALF_WORD
{% endif %}
        clc
        adc a:residual + 2 * I
        sta a:residual + 2 * I
        .endrepeat
        rtl
endproc
{% endfor %}
{% endfor %}
