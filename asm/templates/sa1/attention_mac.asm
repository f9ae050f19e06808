; Attention on the SA-1's arithmetic unit, which adds up products: 16 × 16 signed bits into 40.
; The direct page covers its registers. A word of a cache is a key and a value: an index of 8 bits reads either byte,
; which goes into a factor's high byte. So a sum over 256 is that of the unit over 2^16. See asm/kernels/mac_attention.py.

        .include "contract.inc"
        .include "sa1.inc"
        .include "config.inc"
        .include "memory.inc"

.define SUM a:MR + 2            ; read as 16 bits: the sum, or the product, over 2^16
.define REGISTERS MCNT & $FF00
RECIPROCALS = 2048

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
        mvn #WORK_BANK, #LOG_BANK
        plb
        sep #$10
        .i8
        .endif
.endmacro

; unit what: the unit's next task.
; kills: X
.macro unit what
        ldx #what
        stx <MCNT
.endmacro

; show block: in the window.
; kills: X
.macro show block
        ldx #block
        stx <BMAP
.endmacro
{% for block in routines %}

; {{ block.comment }}
; in: query · 2^{{ block.query_shift }}, packed = this position's key and value bytes, position
; out: slots = {{ block.bias }} ± attended
; kills: A, X, Y, attention_page, weights, attended, row_end
; twin: quantize.kernels.mac_attention.attention_scores_mac, softmax_weights_in_bytes, attend_mac
        .segment "{{ block.entry }}"
far_proc {{ block.entry }}, 16, 16
{% for chunk in block.chunks %}
CACHE_{{ chunk.number }} = WINDOW + ({{ chunk.cache }} & (BLOCK_BYTES - 1))
BLOCK_{{ chunk.number }} = ({{ chunk.cache }} - BWRAM) / BLOCK_BYTES
        .assert CACHE_{{ chunk.number }} - WINDOW + {{ chunk.row_bytes }} * N_KV <= BLOCK_BYTES, error, "a cache crosses the end of a block"
{% endfor %}
        .if ::TRACE
        sep #$10
        .i8
        trace_here {{ block.trace_query }}, query, 2 * N_EMBD
        trace_here {{ block.trace_packed }}, packed, 2 * N_KV
        rep #$10
        .i16
        .endif

        ; this position's keys and values
        lda position
        asl a
        tax
{% for chunk in block.chunks %}
{% if chunk.ends %}
        cpx #2 * {{ chunk.end }}
        bcc :+
        jmp beyond_{{ chunk.number }}
:
{% endif %}
{% for row in range(block.rows) %}
        lda a:packed + 2 * {{ row }}
        sta f:{{ chunk.cache }} + {{ row }} * {{ chunk.row_bytes }} - {{ chunk.weights }}, x
{% endfor %}
{% if chunk.ends %}
        jmp cached
beyond_{{ chunk.number }}:
{% endif %}
{% endfor %}
{% if block.chunked %}
cached:
{% endif %}

        ; where the positions so far end in every chunk; behind the newest there is no weight
{% for chunk in block.chunks %}
        lda position
{% if chunk.later %}
        sec
        sbc #{{ chunk.first }} - 1
        bcs :+
        lda #0
:
{% else %}
        inc a
{% endif %}
{% if block.chunked %}
        cmp #{{ chunk.positions }}
        bcc :+
        lda #{{ chunk.positions }}
:
{% endif %}
        asl a
        dec a
        dec a
        sta a:{{ chunk.last }}
{% if chunk.later %}
        bmi :+
{% endif %}
        tax
        stz a:{{ block.weights }} + {{ chunk.weights }} + 2, x
        and #$00FC
        inc a
        sta a:{{ chunk.top }}
{% if chunk.later %}
:
{% endif %}
{% endfor %}

        ; queries are in the slots, until their head's results go over them
        .repeat ::N_EMBD, I
        lda a:query + 2 * I
        sta a:slots + 2 * I
        .endrepeat
        pea REGISTERS
        pld
        sep #$10
        .i8
{% if block.chunked %}
{% else %}
        show BLOCK_0
{% endif %}
{% for piece in block.head_pieces %}
{% if piece.later %}
        jml {{ piece.segment }}
        .segment "{{ piece.segment }}"
{{ piece.segment }}:
{% endif %}
{% for part in piece.parts %}
{% if part.weighs %}
{% for window in part.head.windows %}

        ; where a window of {{ window.back }} + 1 positions begins in every chunk: the cell before, and the pair
        lda a:position
        sec
        sbc #{{ window.back }}
        bcs :+
        lda #0
:       asl a
        sta a:row_end
{% for cut in window.cuts %}
        lda a:row_end
        sec
        sbc #{{ cut.first }}
        bcs :+
        lda #0
:       dec a
        dec a
        bmi :+
        cmp a:{{ cut.last }}
        bcc :+
        lda a:{{ cut.last }}
