; RMSNorm with squares from a table: unrolled over the model's width, with code for every shift that can occur.
; All of it runs with data bank $7E: see gpt.asm.

        .include "contract.inc"
        .include "snes.inc"
        .include "multiplier.inc"
        .include "config.inc"
        .include "memory.inc"

HALF_WORD = $8000
{% for norm in routines %}

; {{ norm.comment }}
; slots = NORM_BIAS ± y.  kills: A, X, Y, acc, norm_scale, norm_shift
; twin: quantize.kernels.table_norm.rmsnorm_table
        .segment "{{ norm.entry }}"
far_proc {{ norm.entry }}, 16, 16
        stz acc + 2
        lda #{{ norm.epsilon }}
        .repeat ::N_EMBD, I
        sta acc
        lda a:residual + 2 * I
        clc
        adc #1 << {{ norm.bits }}
{% for line in norm.to_offset %}
        {{ line }}
{% endfor %}
        tax
        lda f:{{ norm.squares }}, x
        clc
        adc acc
        bcc :+
        inc acc + 2
:
        .endrepeat
        sta acc
        call_far rsqrt_far
        lda norm_shift          ; how far the product is shifted beyond a byte
        clc
        adc #{{ norm.bits }} + {{ norm.doublings }} - 17 + {{ norm.variants_below }}
        asl a
        tax
        lda norm_scale
        lsr a
        pea INIDISP             ; the PPU's registers as direct page
        pld
        a8
        sta TIMES
        a16
        ldy #2 * N_EMBD - 2
        jmp (.loword(variants), x)
variants:
{% for variant in norm.variants %}
        .addr .loword(shift{{ loop.index0 }})
{% endfor %}
{% for variant in norm.variants %}
shift{{ loop.index0 }}:
        sep #$10
        .i8
{% if variant.unrolled %}
        .repeat ::N_EMBD, I
{% if norm.doublings %}
        lda a:residual + 2 * I
        .repeat {{ norm.doublings }}
        asl a
        .endrepeat
        tax
        stx FACTOR_LOW
        xba
        tax
        stx FACTOR_HIGH
{% else %}
        ldx a:residual + 2 * I
        stx FACTOR_LOW
        ldx a:residual + 2 * I + 1
        stx FACTOR_HIGH
{% endif %}
        multiply
        lda PRODUCT
{% if variant.right %}
        eor #HALF_WORD
        .repeat {{ variant.right }}
        lsr a
        .endrepeat
        adc #.loword(NORM_BIAS - (HALF_WORD >> {{ variant.right }}))    ; the carry is the rounding
{% else %}
        .repeat {{ variant.left }}
        asl a
        .endrepeat
        clc
        adc #NORM_BIAS
{% endif %}
        sta a:slots + 2 * I
        eor #$FFFF
        sec
        adc #2 * NORM_BIAS
        sta a:slots + 2 * N_EMBD + 2 * I
        .endrepeat
{% else %}
:
{% if norm.doublings %}
        lda a:residual, y
        .repeat {{ norm.doublings }}
        asl a
        .endrepeat
        tax
        stx FACTOR_LOW
        xba
        tax
        stx FACTOR_HIGH
{% else %}
        ldx a:residual, y
        stx FACTOR_LOW
        ldx a:residual + 1, y
        stx FACTOR_HIGH
{% endif %}
        multiply
        lda PRODUCT
{% if variant.right %}
        eor #HALF_WORD
        .repeat {{ variant.right }}
        lsr a
        .endrepeat
        adc #.loword(NORM_BIAS - (HALF_WORD >> {{ variant.right }}))
{% else %}
        .repeat {{ variant.left }}
        asl a
        .endrepeat
        clc
        adc #NORM_BIAS
{% endif %}
        sta a:slots, y
        lda #2 * NORM_BIAS
        sec
        sbc a:slots, y
        sta a:slots + 2 * N_EMBD, y
        dey
        dey
        cpy #$FE
        bne :-
{% endif %}
        jmp done
{% endfor %}
done:   rep #$10
        .i16
        pea ZERO_PAGE
        pld
        rtl
endproc
{% endfor %}
