; What surrounds the rows of digits: slots, sums, and the table norm. Unrolled over the model's width.
; All of it runs with data bank $7E: see gpt.asm.

        .include "contract.inc"
        .include "snes.inc"
        .include "config.inc"
        .include "memory.inc"

        .segment "CODE"

HALF_WORD = $8000

; Every hidden unit zero, where somebody looks: the columns fill in those above zero.
; kills: A, X
proc clear_hidden, 16, 16
        ldx #2 * N_HIDDEN - 2
:       stz a:hidden, x
        dex
        dex
        bpl :-
        rts
endproc

; normed = slots − bias: in a traced cartridge only.
; kills: A, X
proc trace_slots, 16, 16
        ldx #2 * N_EMBD - 2
:       lda a:slots, x
        sec
        sbc #NORM_BIAS
        sta normed, x
        dex
        dex
        bpl :-
        rts
endproc

; residual = what a norm left in its slots: the norm of the embedding is the residual stream.
; kills: A, X
; twin: quantize.executor.Executor.step
proc residual_of_slots, 16, 16
        ldx #2 * N_EMBD - 2
:       lda a:slots, x
        sec
        sbc #NORM_BIAS
        sta a:residual, x
        dex
        dex
        bpl :-
        rts
endproc

; The sums that the MLP's columns add to, empty: 2^15, so that they never go below zero.
; kills: A
        .segment "{{ fast.segment }}"
far_proc clear_sums, 16, 16
        lda #HALF_WORD
        .repeat ::N_EMBD, I
        sta a:sums + 2 * I
        .endrepeat
        rtl
endproc

; residual = residual + sums.
; kills: A
; twin: x + y
far_proc add_sums, 16, 16
        .repeat ::N_EMBD, I
        lda a:sums + 2 * I
        eor #HALF_WORD
        clc
        adc a:residual + 2 * I
        sta a:residual + 2 * I
        .endrepeat
        rtl
endproc

; slots = bias ± the residual stream cut to ±HEAD_CLAMP and halved HEAD_SHIFT times; bias is HEAD_CLAMP halved too.
; kills: A
; twin: quantize.executor.Executor._clamped
far_proc clamp_residual, 16, 16
        .repeat ::N_EMBD, I
        lda a:residual + 2 * I
        clc
        adc #HEAD_CLAMP
        cmp #2 * HEAD_CLAMP + 1
        bcc :+
        cmp #HALF_WORD          ; below −HEAD_CLAMP the sum is negative
        lda #0
        bcs :+
        lda #2 * HEAD_CLAMP
:
        .repeat ::HEAD_SHIFT
        lsr a
        .endrepeat
        .if ::HEAD_SHIFT
        adc #0                  ; the half shifted out last
        .endif
        sta a:slots + 2 * I
        lda #2 * (HEAD_CLAMP >> HEAD_SHIFT)
        sec
        sbc a:slots + 2 * I
        sta a:slots + 2 * N_EMBD + 2 * I
        .endrepeat
        rtl
endproc

; rsqrt from another bank; four pairs of bits at once where they are clear.
        .segment "CODE"
far_proc rsqrt_far, 16, 16
        lda acc + 2
        cmp #$0040
        bcc :+
        call rsqrt
        rtl
:       lda acc + 1
        sta acc + 2
        lda acc
        xba
        and #$FF00
        sta acc
        call rsqrt
        lda norm_shift
        sec
        sbc #4
        sta norm_shift
        rtl
endproc

{% for sums in fast.scaled_sums %}

; residual = residual + round(sums / 2^{{ sums.exponent }}): of a matrix that is kept 2^{{ sums.exponent }} times too large.
; kills: A
; twin: quantize.kernels.DigitColumns
        .segment "{{ fast.segment }}"
far_proc {{ sums.entry }}, 16, 16
        .repeat ::N_EMBD, I
        lda a:sums + 2 * I
        .repeat {{ sums.exponent }}
        lsr a
        .endrepeat
        adc #.loword(-(HALF_WORD >> {{ sums.exponent }}))    ; the carry is the rounding
        clc
        adc a:residual + 2 * I
        sta a:residual + 2 * I
        .endrepeat
        rtl
endproc
{% endfor %}
        .segment "CODE"
{% for norm in norms %}

; {{ norm.comment }}
; slots = NORM_BIAS ± y.  kills: A, X, Y, acc, norm_scale, norm_shift
; twin: quantize.blocks.rmsnorm_table
        .segment "{{ norm.segment }}"
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
        sta <M7B
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
        stx <M7A
        xba
        tax
        stx <M7A
{% else %}
        ldx a:residual + 2 * I
        stx <M7A
        ldx a:residual + 2 * I + 1
        stx <M7A
{% endif %}
        lda <(MPYL + 1)
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
        stx <M7A
        xba
        tax
        stx <M7A
{% else %}
        ldx a:residual, y
        stx <M7A
        ldx a:residual + 1, y
        stx <M7A
{% endif %}
        lda <(MPYL + 1)
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
        pea 0
        pld
        rtl
endproc
{% endfor %}