:       sta a:{{ cut.stop }}
        inc a
        inc a
        and #$00FC
        inc a
        sta a:{{ cut.bottom }}
{% endfor %}
{% endfor %}

        ; head {{ part.head.number }}: scores, with 2^15 added
{% if part.head.windowed %}
        ; outside its window there is zero, for those who look: the trace and the x-ray screen
        .if !::TRACE
        lda a:probing
        cmp #{{ block.layer }} + 1
        bne unseen_{{ part.head.number }}
        .endif
        rep #$10
        .i16
        stz a:{{ block.weights }}
        ldx #.loword({{ block.weights }})
        ldy #.loword({{ block.weights }}) + 2
        lda #2 * N_CONTEXT - 3
        mvn #WORK_BANK, #WORK_BANK
        sep #$10
        .i8
unseen_{{ part.head.number }}:
{% for span in part.head.spans %}
        ldx a:{{ span.bottom }}
        stz a:{{ block.weights }} + {{ span.chunk.weights }} - 1, x
{% endfor %}
{% endif %}
        stz a:{{ block.best }}
{% for span in part.head.spans %}
        ldy a:{{ span.chunk.last }}
{% if span.may_be_empty %}
{% if span.look %}
        {{ span.look }}
{% endif %}
        {{ span.some }} :+
        jmp scored_{{ part.head.number }}_{{ span.chunk.number }}
:
{% endif %}
{% if block.chunked %}
        show BLOCK_{{ span.chunk.number }}
{% endif %}
score_{{ part.head.number }}_{{ span.chunk.number }}:
        unit ADD
{% for dimension in part.head.dimensions %}
        lda a:slots + 2 * {{ dimension.number }}
        sta <MA
        ldx a:CACHE_{{ span.chunk.number }} + {{ dimension.row }} * {{ span.chunk.row_bytes }}, y
        stx <(MB + 1)
{% endfor %}
        lda #$8000
        eor SUM
        sta a:{{ block.weights }} + {{ span.chunk.weights }}, y
        cmp a:{{ block.best }}
        bcc :+
        sta a:{{ block.best }}
:       dey
        dey
{% if span.compare %}
        {{ span.compare }}
{% endif %}
{% if block.short_loop %}
        {{ span.more }} score_{{ part.head.number }}_{{ span.chunk.number }}
{% else %}
        {{ span.past }} :+
        jmp score_{{ part.head.number }}_{{ span.chunk.number }}
:
{% endif %}
{% if span.may_be_empty %}
scored_{{ part.head.number }}_{{ span.chunk.number }}:
{% endif %}
{% endfor %}
        trace_here {{ block.trace_scores }} + {{ part.head.row }}, {{ block.weights }}, 2 * N_CONTEXT

        ; exp(score − best), seven bits; the unit adds them up. The carry is clear before a score is taken from its
        ; best, which is one larger for that
        lda a:{{ block.best }}
        clc
        adc #{{ block.half_step }} + 1
        sta a:{{ block.best }}
        unit ADD
        lda #1
        sta <MA
{% for span in part.head.spans %}
        ldy a:{{ span.chunk.last }}
{% if span.may_be_empty %}
{% if span.look %}
        {{ span.look }}
{% endif %}
        {{ span.none }} weighed_{{ part.head.number }}_{{ span.chunk.number }}
{% endif %}
{% if part.head.windowed %}
weigh_{{ part.head.number }}_{{ span.chunk.number }}:
        clc
{% else %}
        clc
weigh_{{ part.head.number }}_{{ span.chunk.number }}:
{% endif %}
        lda a:{{ block.best }}
        sbc a:{{ block.weights }} + {{ span.chunk.weights }}, y
{% for bit in range(block.score_drop) %}
        lsr a
{% endfor %}
{% for bit in range(block.score_doublings) %}
        cmp #(EXP7_ENTRIES + 1) / 2
        bcs none_{{ part.head.number }}_{{ span.chunk.number }}
        asl a
{% endfor %}
        cmp #EXP7_ENTRIES
        bcs none_{{ part.head.number }}_{{ span.chunk.number }}
        tax
        lda f:exp7_table, x     ; of which the low byte counts
        sta a:{{ block.weights }} + {{ span.chunk.weights }}, y
        tax
        stx <(MB + 1)
        dey
        dey
{% if span.compare %}
        {{ span.compare }}
{% endif %}
        {{ span.more }} weigh_{{ part.head.number }}_{{ span.chunk.number }}
        bra weighed_{{ part.head.number }}_{{ span.chunk.number }}
none_{{ part.head.number }}_{{ span.chunk.number }}:
        lda #0
        sta a:{{ block.weights }} + {{ span.chunk.weights }}, y
        dey
        dey
{% if span.compare %}
        {{ span.compare }}
{% else %}
        clc
{% endif %}
        {{ span.more }} weigh_{{ part.head.number }}_{{ span.chunk.number }}
