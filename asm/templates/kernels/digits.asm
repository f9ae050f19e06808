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
        .segment "{{ routines[0].entry }}"
clear_sums:
        .a16
        .i16
        lda #HALF_WORD
        .repeat ::N_EMBD, I
        sta a:sums + 2 * I
        .endrepeat
        rtl

; residual = residual + sums.
; kills: A
; twin: x + y
add_sums:
        .a16
        .i16
        .repeat ::N_EMBD, I
        lda a:sums + 2 * I
        eor #HALF_WORD
        clc
        adc a:residual + 2 * I
        sta a:residual + 2 * I
        .endrepeat
        rtl

; slots = bias ± the residual stream cut to ±HEAD_CLAMP and halved HEAD_SHIFT times; bias is HEAD_CLAMP halved too.
; kills: A
; twin: quantize.executor.Executor._clamped
clamp_residual:
        .a16
        .i16
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
        .repeat HEAD_SHIFT
        lsr a
        .endrepeat
        .if HEAD_SHIFT
        adc #0                  ; the half shifted out last
        .endif
        sta a:slots + 2 * I
        lda #2 * (HEAD_CLAMP >> HEAD_SHIFT)
        sec
        sbc a:slots + 2 * I
        sta a:slots + 2 * N_EMBD + 2 * I
        .endrepeat
        rtl

; A = A², rounded to Q8.8 and saturated: a hidden unit of a squared ReLU. Any direct page and data bank.
; in: A ≥ 0    out: A    kills: X, mul_a, mul_b, product, acc
; twin: quantize.blocks.relu2
        .segment "CODE"
square_hidden:
        phd
        pea 0
        pld
        phb
        phk                     ; the multiplier's registers are seen in bank $80
        plb
        call square_q88
        plb
        pld
        rtl

; rsqrt from another bank; four pairs of bits at once where they are clear.
rsqrt_far:
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

{% for sums in routines[0].scaled_sums %}

; residual = residual + round(sums / 2^{{ sums.exponent }}): of a matrix that is kept 2^{{ sums.exponent }} times too large.
; kills: A
; twin: quantize.kernels.DigitColumns
        .segment "{{ routines[0].entry }}"
        .export {{ sums.entry }}
{{ sums.entry }}:
        .a16
        .i16
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
{% endfor %}
        .segment "CODE"
        .export clear_sums, add_sums, clamp_residual, square_hidden, rsqrt_far
