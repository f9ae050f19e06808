; Attention on the PPU's multiplier: 16 × 8 signed bits, the product there at once.
; The direct page covers the PPU's registers and the data bank is work RAM, so every access is short. Keys and
; values come through the WRAM port, byte after byte: see asm/kernels/ppu_attention.py.

        .include "contract.inc"
        .include "snes.inc"
        .include "multiplier.inc"
        .include "config.inc"
        .include "memory.inc"

.define STREAM <(WMDATA + 0)         ; the next byte of keys or values
RECIPROCALS = 2048
LAST = $FE                      ; Y one step below zero
HALF_BYTES = 256                ; of words that Y reaches
sum_of   = attended             ; a head's weights, until the values are added there
scale_of = best                 ; what multiplies them

; trace_here offset, source, bytes: `trace` from within. Nothing unless TRACE.
.macro trace_here offset, source, bytes
        .if ::TRACE
        rep #$10
        .i16
        phb
        lda a:ZERO_PAGE + log_ptr
        clc
        adc #offset
        tay
        ldx #.loword(source)
        lda #bytes - 1
        mvn #WORK_BANK, #LOG_BANK
        plb
        sep #$10
        .i8
        .endif
.endmacro

; stream address: the WRAM port begins there.
.macro stream address
        lda #.loword(address)
        sta <WMADDL
        ldx #.bankbyte(address) & 1
        stx <WMADDH
.endmacro

; stream_row address: the same at this position's row.
.macro stream_row address
        lda #.loword(address)
        clc
        adc a:ZERO_PAGE + position_bytes
        sta <WMADDL
        ldx #.bankbyte(address) & 1
        stx <WMADDH
.endmacro
{% for block in routines %}

; {{ block.comment }}
; in: query · 2^{{ block.query_shift }}, packed = this position's key and value bytes, position; data bank $7E
; out: slots = {{ block.bias }} ± attended
; kills: A, X, Y, weights, best, attended, weight_sum, norm_scale, position_words, row_end, half_end, half_last, window_begin
; twin: quantize.kernels.ppu_attention.attention_scores_ppu, softmax_weights_in_bytes, attend_ppu
        .segment "{{ block.entry }}"
far_proc {{ block.entry }}, 16, 16
        pea INIDISP
        pld
{% if block.reaches %}
        ; outside a window there is zero, for those who look: the trace and the x-ray screen
        .if !::TRACE
        lda a:ZERO_PAGE + probing
        beq unseen
        .endif
        stz a:weights
        ldx #.loword(weights)
        ldy #.loword(weights) + 2
        lda #2 * N_CONTEXT * N_HEAD - 3
        mvn #WORK_BANK, #WORK_BANK
unseen:
{% endif %}
        sep #$10
        .i8
        trace_here {{ block.trace_query }}, query, 2 * N_EMBD
        trace_here {{ block.trace_packed }}, packed, 2 * N_KV
        lda a:ZERO_PAGE + position
        asl a
        sta a:ZERO_PAGE + position_words
        inc a
        inc a
        sta a:ZERO_PAGE + row_end
{% if block.long %}
        cmp #HALF_BYTES
        bcc :+
        lda #HALF_BYTES         ; whose low byte, zero, ends an index that wraps
:       sta a:ZERO_PAGE + half_end
        dec a
        dec a
        sta a:ZERO_PAGE + half_last
{% endif %}
{% for window in block.reaches %}
        lda a:ZERO_PAGE + position_words
        sec
        sbc #{{ window.back }}
        bcs :+
        lda #0
