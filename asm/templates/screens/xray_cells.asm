; The x-ray screen's cells: attention, residual stream and hidden units as shades.

        .include "contract.inc"
        .include "config.inc"
        .include "memory.inc"
        .include "screen.inc"
        .include "xray.inc"

        .segment "CODE"

CELL_ROW     = 2 * ACROSS
STREAM_CELLS = HEADS * CELL_ROW                         ; offsets in xray_cells
HIDDEN_CELLS = STREAM_CELLS + CELL_ROW
MAX_HIDDEN  = 64               ; cells
STREAM_GROUP = (N_EMBD + ACROSS - 1) / ACROSS           ; values that share a cell
HIDDEN_GROUP = (N_HIDDEN + MAX_HIDDEN - 1) / MAX_HIDDEN
WEIGHTS_ROW  = 2 * N_CONTEXT
ENTRY        = 6                ; bytes of one of the legend
FUTURE       = {{ xray.future }}
FIRST_PLACE  = HEADS_ROW * ROW_BYTES + 2 * CELLS_COLUMN ; offsets in the tile map
STREAM_PLACE = STREAM_ROW * ROW_BYTES + 2 * CELLS_COLUMN
HIDDEN_PLACE = HIDDEN_ROW * ROW_BYTES + 2 * CELLS_COLUMN

; tile map entries by shade, and the magnitude from which a value has each shade
warm_tiles:
{% for line in xray.warm_lines %}
        .word {{ line }}
{% endfor %}
cool_tiles:
{% for line in xray.cool_lines %}
        .word {{ line }}
{% endfor %}
signed_limits:
{% for line in xray.signed_lines %}
        .word {{ line }}
{% endfor %}
positive_limits:
{% for line in xray.positive_lines %}
        .word {{ line }}
{% endfor %}
; twice the shade of a share in 64ths
share_levels:
{% for line in xray.share_lines %}
        .byte {{ line }}
{% endfor %}

{% if target.alone %}
; The attention and the hidden units of the layer looked at, while they are there: called by gpt_step after each layer.
; in: A = layer + 1, X = hidden units, any data bank    kills: what a block may
proc probe_layer, 16, 16
        cmp probing
        beq :+
        rts
:       phb
        phk
        plb
        call shade_layer
        plb
        rts
endproc
{% endif %}

; Hidden units and heads.
; in: X = hidden units    kills: what a block may
proc shade_layer, 16, 16
        set w_ptr, positive_limits
        set rows, N_HIDDEN
        set n_bytes, HIDDEN_GROUP
        set y_ptr, HIDDEN_CELLS
        call shade_vector
        lda number
        sta xray_zeros
        tail_call shade_heads
endproc

; The residual stream, as the output matrix gets it.
; kills: A, X, Y and scratch
proc shade_stream, 16, 16
{% if target.apart %}
        ldx #.loword(probed_hidden)     ; what was kept of the layer looked at
        call shade_layer
{% endif %}
        set w_ptr, signed_limits
        set rows, N_EMBD
        set n_bytes, STREAM_GROUP
        set y_ptr, STREAM_CELLS
        ldx #.loword(residual)
        tail_call shade_vector
endproc

; A cell for every n_bytes values of a vector: the one of largest magnitude, the first of equals.
; in: X = vector in bank $7E, rows = its length, n_bytes, w_ptr = limits, y_ptr = offset in xray_cells
; out: number = how many are zero    kills: A, X, Y, y_ptr, rows, count, xray_best, column
; twin: quantize.twins.xray.pooled
proc shade_vector, 16, 16
        stz number
group:  stz xray_best                ; the largest magnitude, and the value that has it
        stz column
        lda n_bytes
        sta count
unit:   lda f:WORK, x
        bne :+
        inc number
:       tay
        bpl :+
        eor #$FFFF
        inc a
:       cmp xray_best
        bcc :+
        beq :+
        sta xray_best
        sty column
:       inx
        inx
        dec rows
        beq whole
        dec count
        bne unit
whole:  phx
        call shade
        ldx y_ptr
        sta f:xray_cells, x
        inx
        inx
        stx y_ptr
        plx
        lda rows
        bne group
        rts
endproc

; The tile of a value.
; in: xray_best = its magnitude, column = the value, w_ptr = limits    out: A    kills: X, Y
; twin: tables.cells.heat
proc shade, 16, 16
        ldy #0
        lda xray_best
