; The symbols that can be typed, in a window of rows, and the cursor in it.

        .include "contract.inc"
        .include "snes.inc"
        .include "config.inc"
        .include "memory.inc"
        .include "screen.inc"
        .include "prompt.inc"

        .segment "CODE"

; By the cross: through the letters, and further down through the completions.
; in: A    kills: A, X, Y
proc move_in_prompt, 16, 16
        ldx prompt_choice
        bne list
        call move_in_grid
draw:   call draw_grid
        tail_call draw_choices
list:   bit #PAD_UP
        bne up
        bit #PAD_DOWN
        beq draw
        cpx #COMPLETIONS
        bcs draw
        inc prompt_choice
        bra draw
up:     dec prompt_choice
        bra draw
endproc

; Left and right go around; down from the last row leads to the completions. The window follows the cursor.
; in: A    kills: A, X
proc move_in_grid, 16, 16
        bit #PAD_UP
        bne up
        bit #PAD_LEFT
        bne left
        bit #PAD_RIGHT
        bne right
        lda prompt_cursor
        clc
        adc #GRID_COLUMNS
        cmp #SYMBOLS
        bcc move
        lda prompt_cursor
        cmp #(ALL_ROWS - 1) * GRID_COLUMNS
        lda #SYMBOLS - 1        ; nothing straight below
        bcc move
        inc prompt_choice
        rts
up:     lda prompt_cursor
        sec
        sbc #GRID_COLUMNS
        bcs move
        rts
left:   lda prompt_cursor
        bne :+
        lda #SYMBOLS
:       dec a
        bra move
right:  lda prompt_cursor
        inc a
        cmp #SYMBOLS
        bcc move
        lda #0
move:   sta prompt_cursor
        ldx #0                  ; its row
:       cmp #GRID_COLUMNS
        bcc :+
        sbc #GRID_COLUMNS
        inx
        bra :-
:       cpx prompt_top
        bcs :+
        stx prompt_top
:       txa
        sec
        sbc #GRID_ROWS - 1
        bcc done
        cmp prompt_top
        bcc done
        sta prompt_top
done:   rts
endproc

; The labels in the window, the chosen one gold, and whether there are more above and below.
; kills: A, X, Y, count, column, rows, field, cursor, token_text
proc draw_grid, 16, 16
        lda #0
        ldx prompt_top
        beq :++
:       clc
        adc #GRID_COLUMNS
        dex
        bne :-
:       sta count
        lda prompt_cursor
        ldx prompt_choice
        beq :+
        lda #.loword(-1)        ; the cursor is in the completions
:       sta column
        at GRID_ROW, TEXT_COLUMN
        set rows, GRID_ROWS
row:    ldy #GRID_COLUMNS
:       call draw_cell
        dey
        bne :-
        lda cursor
        clc
        adc #GRID_PITCH * ROW_BYTES - 2 * GRID_COLUMNS * (LABEL_TILES + 1)
        sta cursor
        dec rows
        bne row
        .if ::ALL_ROWS > ::GRID_ROWS
        set ink, INK_GREY
        at GRID_ROW, 30
        lda #' '
        ldx prompt_top
        beq :+
        lda #'^'
:       call put_character
        at GRID_ROW + GRID_ROWS - 1, 30
        lda #'v'
        ldx prompt_top
        cpx #ALL_ROWS - GRID_ROWS
        bcc :+
        lda #' '
:       call put_character
        .endif
        .if ::MERGED
        tail_call draw_chosen
        .else
        rts
        .endif
endproc

        .if ::MERGED
; The token under the cursor in full, or nothing while that is in the completions.
; kills: A, X, Y, cursor, token_text
proc draw_chosen, 16, 16
        ldx prompt_choice
        bne none
        at CHOSEN_ROW, TEXT_COLUMN
        say INK_GREY, types
        set ink, INK_SKY
        lda prompt_cursor
        ldy #MAX_TOKEN
        tail_call put_label
none:   ldx #CHOSEN_ROW * ROW_BYTES
        ldy #32
        tail_call clear_tiles
types:  .asciiz "A types "
endproc
        .endif

; A label, and the empty tile behind it.
; in: count = its number, column = the cursor's    out: count    kills: A, X, token_text
proc draw_cell, 16, 16
        phy
        set ink, INK_SKY | GRID_SIZE
        ldy #LABEL_TILES
        lda count
        cmp column
        bne :+
        set ink, INK_GOLD | GRID_SIZE
        call point_around
:       lda count
        inc count
        cmp #SYMBOLS
        bcs none
        call put_label
        bra done
none:   lda #' '
        call put_character
        dey
        bne none
done:   lda #' '
        call put_character
        ply
        rts
endproc
