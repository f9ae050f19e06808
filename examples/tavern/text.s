; Letters into the window, one at a time. A word that does not fit moves to the next line, half of it or not.

        .include "game.inc"

FIRST_LETTER   = ' '
LAST_LETTER    = '~'
LETTER_ROWS    = 2
LINE_BYTES     = LETTER_ROWS * ROW_BYTES
TEXT_AT        = TEXT_ROW * ROW_BYTES + TEXT_COLUMN * 2
TITLE_AT       = TITLE_ROW * ROW_BYTES + TEXT_COLUMN * 2
TITLE_LOOK     = IN_FRONT | PALETTE
TEXT_LOOK      = IN_FRONT | 2 * PALETTE
ARROW_AT       = 9 * ROW_BYTES + 28 * 2
EDGE_LOOK      = IN_FRONT | 5 * PALETTE
ARROW_FRAMES   = $10            ; shown, and as many not
PULSE_FRAMES   = 8              ; of each of four pictures

        .segment "CODE"

; The title, and the first letter's place.
; in: window_title
routine begin_lines
        stz text_line
        stz text_at
        stz word_at
        stz pulse_cell
        ldy window_title
        ldx #TITLE_AT
next:   lda a:0, y
        and #$FF
        beq done
        phy
        ldy #TITLE_LOOK
        jsr put_cell
        ply
        iny
        inx
        inx
        bra next
done:   rts
endroutine

; A letter where the last one ended.
; in: A = its code
routine put_letter
        cmp #FIRST_LETTER
        bcc no
        cmp #LAST_LETTER + 1
        bcc :+
no:     lda #'?'                ; what the font does not have
:       cmp #' '
        bne in_word
        lda text_at
        beq done                ; a line does not begin with a space
        cmp #TEXT_COLUMNS
        bcs :+
        inc text_at
:       lda text_at
        sta word_at
done:   rts
in_word:
        pha
        lda text_at
        cmp #TEXT_COLUMNS
        bcc :+
        jsr next_line
:       jsr cell_at
        pla
        ldy text_look, x        ; X was the line
        pha
        lda scratch
        tax
        pla
        jsr put_cell
        inc text_at
        rts
endroutine

; The place of the next letter.
; out: scratch = its byte in window_map, X = 2 · line
routine cell_at
        lda text_line
        asl a
        tax
        lda line_cells, x
        clc
        adc text_at
        adc text_at
        sta scratch
        rts
endroutine

line_cells:
        .repeat TEXT_LINES, I
        .word TEXT_AT + I * LINE_BYTES
        .endrepeat
text_look:
        .repeat TEXT_LINES, I
        .word TEXT_LOOK + I * PALETTE
        .endrepeat

; Both tiles of a letter.
; in: A = code, X = byte in window_map, Y = palette and priority    keeps X
routine put_cell
        sec
        sbc #FIRST_LETTER
        asl a
        sta window_map, x
        tya
        ora window_map, x
        sta window_map, x
        inc a
        sta window_map + ROW_BYTES, x
        rts
endroutine

; To the next line, and with it the word that is not complete; one that fills its line is broken. After the last
; line all move up.
; out: text_line, text_at, word_at    kills: A, X, Y
routine next_line
        lda text_line
        cmp #TEXT_LINES - 1
        bcc :+
        jsr scroll
:       lda text_at
        ldx word_at
        bne :+
        sta word_at             ; nothing moves
:       lda word_at
        pha
        stz text_at
        inc text_line
        ldx #TEXT_COLUMNS
        stx scratch_2
next:   pla                     ; column of a letter that moves
        cmp scratch_2
        bcs done
        inc a
        pha
        dec a
        asl a
        sta scratch
        lda text_line
        dec a
        asl a
        tax
        lda line_cells, x
        clc
        adc scratch
        tay
        jsr cell_at
        jsr move_letter
        inc text_at
        bra next
done:   stz word_at
        rts
endroutine

; in: Y = from, X = 2 · the line of, scratch = to    kills: A, X, Y
routine move_letter
        phx
        tyx
        lda window_map, x
        and #$3FF               ; the tile, without that line's look
        plx
        phx
        ora text_look, x
        ldx scratch
        sta window_map, x
        inc a
        sta window_map + ROW_BYTES, x
        plx
        lda text_look - 2, x
        tyx
        sta window_map, x       ; a space stays
        inc a
        sta window_map + ROW_BYTES, x
        rts
endroutine

; All lines up by one; the last one is empty.
; out: text_line    kills: A, X
routine scroll
        dec text_line
        ldx #TEXT_AT
next:   .repeat ::TEXT_LINES, I
        .if I < ::TEXT_LINES - 1
        lda window_map + (I + 1) * LINE_BYTES, x
        sec
        sbc #PALETTE
        .else
        lda #TEXT_LOOK + I * PALETTE
        .endif
        sta window_map + I * LINE_BYTES, x
        inc a
        sta window_map + I * LINE_BYTES + ROW_BYTES, x
        .endrepeat
        inx
        inx
        cpx #TEXT_AT + 2 * TEXT_COLUMNS
        bne next
        rts
endroutine

; A small light where the next letter comes.
routine draw_pulse
        lda text_at
        cmp #TEXT_COLUMNS
        bcs done                ; the line is full
        jsr cell_at
        lda frames_run
        .repeat 3
        lsr a
        .endrepeat
        .assert PULSE_FRAMES = 8, error, "the shift is not as many frames"
        and #3
        clc
        adc #TILE_PULSE
        ora text_look, x
        pha
        lda text_look, x
        ora #TILE_PAPER
        ldx scratch
        sta window_map, x
        pla
        sta window_map + ROW_BYTES, x
        stx pulse_cell
done:   rts
endroutine

; Away with it. A space was there before.
routine clear_pulse
        ldx pulse_cell
        beq done
        lda window_map, x
        and #.loword(~$3FF)
        sta window_map, x
        inc a
        sta window_map + ROW_BYTES, x
        stz pulse_cell
done:   rts
endroutine

; The arrow in the window's edge, on and off.
routine blink_arrow
        lda frames_run
        and #ARROW_FRAMES
        beq :+
        lda #TILE_TOP | EDGE_LOOK | FLIP_Y
        bra put
:       lda #TILE_ARROW | EDGE_LOOK
put:    sta window_map + ARROW_AT
        inc window_changed
        rts
endroutine
