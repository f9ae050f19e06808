; Attention on the PPU's multiplier: 16 × 8 signed bits, the product there at once.
; The direct page covers the PPU's registers and the data bank is work RAM, so every access is short. Keys and
; values come through the WRAM port, byte after byte: see asm/kernels/ppu_attention.py.

        .include "contract.inc"
        .include "snes.inc"
        .include "config.inc"
        .include "memory.inc"

.define PRODUCT <(MPYL + 1)      ; read as 16 bits: the product over 256
.define STREAM <(WMDATA + 0)         ; the next byte of keys or values
RECIPROCALS = 2048
LAST = $FE                      ; Y one step below zero
HALF_BYTES = 256                ; of words that Y reaches

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
        adc a:position_bytes
        sta <WMADDL
        ldx #.bankbyte(address) & 1
        stx <WMADDH
.endmacro
{% for block in routines %}

; {{ block.comment }}
; in: query · 2^{{ block.query_shift }}, packed = this position's key and value bytes, position; data bank $7E
; out: slots = {{ block.bias }} ± attended
; kills: A, X, Y, weights, best, attended, weight_sum, norm_scale, position_words, row_end, half_end, half_last
; twin: quantize.kernels.ppu_attention.attention_scores_ppu, softmax_weights_ppu, attend_ppu
        .segment "{{ block.entry }}"
far_proc {{ block.entry }}, 16, 16
        pea INIDISP
        pld
        sep #$10
        .i8
        trace_here {{ block.trace_query }}, query, 2 * N_EMBD
        trace_here {{ block.trace_packed }}, packed, 2 * N_KV
        lda a:position
        asl a
        sta a:position_words
        inc a
        inc a
        sta a:row_end
{% if block.long %}
        cmp #HALF_BYTES
        bcc :+
        lda #HALF_BYTES         ; whose low byte, zero, ends an index that wraps
:       sta a:half_end
        dec a
        dec a
        sta a:half_last
{% endif %}

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
{% for half in block.halves %}
{% if half.later %}
        lda a:position_words
        cmp #HALF_BYTES
        bcs :+
        jmp scored
:
{% endif %}
        ldy #0
score_{{ half.number }}:
{% for head in half.heads %}
        ; head {{ head.number }}
{% for line in head.seek_keys %}
        {{ line }}
{% endfor %}
        lda #$8000
{% for i in head.inputs %}
        ldx a:query + 2 * {{ i }}
        stx <M7A
        ldx a:query + 2 * {{ i }} + 1
        stx <M7A
        ldx STREAM
        stx <M7B
        clc
        adc PRODUCT
{% endfor %}
        sta a:weights + {{ head.row }}, y
        cmp a:best + 2 * {{ head.number }}
        bcc :+
        sta a:best + 2 * {{ head.number }}
:
{% endfor %}
        iny
        iny
        cpy a:{{ half.end }}
        beq :+
        jmp score_{{ half.number }}
:
{% endfor %}
scored:
        trace_here {{ block.trace_scores }}, weights, 2 * N_CONTEXT * N_HEAD
{% if block.is_split %}
        jml weigh
        .segment "{{ block.weigh_segment }}"
{% endif %}
weigh:
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
        stz a:weight_sum
{% for half in block.halves %}
{% if half.later %}
        lda a:position_words
        cmp #HALF_BYTES
        bcc summed
{% endif %}
        ldy a:{{ half.last }}
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
        adc a:weight_sum
        sta a:weight_sum
        dey
        dey
        cpy #LAST
        bne weight_{{ half.number }}
{% endfor %}
summed:

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
large:
{% if block.max_sums %}
        cmp #8 * RECIPROCALS
        bcs larger
{% endif %}
        lsr a
        lsr a
        and #$FFFE
        tax
        lda f:reciprocal_table, x
        lsr a
        lsr a
        lsr a
{% if block.max_sums %}
        bra have
larger: .repeat 5
        lsr a
        .endrepeat
        and #$FFFE
        tax
        lda f:reciprocal_table, x
        .repeat 6
        lsr a
        .endrepeat
{% endif %}
have:
{% endif %}
        sta a:norm_scale
        sep #$10
        .i8
        ldx a:norm_scale
        stx <M7A
        ldx a:norm_scale + 1
        stx <M7A
{% for half in block.halves %}
{% if half.later %}
        lda a:position_words
        cmp #HALF_BYTES
        bcc scaled
{% endif %}
        ldy a:{{ half.last }}
:       ldx a:row + {{ half.number }} * HALF_BYTES, y
        stx <M7B
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
{% if block.is_split %}
        jml mean
        .segment "{{ block.mean_segment }}"
{% endif %}
mean:
        trace_here {{ block.trace_weights }}, weights, 2 * N_CONTEXT * N_HEAD

        ; values
        lda #{{ block.mean_start }}
{% for i in range(config.n_embd) %}
        sta a:attended + 2 * {{ i }}
{% endfor %}
        stream {{ block.values }}
{% for half in block.halves %}
{% if half.later %}
        lda a:position_words
        cmp #HALF_BYTES
        bcs :+
        jmp meant
:
{% endif %}
        ldy #0
value_{{ half.number }}:
{% for head in half.heads %}
        ; head {{ head.number }}
{% for line in head.seek_values %}
        {{ line }}
{% endfor %}
        lda a:weights + {{ head.row }}, y
        bne :+
        jmp skip_{{ half.number }}_{{ head.number }}
:       tax
        stx <M7A
        xba
        tax
        stx <M7A
{% for i in head.inputs %}
        ldx STREAM
        stx <M7B
        lda a:attended + 2 * {{ i }}
        clc
        adc PRODUCT
        sta a:attended + 2 * {{ i }}
{% endfor %}
next_{{ half.number }}_{{ head.number }}:
{% endfor %}
        iny
        iny
        cpy a:{{ half.end }}
        beq :+
        jmp value_{{ half.number }}
:
{% endfor %}
meant:
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
        pea 0
        pld
        rtl

        ; a head that gives a position no weight: on to the next one's values
        .i8
{% for half in block.halves %}
{% for head in half.heads %}
skip_{{ half.number }}_{{ head.number }}:
{% for line in head.skip %}
        {{ line }}
{% endfor %}
        jmp next_{{ half.number }}_{{ head.number }}
{% endfor %}
{% endfor %}
endproc
{% endfor %}