:       sta a:{{ window.begin }}
{% endfor %}

        ; this position's keys and values
        stream_row {{ block.keys }}
{% for i in range(config.kv_dim) %}
        ldx a:packed + 2 * {{ i }}
        stx STREAM
{% endfor %}
        stream_row {{ block.values }}
{% for i in range(config.kv_dim) %}
        ldx a:packed + 2 * {{ i }} + 1
        stx STREAM
{% endfor %}

        ; scores, with 2^15 added, where the weights will be
{% for head in range(config.n_head) %}
        stz a:best + 2 * {{ head }}
{% endfor %}
        stream {{ block.keys }}
{% for stretch in block.stretches %}
{% if block.is_apart %}
        jml score_begins_{{ stretch.number }}
        .segment "{{ block.entry }}_score_{{ stretch.number }}"
score_begins_{{ stretch.number }}:
{% endif %}
{% if stretch.later %}
        lda a:ZERO_PAGE + position_words
        cmp #HALF_BYTES
        bcs :+
        jmp scored
:
{% endif %}
{% if stretch.begin %}
        ldy {{ stretch.begin }}
{% endif %}
{% if stretch.may_be_empty %}
        cpy a:{{ stretch.end }}
        bne :+
        jmp scored_{{ stretch.number }}
:
{% endif %}
{% for line in stretch.to_keys %}
        {{ line }}
{% endfor %}
score_{{ stretch.number }}:
{% for head in stretch.heads %}
        ; head {{ head.number }}
{% for line in head.to_keys %}
        {{ line }}
{% endfor %}
        lda #$8000
{% for i in head.inputs %}
        ldx a:query + 2 * {{ i }}
        stx FACTOR_LOW
        ldx a:query + 2 * {{ i }} + 1
        stx FACTOR_HIGH
        ldx STREAM
        stx TIMES
        multiply
        clc
        adc PRODUCT
{% endfor %}
        sta a:weights + {{ head.row }}, y
        cmp a:best + 2 * {{ head.number }}
        bcc :+
        sta a:best + 2 * {{ head.number }}
:
{% endfor %}
{% for line in stretch.on %}
        {{ line }}
{% endfor %}
        iny
        iny
        cpy a:{{ stretch.end }}
        beq :+
        jmp score_{{ stretch.number }}
:
{% if stretch.may_be_empty %}
scored_{{ stretch.number }}:
{% endif %}
{% endfor %}
scored:
        trace_here {{ block.trace_scores }}, weights, 2 * N_CONTEXT * N_HEAD
{% if block.is_split %}
        jml weigh
        .segment "{{ block.weigh_segment }}"
{% endif %}
weigh:
{% if block.by_position %}
        ; exp(score − best), seven bits, and the sums of every head's. The carry is clear before a score is taken
        ; from its best, which is one larger for that
{% for head in range(config.n_head) %}
        lda a:best + 2 * {{ head }}
        clc
        adc #{{ block.half_step }} + 1
        sta a:best + 2 * {{ head }}
        stz a:sum_of + 2 * {{ head }}
{% endfor %}
{% for stretch in block.stretches %}
{% if block.is_apart %}
        jml weight_begins_{{ stretch.number }}
        .segment "{{ block.entry }}_weight_{{ stretch.number }}"
weight_begins_{{ stretch.number }}:
{% endif %}
{% if stretch.begin %}
        ldy {{ stretch.begin }}
{% endif %}
{% if stretch.may_be_empty %}
        cpy a:{{ stretch.end }}
        bne :+
        jmp weighed_{{ stretch.number }}
:
{% endif %}
weight_{{ stretch.number }}:
        clc
{% for head in stretch.heads %}
.scope
        lda a:best + 2 * {{ head.number }}
        sbc a:weights + {{ head.row }}, y
{% for bit in range(block.score_drop) %}
        lsr a
{% endfor %}
{% for bit in range(block.score_doublings) %}
        cmp #(EXP7_ENTRIES + 1) / 2
        bcs none
        asl a
{% endfor %}
        cmp #EXP7_ENTRIES
        bcc near
none:   lda #0
        sta a:weights + {{ head.row }}, y
        clc
        bra done
near:   tax
        lda f:exp7_table, x
        and #$00FF
        sta a:weights + {{ head.row }}, y
        adc a:sum_of + 2 * {{ head.number }}
        sta a:sum_of + 2 * {{ head.number }}
