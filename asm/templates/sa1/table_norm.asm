; RMSNorm with squares from a table, on the SA-1's arithmetic unit: unrolled over the model's width, with code for
; every shift that can occur.

        .include "contract.inc"
        .include "sa1.inc"
        .include "config.inc"
        .include "memory.inc"

.define PRODUCT a:MR + 1          ; read as 16 bits: the product over 256
.define REGISTERS MCNT & $FF00
HALF_WORD = $8000
{% for norm in routines %}

; {{ norm.comment }}
; slots = NORM_BIAS ± y.  kills: A, X, Y, acc, norm_scale, norm_shift
; twin: quantize.kernels.table_norm.rmsnorm_table
        .segment "{{ norm.entry }}"
far_proc {{ norm.entry }}, 16, 16
        pea REGISTERS
        pld
        lda #ADD
        sta <MCNT
        lda #1
        sta <MA
        .repeat ::N_EMBD, I
        lda a:residual + 2 * I
        clc
        adc #1 << {{ norm.bits }}
{% for line in norm.to_offset %}
        {{ line }}
{% endfor %}
        tax
        lda f:{{ norm.squares }}, x     ; less 2^15: the unit's factors are signed
        sta <MB
        .endrepeat
        pea 0
        pld
        lda #.loword({{ norm.epsilon }} + N_EMBD * HALF_WORD)
        clc
        adc a:MR
        sta acc
        lda #.hiword({{ norm.epsilon }} + N_EMBD * HALF_WORD)
        adc a:MR + 2
        sta acc + 2
        call_far rsqrt_far
        lda norm_shift          ; how far the product is shifted beyond a byte
        clc
        adc #{{ norm.bits }} + {{ norm.doublings }} - 17 + {{ norm.variants_below }}
        asl a
        tax
        lda norm_scale
        lsr a
        .repeat {{ norm.doublings }}
        asl a                   ; in place of every element
        .endrepeat
        pea REGISTERS
        pld
        stz <MCNT               ; multiply
        sta <MA
        ldy #2 * N_EMBD - 2
        jmp (.loword(variants), x)
variants:
{% for variant in norm.variants %}
        .addr .loword(shift{{ loop.index0 }})
{% endfor %}
{% for variant in norm.variants %}
shift{{ loop.index0 }}:
{% if variant.unrolled %}
        .repeat ::N_EMBD, I
        lda a:residual + 2 * I
        sta <MB
{% if variant.right %}
        lda #HALF_WORD
        eor PRODUCT
        .repeat {{ variant.right }}
        lsr a
        .endrepeat
        adc #.loword(NORM_BIAS - (HALF_WORD >> {{ variant.right }}))    ; the carry is the rounding
{% else %}
        clc
        lda PRODUCT
{% if variant.left %}
        .repeat {{ variant.left }}
        asl a
        .endrepeat
        clc
{% endif %}
        adc #NORM_BIAS
{% endif %}
        sta a:slots + 2 * I
        eor #$FFFF
        sec
        adc #2 * NORM_BIAS
        sta a:slots + 2 * N_EMBD + 2 * I
        .endrepeat
{% else %}
:       lda a:residual, y
        sta <MB
{% if variant.right %}
        lda #HALF_WORD
        eor PRODUCT
        .repeat {{ variant.right }}
        lsr a
        .endrepeat
        adc #.loword(NORM_BIAS - (HALF_WORD >> {{ variant.right }}))
{% else %}
        clc
        lda PRODUCT
{% if variant.left %}
        .repeat {{ variant.left }}
        asl a
        .endrepeat
        clc
{% endif %}
        adc #NORM_BIAS
{% endif %}
        sta a:slots, y
        lda #2 * NORM_BIAS
        sec
        sbc a:slots, y
        sta a:slots + 2 * N_EMBD, y
        dey
        dey
        bpl :-
{% endif %}
        jmp done
{% endfor %}
done:   pea 0
        pld
        rtl
endproc
{% endfor %}
