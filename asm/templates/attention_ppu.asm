; Attention on the PPU's multiplier: 16 × 8 signed bits, the product there at once.
; The direct page lies over the PPU's registers and the data bank is work RAM, so every access is short.

        .include "contract.inc"
        .include "snes.inc"
        .include "config.inc"
        .include "memory.inc"

.define PRODUCT <(MPYL + 1)      ; read as 16 bits: the product over 256
RECIPROCALS = 2048
LAST = $FE                      ; Y one step below zero

; trace_here offset, source, bytes: `trace` from within. Nothing unless TRACE.
.macro trace_here offset, source, bytes
        .if ::TRACE
        rep #$10
        .i16
        phb
        lda a:log_ptr
        clc
        adc #offset
        tay
        ldx #.loword(source)
        lda #bytes - 1
        mvn #$7E, #LOG_BANK
        plb
        sep #$10
        .i8
        .endif
.endmacro
{% for block in attentions %}

; {{ block.comment }}
; in: query · 2^{{ block.key_shift }}, packed = this position's key and value bytes, position
; out: slots = {{ block.bias }} ± attended
; kills: A, X, Y, scores, kept_weights, attended, best, weight_sum, norm_scale, position_words
; twin: quantize.blocks.attention_scores_ppu, softmax_weights_ppu, attend_ppu
        .segment "{{ block.segment }}"
        .export {{ block.entry }}
{{ block.entry }}:
.scope
        .a16
        .i16
        phb
        pea $7E7E
        plb
        plb
        lda a:position
        asl a
        sta a:position_words
        tay
{% for i in range(config.n_embd) %}
        lda a:packed + 2 * {{ i }}
        sta a:.loword({{ block.cache }} + {{ i }} * 2 * N_CONTEXT), y
{% endfor %}
        pea INIDISP
        pld
        sep #$10
        .i8
        trace_here {{ block.trace_query }}, query, KV_ROW
        trace_here {{ block.trace_packed }}, packed, KV_ROW
{% for head in block.heads %}

        ; head {{ loop.index }} of {{ config.n_head }}: scores
.scope
        ldy a:position_words
        stz a:best
score:  lda #$8000              ; scores are kept with 2^15 added
{% for i in head.inputs %}
        ldx a:query + 2 * {{ i }}
        stx <M7A
        ldx a:query + 2 * {{ i }} + 1
        stx <M7A
        ldx a:.loword({{ block.cache }} + {{ i }} * 2 * N_CONTEXT), y
        stx <M7B
        clc
        adc PRODUCT
{% endfor %}
        sta a:scores, y
        cmp a:best
        bcc :+
        sta a:best
:       dey
        dey
        cpy #LAST
        beq :+
        jmp score
:
        trace_here {{ head.trace_scores }}, scores, 2 * N_CONTEXT

        ; exp(score − best), seven bits, and their sum
        lda a:best
        clc
        adc #4
        sta a:best
        stz a:weight_sum
        ldy a:position_words
weight: lda a:best
        sec
        sbc a:scores, y
        lsr a
        lsr a
        lsr a
        cmp #EXP7_ENTRIES
        bcs none
        tax
        lda f:exp7_table, x
        and #$00FF
        bra keep
none:   lda #0
keep:   sta a:.loword({{ head.weights }}), y
        clc
        adc a:weight_sum
        sta a:weight_sum
        dey
        dey
        cpy #LAST
        bne weight

        ; weights · 2^21 / sum / 256: Q0.13
        rep #$10
        .i16
        lda a:weight_sum
{% if block.long_sums %}
        cmp #RECIPROCALS
        bcs large
{% endif %}
        asl a
        tax
        lda f:reciprocal_table, x
{% if block.long_sums %}
        bra have
large:  lsr a
        lsr a
        and #$FFFE
        tax
        lda f:reciprocal_table, x
        lsr a
        lsr a
        lsr a
have:
{% endif %}
        sta a:norm_scale
        sep #$10
        .i8
        ldx a:norm_scale
        stx <M7A
        ldx a:norm_scale + 1
        stx <M7A
        ldy a:position_words
:       ldx a:.loword({{ head.weights }}), y
        stx <M7B
        lda PRODUCT
        sta a:.loword({{ head.weights }}), y
        dey
        dey
        cpy #LAST
        bne :-
        trace_here {{ head.trace_weights }}, {{ head.weights }}, 2 * N_CONTEXT

        ; values
        lda #{{ block.mean_start }}
{% for i in head.inputs %}
        sta a:attended + 2 * {{ i }}
{% endfor %}
        ldy a:position_words
value:  lda a:.loword({{ head.weights }}), y
        bne :+
        jmp next
:       ldx a:.loword({{ head.weights }}), y
        stx <M7A
        ldx a:.loword({{ head.weights }} + 1), y
        stx <M7A
{% for i in head.inputs %}
        ldx a:.loword({{ block.cache }} + {{ i }} * 2 * N_CONTEXT + 1), y
        stx <M7B
        lda a:attended + 2 * {{ i }}
        clc
        adc PRODUCT
        sta a:attended + 2 * {{ i }}
{% endfor %}
next:   dey
        dey
        cpy #LAST
        beq :+
        jmp value
:
{% for i in head.inputs %}
        lda a:attended + 2 * {{ i }}
        .repeat {{ block.mean_shift }}
        lsr a
        .endrepeat
        clc
        adc #{{ block.mean_to_slot }}
        sta a:slots + 2 * {{ i }}
        .if ::TRACE
        sec
        sbc #{{ block.bias }}
        sta a:attended + 2 * {{ i }}
        .endif
        lda #2 * {{ block.bias }}
        sec
        sbc a:slots + 2 * {{ i }}
        sta a:slots + 2 * N_EMBD + 2 * {{ i }}
{% endfor %}
.endscope
{% endfor %}
        rep #$10
        .i16
        pea 0
        pld
        plb
        rtl
.endscope
{% endfor %}