done:
.endscope
{% endfor %}
        iny
        iny
        cpy a:{{ stretch.end }}
        beq :+
        jmp weight_{{ stretch.number }}
:
{% if stretch.may_be_empty %}
weighed_{{ stretch.number }}:
{% endif %}
{% endfor %}

        ; what the weights are to be multiplied by: 2^21 / sum
        rep #$10
        .i16
{% for head in range(config.n_head) %}
.scope
        lda a:sum_of + 2 * {{ head }}
{% include "blocks/reciprocal.asm" %}
        sta a:scale_of + 2 * {{ head }}
.endscope
{% endfor %}
        sep #$10
        .i8
{% else %}
{% for head in range(config.n_head) %}

        ; head {{ head }}: exp(score − best), seven bits, and their sum
.scope
row = weights + {{ head }} * 2 * N_CONTEXT
{% if block.half_step %}
        lda a:best + 2 * {{ head }}
        clc
        adc #{{ block.half_step }}
        sta a:best + 2 * {{ head }}
{% endif %}
        stz a:ZERO_PAGE + weight_sum
{% for half in block.halves %}
{% if half.later %}
        lda a:ZERO_PAGE + position_words
        cmp #HALF_BYTES
        bcc summed
{% endif %}
        ldy a:ZERO_PAGE + {{ half.last }}
weight_{{ half.number }}:
        lda a:best + 2 * {{ head }}
        sec
        sbc a:row + {{ half.number }} * HALF_BYTES, y
{% for bit in range(block.score_drop) %}
        lsr a
{% endfor %}
{% for bit in range(block.score_doublings) %}
        cmp #(EXP7_ENTRIES + 1) / 2
        bcs none_{{ half.number }}
        asl a
{% endfor %}
        cmp #EXP7_ENTRIES
        bcs none_{{ half.number }}
        tax
        lda f:exp7_table, x
        and #$00FF
        bra keep_{{ half.number }}
none_{{ half.number }}:
        lda #0
keep_{{ half.number }}:
        sta a:row + {{ half.number }} * HALF_BYTES, y
        clc
        adc a:ZERO_PAGE + weight_sum
        sta a:ZERO_PAGE + weight_sum
        dey
        dey
        cpy #LAST
        bne weight_{{ half.number }}
{% endfor %}
summed:

        ; weights · 2^21 / sum / 256: Q0.13
        rep #$10
        .i16
        lda a:ZERO_PAGE + weight_sum
{% include "blocks/reciprocal.asm" %}
        sta a:ZERO_PAGE + norm_scale
        sep #$10
        .i8
        ldx a:ZERO_PAGE + norm_scale
        stx FACTOR_LOW
        ldx a:ZERO_PAGE + norm_scale + 1
        stx FACTOR_HIGH
{% for half in block.halves %}
{% if half.later %}
        lda a:ZERO_PAGE + position_words
        cmp #HALF_BYTES
        bcc scaled
{% endif %}
        ldy a:ZERO_PAGE + {{ half.last }}
:       ldx a:row + {{ half.number }} * HALF_BYTES, y
        stx TIMES
        multiply
        lda PRODUCT
        sta a:row + {{ half.number }} * HALF_BYTES, y
        dey
        dey
        cpy #LAST
        bne :-
{% endfor %}
scaled:
.endscope
{% endfor %}
{% endif %}
{% if block.is_split %}
        jml mean
        .segment "{{ block.mean_segment }}"
{% endif %}
mean:
{% if block.by_head %}
        trace_here {{ block.trace_weights }}, weights, 2 * N_CONTEXT * N_HEAD
{% endif %}

        ; values
        lda #{{ block.mean_start }}
{% for i in range(config.n_embd) %}
        sta a:attended + 2 * {{ i }}
{% endfor %}
        stream {{ block.values }}
{% for stretch in block.stretches %}
{% if block.is_apart %}
        jml value_begins_{{ stretch.number }}
        .segment "{{ block.entry }}_value_{{ stretch.number }}"