weighed_{{ part.head.number }}_{{ span.chunk.number }}:
{% endfor %}

        ; what they are to be multiplied by: 2^21 / sum
.scope
        lda a:MR + 1
        rep #$10
        .i16
{% include "blocks/reciprocal.asm" %}
        sep #$10
        .i8
        sta <MA
.endscope
        unit MULTIPLY

        ; weights · 2^21 / sum / 256: Q0.13, pair by pair; those with any weight are linked, the newest last
{% for span in part.head.spans %}
        stz a:{{ span.chunk.lit }}
{% if span.may_be_empty %}
        ldy a:{{ span.chunk.last }}
{% if span.look %}
        {{ span.look }}
{% endif %}
        {{ span.none }} scaled_{{ part.head.number }}_{{ span.chunk.number }}
{% endif %}
        ldy a:{{ span.chunk.top }}
        sec
scale_{{ part.head.number }}_{{ span.chunk.number }}:
        ldx a:{{ block.weights }} + {{ span.chunk.weights }} - 1, y
        bne :+
        ldx a:{{ block.weights }} + {{ span.chunk.weights }} + 1, y
        beq dark_{{ part.head.number }}_{{ span.chunk.number }}
        ldx #0
:       stx <(MB + 1)
        ldx a:{{ block.weights }} + {{ span.chunk.weights }} + 1, y
        lda SUM
        sta a:{{ block.weights }} + {{ span.chunk.weights }} - 1, y
        stx <(MB + 1)
        lda a:{{ span.chunk.lit }}
        sta a:{{ span.chunk.links }} - 1, y
        sty a:{{ span.chunk.lit }}
        lda SUM
        sta a:{{ block.weights }} + {{ span.chunk.weights }} + 1, y
dark_{{ part.head.number }}_{{ span.chunk.number }}:
{% if part.head.windowed %}
        cpy a:{{ span.bottom }}
        beq scaled_{{ part.head.number }}_{{ span.chunk.number }}
        sec
{% endif %}
        tya
        sbc #4
        tay
        bcs scale_{{ part.head.number }}_{{ span.chunk.number }}
scaled_{{ part.head.number }}_{{ span.chunk.number }}:
{% endfor %}
        trace_here {{ block.trace_weights }} + {{ part.head.row }}, {{ block.weights }}, 2 * N_CONTEXT
        lda a:probing
        cmp #{{ block.layer }} + 1
        bne kept_{{ part.head.number }}
        rep #$10
        .i16
        phb
        ldx #.loword({{ block.weights }})
        ldy #.loword(weights) + {{ part.head.row }}
        lda #2 * N_CONTEXT - 1
        mvn #WORK_BANK, #^weights
        plb
        sep #$10
        .i8
kept_{{ part.head.number }}:
{% endif %}
{% for dimension in part.dimensions %}

        ; head {{ part.head.number }}, dimension {{ dimension.number }}: the mean of its values
        unit ADD
{% for span in part.head.spans %}
        ldy a:{{ span.chunk.lit }}
{% if block.chunked %}
        beq meant_{{ dimension.number }}_{{ span.chunk.number }}
        show BLOCK_{{ span.chunk.number }}
{% endif %}
value_{{ dimension.number }}_{{ span.chunk.number }}:
        lda a:{{ block.weights }} + {{ span.chunk.weights }} - 1, y
        sta <MA
        ldx a:CACHE_{{ span.chunk.number }} + {{ dimension.row }} * {{ span.chunk.row_bytes }}, y
        stx <(MB + 1)
        lda a:{{ block.weights }} + {{ span.chunk.weights }} + 1, y
        sta <MA
        ldx a:CACHE_{{ span.chunk.number }} + {{ dimension.row }} * {{ span.chunk.row_bytes }} + 2, y
        stx <(MB + 1)
        ldx a:{{ span.chunk.links }} - 1, y
        txy
        bne value_{{ dimension.number }}_{{ span.chunk.number }}
{% if block.chunked %}
meant_{{ dimension.number }}_{{ span.chunk.number }}:
{% endif %}
{% endfor %}
        lda #{{ block.mean_start }}
        clc
        adc SUM
        .repeat {{ block.mean_shift }}
        lsr a
        .endrepeat
{% if block.mean_to_slot %}
        clc
        adc #{{ block.mean_to_slot }}
{% endif %}
        sta a:slots + 2 * {{ dimension.number }}
        eor #$FFFF
        sec
        adc #2 * {{ block.bias }}
        sta a:slots + 2 * N_EMBD + 2 * {{ dimension.number }}
{% endfor %}
{% endfor %}
{% endfor %}
        show VECTOR_BLOCK
        rep #$10
        .i16
        pea 0
        pld
        .if ::TRACE
        ldx #2 * N_EMBD - 2
:       lda a:slots, x
        sec
        sbc #{{ block.bias }}
        sta a:attended, x
        dex
        dex
        bpl :-
        .endif
        rtl
endproc
{% endfor %}