:       cmp (w_ptr), y
        bcc :+                  ; the last limit is above everything
        iny
        iny
        bra :-
:       tyx
        lda column
        bmi :+
        lda .loword(warm_tiles), x
        rts
:       lda .loword(cool_tiles), x
        rts
endproc

; Rows of the heads looked at: 16 positions, the last of a longer text.
; in: kept_weights, position, xray_head    out: xray_window    kills: A, X, Y and scratch
proc shade_heads, 16, 16
        lda position
        sec
        sbc #ACROSS - 1
        bcs :+
        lda #0
:       asl a
        sta xray_window
        stz y_ptr
        lda xray_head
        sta rows
head:   lda rows
        cmp #SHOWN_HEADS
        bcs empty
        call shade_head
        bra next
empty:  ldx y_ptr
        ldy #ACROSS
        lda #' '
:       sta f:xray_cells, x
        inx
        inx
        dey
        bne :-
        stx y_ptr
next:   inc rows
        lda y_ptr
        cmp #HEADS * CELL_ROW
        bne head
        rts
endproc

; A head's row: every weight over the sum of them all, in 64ths.
; in: A = head, xray_window, y_ptr = offset in xray_cells    kills: A, X, Y, y_ptr, w_ptr, column and what divide does
; twin: quantize.twins.xray.shares
proc shade_head, 16, 16
        sta mul_a
        set mul_b, WEIGHTS_ROW
        call mul_u16
        lda product
        sta w_ptr
        tax
        ldy position
        stz divisor
:       lda f:WORK + kept_weights, x
        clc
        adc divisor
        sta divisor
        inx
        inx
        dey
        bpl :-
        stz column
cell:   lda column
        clc
        adc xray_window
        tay
        lsr a
        cmp position
        beq :+
        bcs later
:       tya
        clc
        adc w_ptr
        tax
        lda f:WORK + kept_weights, x
        sta dividend
        stz dividend + 2
        .repeat 6
        asl dividend
        rol dividend + 2
        .endrepeat
        call divide
        ldx dividend
        lda .loword(share_levels), x
        and #$FF
        tax
        lda .loword(warm_tiles), x
        bra put
later:  lda #FUTURE
put:    ldx y_ptr
        sta f:xray_cells, x
        inx
        inx
        stx y_ptr
        inc column
        inc column
        lda column
        cmp #CELL_ROW
        bne cell
        rts
endproc

; The cells into the tile map; they show when their strips are touched.
; kills: A, X, Y, rows, count, number
proc put_cells, 16, 16
        ldy #0
        stz rows
row:    ldx rows
        lda .loword(places), x
        sta count
        inc rows
        inc rows
        lda #ACROSS
        sta number
:       tyx
        lda f:xray_cells, x
        ldx count
        sta f:screen, x
        inx
        inx
        stx count
        iny
        iny
        dec number
        bne :-
        cpy #2 * ACROSS * XRAY_ROWS
        bne row
        rts
places: .repeat ::HEADS, I
        .word FIRST_PLACE + I * ROW_BYTES
        .endrepeat
        .word STREAM_PLACE
        .repeat ::XRAY_ROWS - ::HEADS - 1, I
        .word HIDDEN_PLACE + I * ROW_BYTES
        .endrepeat
endproc

; What the shades mean: from which share of attention, and from which value of a stream's or a hidden unit.
; kills: A, X, Y, cursor, ink, count
proc draw_legend, 16, 16
        at LETTERS_ROW, LEGEND_COLUMN
        say INK_GREY, from
        at HEADS_ROW, LEGEND_COLUMN
        ldy #0
next:   lda entries, y
        ldx cursor
        sta f:screen, x
        inc cursor
        inc cursor
        phy
        tya
        clc
        adc #.loword(entries) + 2
        tax
        call put_string
        pla
        clc
        adc #ENTRY
        tay
        lda cursor
        clc
        adc #ROW_BYTES - 2 * (ENTRY - 2)
        sta cursor
        cpy #entries_end - entries
        bne next
        rts
from:   .asciiz "from"
; a shade's tile, and its text of three characters
entries:
{% for entry in xray.legend %}
        .word {{ entry.tile }}
        .asciiz "{{ entry.text }}"
{% endfor %}
entries_end:
endproc