value_begins_{{ stretch.number }}:
{% endif %}
{% if stretch.later %}
        lda a:ZERO_PAGE + position_words
        cmp #HALF_BYTES
        bcs :+
        jmp meant
:
{% endif %}
{% if stretch.begin %}
        ldy {{ stretch.begin }}
{% endif %}
{% if stretch.may_be_empty %}
        cpy a:{{ stretch.end }}
        bne :+
        jmp meant_{{ stretch.number }}
:
{% endif %}
{% for line in stretch.to_values %}
        {{ line }}
{% endfor %}
{% if block.by_position %}
        jmp value_{{ stretch.number }}
{% for head in stretch.heads %}
skip_{{ stretch.number }}_{{ head.number }}:
{% for line in head.past %}
        {{ line }}
{% endfor %}
        jmp next_{{ stretch.number }}_{{ head.number }}
{% endfor %}
{% endif %}
value_{{ stretch.number }}:
{% for head in stretch.heads %}
        ; head {{ head.number }}
{% for line in head.to_values %}
        {{ line }}
{% endfor %}
{% if block.by_position %}
        ldx a:weights + {{ head.row }}, y
        bne :+
        jmp skip_{{ stretch.number }}_{{ head.number }}
:       stx TIMES
        ldx a:scale_of + 2 * {{ head.number }}
        stx FACTOR_LOW
        ldx a:scale_of + 2 * {{ head.number }} + 1
        stx FACTOR_HIGH
        multiply
        lda PRODUCT
        sta a:weights + {{ head.row }}, y
        tax
{% else %}
        lda a:weights + {{ head.row }}, y
        bne :+
        jmp skip_{{ stretch.number }}_{{ head.number }}
:       tax
{% endif %}
        stx FACTOR_LOW
        xba
        tax
        stx FACTOR_HIGH
{% for i in head.inputs %}
        ldx STREAM
        stx TIMES
        lda a:attended + 2 * {{ i }}
        multiply
        clc
        adc PRODUCT
        sta a:attended + 2 * {{ i }}
{% endfor %}
next_{{ stretch.number }}_{{ head.number }}:
{% endfor %}
{% for line in stretch.on %}
        {{ line }}
{% endfor %}
        iny
        iny
        cpy a:{{ stretch.end }}
        beq :+
        jmp value_{{ stretch.number }}
:
{% if stretch.may_be_empty %}
meant_{{ stretch.number }}:
{% endif %}
{% endfor %}
meant:
{% if block.by_position %}
        trace_here {{ block.trace_weights }}, weights, 2 * N_CONTEXT * N_HEAD
{% endif %}
{% for i in range(config.n_embd) %}
        lda a:attended + 2 * {{ i }}
        .repeat {{ block.mean_shift }}
        lsr a
        .endrepeat
        clc
        adc #{{ block.mean_to_slot }}
        sta a:slots + 2 * {{ i }}
        eor #$FFFF
        sec
        adc #2 * {{ block.bias }}
        sta a:slots + 2 * N_EMBD + 2 * {{ i }}
        .if ::TRACE
        lda a:slots + 2 * {{ i }}
        sec
        sbc #{{ block.bias }}
        sta a:attended + 2 * {{ i }}
        .endif
{% endfor %}
        rep #$10
        .i16
        pea ZERO_PAGE
        pld
        rtl

{% if block.by_head %}
        ; a head that gives a position no weight: on to the next one's values
        .i8
{% for stretch in block.stretches %}
{% for head in stretch.heads %}
skip_{{ stretch.number }}_{{ head.number }}:
{% for line in head.past %}
        {{ line }}
{% endfor %}
        jmp next_{{ stretch.number }}_{{ head.number }}
{% endfor %}
{% endfor %}
{% endif %}
endproc
{% endfor %}
