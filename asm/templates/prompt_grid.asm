; What can be typed, in a window of rows, and the cursor in it.

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
        jmp .loword(draw_choice)
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

; The letters in the window, and whether there are more above and below. Every tile is written once.
; kills: A, X, Y, count, column, rows, field
proc draw_grid, 16, 16
        lda prompt_top
        asl a
        sta count
        asl a
        asl a
        asl a
        sec
        sbc count               ; 14 letters a row
        sta count
        lda prompt_cursor
        ldx prompt_choice
        beq :+
        lda #.loword(-1)        ; the cursor is in the completions
:       sta column
        at GRID_ROW, 1
        set rows, GRID_ROWS
row:    set field, ' '
        ldy #GRID_COLUMNS
:       call draw_cell
        dey
        bne :-
        set ink, INK_GOLD
        lda field
        call put_character
        lda cursor
        clc
        adc #GRID_PITCH * ROW_BYTES - 2 * (2 * GRID_COLUMNS + 1)
        sta cursor
        dec rows
        bne row
        set ink, INK_GREY
        at GRID_ROW, 30
        lda #' '
        ldx prompt_top
        beq :+
        lda #'^'
:       call put_character
        at GRID_END - 1, 30
        lda #'v'
        ldx prompt_top
        cpx #ALL_ROWS - GRID_ROWS
        bcc :+
        lda #' '
:       jmp .loword(put_character)
endproc

; A letter and the tile before it, which may close the cursor around the last one.
; in: count = its number, column = the cursor's, field = that tile    out: count, field    kills: A, X
proc draw_cell, 16, 16
        set ink, INK_GOLD
        lda count
        cmp column
        beq chosen
        lda field
        call put_character
        set ink, INK_SKY
        lda #' '
        bra letter
chosen: lda #'['
        call put_character
        lda #']'
letter: sta field
        lda #' '
        ldx count
        inc count
        cpx #SYMBOLS
        bcs put
        lda .loword(symbol_characters), x
        and #$FF
        cmp #' '
        bne put
        lda #SPACE_SHOWN
put:    jmp .loword(put_character)
endproc
